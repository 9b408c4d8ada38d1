import hashlib
from pathlib import Path

import pytest

from videxpr.core.errors import OutputError
from videxpr.core.files import atomic_write, folds_names, sha256_of, unwritable_reason


def test_file_appears_whole_and_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_failure_leaves_what_was_there_and_no_trace(tmp_path):
    path = tmp_path / "c.txt"
    path.write_text("before")

    def fail():
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fails", [False, True])
def test_a_folder_appears_whole_or_not_at_all(tmp_path, fails):
    try:
        with atomic_write(tmp_path / "tree") as temporary:
            (temporary / "inside").mkdir(parents=True)
            (temporary / "inside" / "a.txt").write_text("a")
            assert not fails
    except AssertionError:
        assert list(tmp_path.iterdir()) == []
    else:
        assert (tmp_path / "tree" / "inside" / "a.txt").read_text() == "a"
        assert list(tmp_path.iterdir()) == [tmp_path / "tree"]


def test_folder_that_cannot_be_made_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with (
        pytest.raises(OutputError, match=r"c\.txt"),
        atomic_write(tmp_path / "file" / "c.txt") as temporary,
    ):
        temporary.write_text("never")


def test_several_files_have_the_hash_of_one_that_holds_all_of_them(tmp_path):
    parts = [b"a" * 3_000_000, b"", b"b"]  # the first one takes several reads
    paths = [tmp_path / str(number) for number in range(3)]
    for path, part in zip(paths, parts, strict=True):
        path.write_bytes(part)
    assert sha256_of(*paths) == hashlib.sha256(b"".join(parts)).hexdigest()
    assert sha256_of(paths[1]) == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("name", ["a" * 255, "\u00e9" * 127, "a" * 251 + ".txt"])
def test_a_name_may_be_as_long_as_file_systems_allow(tmp_path, name):
    with atomic_write(tmp_path / name) as temporary:
        assert temporary.name.startswith(".videxpr-") and temporary.name.endswith(".part")
        temporary.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_two_who_write_one_file_at_once_do_not_meet(tmp_path):
    path = tmp_path / "a.txt"
    with atomic_write(path) as one, atomic_write(path) as two:
        assert one != two
        one.write_text("one")
        two.write_text("two")
    assert path.read_text() == "one"


def test_whether_a_folder_takes_two_names_for_one_is_found_out_and_nothing_stays(tmp_path):
    (tmp_path / "a").touch()
    assert folds_names(tmp_path / "not" / "yet") is (tmp_path / "A").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("path", "is_folder", "reason"),
    [
        ("new/deep/out", True, ""),
        ("there", True, ""),
        ("new/out.json", False, ""),
        ("file", True, "is a file, not a folder"),
        ("there", False, "is a folder; name a file in it"),
        ("file/out", True, "cannot be written: file is a file"),
        ("file/new/out.json", False, "cannot be written: file is a file"),
        ("n" * 300, True, "cannot be written: File name too long"),
        ("/dev/full", False, "is a device, which would be replaced; name a file"),
        ("/dev/stdout", False, "is a device, which would be replaced; name a file"),
        ("/proc/out", True, "cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_known_before_and_nothing_is_left(
    tmp_path, monkeypatch, path, is_folder, reason
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    assert unwritable_reason(Path(path), is_folder) == reason
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["file", "there"]

"""What the user names, and what is found there."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from found_sources import found, kinds, make, relatives

from videxpr.core.errors import SourceError
from videxpr.video.sources import check_source


def test_a_file_is_a_video_whatever_its_ending(tmp_path: Path) -> None:
    make(tmp_path, "clip.mp4", "clip.unusual")
    sources = found(tmp_path / "clip.mp4", tmp_path / "clip.unusual")
    assert kinds(sources) == [("video", "clip.mp4"), ("video", "clip.unusual")]
    assert sources[0].path == tmp_path / "clip.mp4" and sources[0].stem == "clip"


def test_a_folder_is_searched_to_its_depths_by_name_and_keeps_its_folders(tmp_path: Path) -> None:
    make(tmp_path, "b.mp4", "a/z.AVI", "a/deep/er/x.Mp4", "notes.txt", "a/picture.jpg")
    sources = found(tmp_path)
    assert relatives(sources) == ["a/deep/er/x.Mp4", "a/z.AVI", "b.mp4"]
    assert [source.path for source in sources] == [tmp_path / one for one in relatives(sources)]
    assert [source.name for source in sources] == ["x", "z", "b"]


def test_a_relative_folder_is_found_from_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "videos/a/b.mp4")
    monkeypatch.chdir(tmp_path)
    assert relatives(found("videos")) == relatives(found(".//videos/")) == ["a/b.mp4"]
    assert relatives(found(".")) == relatives(found("*")) == ["videos/a/b.mp4"]


def test_hidden_files_and_folders_are_passed_over_unless_named(tmp_path: Path) -> None:
    make(tmp_path, ".clip.mp4", ".trash/a.mp4", "b.mp4", "c/._b.mp4", "@eaDir/b.mp4/preview.mp4")
    assert relatives(found(tmp_path)) == ["b.mp4"]
    assert relatives(found(tmp_path / "*")) == relatives(found(tmp_path / "**")) == ["b.mp4"]
    assert relatives(found(tmp_path / ".clip.mp4")) == [".clip.mp4"]


def test_what_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    make(tmp_path, "empty/notes.txt")
    for argument in ("none.mp4", "empty", "*.mp4", "**/*.avi", "@none.txt"):
        (source,) = found(tmp_path / argument if argument[0] != "@" else f"@{tmp_path}/none.txt")
        assert source.kind == "missing"
        assert source.path == tmp_path / argument.removeprefix("@")
    assert relatives(found(tmp_path / "empty")) == ["empty"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mp4", ["a.mp4", "b.mp4"]),
        ("?.mp4", ["a.mp4", "b.mp4"]),
        ("[bc].mp4", ["b.mp4"]),
        ("**/*.mp4", ["a.mp4", "b.mp4", "sub/c.mp4", "sub/deep/d.mp4"]),
        ("**", ["a.mp4", "b.mp4", "sub/c.mp4", "sub/deep/d.mp4", "sub/e.avi"]),
        ("*", ["a.mp4", "b.mp4", "sub/c.mp4", "sub/deep/d.mp4", "sub/e.avi"]),
        ("sub/*", ["c.mp4", "deep/d.mp4", "e.avi"]),
        ("s*/*.avi", ["sub/e.avi"]),
        ("*/deep", ["sub/deep/d.mp4"]),
        ("*.txt", ["notes.txt"]),
        ("**/*.jpg", ["sub/x.jpg"]),
    ],
)
def test_quoted_globs_keep_the_folders_after_the_first_wildcard(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    make(tmp_path, "a.mp4", "b.mp4", "notes.txt", "sub/c.mp4", "sub/deep/d.mp4", "sub/e.avi")
    make(tmp_path, "sub/x.jpg")
    sources = found(tmp_path / pattern)
    assert sorted(relatives(sources)) == expected
    assert {source.kind for source in sources} == {"video"}


def test_a_list_names_sources_relative_to_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "lists/a.mp4", "lists/sub/b.mp4", "lists/more/c.mp4", "other/d.mp4", "e.mp4")
    lines = ["# a comment", "a.mp4", "", "  sub ", "*/c.mp4", "../e.mp4", f"{tmp_path}/other"]
    (tmp_path / "lists" / "all.txt").write_text("\n".join([*lines, "gone.mp4"]), encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert kinds(found("@../lists/all.txt")) == [
        ("video", "a.mp4"),
        ("video", "b.mp4"),
        ("video", "more/c.mp4"),
        ("video", "e.mp4"),
        ("video", "d.mp4"),
        ("missing", "gone.mp4"),
    ]


def test_a_list_may_come_from_windows_and_name_another_list(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "é.mp4")
    (tmp_path / "all.txt").write_bytes("\ufeffa.mp4\r\n@more.txt\r\n".encode())
    (tmp_path / "more.txt").write_bytes("\ufeff# only one\r\né.mp4".encode())
    assert relatives(found(f"@{tmp_path}/all.txt")) == ["a.mp4", "é.mp4"]


def test_a_list_in_a_folder_with_wildcards_in_its_name_still_takes_globs(tmp_path: Path) -> None:
    folder = tmp_path / "take [1] *"
    make(folder, "a/b.mp4")
    (folder / "all.txt").write_text("*/b.mp4")
    (source,) = found(f"@{folder}/all.txt")
    assert (source.kind, source.path) == ("video", folder / "a" / "b.mp4")
    assert relatives([source]) == ["a/b.mp4"]


@pytest.mark.parametrize("name", ["take [1].mp4", "star*.mp4", "what?.mp4", "@home.mp4"])
def test_a_file_whose_real_name_looks_like_a_pattern_is_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    make(tmp_path, name, "take 1.mp4", "star1.mp4", "what1.mp4", "home.mp4")
    monkeypatch.chdir(tmp_path)
    assert kinds(found(name)) == kinds(found(tmp_path / name)) == [("video", name)]


NFC, NFD = "caf\u00e9", "cafe\u0301"


def test_a_line_of_a_list_that_is_a_files_name_is_that_file(tmp_path: Path) -> None:
    names = ["  lead.mp4", "# one.mp4", "#1 take.mp4", "a,b.mp4", "trail.mp4 ", "two  blanks.mp4"]
    make(tmp_path, *names)
    lines = [*names, "list.txt", "", "# two.mp4", "#3 take.mp4", "./list.txt", "  a,b.mp4  "]
    (tmp_path / "list.txt").write_text("\n".join(lines), encoding="utf-8")
    sources = found(f"@{tmp_path}/list.txt")
    assert kinds(sources) == [("video", name) for name in names]


def test_a_list_may_hold_one_name_that_is_no_utf8(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    odd.touch()
    make(tmp_path, "b.mp4")
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.mp4\nb.mp4\n")
    one, other = found(f"@{tmp_path}/list.txt")
    assert (one.path, other.path.name) == (odd, "b.mp4")
    assert one.printable == "caf\\udce9.mp4"
    with pytest.raises(SourceError, match="holds bytes that are no UTF-8, which no text"):
        check_source(one)


def test_a_list_says_where_it_looked_for_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("gone.mp4\nhttps://example.com/a.mp4\n*.mov\n@no.txt\n")
    assert [one.problem for one in found(f"@{tmp_path}/list.txt")] == [
        f"{tmp_path}/gone.mp4: no such file or folder",
        "https://example.com/a.mp4: an address; download it, and give the path of the file",
        f"{tmp_path}/*.mov: this pattern matches no video",
        f"{tmp_path}/no.txt: no such list",
    ]


@pytest.mark.parametrize("content", ["a.mp4\n".encode("utf-16"), b"gone\xe9.mp4", b"\0\0ftyp"])
def test_a_list_that_is_no_utf8_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "list.txt").write_bytes(content)
    (source,) = found(f"@{tmp_path}/list.txt")
    assert source.problem == f"{tmp_path}/list.txt: this list is not UTF-8 text"


def test_a_list_from_a_pipe_names_sources_from_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.mp4")
    monkeypatch.chdir(tmp_path)
    reader, writer = os.pipe()
    os.write(writer, b"a.mp4\n")
    os.close(writer)
    assert kinds(found(f"@/dev/fd/{reader}")) == [("video", "a.mp4")]
    os.close(reader)


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("", "an empty name"),
        ("-", "a video cannot be read from standard input; save it to a file"),
        ("https://example.com/a.mp4", "an address; download it, and give the path of the file"),
        ("file:///clips/*.mp4", "a file on this machine; give its path, without file://"),
        ("rtsp://camera/1", "an address; download it, and give the path of the file"),
        ("@https://example.com/l.txt", "an address; download it, and give the path of the file"),
        ("@gone.txt", "no such list"),
        ("gone.mp4", "no such file or folder"),
        ("link.mp4", "a link to nothing"),
        ("*.avi", "this pattern matches no video"),
        ("empty", "no video in this folder"),
        ("a" * 300 + ".mp4", "File name too long"),
        ("/dev/null", "a pipe or device cannot be searched; save the video to a file"),
        ("pipe.mp4", "a pipe or device cannot be searched; save the video to a file"),
    ],
)
def test_what_is_no_file_is_said_in_a_sentence_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link.mp4").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.mp4")
    (source,) = found(argument)
    shown = argument.removeprefix("@") or '""'
    assert (source.kind, source.problem) == ("missing", f"{shown}: {problem}")
    assert not (tmp_path / "s3:").exists()


def test_pipes_and_broken_links_in_a_folder_are_said_and_the_others_go_on(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "z.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "link.mp4").symlink_to("nowhere")
    for argument in (tmp_path, tmp_path / "*.mp4"):
        assert kinds(found(argument)) == [
            ("video", "a.mp4"),
            ("missing", "link.mp4"),
            ("missing", "pipe.mp4"),
            ("video", "z.mp4"),
        ]


def test_what_a_folder_holds_besides_videos_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, "a.mp4", "b/c.mkv", "b/c.xyz", "d.XYZ", "README", "e.docx", "f.docx", "g.docx")
    make(tmp_path, ".hidden.xyz", "._a.mp4", "b/.git/config")
    assert len(found(tmp_path)) == len(found(tmp_path / "b", f"{tmp_path}/*")) == 2
    expected = "no videos by their names, so passed over: 3 .docx, 2 .xyz, 1 without an ending"
    assert caplog.messages == [expected] * 2
    caplog.clear()
    found(tmp_path / "a.mp4", f"{tmp_path}/*.mp4", f"{tmp_path}/e.docx")
    assert caplog.messages == []


def test_many_endings_are_not_all_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, *(f"{n}.x{kind}" for kind in range(9) for n in range(9 - kind)))
    found(tmp_path)
    assert caplog.messages == [
        "no videos by their names, so passed over: 9 .x0, 8 .x1, 7 .x2, 6 .x3, 5 .x4, 4 .x5, 6 others"
    ]


def test_a_link_in_a_loop_is_passed_over_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, "a/b.mp4", "c.mp4")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    assert relatives(found(tmp_path)) == ["a/b.mp4", "c.mp4"]
    assert f"passed over {tmp_path}/a/up, a link to a folder above it" in caplog.messages


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else for a moment")
def test_an_unreadable_folder_is_said_and_the_others_go_on() -> None:
    with TemporaryDirectory(dir="/tmp") as place:
        top = Path(place)
        make(top, "a.mp4", "b/c.mp4", "d.mp4")
        top.chmod(0o755)
        (top / "b").chmod(0o000)
        os.seteuid(65534)
        try:
            sources = found(top)
        finally:
            os.seteuid(0)
    assert [(one.kind, one.path.name) for one in sources] == [
        ("video", "a.mp4"),
        ("missing", "b"),
        ("video", "d.mp4"),
    ]
    assert sources[1].problem.endswith("b: Permission denied")


@pytest.mark.parametrize("names", [(NFC, NFD), (NFD, NFC)])
def test_a_path_is_found_however_unicode_spells_it(tmp_path: Path, names: tuple[str, str]) -> None:
    there, asked = names
    make(tmp_path, f"{there}/{there}.mp4")
    (tmp_path / "list.txt").write_text(f"{asked}/{asked}.mp4", encoding="utf-8")
    expected = [tmp_path / there / f"{there}.mp4"]
    assert [one.path for one in found(f"@{tmp_path}/list.txt")] == expected
    assert [one.path for one in found(tmp_path / asked)] == expected


def test_the_same_file_is_taken_once_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "sub/a.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "sub" / "a.mp4")
    (tmp_path / "list.txt").write_text("sub/a.mp4\n./sub/a.mp4")
    monkeypatch.chdir(tmp_path)
    names = ["sub/a.mp4", "./sub/../sub/a.mp4", "sub", "**/*.mp4", "@list.txt", "link.mp4"]
    assert relatives(found(*names)) == ["a.mp4", "link.mp4"]  # a link has a name of its own
    assert relatives(found(*names[::-1])) == ["link.mp4", "a.mp4"]


def test_sources_stand_in_the_order_of_the_arguments(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "b.mp4", "sub/c.mp4")
    sources = found(tmp_path / "b.mp4", tmp_path / "sub", tmp_path)
    assert [source.path.name for source in sources] == ["b.mp4", "c.mp4", "a.mp4"]


@pytest.mark.parametrize("pattern", ["a/*/../../*.mp4", "a/*/../../out/../*.mp4", "../*/*.mp4"])
def test_no_detour_leads_out_of_the_outputs_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    make(tmp_path, "top/a/d/y.mp4", "top/x.mp4", "top/out/z.mp4")
    monkeypatch.chdir(tmp_path / "top")
    sources = found(pattern)
    assert sources[0].path.name == "x.mp4" and ".." not in sources[0].key.split("/")


def test_lines_of_a_list_leave_no_folder(tmp_path: Path) -> None:
    make(tmp_path, "x.mp4", "lists/inner/y.mp4")
    (tmp_path / "lists" / "l.txt").write_text("../x.mp4\n../lists/../x.mp4\n*/../../x.mp4\n..\n")
    assert relatives(found(f"@{tmp_path / 'lists' / 'l.txt'}")) == ["x.mp4", "lists/inner/y.mp4"]

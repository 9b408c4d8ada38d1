"""What is named by address, and what is found there."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from found_sources import kinds
from s3 import BUCKET, Store, running_store

from videxpr.core.remote import RemoteFile
from videxpr.video.search import find_sources

TOP = f"s3://{BUCKET}"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


@pytest.fixture(scope="module")
def videos(store: Store) -> str:
    """A folder in the store."""
    names = ("b.mp4", "a/z.AVI", "a/deep/x.Mp4", "a/notes.txt", ".hid/y.mp4", "a/._z.mp4", "empty/")
    for name in (*names, "@eaDir/b.mp4", "take [1] *.mp4", "x::y.mov", "odd.unusual"):
        store.put(f"videos/{name}", name.encode())
    store.put("videos2/c.mp4", b"c")
    store.put("list.txt", "\ufeff# all\r\nvideos/b.mp4\r\n\n@more/l.txt\n /etc/b.mp4\n".encode())
    store.put("more/l.txt", f"c.mp4\n{TOP}/videos2\n@{TOP}/list.txt\n@l.txt\nl.txt".encode())
    store.put("more/c.mp4", b"c")
    return f"{TOP}/videos"


def relatives(*arguments: str | Path) -> list[str]:
    sources = find_sources(map(str, arguments))
    assert {source.kind for source in sources} == {"video"}
    return [source.relative.as_posix() for source in sources]


ALL = ["a/deep/x.Mp4", "a/z.AVI", "b.mp4", "take [1] *.mp4", "x::y.mov"]


def test_a_folder_is_searched_to_its_depths(videos: str, caplog: pytest.LogCaptureFixture) -> None:
    assert relatives(videos) == relatives(f"{videos}/") == relatives(f"{videos}/**") == ALL
    assert "no videos by their names, so passed over: " in caplog.text
    assert "1 .txt" in caplog.text and "1 .unusual" in caplog.text
    (source,) = find_sources([f"{videos}/a/deep"])
    assert (source.key, source.name) == ("x", "x")
    assert isinstance(source.path, RemoteFile)
    assert (str(source.path), source.path.size) == (f"{videos}/a/deep/x.Mp4", 12)
    assert source.path.etag and source.path.modified_ns


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mp4", ["b.mp4", "take [1] *.mp4"]),
        ("**/*.AVI", ["a/z.AVI"]),
        ("a*", ["a/deep/x.Mp4", "a/z.AVI"]),
        ("?.mp4", ["b.mp4"]),
        ("*.unusual", ["odd.unusual"]),
        ("take [1] *.mp4", ["take [1] *.mp4"]),
        ("odd.unusual", ["odd.unusual"]),
        (".hid/y.mp4", ["y.mp4"]),
        ("x::y.mov", ["x::y.mov"]),
    ],
)
def test_patterns_and_names(videos: str, pattern: str, expected: list[str]) -> None:
    assert relatives(f"{videos}/{pattern}") == expected


def test_a_list_in_a_store_names_what_is_there_and_nothing_here(videos: str) -> None:
    sources = find_sources([f"@{TOP}/list.txt"])
    assert kinds(sources) == [
        ("video", "b.mp4"),
        ("video", "more/c.mp4"),
        ("video", "videos2/c.mp4"),
        ("missing", "list.txt"),
        ("missing", "l.txt"),
        ("missing", "b.mp4"),
    ]
    problems = [source.problem for source in sources if source.problem]
    assert problems[:2] == [
        f"{TOP}/list.txt: this list names itself",
        f"{TOP}/more/l.txt: this list names itself",
    ]
    assert problems[2] == f"{TOP}//etc/b.mp4: no such bucket, folder or file"


def test_a_list_here_may_name_what_is_there(videos: str, tmp_path: Path) -> None:
    (tmp_path / "b.mp4").touch()
    (tmp_path / "list.txt").write_text(f"b.mp4\n{videos}/b.mp4\n  {videos}/b.mp4\nC:/none.mp4\n")
    here, there, missing = find_sources([f"@{tmp_path}/list.txt"])
    assert [one.kind for one in (here, there, missing)] == ["video", "video", "missing"]
    assert here.relative.as_posix() == f"{tmp_path}/b.mp4".lstrip("/")
    assert there.relative.as_posix() == "s3/bucket/videos/b.mp4"


def test_a_name_cannot_leave_the_output_folder(store: Store) -> None:
    fsspec.filesystem("s3").call_s3("put_object", Bucket=BUCKET, Key="up/../../x.mp4", Body=b"x")
    store.put("up/a\\..\\..\\x.mp4", b"x")
    store.put("up/fine..mp4", b"x")
    assert sorted(kind for kind, _ in kinds(find_sources([f"{TOP}/up"]))) == [
        "missing",
        "missing",
        "video",
    ]


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("none", f"{TOP}/none: no such bucket, folder or file"),
        ("none*.mp4", f"{TOP}/none*.mp4: no such bucket, folder or file"),
        ("videos/empty", f"{TOP}/videos/empty: no such bucket, folder or file"),
        ("more/l*", f"{TOP}/more/l*: no video in this folder"),
    ],
)
def test_what_is_not_there_is_said_with_its_address(
    videos: str, argument: str, problem: str
) -> None:
    (source,) = find_sources([f"{TOP}/{argument}"])
    assert (source.kind, source.problem) == ("missing", problem)


def test_what_is_secret_in_an_address_is_nowhere_in_its_source(store: Store) -> None:
    for address in ("https://me:secret@host/a.mp4?key=secret", "sftp://me:secret@host/a.mp4"):
        for source in find_sources([address, f"@{address}"]):
            assert source.kind == "missing" and "secret" not in repr(source)


def test_a_list_of_many_addresses_takes_one_request_each(store: Store, tmp_path: Path) -> None:
    addresses = [store.put(f"many/{number:02}.mp4", b"x") for number in range(40)]
    (tmp_path / "list.txt").write_text("\n".join(addresses))
    store.requests.clear()
    assert len(find_sources([f"@{tmp_path}/list.txt"])) == len(store.requests) == 40
    store.requests.clear()
    assert len(find_sources([f"{TOP}/many"])) == 40 and len(store.requests) <= 3

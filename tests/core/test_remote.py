"""Files at an address are read by range, as they were found or not at all."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
from s3 import BUCKET, Store, environment, running_store
from videos import Recipe, number_in, write_video

from videxpr.core.errors import SourceError, StoreError
from videxpr.core.remote import (
    BLOCK_BYTES,
    RemoteFile,
    find_files,
    full_path,
    match_files,
    plain_address,
    read_file,
)
from videxpr.video.file_kinds import PLAYLIST
from videxpr.video.reader import Video

EVERY_40_MS = [40 * number for number in range(30)]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


def write_film(path: Path, megabytes: int) -> Path:
    """A large video whose index stands at its end, behind what no frame is in."""
    content = write_video(path, EVERY_40_MS).read_bytes()
    box = content.index(b"mdat") - 4
    size = int.from_bytes(content[box : box + 4], "big")
    padding = (megabytes << 20) - len(content)
    longer = (size + padding).to_bytes(4, "big")
    index = content[box + size :]
    assert index[4:8] == b"moov"
    path.write_bytes(
        content[:box] + longer + content[box + 4 : box + size] + bytes(padding) + index
    )
    return path


def found(address: str) -> RemoteFile:
    (file,) = find_files(address)
    return file


def numbers(path: Path | RemoteFile) -> list[int | None]:
    with Video(path) as video:
        return [number_in(frame.image) for frame in video]


def refusal(path: RemoteFile) -> str:
    with pytest.raises(SourceError) as caught:
        numbers(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_of_a_large_film_with_its_index_at_the_end_little_is_fetched(
    store: Store, tmp_path: Path
) -> None:
    film = write_film(tmp_path / "film.mp4", 64)
    file = found(store.put("film.mp4", film))
    store.requests.clear()
    assert numbers(file) == numbers(film) == list(range(30))
    assert store.fetched <= 4 * BLOCK_BYTES  # both ends, and what was fetched ahead


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts", ".h264"])
def test_frames_are_those_of_the_file_on_a_disk(store: Store, tmp_path: Path, suffix: str) -> None:
    here = write_video(tmp_path / f"a{suffix}", EVERY_40_MS, Recipe(options={"bf": "0"}))
    assert numbers(found(store.put(here.name, here))) == numbers(here)


@pytest.mark.parametrize("head", ["#EXTM3U\n#EXTINF:1,\n", "ffconcat version 1.0\nfile "])
def test_a_playlist_in_a_store_opens_nothing(store: Store, tmp_path: Path, head: str) -> None:
    here = write_video(tmp_path / "a.mp4", EVERY_40_MS)
    for name in ("list.mp4", "list.m3u8"):
        address = store.put(name, f"{head}{here}\n".encode())
        assert refusal(found(address)) == PLAYLIST


def test_what_changes_is_not_read_as_if_it_had_not(store: Store, tmp_path: Path) -> None:
    file = found(store.put("changes.mp4", write_film(tmp_path / "a.mp4", 16)))
    with file.open() as opened:
        opened.read(10)
        store.put("changes.mp4", bytes(file.size))
        opened.seek(3 * BLOCK_BYTES)  # beyond what was fetched ahead
        with pytest.raises(StoreError, match="changed while it was read; run again"):
            opened.read(10)
    assert refusal(file) == "it has changed since it was found; run again"
    assert found(file.address) != file


def test_an_answer_that_is_too_short_is_not_the_end_of_a_film(store: Store, tmp_path: Path) -> None:
    file = found(store.put("short.mp4", write_film(tmp_path / "a.mp4", 16)))
    store.tamper = lambda data: data[:1000]
    try:
        assert "the store sent less than was asked for; run again" in refusal(file)
    finally:
        store.tamper = None


def test_a_store_is_asked_again_what_is_there(store: Store) -> None:
    address = store.put("again/a.mp4", b"one")
    assert [one.size for one in find_files(f"s3://{BUCKET}/again")] == [3]
    store.put("again/a.mp4", b"longer")
    store.put("again/b.mp4", b"new")
    assert [one.size for one in find_files(f"s3://{BUCKET}/again")] == [6, 3]
    assert [one.address for one in match_files(f"s3://{BUCKET}/again/a*")] == [address]


def test_what_is_wrong_is_said_with_the_address(store: Store) -> None:
    assert find_files(f"s3://{BUCKET}/none") == find_files("s3://no-bucket/a.mp4") == []
    with pytest.raises(StoreError, match=f"^s3://{BUCKET}/none: no such bucket or file$"):
        read_file(f"s3://{BUCKET}/none")
    store.is_closed = True
    try:
        with pytest.raises(StoreError, match=f"^s3://{BUCKET}/a: access denied .*credentials"):
            find_files(f"s3://{BUCKET}/a")
    finally:
        store.is_closed = False


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("s3://", "cannot be used (Cannot traverse all of S3)"),
        ("file:///etc/passwd", "a file on this machine; give its path, without file://"),
        ("http://me:pw@host/a.mp4?sign=x", "an address; download it, and give the path"),
        ("rtsp://camera/1", "an address; download it, and give the path"),
        ("sftp://me:pw@host/a.mp4", "holds a password, which results would show; leave it"),
    ],
)
def test_addresses_of_other_kinds_are_refused(store: Store, address: str, problem: str) -> None:
    with pytest.raises(StoreError) as caught:
        find_files(address)
    assert problem in str(caught.value)
    assert "pw" not in str(caught.value) and "sign" not in str(caught.value)


def python(code: str, **changed: str) -> str:
    """What a fresh process says that runs a few lines."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept | changed, capture_output=True, text=True
    )
    return done.stdout + done.stderr


FIND = "from videxpr.video.search import find_sources as f; print(f(['s3://bucket/a'])[0].problem)"


def test_without_network_keys_or_package_it_is_said_what_to_do() -> None:
    nowhere = environment("http://127.0.0.1:9") | {"AWS_MAX_ATTEMPTS": "1"}
    keyless = {name: text for name, text in nowhere.items() if "KEY" not in name}
    assert "s3://bucket/a: no credentials were found; set AWS_PROFILE" in python(FIND, **keyless)
    hidden = "import sys; sys.modules['s3fs'] = None; "
    assert "s3://bucket/a: needs a package" in (said := python(hidden + FIND, **nowhere))
    assert "pip install 'videxpr[s3]'" in said
    assert "s3://bucket/a: the store cannot be reached" in (said := python(FIND, **nowhere))
    assert "look at the network" in said


def test_help_and_what_is_on_this_machine_need_no_fsspec() -> None:
    code = (
        "import sys; from videxpr.cli import main; sys.argv = ['videxpr', 'annotate', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "from videxpr.video.search import find_sources; find_sources(['.'])\n"
        "from videxpr.video.reader import Video\n"
        "print('loaded:', {'fsspec', 's3fs'} & sys.modules.keys())"
    )
    assert "loaded: set()" in python(code)


def test_a_store_that_does_not_name_bytes_gives_a_time_that_never_fits() -> None:
    fsspec.filesystem("memory").pipe_file("/some/a.mp4", b"content")
    file = found("memory://some/a.mp4")
    assert (file.name, file.suffix, file.size, file.identity) == ("a.mp4", ".mp4", 7, "")
    assert found("memory://some/a.mp4").modified_ns != file.modified_ns
    with file.open() as opened:
        assert opened.read() == b"content"


def test_an_address_is_spelled_in_one_way() -> None:
    assert plain_address("s3:/b/a/") == plain_address("s3://b/a") == "s3://b/a"
    assert plain_address("memory:///a") == "memory:///a"
    file = RemoteFile("s3://b/a.tar.mp4", 3, 5, "e")
    assert full_path(file) == str(file) == "s3://b/a.tar.mp4"
    assert full_path(Path("a")) == str(Path("a").absolute())
    assert file.identity == "etag:e" and replace(file, etag="").identity == ""
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (3, 5)

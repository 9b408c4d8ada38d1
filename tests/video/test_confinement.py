"""A file that is read opens no other one and no connection, whatever it holds and is called.

Every trap points at a secret, which is a video that would show in the results: a file that the kernel
watches for being opened, and the same behind a server that takes down who connects.
"""

import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import av
import pytest
from videos import Recipe, number_in, write_video

from videxpr.core.errors import SourceError
from videxpr.video.reader import Video
from videxpr.video.search import find_sources

FILM = Recipe(options={"bf": "0"}, muxer={"use_editlist": "0"})
IN_OPEN = 0x20
NONBLOCKING = os.O_NONBLOCK


class Secret:
    """A video beside the traps, and the address at which a server has it."""

    def __init__(self, folder: Path, port: int, requests: list[object]) -> None:
        self.path = write_video(folder / "secret.mp4", range(0, 480, 40), FILM)
        self.address = f"http://127.0.0.1:{port}/secret.mp4"
        self._requests = requests
        libc = ctypes.CDLL(None)
        self._watch = libc.inotify_init1(NONBLOCKING)
        libc.inotify_add_watch(self._watch, os.fsencode(self.path), IN_OPEN)

    def was_touched(self) -> bool:
        """Whether anybody opened the file, or connected to the server, since the last call."""
        opened = b""
        with suppress(BlockingIOError):
            opened = os.read(self._watch, 4096)
        connections = len(self._requests)
        self._requests.clear()
        return bool(opened or connections)


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Secret]:
    if not hasattr(ctypes.CDLL(None), "inotify_init1"):
        pytest.skip("only Linux tells who opens a file")
    requests: list[object] = []

    class Server(ThreadingHTTPServer):
        def verify_request(self, request: object, address: object) -> bool:
            requests.append(address)
            return True

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with Server(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Secret(tmp_path, server.server_port, requests)
        server.shutdown()
        thread.join()


def shown(path: Path) -> list[int | None]:
    """The numbers that the frames of a file show; of one that is refused, none."""
    with suppress(SourceError), Video(path) as video:
        return [number_in(frame.image) for frame in video]
    return []


# Playlists

M3U8 = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2.4,\n{}\n#EXT-X-ENDLIST\n"
M3U8_KEY = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-KEY:METHOD=AES-128,URI={}\n#EXTINF:2,\na.ts\n"
FFCONCAT = "ffconcat version 1.0\nfile '{}'\n"
DASH = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S">
<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">
<BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>
"""
ENTITY = (
    '<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY x SYSTEM "{}">]><MPD><Period>&x;</Period></MPD>'
)
IMF = '<AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007/AM"><Path>{}</Path></AssetMap>'
PLS = "[playlist]\nFile1={}\nNumberOfEntries=1\n"
ASX = '<ASX version="3.0"><Entry><Ref href="{}"/></Entry></ASX>'
SDP = "v=0\no=- 0 0 IN IP4 {0}\ns=x\nu={0}\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
SCRIPTS = {
    name.lower(): globals()[name]
    for name in ("M3U8", "M3U8_KEY", "FFCONCAT", "DASH", "ENTITY", "IMF", "PLS", "ASX", "SDP")
}
OWN_ENDINGS = {
    "m3u8": ".m3u8",
    "dash": ".mpd",
    "ffconcat": ".ffconcat",
    "sdp": ".sdp",
    "pls": ".pls",
}


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("ending", [".mp4", ".ts", ""])
def test_a_playlist_opens_nothing(secret: Secret, tmp_path: Path, kind: str, ending: str) -> None:
    trap = tmp_path / f"trap{ending or OWN_ENDINGS.get(kind, '.xml')}"
    for target in ("secret.mp4", secret.path, f"file:{secret.path}", secret.address):
        trap.write_text(SCRIPTS[kind].format(target))
        assert shown(trap) == []
    assert not secret.was_touched()


def test_without_the_allow_lists_playlists_open_the_secret(secret: Secret, tmp_path: Path) -> None:
    trap = tmp_path / "trap.mp4"
    for target, protocols in {"secret.mp4": "file", secret.address: "file,http,tcp"}.items():
        trap.write_text(FFCONCAT.format(target))
        options = {"safe": "0", "protocol_whitelist": protocols}
        with av.open(f"file:{trap}", options=options) as container:
            assert container.streams.video
        assert secret.was_touched()


# Data references


def boxes(content: bytes) -> list[bytes]:
    found: list[bytes] = []
    while content:
        size = int.from_bytes(content[:4], "big")
        found.append(content[:size])
        content = content[size:]
    return found


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def with_reference(movie: bytes, reference: bytes) -> bytes:
    """The film with another place named for its samples, and none of its own."""

    def changed(one: bytes) -> bytes:
        kind = one[4:8]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            return box(kind, b"".join(map(changed, boxes(one[8:]))))
        if kind == b"mdat":
            return box(kind, bytes(len(one) - 8))
        return box(kind, struct.pack(">II", 0, 1) + reference) if kind == b"dref" else one

    return b"".join(map(changed, boxes(movie)))


def alias(target: str, levels: int = 1) -> bytes:
    """A Macintosh alias: the file some levels up from the trap, and down again."""
    path = b"/" + target.encode()
    path += bytes(len(path) % 2)
    head = bytes(10) + bytes(28) + bytes(12) + bytes(64) + bytes(16)
    tail = struct.pack(">HH", levels, target.count("/") + 1) + bytes(16)
    named = struct.pack(">HH", 2, len(path)) + path + struct.pack(">hH", -1, 0)
    return box(b"alis", bytes(4) + head + tail + named + bytes(40))


def url(target: str) -> bytes:
    return box(b"url ", bytes(4) + target.encode() + b"\0")


def urn(target: str) -> bytes:
    return box(b"urn ", bytes(4) + b"x\0" + target.encode() + b"\0")


@pytest.mark.parametrize("reference", [alias, url, urn])
def test_a_data_reference_is_not_followed(
    secret: Secret, tmp_path: Path, reference: Callable[[str], bytes]
) -> None:
    trap, movie = tmp_path / "trap.mov", secret.path.read_bytes()
    secret.was_touched()
    for target in ("secret.mp4", str(secret.path), f"file://{secret.path}", secret.address):
        trap.write_bytes(with_reference(movie, reference(target)))
        assert not any(number is not None for number in shown(trap))
    assert not secret.was_touched()


def test_the_alias_would_have_worked(secret: Secret, tmp_path: Path) -> None:
    trap = tmp_path / "trap.mov"
    trap.write_bytes(with_reference(secret.path.read_bytes(), alias("secret.mp4")))
    secret.was_touched()
    with av.open(f"file:{trap}", options={"enable_drefs": "1"}) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [number_in(frame) for frame in frames] == list(range(12))
    assert secret.was_touched()


# Names


@pytest.mark.parametrize(
    "name",
    [
        "concat:secret.mp4|secret.mp4",
        "subfile,,start,0,end,0,,:secret.mp4",
        "file:secret.mp4",
        "async:secret.mp4",
        "cache:secret.mp4",
        "crypto:secret.mp4",
        "secr%02dt.mp4",
        "data:video/mp4;base64,AAAA",
        "pipe:0",
        "lavfi:color.mp4",
        "{address}",
        "{address}.mp4",
        "httpproxy:{address}",
        "tcp://127.0.0.1:{port}",
        "file://{path}",
    ],
)
def test_a_name_is_no_protocol(
    secret: Secret, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Neither where there is no such file, nor where there is one, whose own frames show."""
    port = secret.address.rpartition(":")[2].partition("/")[0]
    name = name.format(address=secret.address, port=port, path=secret.path)
    monkeypatch.chdir(tmp_path)
    (source,) = find_sources([name])
    assert source.kind == "missing"
    assert shown(Path(name)) == []
    own = Path(name.lstrip("/"))
    own.parent.mkdir(parents=True, exist_ok=True)
    write_video(tmp_path / "own.mp4", [0, 40], FILM).rename(own)
    (source,) = find_sources([name])
    assert source.kind == "video"
    assert shown(source.path) == [0, 1]
    assert not secret.was_touched()

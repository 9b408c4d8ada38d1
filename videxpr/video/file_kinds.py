"""What a file is that no decoder opens, from its first bytes, so that an error can name the cause."""

from collections.abc import Mapping
from typing import Final

from videxpr.core.remote import Location

HEAD_BYTES: Final = 4096

PHOTO: Final = "a photo; videxpr reads video and folders of aligned crops"
AUDIO: Final = "audio only"
PLAYLIST: Final = "a playlist; name the videos that it lists"
ENCRYPTED: Final = "encrypted (DRM); videxpr cannot decode it"
ANIMATED_WEBP: Final = "an animated WebP; make a GIF of it: magick in.webp out.gif"

BEGINNINGS: Final[Mapping[str, tuple[bytes, ...]]] = {
    PHOTO: (b"\xff\xd8\xff", b"\x89PNG\r\n", b"II*\0", b"MM\0*", b"\0\0\0\x0cJXL ", b"8BPS"),
    AUDIO: (
        *(b"ID3", b"fLaC", b"#!AMR", b"caff"),
        *(b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\xff\xf9"),  # MP3 and AAC without a container
    ),
    PLAYLIST: (b"#EXTM3U", b"ffconcat", b"[playlist]", b"v=0\n", b"v=0\r"),
    "an archive or an office document; unpack it first": (
        *(b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd"),
    ),
    "a PDF, not a video": (b"%PDF",),
    "a Git LFS pointer in place of the video; run git lfs pull": (b"version https://git-lfs",),
    "a program, not a video": (b"\x7fELF", b"MZ"),
    "data, not a video": (b"PAR1", b"\x93NUMPY", b"\x89HDF", b"SQLite format 3"),
}
"""How files of a kind begin, by what to say of them."""

PHOTO_BRANDS: Final = frozenset({"heic", "heix", "heim", "heis", "mif1", "avif"})
"""What the box ``ftyp`` calls photos, of which FFmpeg makes videos of one frame."""

MP4_BOXES: Final = frozenset({b"ftyp", b"mdat", b"wide", b"free", b"skip", b"moov"})
"""What MP4 and MOV begin with."""

HEADER_BYTES: Final = 1 << 20
TS_SYNC: Final = b"\x47"
"""Every packet of an MPEG transport stream begins with it."""

ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_ENCRYPTIONS: Final = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
    bytes.fromhex("338505438169e6499b74ad12cb86d58c"),
)
"""How ASF (WMV) begins, and identifiers of the parts of its header that tell of encryption."""


def unsupported_reason(path: Location) -> str | None:
    """Return what a file is that was not opened as a video; None if its first bytes do not tell.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        return "empty"
    if path.suffix.lower() in (".mjpeg", ".mjpg"):  # it begins as a photo does
        return "a bare stream of photos; wrap it: ffmpeg -i in.mjpeg -c copy out.mkv"
    for reason, beginnings in BEGINNINGS.items():
        if head.startswith(beginnings):
            return reason
    if head[4:8] == b"ftyp" and head[8:12].decode("latin-1") in PHOTO_BRANDS:
        return PHOTO
    if is_encrypted(path):
        return ENCRYPTED
    if head[4:8] in MP4_BOXES and not _index(path):
        return "cut short: its index (moov) is missing"
    return _iff_kind(head) or _text_kind(head)


def is_encrypted(path: Location) -> bool:
    """Return whether a WMV, a broadcast or an MP4 says that it is encrypted.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    if head.startswith(ASF):
        header = head[: int.from_bytes(head[16:24], "little")]
        return any(mark in header for mark in ASF_ENCRYPTIONS)
    if head[4:8] in MP4_BOXES:
        return b"drmi" in _index(path)  # Apple's; FFmpeg knows the others'
    first, step = (4, 192) if head[4:5] == TS_SYNC and head[196:197] == TS_SYNC else (0, 188)
    scrambled = [flags & 0xC0 != 0 for flags in head[first + 3 :: step]]
    return head[first : first + 1] == TS_SYNC and sum(scrambled) > len(scrambled) / 2


def _index(path: Location) -> bytes:
    """Return the box ``moov`` of an MP4 file; empty if it is not there as a whole."""
    total, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place + 8 <= total:
            file.seek(place)
            size, kind = int.from_bytes(file.read(4), "big"), file.read(4)
            if size == 1:
                size = int.from_bytes(file.read(8), "big")
            if size < 8:  # to the end of the file, or no box at all
                break
            if kind == b"moov":
                return file.read(size) if place + size <= total else b""
            place += size
    return b""


def _iff_kind(head: bytes) -> str | None:
    """Return which of the files is meant that begin like AVI."""
    if head[:4] in (b"RIFF", b"RF64", b"FORM") and head[8:12] in (b"WAVE", b"AIFF", b"AIFC"):
        return AUDIO
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        flags = int.from_bytes(head[20:21], "big") if head[12:16] == b"VP8X" else 0
        return ANIMATED_WEBP if flags & 2 else PHOTO
    return PHOTO if head[:2] == b"BM" and head[6:10] == bytes(4) else None


def _text_kind(head: bytes) -> str | None:
    """Return which kind of text it is, None if it is none."""
    if not head.strip(b"\0"):
        return "no video: it begins with zeros, as an unfinished copy does"
    try:
        text = head.decode().lstrip("\ufeff \t\r\n").lower()
    except UnicodeDecodeError as exc:
        if exc.start < len(head) - 3:  # else a character is cut in two
            return None
        text = ""
    if "\0" in text:
        return None
    if text.startswith(("<!doctype html", "<html")):
        return "a web page, not a video; the download failed"
    return PLAYLIST if "<mpd" in text else "text, not a video"

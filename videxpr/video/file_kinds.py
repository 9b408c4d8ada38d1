"""What a file is that no decoder opens, from its first bytes, so that an error can name the cause."""

from pathlib import Path
from typing import Final

HEAD_BYTES: Final = 4096

PHOTO: Final = "a photo; videxpr reads video and folders of aligned crops"
AUDIO: Final = "audio only"
PLAYLIST: Final = "a playlist, which is never followed; name the videos that it lists"
ENCRYPTED: Final = "encrypted (DRM); videxpr cannot decode it"
ANIMATED_WEBP: Final = (
    "an animated WebP, which FFmpeg does not read; make a GIF of it first: magick in.webp out.gif"
)
LFS_POINTER: Final = "a Git LFS pointer in place of the video; run git lfs pull"
WEB_PAGE: Final = "a web page, not a video; the download failed"

# fmt: off
BEGINNINGS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", PHOTO), (b"\x89PNG\r\n", PHOTO), (b"II*\0", PHOTO), (b"MM\0*", PHOTO),
    (b"\xff\x0a", PHOTO), (b"\0\0\0\x0cJXL ", PHOTO), (b"8BPS", PHOTO),
    (b"ID3", AUDIO), (b"fLaC", AUDIO), (b"FORM", AUDIO), (b"#!AMR", AUDIO), (b"caff", AUDIO),
    (b"\xff\xfb", AUDIO), (b"\xff\xf3", AUDIO), (b"\xff\xf1", AUDIO), (b"\xff\xf9", AUDIO),
    (b"#EXTM3U", PLAYLIST), (b"ffconcat", PLAYLIST), (b"v=0", PLAYLIST), (b"[playlist]", PLAYLIST),
    (b"%PDF", "a PDF, not a video"), (b"{\\rtf", "a text document, not a video"),
    (b"PK\x03\x04", "a ZIP archive or an office document; unpack it first"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"), (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"), (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"), (b"(\xb5/\xfd", "a zstd archive; unpack it first"),
    (b"version https://git-lfs", LFS_POINTER), (b"SQLite format 3", "a database, not a video"),
    (b"\x7fELF", "a program, not a video"), (b"MZ", "a program, not a video"),
    (b"PAR1", "a Parquet file, not a video"), (b"\x93NUMPY", "a NumPy array, not a video"),
    (b"\x89HDF", "an HDF5 file, not a video"),
)
# fmt: on
"""How files of a kind begin, and what to say of them."""

PHOTO_BRANDS: Final = frozenset({"heic", "heix", "heim", "heis", "mif1", "avif"})
"""What the box ``ftyp`` calls photos, of which FFmpeg makes videos of one frame."""

ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_ENCRYPTIONS: Final = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
    bytes.fromhex("338505438169e6499b74ad12cb86d58c"),
)
"""Identifiers of the parts of an ASF header (WMV) that tell how its content is encrypted."""


def unsupported_reason(path: Path) -> str | None:
    """Return what a file is that was not opened as a video; None if its first bytes do not tell.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        return "empty"
    for beginning, reason in BEGINNINGS:
        if head.startswith(beginning):
            return reason
    if head[4:8] == b"ftyp" and head[8:12].decode("latin-1") in PHOTO_BRANDS:
        return PHOTO
    if head[4:8] in (b"ftyp", b"mdat", b"wide", b"free", b"moov"):
        return "cut short or damaged: its index (moov) is missing"
    return _riff_kind(head) or _text_kind(head)


def is_encrypted_asf(path: Path) -> bool:
    """Return whether the header of an ASF file (WMV) speaks of encryption."""
    with path.open("rb") as file:
        if file.read(len(ASF)) != ASF:
            return False
        size = int.from_bytes(file.read(8), "little")
        header = file.read(min(size, 1 << 20))
    return any(mark in header for mark in ASF_ENCRYPTIONS)


def _riff_kind(head: bytes) -> str | None:
    """Return which of the files is meant that begin like AVI."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return AUDIO
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ANIMATED_WEBP if head[12:16] == b"VP8X" and head[20] & 2 else PHOTO
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
        return WEB_PAGE
    return PLAYLIST if "<mpd" in text else "text, not a video"

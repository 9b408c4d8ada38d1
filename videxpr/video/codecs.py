"""Which codecs work in FFmpeg as it is here: a short film is encoded, and decoded again."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np

SIDE: Final = 64
FRAMES: Final = 3
CODECS: Final = {
    "H.264": ("h264", "libx264"),
    "HEVC": ("hevc", "libx265"),
    "VP9": ("vp9", "libvpx-vp9"),
    "AV1": ("libdav1d", "libsvtav1"),
    "MPEG-4": ("mpeg4", "mpeg4"),
    "MPEG-2": ("mpeg2video", "mpeg2video"),
    "Motion JPEG": ("mjpeg", "mjpeg"),
    "ProRes": ("prores", "prores_ks"),
}
"""What videos come in: decoder and encoder, by FFmpeg's names."""

OVERLAY: Final = "libx264"
"""What plays everywhere."""


@dataclass(frozen=True)
class CodecTrial:
    """How a codec did.

    Attributes:
        name: as people call it.
        encoder: by FFmpeg's name.
        encodes: whether that encoded the film.
        decodes: whether the decoder gave all of its frames; where nothing encodes, whether there is
            such a decoder.
    """

    name: str
    encoder: str
    encodes: bool
    decodes: bool


def ffmpeg_version() -> str:
    """Return the version of the FFmpeg that PyAV brings."""
    return str(av.ffmpeg_version_info)


def codec_trials() -> Iterator[CodecTrial]:
    """Yield how each of `CODECS` does."""
    for name, (decoder, encoder) in CODECS.items():
        packets = _encoded(encoder)
        yield CodecTrial(name, encoder, packets != [], _decodes(decoder, packets))


def _encoded(encoder: str) -> list[Any]:
    """Return the packets of a short film; none if there is no such encoder, or it fails."""
    try:
        context: Any = av.CodecContext.create(encoder, "w")
        context.width, context.height, context.time_base = SIDE, SIDE, Fraction(1, 25)
        context.pix_fmt = context.codec.video_formats[0].name
        picture = av.VideoFrame.from_ndarray(np.full((SIDE, SIDE), 99, np.uint8), "gray")
        packets = []
        for number in range(FRAMES):
            frame = picture.reformat(format=context.pix_fmt)
            frame.pts, frame.time_base = number, context.time_base
            packets += context.encode(frame)
        return [*packets, *context.encode(None)]
    except (av.FFmpegError, ValueError):
        return []


def _decodes(decoder: str, packets: list[Any]) -> bool:
    try:
        context: Any = av.CodecContext.create(decoder, "r")
        frames = [len(context.decode(packet)) for packet in packets]
        return not packets or sum(frames) + len(context.decode(None)) == FRAMES
    except (av.FFmpegError, ValueError):
        return False

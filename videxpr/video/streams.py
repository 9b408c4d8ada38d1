"""The video streams of a file, and which of them is read.

A file may hold several: a film in two sizes, a still beside a film, slides beside a speaker, a cover.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class StreamInfo:
    """What is known of a video stream before it is decoded.

    Attributes:
        codec: its name, as FFmpeg has it; empty where there is no decoder for it.
        width: of its pictures as they are stored, in pixels.
        height: of its pictures as they are stored, in pixels.
        frames: how many it has, 0 if unknown.
        shows_more: whether it has more than one.
        is_default: whether the file says that this one is to be shown.
        is_picture: whether it is a cover or a thumbnail.
    """

    codec: str
    width: int
    height: int
    frames: int = 0
    shows_more: bool = True
    is_default: bool = False
    is_picture: bool = False

    @property
    def is_video(self) -> bool:
        """Whether it can be decoded, and is no picture that comes with something else."""
        return bool(self.codec) and not self.is_picture

    def __str__(self) -> str:
        """Return it in words: h264 640x360, 72 frames."""
        look = f"{self.codec} {self.width}x{self.height}" if self.codec else "no decoder for it"
        count = f", {self.frames} frame{'s' * (self.frames > 1)}" if self.frames else ""
        return look + count + ", a picture" * self.is_picture


def choose_stream(streams: Sequence[StreamInfo]) -> int | None:
    """Return the number of the stream to read, the first of equals; None if none can be decoded.

    As ffmpeg does: never a cover; the one that is marked as default, the largest, the one with most
    frames. Other than ffmpeg: a still beside a film is never chosen, even if it is marked.
    """

    def merit(number: int) -> tuple[bool, bool, int, int]:
        one = streams[number]
        return one.shows_more, one.is_default, one.width * one.height, one.frames

    numbers = [number for number, one in enumerate(streams) if one.is_video]
    return max(numbers, key=merit, default=None)


def missing_stream_reason(streams: Sequence[StreamInfo], number: int) -> str | None:
    """Return why a stream that a user asks for cannot be read; None if it can."""
    if number < len(streams) and streams[number].codec:
        return None
    listed = ", ".join(f"{at} ({one})" for at, one in enumerate(streams))
    return f"no video stream {number} that can be decoded; there is {listed}"


def other_streams(streams: Sequence[StreamInfo], number: int) -> str | None:
    """Return a sentence about the videos that were not read; None if there were none.

    Args:
        streams: all video streams of a file.
        number: of the one that was read.
    """
    others = [at for at, one in enumerate(streams) if one.is_video and at != number]
    if not others:
        return None
    which = "the other" if len(others) == 1 else "another"
    takes = ", ".join(f"--stream {at} takes {which} ({streams[at]})" for at in others)
    return f"video stream {number} of {len(streams)} was read ({streams[number]}); {takes}"

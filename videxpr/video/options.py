"""What a user can choose about reading videos."""

import math
from dataclasses import field
from typing import Final, Literal

from videxpr.core.errors import SourceError, UsageError
from videxpr.core.option import option, options
from videxpr.core.remote import Location

Decoder = Literal["auto", "cpu", "cuda"]
Blur = Literal["none", "faces", "all"]
PANEL: Final = "Time and model"

OVERLAY: Final = ".overlay.mp4"
"""How overlays end; they are no videos to annotate."""


def parse_seconds(text: str) -> float:
    """Return the seconds of a time like ``90``, ``1:30`` or ``0:01:30.5``."""
    try:
        values = [float(part) for part in text.split(":")]
    except ValueError:
        values = []
    if not 1 <= len(values) <= 3 or not all(0 <= value < math.inf for value in values):
        raise UsageError(f"{text!r} is no time; write seconds (90.5) or HH:MM:SS (00:01:30.5)")
    return float(sum(value * 60**power for power, value in enumerate(reversed(values))))


@options("Limits")
class VideoLimits:
    """What makes a video an error rather than hours of work, or memory that is not there.

    What a container claims is never believed: a video is read up to the limit.

    Attributes:
        max_pixels: of a frame, as it is stored and as it is displayed.
        max_frames: that are looked at, or in a folder of crops.
        max_seconds: from the first frame that is looked at to the last one; None for no limit, since
            a clock that jumps costs nothing.
    """

    max_pixels: int = option(
        40_000_000,
        "A video with more pixels in a frame is an error, before such a frame is decoded; 8K has 33 "
        "million.",
        metavar="N",
        least=1,
        changes_results=False,
    )
    max_frames: int = option(
        6_000_000,
        "A video with more frames, between --start and --end, is an error; a day at 60 frames a "
        "second has 5 million.",
        metavar="N",
        least=1,
        changes_results=False,
    )
    max_seconds: float | None = option(
        None,
        "A video that lasts longer, between --start and --end, is an error; in seconds or as HH:MM:SS.",
        flag="max-duration",
        metavar="TIME",
        above=0,
        default_text="no limit",
        parse=parse_seconds,
        changes_results=False,
    )

    def check_length(self, path: Location, frames: int, seconds: float = 0.0) -> None:
        """Refuse a source that is too long.

        Args:
            path: of the source.
            frames: so far.
            seconds: so far.

        Raises:
            SourceError: it says which limit, and how to raise it.
        """
        if frames > self.max_frames:
            raise SourceError(
                f"{path}: it has more than {self.max_frames:,} frames; --max-frames sets the limit, "
                "and --start and --end take a part of a video"
            )
        if self.max_seconds is not None and seconds > self.max_seconds:
            raise SourceError(
                f"{path}: it lasts longer than {self.max_seconds:g} s; --max-duration sets the limit, "
                "and --start and --end take a part of a video"
            )


@options("Running")
class DecodingOptions:
    """Which stream of a video is decoded, where, and how large it may be.

    Attributes:
        decoder: ``cpu``; ``cuda``, which is an error for a video that the GPU cannot decode; or
            ``auto``: the GPU if the networks run on one and it can, else the CPU.
        device: where the networks run, e.g. ``cuda:1``; the GPU that decodes, the first if it is none.
        stream: number among the file's video streams, from 0; None leaves the choice to videxpr.
        limits: what is too large to be read.
    """

    decoder: Decoder = option(
        "auto",
        "Where videos are decoded; auto takes an NVIDIA GPU if the networks run on one and it can "
        "decode the video.",
        panel="Running",
        changes_results=False,
    )
    device: str = "cpu"
    stream: int | None = option(
        None,
        "Which video stream of a file is read, counted from 0.",
        metavar="N",
        least=0,
        default_text="the one marked as default, else the largest; a still or a cover last",
        panel=PANEL,
    )
    limits: VideoLimits = field(default_factory=VideoLimits)

    @property
    def gpu(self) -> int | None:
        """Return the number of the GPU to try; None for none."""
        kind, _, number = self.device.partition(":")
        if self.decoder == "cpu" or (self.decoder == "auto" and kind != "cuda"):
            return None
        return int(number) if kind == "cuda" and number else 0


@options(PANEL)
class TimeRange:
    """Which part of a video is looked at: half-open, in the video's own seconds.

    Attributes:
        start_seconds: frames before this time are left out; None means from the beginning.
        end_seconds: frames from this time on are left out; None means to the end.
    """

    start_seconds: float | None = option(
        None,
        "Begin at this time, in seconds or as HH:MM:SS.",
        flag="start",
        metavar="TIME",
        default_text="the beginning",
        parse=parse_seconds,
    )
    end_seconds: float | None = option(
        None,
        "End before this time, in seconds or as HH:MM:SS.",
        flag="end",
        metavar="TIME",
        default_text="the end",
        parse=parse_seconds,
    )

    def __post_init__(self) -> None:
        end = math.inf if self.end_seconds is None else self.end_seconds
        if end <= (self.start_seconds or 0.0):
            raise UsageError(
                f"the end ({self.end_seconds} s) must come after the start ({self.start_seconds} s)"
            )


@options("Pictures")
class BlurOptions:
    """What is made unrecognizable in pictures of a video; it is no anonymization.

    Attributes:
        blur: ``faces`` are all that were detected, with a margin, from the start of their shot to its
            end; ``all`` blurs also the whole of each frame in which none was detected.
    """

    blur: Blur = option(
        "none",
        "Blur every detected face (faces, also meant by --blur alone); or also the whole of frames "
        "without one (all). Wants annotations of all people (--people all). It is no anonymization: "
        "docs/overlay.md.",
        alone="faces",
        changes_results=False,
    )

"""What a user can choose about reading videos."""

import math
from typing import Final, Literal

from videxpr.core.errors import UsageError
from videxpr.core.option import option, options

Decoder = Literal["auto", "cpu", "cuda"]
PANEL: Final = "Time and model"


def parse_seconds(text: str) -> float:
    """Return the seconds of a time like ``90``, ``1:30`` or ``0:01:30.5``."""
    try:
        values = [float(part) for part in text.split(":")]
    except ValueError:
        values = []
    if not 1 <= len(values) <= 3 or not all(0 <= value < math.inf for value in values):
        raise UsageError(f"{text!r} is no time; write seconds (90.5) or HH:MM:SS (00:01:30.5)")
    return float(sum(value * 60**power for power, value in enumerate(reversed(values))))


@options("Running")
class DecodingOptions:
    """Which stream of a video is decoded, and where.

    Attributes:
        decoder: ``cpu``; ``cuda``, which is an error for a video that the GPU cannot decode; or
            ``auto``: the GPU if the networks run on one and it can, else the CPU.
        device: where the networks run, e.g. ``cuda:1``; the GPU that decodes, the first if it is none.
        stream: number among the file's video streams, from 0; None leaves the choice to videxpr.
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

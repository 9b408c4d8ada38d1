"""What a user can choose about overlays."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from videxpr.annotation.export.options import recordings_option
from videxpr.core.option import option, options
from videxpr.core.options import PANEL
from videxpr.video.options import OVERLAY, Blur, BlurOptions

SUFFIXES: Final[Mapping[Blur, str]] = MappingProxyType(
    {
        "none": OVERLAY,
        "faces": f".blurred{OVERLAY}",
        "all": f".all-blurred{OVERLAY}",
    }
)
"""How overlays end, behind the recording's name: one without blur never stands for one with it."""


@options()
class OverlayCommand:
    """Draw boxes, expressions and probabilities on the videos that annotate has annotated.

    An overlay is an MP4 beside the Parquet file: upright, with the frames and times of the source, and
    its sound. One that is newer than its Parquet file is left as it is.

    Exit code: 0 if all went well, 1 if an overlay could not be made (the others are), 2 for wrong
    usage.

    Examples:
        videxpr overlay annotations/talk.parquet
        videxpr overlay annotations -o overlays
        videxpr overlay annotations/talk.parquet --video /media/disk/talk.mp4
        videxpr overlay annotations --blur

    Attributes:
        annotations: Parquet files of annotate, or folders with some.
        output: the folder for overlays; None for beside each Parquet file.
        video: the source of the only recording, where it is now.
        pictures: what is blurred.
        no_sound: whether the sound is left out.
        overwrite: whether those that are there are made again.
        quiet: whether nothing is said but errors.
    """

    annotations: tuple[Path, ...] = recordings_option()
    output: Path | None = option(
        None,
        "The folder for overlays.",
        short="o",
        default_text="beside each Parquet file",
        writes="folder",
    )
    video: Path | None = option(
        None,
        "The video, if it is not any more where it was annotated; of one recording only.",
        default_text="where it was annotated",
    )
    pictures: BlurOptions = field(default_factory=BlurOptions)
    no_sound: bool = option(False, "Leave the sound out: a voice says who speaks.")
    overwrite: bool = option(False, "Make again what is there.")
    quiet: bool = option(False, "Say nothing but errors.", short="q", panel=PANEL)

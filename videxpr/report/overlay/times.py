"""When each frame of an overlay is shown: as in the source, to the tick."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np

from videxpr.core.errors import SourceError
from videxpr.core.structures import Integers
from videxpr.formats.record import Annotation
from videxpr.video.encoder import FALLBACK, exact_time_base
from videxpr.video.sound import Sound

LONGEST: Final = (1 << 31) - 1
"""Ticks that a frame may last: FFmpeg's MP4 counts them in 32 bits."""

USUAL_SECONDS: Final = 1 / 25
"""Of a frame that follows none, where the file does not say how long it lasts."""


@dataclass(frozen=True)
class OverlayTimes:
    """The times of an overlay.

    Attributes:
        time_base: of which they are multiples, in seconds.
        stamps: (N,) of the annotated frames, in ticks, rising.
        end: when the last one ends, in ticks.
        shift_seconds: whole seconds that were taken off the source's times.
        are_sources: whether they are the source's, beside which its sound fits, not the record's clock.
        notes: what a user should know of them.
    """

    time_base: Fraction
    stamps: Integers
    end: int
    shift_seconds: int = 0
    are_sources: bool = True
    notes: tuple[str, ...] = ()

    @property
    def fps(self) -> float:
        """Return the frames a second, on the whole."""
        return len(self.stamps) / float((self.end - self.stamps[0]) * self.time_base)


def overlay_times(annotation: Annotation, source_base: Fraction) -> OverlayTimes:
    """Return when frames are shown.

    Whole seconds before the start are taken off, since players show nothing until then: a recording of
    a broadcast may begin after hours. What is less than a second stays, so that each frame has the time
    that it has in the source.

    Args:
        annotation: of the video.
        source_base: of which the source's times are multiples, in seconds.

    Raises:
        SourceError: MP4 cannot hold how long a frame lasts.
    """
    pts = annotation.pts_seconds
    if np.isnan(pts).any() or (np.diff(pts) <= 0).any():
        note = "frames without rising times of their own: it has those of the record (seconds)"
        times = _times(annotation.seconds, annotation, FALLBACK)
        return replace(times, are_sources=False, notes=(note,))
    begin = pts[0] if is_stretch(annotation) else min(annotation.container_start_seconds, pts[0])
    shift = math.floor(begin)
    how = f"less {shift} s" if shift > 0 else f"plus {-shift} s"
    notes = (f"times are those of the video, {how}",) if shift else ()
    return replace(_times(pts, annotation, exact_time_base(source_base), shift), notes=notes)


def is_stretch(annotation: Annotation) -> bool:
    """Return whether only a part of the video was asked for."""
    return annotation.first_frame > 0 or bool({"start", "end"} & annotation.options.keys())


def cut_sound(sound: Sound, annotation: Annotation, times: OverlayTimes) -> Sound | None:
    """Return the sound of what was annotated: of a stretch that part alone.

    None where the frames have other times than the source's: it would not be heard beside them.
    """
    if not times.are_sources:
        return None
    begins, ends = -math.inf, math.inf
    if is_stretch(annotation):
        begins = float(times.stamps[0] * times.time_base) + times.shift_seconds
        ends = float(times.end * times.time_base) + times.shift_seconds
    return Sound(sound.container, sound.stream, begins, ends, times.shift_seconds)


def _times(
    seconds: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    annotation: Annotation,
    base: Fraction,
    shift: int = 0,
) -> OverlayTimes:
    places = np.arange(len(seconds))
    stamps = np.round(seconds * base.denominator).astype(np.int64) - shift * base.denominator
    # no two are equal, also where the ticks are too coarse to tell them apart
    stamps = np.maximum.accumulate(stamps - places) + places
    last = annotation.last_frame_seconds
    if last is None:
        last = float(np.median(np.diff(seconds))) if len(seconds) > 1 else USUAL_SECONDS
    end = int(stamps[-1]) + max(1, round(last * base.denominator))
    lengths = np.diff(stamps, append=end)
    if lengths.max() > LONGEST:
        row = int(lengths.argmax())
        frame, length = annotation.first_frame + row, lengths[row] / base.denominator
        raise SourceError(
            f"{annotation.video}: frame {frame} at {seconds[row]:.3f} s lasts for {length:.0f} s, "
            "longer than MP4 can hold; annotate what is before and after it apart, with --segments"
        )
    return OverlayTimes(base, stamps, end, shift)

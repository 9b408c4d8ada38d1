"""Overlays: a recording's video with what was annotated drawn on each frame."""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Final

from videxpr.annotation.export.recordings import RecordingFile
from videxpr.annotation.media import find_media
from videxpr.core.errors import SourceError, UsageError, VidexprError
from videxpr.core.files import atomic_write
from videxpr.core.parallel import prefetch
from videxpr.core.structures import Frame
from videxpr.formats.parquet import read_annotation
from videxpr.formats.record import Annotation
from videxpr.report.blurring import plan_blur
from videxpr.report.captions import captions, shown_name
from videxpr.report.drawing import draw
from videxpr.report.overlay.layout import Page, Places, lay_out
from videxpr.report.overlay.options import SUFFIXES
from videxpr.report.overlay.target import COMMENT, is_written, remove_leftovers
from videxpr.report.overlay.times import cut_sound, overlay_times
from videxpr.report.recorded_video import (
    annotated_frames,
    check_to_blur,
    find_video,
    is_same_file,
    open_recorded,
)
from videxpr.video.encoder import MPEG4, Mp4Writer, Track
from videxpr.video.options import Blur
from videxpr.video.reader import Video
from videxpr.video.sound import open_sound

QUEUED: Final = 4
"""Frames that are decoded ahead."""

TOLERANCE_SECONDS: Final = 0.002
"""By which a frame's time may differ from the record: Matroska rounds to milliseconds."""

OLD_CODEC: Final = "encoded as MPEG-4, which browsers do not play: this FFmpeg has no H.264 encoder"

SILENT: Final = "the sound is left out, which would not be heard beside its frames"
CHANGED: Final = "the video has other bytes than the one that was annotated; see whether boxes fit"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class OverlaySettings:
    """How overlays are made.

    Attributes:
        blur: what is made unrecognizable.
        folder: for the overlays; None for beside each Parquet file.
        video: the source of the only recording; None for where it was annotated.
        sound: whether they have the source's sound.
        overwrite: whether those that are there are made again.
    """

    blur: Blur = "none"
    folder: Path | None = None
    video: Path | None = None
    sound: bool = True
    overwrite: bool = False


@dataclass(frozen=True)
class OverlayReport:
    """What became of the overlay of one recording.

    Attributes:
        path: of the overlay.
        status: ``done``, ``skipped`` (it is there) or ``failed``.
        frames: that were drawn.
        seconds: that it took.
        notes: what a user should know of it.
        error: why it failed.
    """

    path: Path
    status: str
    frames: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: str = ""


def overlay_path(recording: RecordingFile, options: OverlaySettings) -> Path:
    """Return where the overlay of a recording goes."""
    suffix = SUFFIXES[options.blur]
    if options.folder is None:
        return recording.path.with_name(recording.path.stem + suffix)
    return options.folder / f"{recording.name}{suffix}"


def check_recordings(recordings: Sequence[RecordingFile], options: OverlaySettings) -> None:
    """Refuse a video for several recordings, and two overlays of one name.

    Raises:
        UsageError: it says what to do.
    """
    if options.video is not None and len(recordings) > 1:
        raise UsageError(
            f"--video names the video of one recording, and there are {len(recordings)}; name one "
            "Parquet file"
        )
    path, count = Counter(overlay_path(one, options) for one in recordings).most_common(1)[0]
    if count > 1:
        raise UsageError(
            f"{count} overlays would be {path}: name the folders that hold the recordings, not the "
            "files"
        )


def write_overlays(
    recordings: Sequence[RecordingFile], options: OverlaySettings, progress: Progress
) -> Iterator[OverlayReport]:
    """Make the overlays of recordings; yield what became of each. One that fails stops no other.

    Args:
        recordings: of annotate.
        options: how they are made.
        progress: called with the frames of a recording that are drawn, and all of them.
    """
    sources = {video.resolve() for video in _videos_of(recordings, options)}
    for recording in recordings:
        try:
            yield _write_one(recording, sources, options, progress)
        except VidexprError as exc:
            path = overlay_path(recording, options)
            yield OverlayReport(path, "failed", error=str(exc))


def _videos_of(recordings: Sequence[RecordingFile], options: OverlaySettings) -> Iterator[Path]:
    """Yield the videos that were annotated, as far as they are known."""
    if options.video is not None:
        yield options.video
    for recording in recordings:
        with suppress(VidexprError):  # said when it is its turn
            video = find_media(recording.path)
            if video is not None:
                yield video


def _write_one(
    recording: RecordingFile,
    sources: Collection[Path],
    options: OverlaySettings,
    progress: Progress,
) -> OverlayReport:
    """Make the overlay of a recording, unless it is there."""
    path, begun = overlay_path(recording, options), perf_counter()
    if is_written(path, sources) and not options.overwrite and _is_newer(path, recording.path):
        return OverlayReport(path, "skipped")
    annotation = read_annotation(recording.path)
    video = options.video or find_video(recording.path, annotation)
    left = remove_leftovers(path)
    notes = (*left, *write_overlay(path, video, annotation, options, progress))
    return OverlayReport(path, "done", len(annotation), perf_counter() - begun, notes)


def write_overlay(
    path: Path, video: Path, annotation: Annotation, options: OverlaySettings, progress: Progress
) -> tuple[str, ...]:
    """Write the overlay of one video, whole or not at all; return what a user should know of it.

    Args:
        path: of the overlay.
        video: that was annotated.
        annotation: of it.
        options: how it is made.
        progress: called with the frames that are drawn, and all of them.

    Raises:
        SourceError: the video cannot be read, or is not the one that was annotated, or the record does
            not hold all faces that were to be blurred.
        OutputError: the overlay cannot be written.
    """
    plan = plan_blur(annotation, options.blur)
    with ExitStack() as opened:
        source = opened.enter_context(open_recorded(video, annotation))
        if options.blur != "none":
            check_to_blur(video, annotation)
        is_same = options.blur != "none" or is_same_file(video, annotation)
        times = overlay_times(annotation, source.time_base)
        decoded = prefetch(_timed_frames(source, annotation), QUEUED)
        frames = opened.enter_context(closing(decoded))
        first = next(frames)
        found = open_sound(video, source.stream) if options.sound else None
        sound = found and cut_sound(opened.enter_context(found), annotation, times)
        height, width = first.image.shape[:2]
        track = Track(width, height, times.time_base, times.fps)
        name = PurePosixPath(shown_name(annotation)).name if options.blur == "none" else ""
        said = zip(captions(annotation, name), times.stamps.tolist(), strict=True)
        temporary = opened.enter_context(atomic_write(path))
        with Mp4Writer(temporary, track, sound, COMMENT, path) as writer:
            page, places = Page(width, height), Places()
            for frame, (caption, stamp) in zip(chain([first], frames), said, strict=True):
                shapes, places = lay_out(page, caption, places)
                writer.add(draw(plan.apply(frame.image, frame.index), shapes), stamp)
                progress(frame.index + 1 - annotation.first_frame, len(annotation))
            writer.finish(times.end)
    notes = {
        SILENT: found and not sound,
        CHANGED: not is_same,
        OLD_CODEC: writer.codec == MPEG4,
    }
    return (*times.notes, *(note for note, holds in notes.items() if holds))


def _timed_frames(video: Video, annotation: Annotation) -> Generator[Frame, None, None]:
    """Yield the frames that were annotated, if they have the times that they had then.

    Raises:
        SourceError: one has another, or is not there.
    """
    for frame in annotated_frames(video, annotation):
        recorded = annotation.pts_seconds[frame.index - annotation.first_frame]
        if abs(frame.pts_seconds - recorded) > TOLERANCE_SECONDS:  # never so if either is NaN
            raise SourceError(
                f"{video.path}: frame {frame.index} comes at {frame.pts_seconds:.3f} s, in the record "
                f"at {recorded:.3f} s, so it is not the video that was annotated; annotate it again"
            )
        yield frame


def _is_newer(path: Path, other: Path) -> bool:
    """Return whether a file was written after another one."""
    return path.stat().st_mtime_ns >= other.stat().st_mtime_ns

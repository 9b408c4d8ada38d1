"""The faces of a video: decoding, shots, detection, alignment and tracking, shot by shot.

`annotate` and `crops make` share this. Frames are streamed: an image is let go when the faces in it
have been cropped. Crops are handed over at once, tracks when their shot ends. Decoding, detection and
what is done with the faces overlap, each in a thread; results do not depend on who is faster.
"""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import dropwhile, groupby, islice, takewhile
from typing import Final

from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import SourceError
from videxpr.core.parallel import prefetch
from videxpr.core.remote import Location
from videxpr.core.stage_timer import StageTimer, measured
from videxpr.core.structures import Face, Frame, Image
from videxpr.faces.align import align_face
from videxpr.faces.detection.detector import Detector
from videxpr.faces.keyframes import KeyframeDetector
from videxpr.faces.options import FaceOptions
from videxpr.faces.orientation import OrientationCheck
from videxpr.faces.track import Track, Tracker
from videxpr.video.options import TimeRange
from videxpr.video.reader import Video
from videxpr.video.segments import Segment
from videxpr.video.shots import ShotFrame, with_shots
from videxpr.video.timeline import Timeline

PREFETCH_BLOCKS: Final = 1
"""Blocks that may wait between two stages. With two, the pipeline was no quicker, and the images of 24
more frames were in memory."""

Progress = Callable[[int, int], None]
"""Called with the frames done so far and the number expected (0 if unknown)."""


@dataclass(frozen=True)
class TrackedFace:
    """A face in a frame.

    Attributes:
        frame: index of the frame.
        face: where it is.
        track: that it belongs to.
        crops: the face, aligned to each of the pipeline's templates.
    """

    frame: int
    face: Face
    track: Track
    crops: tuple[Image, ...]


@dataclass(frozen=True)
class Shot:
    """A shot that has ended.

    Attributes:
        tracks: in order of appearance.
        frame_size: the displayed frame's width and height in pixels.
        sure_score: of the detector; somebody short who reaches it is no flash.
    """

    tracks: list[Track]
    frame_size: tuple[int, int]
    sure_score: float = 0.0


OnFaces = Callable[[list[TrackedFace]], None]
"""Called with the faces of some frames of one shot, in order."""


@dataclass(frozen=True)
class _DetectedFrame:
    """What is left of a frame when its faces are detected: a face and its crops have one position."""

    index: int
    pts_seconds: float
    duration_seconds: float
    shot: int
    size: tuple[int, int]
    faces: list[Face]
    crops: list[tuple[Image, ...]]


@dataclass(frozen=True)
class FacePipeline:
    """Detects, aligns and tracks the faces of any number of videos, one after another.

    Attributes:
        detector: that looks for faces.
        options: how they are detected and tracked.
        templates: geometries of the crops.
        timer: measures the stages, which then run one after another.
    """

    detector: Detector
    options: FaceOptions
    templates: Sequence[CropTemplate]
    timer: StageTimer | None = None

    def shots(
        self,
        path: Location,
        timeline: Timeline,
        on_faces: OnFaces,
        progress: Progress | None = None,
        segment: Segment | None = None,
    ) -> Iterator[Shot]:
        """Yield the shots of a video as they end, from its first frame to its last.

        Args:
            path: of the video.
            timeline: fresh; what is known of the frames is noted here as they come.
            on_faces: called with the faces of a few frames at a time, before their shot is yielded.
            progress: called after each few frames.
            segment: the only part that is looked at, in place of the one that options ask for.

        Raises:
            SourceError: the video is missing, cannot be opened, is too large, or gives no frame.
        """
        tracker, limits = Tracker(self.options.tracking), self.options.decoding.limits
        with measured(self.timer, "decode"):
            video = Video(path, self.options.decoding)
        timeline.decoder_note, timeline.stream = video.decoder_note, video.stream
        timeline.fps = video.fps or timeline.fps
        timeline.container_start_seconds = video.container_start_seconds
        asked, origin = self.options.time_range, 0.0
        if segment is not None:
            origin = video.container_start_seconds
            asked = segment.time_range(origin)
        orientation = OrientationCheck(self.detector)
        keyframes = KeyframeDetector(self.detector, self.options.keyframes)
        detected = self._detected_blocks(video, asked, timeline.fps, keyframes, orientation)
        with video, closing(detected) as blocks:
            for block in blocks:
                if timeline.shots and block[0].shot != timeline.shots[-1]:
                    yield Shot(tracker.finish(), timeline.frame_size, self.detector.sure_score)
                on_faces([face for frame in block for face in _track(frame, tracker, timeline)])
                limits.check_length(path, len(timeline), timeline.seconds[-1])
                if progress is not None:
                    progress(len(timeline), video.frames_hint)
            timeline.decode_errors = video.decode_errors
            timeline.video_warnings = [
                *video.warnings,
                *keyframes.warnings,
                *orientation.warnings(),
            ]
            if not timeline:
                raise SourceError(f"{path}: {_no_frame_reason(video, asked, timeline.fps, origin)}")
        yield Shot(tracker.finish(), timeline.frame_size, self.detector.sure_score)

    def _detected_blocks(
        self,
        video: Video,
        asked: TimeRange,
        fps: float,
        keyframes: KeyframeDetector,
        orientation: OrientationCheck,
    ) -> Generator[list[_DetectedFrame], None, None]:
        """Yield the faces of blocks; decoding and detection in a thread each, unless timed."""
        frames = video if self.timer is None else self.timer.measure_each("decode", video)
        shown = with_shots(_in_time_range(frames, asked, fps))
        blocks = _blocks(shown, keyframes.block_length(self.options.batch_size))
        if self.timer is not None:
            return self._detect(blocks, keyframes, orientation)
        decoded = prefetch(blocks, PREFETCH_BLOCKS)
        return prefetch(self._detect(decoded, keyframes, orientation), PREFETCH_BLOCKS)

    def _detect(
        self,
        blocks: Generator[list[ShotFrame], None, None],
        keyframes: KeyframeDetector,
        orientation: OrientationCheck,
    ) -> Generator[list[_DetectedFrame], None, None]:
        """Yield the faces of blocks with their crops, so that the images can be let go."""
        shot: int | None = None
        with closing(blocks):  # however this ends: nothing may decode when the video is closed
            for block in blocks:
                if block[0].shot != shot:
                    keyframes.begin_shot()
                    shot = block[0].shot
                with measured(self.timer, "detect", len(block)):
                    faces = keyframes.detect([one.frame.image for one in block])
                    orientation.look(block[-1].frame.image, faces[-1])
                with measured(self.timer, "align", sum(map(len, faces))):
                    detected = list(map(self._crop_faces, block, faces))
                yield detected

    def _crop_faces(self, shown: ShotFrame, faces: list[Face]) -> _DetectedFrame:
        frame = shown.frame
        distinct = dict.fromkeys(self.templates)  # one for two uses is aligned to once
        aligned = [
            {one: align_face(frame.image, face.landmarks, one) for one in distinct}
            for face in faces
        ]
        crops = [tuple(own[one] for one in self.templates) for own in aligned]
        height, width = frame.image.shape[:2]
        times = (frame.pts_seconds, frame.duration_seconds)
        return _DetectedFrame(frame.index, *times, shown.shot, (width, height), faces, crops)


def _no_frame_reason(video: Video, asked: TimeRange, fps: float, origin: float) -> str:
    """Return why no frame of a video was given; times count from `origin`."""
    if asked == TimeRange():
        return f"none of its frames can be decoded ({video.decode_errors} damaged packets)"
    start, end = asked.start_seconds, asked.end_seconds
    if start is None:
        where = f"before {end:g} s"
    elif end is None:
        where = f"from {start:g} s on"
    else:
        where = f"between {start - origin:g} and {end - origin:g} s"
    begins, ends = video.span_seconds(fps)
    runs = f"the video runs from {begins - origin:.1f} to {ends - origin:.1f} s"
    return f"no frame {where}; {runs}"


def _in_time_range(frames: Iterable[Frame], asked: TimeRange, fps: float) -> Iterator[Frame]:
    """Return all frames from the first one at the start to the last one before the end.

    Args:
        frames: of a video.
        asked: half-open.
        fps: frames a second of a video without times.
    """
    start, end = asked.start_seconds, asked.end_seconds
    timed = _with_seconds(frames, fps)
    # a frame without a time, which is NaN, neither begins nor ends what was asked for
    if start is not None:
        timed = dropwhile(lambda one: not one[0] >= start, timed)
    if end is not None:
        timed = takewhile(lambda one: not one[0] >= end, timed)
    return (frame for _, frame in timed)


def _with_seconds(frames: Iterable[Frame], fps: float) -> Iterator[tuple[float, Frame]]:
    """Yield frames with their times; until one has a time, they are counted from 0."""
    is_timed = False
    for frame in frames:
        is_timed = is_timed or not math.isnan(frame.pts_seconds)
        yield (frame.pts_seconds if is_timed else frame.index / fps), frame


def _blocks(frames: Iterable[ShotFrame], length: int) -> Generator[list[ShotFrame], None, None]:
    """Yield blocks of up to `length` frames, never of two shots."""
    for _, group in groupby(frames, key=lambda one: one.shot):
        shot = iter(group)
        for first in shot:
            yield [first, *islice(shot, length - 1)]


def _track(frame: _DetectedFrame, tracker: Tracker, timeline: Timeline) -> list[TrackedFace]:
    """Return the faces of a frame with their tracks."""
    seconds = timeline.add(
        frame.index, frame.pts_seconds, frame.shot, frame.size, frame.duration_seconds
    )
    owners = tracker.add(frame.shot, frame.index, seconds, frame.faces)
    rows = zip(frame.faces, owners, frame.crops, strict=True)
    return [TrackedFace(frame.index, *row) for row in rows]

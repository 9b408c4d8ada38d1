"""The faces of a video: decoding, shots, detection, alignment and tracking, shot by shot.

`annotate` and `crops make` share this. Frames are streamed: an image is let go when the faces in it
have been cropped. Crops are handed over at once, tracks when their shot ends. Decoding, detection and
what is done with the faces overlap, each in a thread; results do not depend on who is faster.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Final

from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import SourceError
from videxpr.core.parallel import prefetch
from videxpr.core.stage_timer import StageTimer, measured
from videxpr.core.structures import Face, Frame, Image
from videxpr.faces.align import align_face
from videxpr.faces.detection.detector import Detector
from videxpr.faces.keyframes import KeyframeDetector
from videxpr.faces.options import FaceOptions
from videxpr.faces.track import Track, Tracker
from videxpr.video.reader import Video
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
    """A shot that has ended: its tracks, and the displayed frame's width and height in pixels."""

    tracks: list[Track]
    frame_size: tuple[int, int]


OnFaces = Callable[[list[TrackedFace]], None]
"""Called with the faces of some frames of one shot, in order."""


@dataclass(frozen=True)
class _Block:
    """Successive frames of one shot."""

    shot: int
    frames: list[Frame]


@dataclass(frozen=True)
class _DetectedFrame:
    """What is left of a frame when its faces are detected: a face and its crops have one position."""

    index: int
    pts_seconds: float
    size: tuple[int, int]
    faces: list[Face]
    crops: list[tuple[Image, ...]]


@dataclass(frozen=True)
class _DetectedBlock:
    """Successive frames of one shot, without their images."""

    shot: int
    frames: list[_DetectedFrame]


class FacePipeline:
    """Detects, aligns and tracks the faces of any number of videos, one after another.

    Attributes:
        detector: that looks for faces.
        options: how they are detected and tracked.
        templates: geometries of the crops.
    """

    def __init__(
        self,
        detector: Detector,
        options: FaceOptions,
        templates: Sequence[CropTemplate],
        timer: StageTimer | None = None,
    ) -> None:
        """Make ready.

        Args:
            detector: that looks for faces.
            options: how they are detected and tracked.
            templates: geometries of the crops.
            timer: measures the stages, which then run one after another.
        """
        self.detector = detector
        self.options = options
        self.templates = tuple(templates)
        self._timer = timer

    def shots(
        self, path: Path, timeline: Timeline, on_faces: OnFaces, progress: Progress | None = None
    ) -> Iterator[Shot]:
        """Yield the shots of a video as they end, from its first frame to its last.

        Args:
            path: of the video.
            timeline: fresh; what is known of the frames is noted here as they come.
            on_faces: called with the faces of a few frames at a time, before their shot is yielded.
            progress: called after each few frames.

        Raises:
            SourceError: the video is missing, cannot be opened, or gives no frame.
        """
        with measured(self._timer, "decode"):
            video = Video(path, self.options.decoding)
        with video, closing(self._detected_blocks(video)) as blocks:
            timeline.decoder_note = video.decoder_note
            yield from self._track(blocks, video.frames_hint, timeline, on_faces, progress)
            timeline.decode_errors = video.decode_errors
        if not timeline:
            raise SourceError(
                f"no frame of {path} could be decoded between the start and the end asked for"
            )

    def _in_time_range(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield all frames from the first one at the start to the last one before the end."""
        start, end = self.options.time_range.start_seconds, self.options.time_range.end_seconds
        begun = start is None
        for frame in frames:
            if end is not None and frame.pts_seconds >= end:
                return
            begun = begun or (start is not None and frame.pts_seconds >= start)
            if begun:
                yield frame

    def _detected_blocks(self, video: Video) -> Generator[_DetectedBlock, None, None]:
        """Yield the faces of blocks; decoding and detection in a thread each, unless timed."""
        keyframes = KeyframeDetector(self.detector, self.options.keyframes)
        length = keyframes.block_length(self.options.batch_size)
        if self._timer is not None:
            frames = self._in_time_range(self._timer.measure_each("decode", video))
            return self._detect(_blocks(with_shots(frames), length), keyframes)
        decoded = prefetch(_blocks(with_shots(self._in_time_range(video)), length), PREFETCH_BLOCKS)
        return prefetch(self._detect(decoded, keyframes), PREFETCH_BLOCKS)

    def _detect(
        self, blocks: Generator[_Block, None, None], keyframes: KeyframeDetector
    ) -> Generator[_DetectedBlock, None, None]:
        """Yield the faces of blocks with their crops, so that the images can be let go."""
        shot: int | None = None
        with closing(blocks):  # however this ends: nothing may decode when the video is closed
            for block in blocks:
                if block.shot != shot:
                    keyframes.begin_shot()
                    shot = block.shot
                with measured(self._timer, "detect", len(block.frames)):
                    faces = keyframes.detect([frame.image for frame in block.frames])
                with measured(self._timer, "align", sum(map(len, faces))):
                    frames = list(map(self._crop_faces, block.frames, faces))
                yield _DetectedBlock(block.shot, frames)

    def _crop_faces(self, frame: Frame, faces: list[Face]) -> _DetectedFrame:
        crops = [
            tuple(align_face(frame.image, face.landmarks, one) for one in self.templates)
            for face in faces
        ]
        height, width = frame.image.shape[:2]
        return _DetectedFrame(frame.index, frame.pts_seconds, (width, height), faces, crops)

    def _track(
        self,
        blocks: Iterable[_DetectedBlock],
        total: int,
        timeline: Timeline,
        on_faces: OnFaces,
        progress: Progress | None,
    ) -> Iterator[Shot]:
        """Track faces and hand them over; yield shots as they end."""
        tracker = Tracker(self.options.tracking, self.detector.sure_score)
        for block in blocks:
            if timeline.shots and block.shot != timeline.shots[-1]:
                yield Shot(tracker.finish(), timeline.frame_size)
            on_faces(_tracked_faces(block, tracker, timeline))
            if progress is not None:
                progress(len(timeline), total)
        yield Shot(tracker.finish(), timeline.frame_size)


def _tracked_faces(
    block: _DetectedBlock, tracker: Tracker, timeline: Timeline
) -> list[TrackedFace]:
    """Return the faces of a block with their tracks."""
    tracked_faces: list[TrackedFace] = []
    for frame in block.frames:
        seconds = timeline.add(frame.index, frame.pts_seconds, block.shot, frame.size)
        owners = tracker.add(block.shot, frame.index, seconds, frame.faces)
        rows = zip(frame.faces, owners, frame.crops, strict=True)
        tracked_faces += [TrackedFace(frame.index, *row) for row in rows]
    return tracked_faces


def _blocks(frames: Iterable[ShotFrame], length: int) -> Generator[_Block, None, None]:
    """Yield blocks of up to `length` frames, never of two shots."""
    for shot, group in groupby(frames, key=lambda one: one.shot):
        images = (one.frame for one in group)
        for first in images:
            yield _Block(shot, [first, *islice(images, length - 1)])

"""Faces followed through a video: decoding, shots, detection and tracks, shot by shot.

`annotate` and `crop` share this. Frames are streamed: a picture is let go when the faces in it have
been cut out. Crops are handed over at once, tracks when their shot ends. Decoding, detection and what
is done with the faces overlap, each in a thread; results do not depend on who is faster.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import SourceError
from videxpr.core.parallel import prefetch
from videxpr.core.stage_timer import StageTimer, measured
from videxpr.core.structures import Face, Frame, Image
from videxpr.faces.align import aligned_crop
from videxpr.faces.detection.detector import Detector
from videxpr.faces.keyframes import KeyframeDetector
from videxpr.faces.options import FaceOptions
from videxpr.faces.track import Track, Tracker
from videxpr.video.reader import Video
from videxpr.video.shots import ShotFrame, with_shots
from videxpr.video.timeline import Timeline

DEPTH: Final = 1
"""Blocks that may wait between two stages. With two, the pipeline was no quicker, and pictures of 24
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
        crops: the face, cut out for each of the follower's templates.
    """

    frame: int
    face: Face
    track: Track
    crops: tuple[Image, ...]


@dataclass(frozen=True)
class Shot:
    """A shot that has ended: its tracks, and the displayed picture's width and height."""

    tracks: list[Track]
    picture: tuple[int, int]


Take = Callable[[list[TrackedFace]], None]
"""Called with the faces of some frames of one shot, in order."""


@dataclass(frozen=True)
class _Block:
    """Successive frames of one shot."""

    shot: int
    frames: list[Frame]


@dataclass(frozen=True)
class _LocatedFrame:
    """What is left of a frame when its faces are found: a face and its crops have the same place."""

    index: int
    pts_seconds: float
    picture: tuple[int, int]
    faces: list[Face]
    crops: list[tuple[Image, ...]]


@dataclass(frozen=True)
class _Located:
    """Successive frames of one shot, without their pictures."""

    shot: int
    frames: list[_LocatedFrame]


class FacePipeline:
    """A detector, ready to follow the faces of any number of videos, and to cut them out.

    Attributes:
        detector: that looks for faces.
        options: how they are followed.
        templates: geometries of the crops.
    """

    def __init__(
        self,
        detector: Detector,
        options: FaceOptions,
        templates: Sequence[CropTemplate],
        timer: StageTimer | None = None,
    ) -> None:
        self.detector = detector
        self.options = options
        self.templates = tuple(templates)
        self._timer = timer

    def shots(
        self, path: Path, log: Timeline, take: Take, progress: Progress | None = None
    ) -> Iterator[Shot]:
        """Follow the faces of a video from its first frame to its last.

        Args:
            path: of the video.
            log: fresh; what is known of the frames is noted here as they come.
            take: called with the faces of a few frames at a time, before their shot is yielded.
            progress: called after each few frames.

        Yields:
            Shots as they end.

        Raises:
            SourceError: the video is missing, cannot be opened, or gives no frame.
        """
        with measured(self._timer, "decode"):
            video = Video(path, self.options.decoding)
        with video, closing(self._located(video)) as blocks:
            log.decoder_note = video.decoder_note
            yield from self._followed(blocks, video.info.frames_hint, log, take, progress)
            log.decode_errors = video.decode_errors
        if not log:
            raise SourceError(
                f"no frame of {path} could be decoded between the start and the end asked for"
            )

    def _between(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Frames from the first one at the start to the last one before the end, without a gap."""
        start, end = self.options.time_range.start_seconds, self.options.time_range.end_seconds
        begun = start is None
        for frame in frames:
            if end is not None and frame.pts_seconds >= end:
                return
            begun = begun or (start is not None and frame.pts_seconds >= start)
            if begun:
                yield frame

    def _located(self, video: Video) -> Generator[_Located, None, None]:
        """The faces of blocks of frames; decoding and detection in a thread each, unless timed."""
        searcher = KeyframeDetector(self.detector, self.options.keyframes)
        length = searcher.block_length(self.options.batch_size)
        if self._timer is not None:
            frames = self._between(self._timer.measure_each("decode", video))
            return self._searched(_blocks(with_shots(frames), length), searcher)
        decoded = prefetch(_blocks(with_shots(self._between(video)), length), DEPTH)
        return prefetch(self._searched(decoded, searcher), DEPTH)

    def _searched(
        self, blocks: Generator[_Block, None, None], searcher: KeyframeDetector
    ) -> Generator[_Located, None, None]:
        """The faces of blocks, cut out, so that the pictures can be let go."""
        shot: int | None = None
        with closing(blocks):  # however this ends: nothing may decode when the video is closed
            for block in blocks:
                if block.shot != shot:
                    searcher.begin_shot()
                    shot = block.shot
                with measured(self._timer, "detect", len(block.frames)):
                    faces = searcher.faces([frame.image for frame in block.frames])
                with measured(self._timer, "align", sum(map(len, faces))):
                    located = list(map(self._cut_out, block.frames, faces))
                yield _Located(block.shot, located)

    def _cut_out(self, frame: Frame, faces: list[Face]) -> _LocatedFrame:
        crops = [
            tuple(aligned_crop(frame.image, face.landmarks, one) for one in self.templates)
            for face in faces
        ]
        height, width = frame.image.shape[:2]
        return _LocatedFrame(frame.index, frame.pts_seconds, (width, height), faces, crops)

    def _followed(
        self,
        blocks: Iterable[_Located],
        total: int,
        log: Timeline,
        take: Take,
        progress: Progress | None,
    ) -> Iterator[Shot]:
        tracker = Tracker(self.options.tracking, self.detector.sure_score)
        for block in blocks:
            if log.shots and block.shot != log.shots[-1]:
                yield Shot(tracker.finish(), log.picture)
            take(_tracked_faces(block, tracker, log))
            if progress is not None:
                progress(len(log), total)
        yield Shot(tracker.finish(), log.picture)


def _tracked_faces(block: "_Located", tracker: Tracker, log: Timeline) -> list[TrackedFace]:
    """Track the faces of a block."""
    tracked_faces: list[TrackedFace] = []
    for frame in block.frames:
        seconds = log.add(frame.index, frame.pts_seconds, block.shot, frame.picture)
        owners = tracker.add(block.shot, frame.index, seconds, frame.faces)
        rows = zip(frame.faces, owners, frame.crops, strict=True)
        tracked_faces += [TrackedFace(frame.index, *row) for row in rows]
    return tracked_faces


def _blocks(frames: Iterable[ShotFrame], length: int) -> Generator[_Block, None, None]:
    """Blocks of up to `length` frames, never of two shots."""
    block: _Block | None = None
    for one in frames:
        if block is not None and (len(block.frames) == length or one.shot != block.shot):
            yield block
            block = None
        block = block or _Block(one.shot, [])
        block.frames.append(one.frame)
    if block is not None:
        yield block

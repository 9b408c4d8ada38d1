"""Faces followed through a video: decoding, shots, detection and tracks, shot by shot.

`annotate` and `crop` share this. Frames are streamed: a picture is at hand while the faces in it are
handed over, and let go after that. Tracks are handed over when their shot ends. Decoding, detection
and what is done with the faces overlap, each in a thread; results do not depend on who is faster.
"""

import math
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.decoding import DecodingOptions
from videxpr.detection import Detector
from videxpr.errors import SourceError
from videxpr.overlap import ahead
from videxpr.running_median import RunningMedian
from videxpr.searching import Searcher, SearchOptions
from videxpr.shots import ShotFrame, with_shots
from videxpr.structures import Face, Frame, Times
from videxpr.tracking import Track, Tracker, TrackingOptions
from videxpr.video import Video

DEPTH: Final = 2
"""Blocks that may wait between two stages: enough to bridge a search, and no more pictures."""

Progress = Callable[[int, int], None]
"""Called with the frames done so far and the number expected (0 if unknown)."""


@dataclass(frozen=True)
class FollowingOptions:
    """How faces are followed.

    Attributes:
        tracking: when two faces are one person.
        decoding: where videos are decoded.
        search: how often whole pictures are searched for faces.
        batch_size: frames that go through the detector together where every picture is searched.
        start_seconds: frames before this time are left out; None means from the beginning.
        end_seconds: frames from this time on are left out; None means to the end.
        fps: frames a second to assume where a video's times tell nothing.
    """

    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    search: SearchOptions = field(default_factory=SearchOptions)
    batch_size: int = 16
    start_seconds: float | None = None
    end_seconds: float | None = None
    fps: float = 30.0


@dataclass(frozen=True)
class Sight:
    """A face in a frame, and the track that it belongs to."""

    frame: Frame
    face: Face
    track: Track


@dataclass(frozen=True)
class Shot:
    """A shot that has ended: its tracks, and the displayed picture's width and height."""

    tracks: list[Track]
    picture: tuple[int, int]


Take = Callable[[list[Sight]], None]
"""Called with the faces of some frames of one shot, in order, while the pictures are at hand."""


@dataclass
class FrameLog:
    """What is known of a source's frames while it is read; 24 bytes a frame.

    Attributes:
        fps: frames a second to assume where the times tell nothing.
        first_frame: index of the first frame that was read.
        picture: width and height of the last picture.
        pts_seconds: the frames' times; NaN where they have none.
        seconds: their times on a clock that always rises, from 0.
        shots: 0-based number of each frame's shot.
        odd_steps: frames that have no time, or one that does not rise.
        decode_errors: damaged packets and frames.
        decoder_note: why the CPU decoded although a GPU could have been taken; None if it did not.
    """

    fps: float = 30.0
    first_frame: int = 0
    picture: tuple[int, int] = (0, 0)
    pts_seconds: "array[float]" = field(default_factory=lambda: array("d"))
    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    shots: "array[int]" = field(default_factory=lambda: array("q"))
    odd_steps: int = 0
    decode_errors: int = 0
    decoder_note: str | None = None
    _good_steps: RunningMedian = field(default_factory=RunningMedian)

    def __len__(self) -> int:
        return len(self.pts_seconds)

    def add(self, frame: Frame, shot: int) -> float:
        """Take note of a frame; its time on the clock that always rises."""
        if not self.pts_seconds:
            self.first_frame = frame.index
        self.picture = (frame.image.shape[1], frame.image.shape[0])
        seconds = self._next_seconds(frame.pts_seconds)
        self.pts_seconds.append(frame.pts_seconds)
        self.seconds.append(seconds)
        self.shots.append(shot)
        return seconds

    def add_untimed(self, count: int) -> None:
        """Take note of frames of one shot that have no times."""
        self.pts_seconds = array("d", [math.nan]) * count
        self.seconds = array("d", (frame / self.fps for frame in range(count)))
        self.shots = array("q", [0]) * count

    def times(self, frames: NDArray[np.int64]) -> Times:
        """Rising seconds of frames, which rise themselves; nothing else is looked at."""
        first, end = frames[0] - self.first_frame, frames[-1] + 1 - self.first_frame
        seconds: Times = np.array(self.seconds[first:end])[frames - frames[0]]
        return seconds

    def _next_seconds(self, pts_seconds: float) -> float:
        if not self.seconds:
            self.odd_steps += math.isnan(pts_seconds)
            return 0.0
        step = pts_seconds - self.pts_seconds[-1]
        if step > 0:
            self._good_steps.add(step)
        else:
            self.odd_steps += 1
            step = self._good_steps.median(1 / self.fps)
        return self.seconds[-1] + step


@dataclass(frozen=True)
class _Block:
    """Successive frames of one shot, and the faces in each once they are found."""

    shot: int
    frames: list[Frame]
    faces: list[list[Face]] = field(default_factory=list)


class Follower:
    """A detector, ready to follow the faces of any number of videos, one after another."""

    def __init__(self, detector: Detector, options: FollowingOptions) -> None:
        self.detector = detector
        self.options = options

    def shots(
        self, path: Path, log: FrameLog, take: Take, progress: Progress | None = None
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
        start, end = self.options.start_seconds, self.options.end_seconds
        begun = start is None
        for frame in frames:
            if end is not None and frame.pts_seconds >= end:
                return
            begun = begun or (start is not None and frame.pts_seconds >= start)
            if begun:
                yield frame

    def _located(self, video: Video) -> Generator[_Block, None, None]:
        """Blocks of frames with their faces; decoding and detection in a thread each."""
        searcher = Searcher(self.detector, self.options.search)
        length = searcher.block_length(self.options.batch_size)
        decoded = ahead(_blocks(with_shots(self._between(video)), length), DEPTH)
        return ahead(_searched(decoded, searcher), DEPTH)

    def _followed(
        self,
        blocks: Iterable[_Block],
        total: int,
        log: FrameLog,
        take: Take,
        progress: Progress | None,
    ) -> Iterator[Shot]:
        tracker = Tracker(self.options.tracking, self.detector.sure_score)
        for block in blocks:
            if log.shots and block.shot != log.shots[-1]:
                yield Shot(tracker.finish(), log.picture)
            take(_sights(block, tracker, log))
            if progress is not None:
                progress(len(log), total)
        yield Shot(tracker.finish(), log.picture)


def _sights(block: _Block, tracker: Tracker, log: FrameLog) -> list[Sight]:
    """Track the faces of a block."""
    sights: list[Sight] = []
    for frame, faces in zip(block.frames, block.faces, strict=True):
        seconds = log.add(frame, block.shot)
        owners = tracker.add(block.shot, frame.index, seconds, faces)
        sights += [Sight(frame, *pair) for pair in zip(faces, owners, strict=True)]
    return sights


def _searched(blocks: Iterable[_Block], searcher: Searcher) -> Generator[_Block, None, None]:
    """Blocks with the faces of their frames."""
    shot: int | None = None
    for block in blocks:
        if block.shot != shot:
            searcher.begin_shot()
            shot = block.shot
        faces = searcher.faces([frame.image for frame in block.frames])
        yield _Block(block.shot, block.frames, faces)


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

"""The pipeline: pixels are streamed, features are kept, rows come out."""

import hashlib
import json
from bisect import insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from videxpr.alignment import aligned_crop
from videxpr.annotate.options import AnnotateOptions
from videxpr.annotate.people_rows import (
    PersonRows,
    classify_track,
    face_rows,
    nearest_crop_answers,
)
from videxpr.annotation import Annotation
from videxpr.checkpoint import Checkpoint
from videxpr.crops import open_crops
from videxpr.detection import Detector
from videxpr.errors import SourceError
from videxpr.people import ranked
from videxpr.prediction import embed_crops, predict_sequence
from videxpr.shots import ShotFrame, with_shots
from videxpr.sources import Source
from videxpr.structures import Face, Floats, Frame, Image, Times
from videxpr.tracking import Track, Tracker
from videxpr.version import VERSION
from videxpr.video import Video

Progress = Callable[[int, int], None]
"""Called with the frames done so far and the number expected (0 if unknown)."""


class Annotator:
    """A model and a detector, ready for any number of sources, one after another."""

    def __init__(
        self, checkpoint: Checkpoint, detector: Detector, options: AnnotateOptions | None = None
    ) -> None:
        self.checkpoint = checkpoint
        self.detector = detector
        self.options = options or AnnotateOptions()
        self._model = checkpoint.model
        self._template = checkpoint.model.config.crop

    def annotate(self, source: Source, progress: Progress | None = None) -> Annotation:
        """Annotate one source from its first frame to its last.

        Raises:
            SourceError: it is missing, cannot be opened, or gives no frame.
        """
        _check_name(source)
        report = progress or (lambda completed, total: None)
        run = _Run(self.options)
        if source.kind == "crops":
            if (self.options.start_seconds, self.options.end_seconds) != (None, None):
                raise SourceError(
                    f"{source.path} holds crops, which have no times to start or end at"
                )
            self._read_crops(source.path, run, report)
        else:
            self._read_video(source.path, run, report)
        return self._annotation(source, run)

    def _read_video(self, path: Path, run: "_Run", report: Progress) -> None:
        with Video(path) as video:
            frames = self._counted(self._between(video), video.info.frames_hint, report)
            for tracks, picture in self._shots(with_shots(frames), run):
                people = ranked(tracks, self.options.person, picture)[: self.options.people]
                self._classify(people, run)
            run.decode_errors = video.decode_errors
        if not run.pts_seconds:
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

    @staticmethod
    def _counted(frames: Iterable[Frame], total: int, report: Progress) -> Iterator[Frame]:
        for number, frame in enumerate(frames, 1):
            yield frame
            report(number, total)

    def _shots(
        self, frames: Iterable[ShotFrame], run: "_Run"
    ) -> Iterator[tuple[list[Track], tuple[int, int]]]:
        """Tracks with features, and the picture's width and height, shot by shot."""
        tracker = Tracker(self.options.tracking, self.detector.sure_score)
        for batch in _batches(frames, self.options.batch_size):
            shot = batch[0].shot
            if run.shots and shot != run.shots[-1]:
                yield tracker.finish(), run.picture
            self._follow(shot, [one.frame for one in batch], tracker, run)
        yield tracker.finish(), run.picture

    def _follow(self, shot: int, frames: list[Frame], tracker: Tracker, run: "_Run") -> None:
        """Find, track, align and embed the faces of some frames of one shot."""
        found = self.detector.detect([frame.image for frame in frames])
        owners: list[Track] = []
        crops: list[Image] = []
        for frame, faces in zip(frames, found, strict=True):
            seconds = run.add(frame, shot)
            owners += tracker.add(shot, frame.index, seconds, faces)
            crops += [aligned_crop(frame.image, face.landmarks, self._template) for face in faces]
        self._embed(owners, crops)

    def _embed(self, owners: list[Track], crops: list[Image]) -> None:
        features = embed_crops(self._model, crops, self.options.batch_size)
        for track, row in zip(owners, features, strict=True):
            track.features.append(row)

    def _read_crops(self, path: Path, run: "_Run", report: Progress) -> None:
        """One person in one shot; nothing is detected, and there are no times."""
        folder = open_crops(path)
        track = Track(number=1, shot=0)
        crops = folder.crops(self._template.size)
        while batch := list(islice(crops, self.options.batch_size)):
            track.frames += [frame for frame, _ in batch]
            self._embed([track] * len(batch), [crop for _, crop in batch])
            report(batch[-1][0] + 1, folder.frames)
        track.faces = [_GIVEN] * len(track.frames)
        run.add_untimed(folder.frames)
        self._classify([track], run)

    def _classify(self, people: list[Track], run: "_Run") -> None:
        """Rows of the persons of one shot; in the authors' way, only keep the main one."""
        if self.options.nearest_crop:
            run.mains += people[:1]
            return
        for rank, track in enumerate(people):
            rows = classify_track(
                track, rank, self._predict, run.times, self.options.smooth_seconds
            )
            run.people.append(rows)
            track.features.clear()

    def _predict(self, features: Floats) -> Floats:
        return predict_sequence(self._model, features, self.options.windows)

    def _annotation(self, source: Source, run: "_Run") -> Annotation:
        count, every_frame = len(run.pts_seconds), None
        if self.options.nearest_crop:
            run.people, every_frame = nearest_crop_answers(
                run.mains, run.first_frame, count, self._predict
            )
        faces = face_rows(run.people)
        return Annotation(
            video=source.relative.as_posix(),
            first_frame=run.first_frame,
            pts_seconds=np.array(run.pts_seconds),
            shots=np.array(run.shots, dtype=np.int64),
            faces=faces,
            every_frame=every_frame,
            people=self.options.people,
            decode_errors=run.decode_errors,
            fps=self.options.crop_fps,
            warnings=tuple(_warnings(source, run, len(faces))),
            provenance=self._provenance(source, run),
        )

    def _provenance(self, source: Source, run: "_Run") -> dict[str, str]:
        size, digest = _fingerprint(source.path)
        found = source.kind == "video"
        options = self.options.as_text() | {"min_score": str(self.detector.min_score)}
        return {
            "videxpr_version": VERSION,
            "model": self.checkpoint.name,
            "model_sha256": self.checkpoint.sha256,
            "untrained_expressions": ",".join(self._model.config.untrained_expressions),
            "crop_template": self._template.name,
            "detector": self.detector.name if found else "none (aligned crops)",
            "detector_sha256": self.detector.weights_sha256 if found else "",
            "options": json.dumps(options),
            "frames": str(len(run.pts_seconds)),
            "decode_errors": str(run.decode_errors),
            "source_bytes": str(size),
            "source_sha256": digest,
        }


@dataclass
class _Run:
    """What is known of a source while it is read."""

    options: AnnotateOptions
    first_frame: int = 0
    picture: tuple[int, int] = (0, 0)
    pts_seconds: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    shots: list[int] = field(default_factory=list)
    people: list[PersonRows] = field(default_factory=list)
    mains: list[Track] = field(default_factory=list)
    decode_errors: int = 0
    odd_steps: int = 0
    good_steps: list[float] = field(default_factory=list)

    def add(self, frame: Frame, shot: int) -> float:
        """Take note of a frame; its time on a clock that always rises, from 0."""
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
        self.pts_seconds = [float("nan")] * count
        self.seconds = [frame / self.options.crop_fps for frame in range(count)]
        self.shots = [0] * count

    def times(self, frames: NDArray[np.int64]) -> Times:
        """Rising seconds of frames, which rise themselves; nothing else is looked at."""
        first, end = frames[0] - self.first_frame, frames[-1] + 1 - self.first_frame
        seconds: Times = np.array(self.seconds[first:end])[frames - frames[0]]
        return seconds

    def _next_seconds(self, pts_seconds: float) -> float:
        if not self.seconds:
            self.odd_steps += np.isnan(pts_seconds)
            return 0.0
        step = pts_seconds - self.pts_seconds[-1]
        if step > 0:
            insort(self.good_steps, step)  # in order, so that their median is at hand
        else:
            self.odd_steps += 1
            step = self._usual_step()
        return self.seconds[-1] + step

    def _usual_step(self) -> float:
        """The median of the steps that rise, or what is assumed where none does."""
        count = len(self.good_steps)
        if count == 0:
            return 1 / self.options.crop_fps
        return (self.good_steps[(count - 1) // 2] + self.good_steps[count // 2]) / 2


_GIVEN = Face(
    bbox=np.full(4, np.nan, np.float32), landmarks=np.full((5, 2), np.nan, np.float32), score=np.nan
)
"""Stands for a face that came as a crop: nobody knows where it was."""


def _check_name(source: Source) -> None:
    """Refuse what is not there, and names that no text file can hold."""
    if source.kind == "missing":
        raise SourceError(f"nothing to annotate at {source.path}: {source.problem}")
    name = source.relative.as_posix()
    if not name.isprintable():
        raise SourceError(f"the name {name!r} cannot be written to a text file; rename it")


def _batches(frames: Iterable[ShotFrame], size: int) -> Iterator[list[ShotFrame]]:
    """Lists of up to `size` frames, never of two shots."""
    batch: list[ShotFrame] = []
    for one in frames:
        if batch and (len(batch) == size or one.shot != batch[0].shot):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _warnings(source: Source, run: _Run, rows: int) -> Iterator[str]:
    if not rows:
        yield "no face was found: text formats say Neutral, or -1, throughout"
    if run.decode_errors:
        yield f"{run.decode_errors} damaged packets or frames in the video"
    if run.odd_steps:
        yield f"{run.odd_steps} frames have no time or one that does not rise"
    if source.kind == "crops":
        yield f"crops have no times: {run.options.crop_fps:g} frames a second assumed for smoothing"


def _fingerprint(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file, or of all crops of a folder in their order."""
    files = list(open_crops(path).images.values()) if path.is_dir() else [path]
    size, digest = 0, hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                digest.update(chunk)
    return size, digest.hexdigest()

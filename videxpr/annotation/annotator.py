"""The pipeline: pixels and features are streamed, rows are kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch

from videxpr.annotation.deferral import DeferredFaces
from videxpr.annotation.fingerprint import resolved_record, segment_record
from videxpr.annotation.options import AnnotationOptions
from videxpr.annotation.provenance import fingerprint, warnings
from videxpr.annotation.streaming import (
    MainFaces,
    ShotStreams,
    TrackStream,
    merge_rows,
    nearest_crop_rows,
)
from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import SourceError, UsageError
from videxpr.core.parallel import OrderedExecutor
from videxpr.core.row_buffer import RowBuffer
from videxpr.core.stage_timer import StageTimer, measured
from videxpr.core.structures import Face, Floats
from videxpr.core.version import VERSION
from videxpr.datasets.crops.reader import CropFolder, open_crops
from videxpr.faces.detection.detector import Detector
from videxpr.faces.identity import Recognizer
from videxpr.faces.people import People
from videxpr.faces.pipeline import FacePipeline, Progress, Shot, TrackedFace
from videxpr.faces.subjects import RankedTrack
from videxpr.faces.track import Track
from videxpr.formats.frame_labels import fill_labels
from videxpr.formats.record import JOINT, Annotation, FaceRows
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.ensemble import Ensemble
from videxpr.video.options import TimeRange
from videxpr.video.sources import Source, check_source
from videxpr.video.timeline import Timeline


class Annotator:
    """A model and a detector, ready for any number of sources, one after another.

    Several models answer as one: each sees crops of its own geometry, and their probabilities are
    averaged, each class over the models that were trained on it.

    Attributes:
        checkpoints: the models, in the order in which they were given.
        detector: that looks for faces.
        recognizer: that tells people apart by their faces; None without one.
        options: what a user can choose.
        ensemble: the models as one.
        device: where they run.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | Sequence[Checkpoint],
        detector: Detector,
        options: AnnotationOptions | None = None,
        stated: Mapping[str, Any] | None = None,
        timer: StageTimer | None = None,
        recognizer: Recognizer | None = None,
    ) -> None:
        """Make ready.

        Args:
            checkpoint: one model, or several.
            detector: that looks for faces.
            options: what a user can choose.
            stated: what the metadata say of options beside those.
            timer: that measures the stages, which then do not overlap.
            recognizer: that tells people apart by their faces; None without one.

        Raises:
            UsageError: the options do not go with the models.
        """
        several = (checkpoint,) if isinstance(checkpoint, Checkpoint) else tuple(checkpoint)
        self.checkpoints = several
        self.detector = detector
        self.options = options or AnnotationOptions()
        self._stated = dict(stated or {})
        _check_models(self.checkpoints, self.options)
        models = [one.model for one in self.checkpoints]
        self.ensemble = Ensemble(models, float(self.options.logit_adjustment))
        self.device = models[0].device
        self.recognizer = recognizer
        self._timer = timer
        seen_by = self.ensemble.templates[0] if recognizer is None else recognizer.template
        templates = [*self.ensemble.templates, seen_by]
        self._faces = FacePipeline(detector, self.options.faces, templates, timer)

    def annotate(self, source: Source, progress: Progress | None = None) -> Annotation:
        """Annotate one source from its first frame to its last.

        Raises:
            SourceError: it is missing, cannot be opened, or gives no frame.
        """
        check_source(source)
        state = self._begin()
        if source.kind == "crops":
            if source.segment or self.options.faces.time_range != TimeRange():
                raise SourceError(
                    f"{source.path} holds crops, which have no times to start or end at"
                )
            self._read_crops(open_crops(*source.folders), state, progress)
        else:
            self._read_video(source, state, progress)
        return self._annotation(source, state)

    def _begin(self) -> "_State":
        options, timeline = self.options, Timeline(fps=self.options.faces.crop_fps)
        begin = partial(self.ensemble.stream, options.windows)
        bridge, smooth = options.faces.tracking.bridge_seconds, options.smooth_seconds
        streams = ShotStreams(
            partial(TrackStream, begin, timeline.times, bridge, smooth, options.keep_features)
        )
        people = People(options.faces, options.people, timeline.times, self.recognizer, template=-1)
        return _State(timeline, streams, DeferredFaces(options.people, options.faces), people)

    def _read_video(self, source: Source, state: "_State", progress: Progress | None) -> None:
        with self._embedding(state) as embedding:

            def add(faces: list[TrackedFace]) -> None:
                state.people.add(faces)
                if ready := state.deferred.add(faces, state.timeline.frame_size):
                    embedding.add(ready)

            shots = self._faces.shots(source.path, state.timeline, add, progress, source.segment)
            for shot in shots:
                asked = state.people.end_shot(shot)
                if waiting := state.deferred.take([one.track.number for one in asked]):
                    embedding.add(waiting)
                embedding.finish()
                with measured(self._timer, "classify"):
                    self._end_shot(asked, state)

    def _read_crops(self, folder: CropFolder, state: "_State", progress: Progress | None) -> None:
        """One person in one shot; nothing is detected, and there are no times."""
        track = Track(number=1, shot=0)
        templates = self.ensemble.templates
        crops = folder.crops(_one_size(templates, folder))
        self.options.faces.decoding.limits.check_length(folder.path, folder.frames)
        state.timeline.add_untimed(folder.frames)
        state.timeline.video_warnings += folder.warnings
        with self._embedding(state) as embedding:
            while batch := list(islice(crops, self.options.faces.batch_size)):
                for frame, _ in batch:
                    track.add(frame, state.timeline.seconds[frame], _GIVEN)
                embedding.add(
                    [
                        TrackedFace(frame, _GIVEN, track, (crop,) * len(templates))
                        for frame, crop in batch
                    ]
                )
                if progress is not None:
                    progress(batch[-1][0] + 1, folder.frames)
            embedding.finish()
        self._end_shot(state.people.end_shot(Shot([track], (0, 0))), state)

    def _embedding(self, state: "_State") -> OrderedExecutor[list[TrackedFace], Floats]:
        """Return what turns faces into features and gives them to whom they belong, in order."""

        def embed(faces: list[TrackedFace]) -> Floats:
            numbers = range(len(self.ensemble.templates))
            crops = [[face.crops[number] for face in faces] for number in numbers]
            with measured(self._timer, "embed", len(faces)):
                return self.ensemble.embed(crops, self.options.faces.batch_size)

        def keep(faces: list[TrackedFace], features: Floats) -> None:
            with measured(self._timer, "classify"):
                for face, row in zip(faces, features, strict=True):
                    if self.options.preset == "paper":
                        number = face.track.number
                        state.features.setdefault(number, RowBuffer(len(row))).add(row)
                    else:
                        state.streams.add(face.track, face.frame, row)

        at_once = self.ensemble.batches_at_once if self._timer is None else 1
        return OrderedExecutor(embed, keep, at_once)

    def _end_shot(self, asked: list[RankedTrack], state: "_State") -> None:
        """Keep the rows that are asked for; in the authors' way, only keep the main person's faces."""
        for one in asked:
            if self.options.preset == "paper":
                state.main_faces.append(MainFaces(one, state.features[one.track.number].values))
                continue
            rows = state.streams.finish(one)
            is_asked = one.ranks < (self.options.people or np.inf)
            state.rows.append(rows if is_asked.all() else rows.select(np.flatnonzero(is_asked)))
        state.features.clear()
        state.streams.clear()
        state.deferred.clear()

    def _annotation(self, source: Source, state: "_State") -> Annotation:
        timeline, paper = state.timeline, None
        if self.options.preset == "paper":
            with measured(self._timer, "classify"):
                state.rows, paper = nearest_crop_rows(
                    state.main_faces,
                    timeline.first_frame,
                    len(timeline),
                    partial(self.ensemble.predict, options=self.options.windows),
                    self.options.keep_features,
                )
        faces, seconds = (
            merge_rows(state.rows, state.people.identities()),
            np.array(timeline.seconds),
        )
        shots = np.array(timeline.shots, dtype=np.int64)
        return Annotation(
            video=source.relative.as_posix(),
            first_frame=timeline.first_frame,
            pts_seconds=np.array(timeline.pts_seconds),
            seconds=seconds,
            shots=shots,
            faces=faces,
            filled_labels=fill_labels(faces, timeline.first_frame, seconds, shots, paper),
            paper_probabilities=paper,
            people=self.options.people,
            decode_errors=timeline.decode_errors,
            container_start_seconds=timeline.container_start_seconds,
            last_frame_seconds=timeline.last_frame_seconds,
            warnings=tuple(warnings(source, timeline, faces, state.people.left_out_frames)),
            provenance=self._provenance(source, timeline),
        )

    def _provenance(self, source: Source, timeline: Timeline) -> dict[str, str]:
        size, digest = fingerprint(source)
        found, recognizer = source.kind == "video", self.recognizer
        options = resolved_record(self.options, self.detector) | self._stated
        options |= segment_record(source)
        return {
            "videxpr_version": VERSION,
            "model": JOINT.join(one.name for one in self.checkpoints),
            "model_sha256": JOINT.join(one.sha256 for one in self.checkpoints),
            "model_origin": JOINT.join(one.origin for one in self.checkpoints),
            "device": str(self.device),
            "threads": str(torch.get_num_threads()),
            "model_runtime": JOINT.join(one.runtime for one in self.ensemble.embedders),
            "untrained_expressions": ",".join(self.ensemble.untrained),
            "class_shares": json.dumps(self.ensemble.shares),
            "crop_template": JOINT.join(one.name for one in self.ensemble.templates),
            "detector": self.detector.name if found else "none (aligned crops)",
            "detector_sha256": self.detector.weights_sha256 if found else "",
            "recognizer": recognizer.name if found and recognizer else "none",
            "recognizer_sha256": recognizer.sha256 if found and recognizer else "",
            "options": json.dumps(options),
            "frames": str(len(timeline)),
            "video_stream": str(timeline.stream) if found else "",
            "frame_size": "{}x{}".format(*timeline.frame_size) if found else "",
            "source_bytes": str(size),
            "source_sha256": digest,
            **({"segment": source.segment.name} if source.segment else {}),
        }


@dataclass
class _State:
    """What is known of a source while it is read.

    Attributes:
        timeline: of its frames.
        streams: the tracks of the shot that is open.
        deferred: faces of that shot which may never be asked for.
        people: who is asked for, and who is who.
        rows: that are asked for, of the shots before.
        features: in the authors' way, of the faces of each track of the open shot, by its number.
        main_faces: in the authors' way, the main person's faces of the shots before.
    """

    timeline: Timeline
    streams: ShotStreams
    deferred: DeferredFaces
    people: People
    rows: list[FaceRows] = field(default_factory=list)
    features: dict[int, RowBuffer] = field(default_factory=dict)
    main_faces: list[MainFaces] = field(default_factory=list)


_GIVEN = Face(
    bbox=np.full(4, np.nan, np.float32), landmarks=np.full((5, 2), np.nan, np.float32), score=np.nan
)
"""Stands for a face that came as a crop: nobody knows where it was."""


def _check_models(checkpoints: Sequence[Checkpoint], options: AnnotationOptions) -> None:
    """Refuse options that do not go with the models."""
    if not checkpoints:
        raise UsageError("at least one model is needed")
    if options.keep_features and len(checkpoints) > 1:
        raise UsageError(
            f"features are of one model, not of {len(checkpoints)}; run each model by itself"
        )
    for one in checkpoints:
        config, stride = one.model.config, options.windows.stride
        if stride > config.window:
            raise UsageError(
                f"a stride of {stride} leaves gaps between the windows of model {one.name}, which "
                f"have {config.window} frames"
            )
        if options.logit_adjustment and not config.class_shares:
            raise UsageError(
                f"logit adjustment needs the share of each expression among the training labels, and "
                f"model {one.name} does not state them; leave it out, or train the model again"
            )


def _one_size(templates: Sequence[CropTemplate], folder: CropFolder) -> int:
    """Return the one size of crops that all models want."""
    sizes = sorted({template.size for template in templates})
    if len(sizes) > 1:
        raise SourceError(
            f"{folder.path} holds crops of one size, but the models want crops of "
            f"{' and '.join(map(str, sizes))} pixels; run each model by itself"
        )
    return sizes[0]

"""What settings are tried on: annotated persons whose labels are known, and how they were made."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from videxpr.core.errors import FormatError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Integers
from videxpr.datasets.affwild2.videos import SIDE
from videxpr.datasets.labels import (
    LabelSet,
    LabelSets,
    Subject,
    find_label_files,
    read_subjects,
)
from videxpr.evaluation.pairing import pair_labels, read_ground_truth
from videxpr.evaluation.tune.options import Setting
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Missing
from videxpr.model.hub.resolve import recorded_models
from videxpr.model.logit_adjustment import adjusted


@dataclass(frozen=True)
class AnnotationSettings:
    """How an annotation was made, as far as settings depend on it; the same for all files.

    Attributes:
        model: on whose probabilities settings are tried; several are joined by ``+``.
        model_sha256: of its file.
        model_names: by which annotate finds the models.
        class_shares: share of each expression among its training labels; empty if it is not known.
        stride: frames between the starts of two windows.
        tail: what becomes of the last window of a sequence.
        smooth_seconds: span of the moving mean.
        logit_adjustment: its strength.
        missing: what text files say of frames without a face.
        preset: with which they were made; empty without one.
    """

    model: str
    model_sha256: str
    model_names: tuple[str, ...]
    class_shares: tuple[float, ...]
    stride: int
    tail: str
    smooth_seconds: float
    logit_adjustment: float
    missing: Missing
    preset: str

    @property
    def setting(self) -> Setting:
        """What can be tuned."""
        return Setting(self.stride, self.logit_adjustment, self.smooth_seconds)


@dataclass(frozen=True)
class LabeledTrack:
    """One person whose labels are known.

    Attributes:
        name: as in the labels.
        source: name of the video, the same for both of its persons.
        truth: (N,) labels of the frames from the first one on, -1 where there is none.
        path: the Parquet file; None if the person was never annotated.
        annotation: rows of this person only, with probabilities that are neither smoothed nor
            adjusted; None if the person was never annotated.
        rank: of the person in it.
    """

    name: str
    source: str
    truth: Integers
    path: Path | None = None
    annotation: Annotation | None = None
    rank: int = 0


@dataclass(frozen=True)
class TuningData:
    """Everything that settings are tried on.

    Attributes:
        people: whose labels are known, by name.
        settings: how all files were made.
        notes: what a reader of the numbers must know, one sentence each.
    """

    people: tuple[LabeledTrack, ...]
    settings: AnnotationSettings
    notes: tuple[str, ...]


def read_tuning_data(predictions: Path, labels: Path) -> TuningData:
    """Read all Parquet files that labels are known for.

    Args:
        predictions: a folder of Parquet files, all made with one model and the same options.
        labels: a folder of annotation files, or one file.

    Raises:
        SourceError: one of them is not there, or holds no labels.
        FormatError: a file breaks its format, or a length differs.
        UsageError: there is no Parquet, no name is in both, or the files were not made alike.
    """
    truth = read_ground_truth(labels)
    kind, files = find_label_files(predictions)
    if kind != "parquet":
        raise UsageError(
            f"{predictions} holds no Parquet files, and only they have probabilities; make them with "
            "videxpr annotate -f parquet"
        )
    notes: list[str] = []
    people = {one.name: one for one in read_subjects(files, truth.sets, notes)}
    lengths = {
        name: LabelSet(name, one.path, np.zeros(one.annotation.end_frame, np.int64))
        for name, one in people.items()
    }
    pairs = pair_labels(truth, LabelSets(predictions, kind, lengths), strict=False)
    settings = common_settings(people.values())
    tracks = tuple(
        _labeled_track(pair.name, pair.labels, people.get(pair.name), settings) for pair in pairs
    )
    lacking = [one.name for one in tracks if one.annotation is None]
    if lacking:
        notes.append(
            f"nothing is predicted for {len(lacking)} of {len(tracks)} names, whose frames count as "
            f"wrong whatever the settings, e.g. {lacking[0]}"
        )
    return TuningData(tracks, settings, tuple(notes))


def common_settings(people: Iterable[Subject]) -> AnnotationSettings:
    """Return how the files of these persons, at least one, were made.

    Raises:
        UsageError: two were made in different ways, or in one that cannot be tuned.
        FormatError: a file does not say it, or in a way that videxpr does not write.
    """
    known = [(one.path, _settings_of(one)) for one in people]
    first, settings = known[0]
    for path, other in known[1:]:
        for field in fields(AnnotationSettings):
            ours, theirs = getattr(settings, field.name), getattr(other, field.name)
            if ours != theirs:
                raise UsageError(
                    f"{first} and {path} were not made alike: {field.name} is {ours} in one and "
                    f"{theirs} in the other; annotate all of them in the same way (--overwrite)"
                )
    if settings.preset == "paper":
        raise UsageError(
            f"{first} was made with --preset paper, which leaves nothing to tune; annotate without it"
        )
    return settings


def _settings_of(subject: Subject) -> AnnotationSettings:
    options, provenance = subject.annotation.options, subject.annotation.provenance
    try:
        settings = AnnotationSettings(
            model=provenance["model"],
            model_sha256=provenance["model_sha256"],
            model_names=tuple(recorded_models(provenance)),
            class_shares=tuple(map(float, json.loads(provenance.get("class_shares", "[]")))),
            stride=int(options["stride"]),
            tail=str(options["tail"]),
            smooth_seconds=float(options["smooth"]),
            logit_adjustment=float(options["logit-adjustment"]),
            missing="none" if options.get("missing") == "none" else "fill",
            preset=str(options.get("preset", "")),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise FormatError(
            f"{subject.path} does not say how it was made, which settings depend on ({exc}); make it "
            "with videxpr annotate -f parquet"
        ) from exc
    shares = settings.class_shares
    if len(shares) not in (0, len(EXPRESSIONS)) or (settings.logit_adjustment and not shares):
        raise FormatError(f"{subject.path} has {len(shares)} class shares, not {len(EXPRESSIONS)}")
    return settings


def _labeled_track(
    name: str, truth: Integers, subject: Subject | None, settings: AnnotationSettings
) -> LabeledTrack:
    source = SIDE.sub("", name)
    if subject is None:
        return LabeledTrack(name, source, truth)
    annotation, rank = subject.annotation, subject.rank
    own = annotation.faces.select(annotation.faces.of_rank(rank))
    plain = adjusted(own.probabilities, settings.class_shares, -settings.logit_adjustment)
    bare = replace(annotation, faces=replace(own, probabilities=plain, smoothed=plain))
    return LabeledTrack(name, source, truth, subject.path, bare, rank)

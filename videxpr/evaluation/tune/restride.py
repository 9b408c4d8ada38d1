"""Windows cut anew: from files of features to the probabilities of other strides."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from videxpr.core.errors import FormatError, UsageError
from videxpr.core.structures import Floats
from videxpr.evaluation.tune.data import LabeledTrack, TuningData
from videxpr.formats.npz import FEATURES_SUFFIX, FeatureRows, read_features
from videxpr.formats.record import FaceRows
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.inference import predict_sequence
from videxpr.model.network import ExpressionModel
from videxpr.temporal.options import WindowOptions


def restride(
    data: TuningData, checkpoint: Checkpoint, strides: Sequence[int]
) -> dict[int, list[Floats | None]]:
    """Return each person's probabilities (M, 8), neither smoothed nor adjusted, for each other stride.

    Strides beyond the model's window, and the annotation's own, are left out.

    Raises:
        UsageError: it is another model, or a file of features is not there.
        FormatError: a file of features is none, or of another run than its Parquet file.
    """
    annotated = data.settings
    if checkpoint.sha256 != annotated.model_sha256:
        raise UsageError(
            f"the annotations were made by model {annotated.model} ({annotated.model_sha256[:12]}), "
            f"not by {checkpoint.name} ({checkpoint.sha256[:12]}); windows can be cut anew for it alone"
        )
    tail: Literal["aligned", "padded"] = "padded" if annotated.tail == "padded" else "aligned"
    window = checkpoint.model.config.window
    others = [
        WindowOptions(stride, tail)
        for stride in sorted(set(strides) - {annotated.stride})
        if stride <= window
    ]
    result: dict[int, list[Floats | None]] = {options.stride: [] for options in others}
    for person in data.people:
        features = _features_of(person, annotated.model_sha256)
        for options in others:
            result[options.stride].append(
                None if features is None else reclassify(checkpoint.model, features, options)
            )
    return result


def reclassify(model: ExpressionModel, rows: FeatureRows, options: WindowOptions) -> Floats:
    """Return probabilities (M, 8) of one person; a missing frame, or another track, ends a sequence."""
    starts = (np.diff(rows.frame) != 1) | (np.diff(rows.track) != 0)
    pieces = np.split(rows.features, np.flatnonzero(starts) + 1)
    return np.concatenate([predict_sequence(model, piece, options) for piece in pieces])


def _features_of(person: LabeledTrack, sha256: str) -> FeatureRows | None:
    """Return a person's features, in the order of the annotation's rows; None without any."""
    if person.path is None or person.annotation is None or not len(person.annotation.faces):
        return None
    path = person.path.with_suffix(FEATURES_SUFFIX)
    if not path.is_file():
        raise UsageError(
            f"there is no {path.name} beside {person.path}, from which windows could be cut anew; "
            "make it with videxpr annotate -f features, or leave out --model"
        )
    rows = read_features(path).of_rank(person.rank)
    if rows.model_sha256 != sha256 or not _same_faces(rows, person.annotation.faces):
        raise FormatError(
            f"{path} is of another run than {person.path}; make both anew with videxpr annotate "
            "-f parquet -f features --overwrite"
        )
    return rows


def _same_faces(rows: FeatureRows, faces: FaceRows) -> bool:
    return np.array_equal(rows.frame, faces.frame) and np.array_equal(rows.track, faces.track)

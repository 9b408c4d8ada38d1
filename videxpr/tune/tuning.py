"""Stride, logit adjustment and smoothing, chosen on labelled videos.

Nothing is decoded again: Parquet holds probabilities before smoothing, and files of features allow
windows to be cut anew. What choosing is worth is measured on videos on which nothing was chosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from videxpr.errors import UsageError
from videxpr.expressions import NOT_ANNOTATED
from videxpr.metrics import Counts, macro_f1
from videxpr.structures import Floats
from videxpr.tune.choice import best, cross_validated, dealt
from videxpr.tune.material import Judged, Material, read_material
from videxpr.tune.options import Setting, TuneOptions, grid
from videxpr.tune.report import Trial, TuneReport
from videxpr.tune.sweep import Progress, sweep

if TYPE_CHECKING:
    from videxpr.checkpoint import Checkpoint


def tune(
    predictions: Path,
    labels: Path,
    checkpoint: "Checkpoint | None" = None,
    options: TuneOptions | None = None,
    progress: Progress | None = None,
) -> TuneReport:
    """Try all settings on labelled videos.

    Args:
        predictions: a folder of Parquet files, all made with one model and the same options.
        labels: a folder of annotation files, or one file.
        checkpoint: the model; with it, and files of features beside the Parquet files, windows are
            cut anew for every stride.
        options: what is tried.
        progress: called as persons are done.

    Raises:
        SourceError: something is not there, or holds no labels.
        FormatError: a file breaks its format, or a length differs.
        UsageError: the files were not made alike, the model is another one, there are fewer than two
            source videos, or no labelled frame has probabilities.
    """
    chosen = options or TuneOptions()
    material = read_material(predictions, labels)
    sources = _sources(material)
    _check_common(material, predictions, labels)
    recut = _recut(material, checkpoint, chosen)
    settings = grid(chosen, material.made.setting, recut, bool(material.made.class_shares))
    counts = sweep(material.people, material.made, settings, recut, progress)
    groups = by_source(counts, material.people, sources)
    return _report(predictions, labels, material, sources, settings, groups, chosen)


def by_source(counts: Counts, people: Sequence[Judged], sources: Sequence[str]) -> Counts:
    """Confusion matrices (settings, sources, 8, 9) of (settings, people, 8, 9)."""
    owners = [[one.source == source for one in people] for source in sources]
    return np.stack([counts[:, owner].sum(axis=1) for owner in owners], axis=1)


def _sources(material: Material) -> list[str]:
    """Source videos with labelled frames, in order of name."""
    labelled = {one.source for one in material.people if (one.truth != NOT_ANNOTATED).any()}
    if len(labelled) < 2:
        raise UsageError(
            f"settings are chosen on some videos and scored on others, and only {len(labelled)} source "
            "video has labels; give two or more"
        )
    return sorted(labelled)


def _check_common(material: Material, predictions: Path, labels: Path) -> None:
    """Refuse to choose where no setting could change anything."""
    for one in material.people:
        if one.annotation is not None:
            frames = one.annotation.faces.frame
            if (one.truth[frames[frames < len(one.truth)]] != NOT_ANNOTATED).any():
                return
    raise UsageError(
        f"no labelled frame of {labels} has probabilities in {predictions}, so there is nothing to "
        "choose by; are these the labels of those videos?"
    )


def _recut(
    material: Material, checkpoint: "Checkpoint | None", options: TuneOptions
) -> Mapping[int, Sequence[Floats | None]]:
    """Probabilities of other strides, if there is a model to compute them with."""
    if checkpoint is None:
        return {}
    from videxpr.tune.strides import recut  # needs torch, which nothing else here does

    return recut(material, checkpoint, options.strides)


def _report(
    predictions: Path,
    labels: Path,
    material: Material,
    sources: Sequence[str],
    settings: Sequence[Setting],
    groups: Counts,
    options: TuneOptions,
) -> TuneReport:
    present = settings.index(material.made.setting)
    pooled = groups.sum(axis=1)
    trials = [Trial(*pair) for pair in zip(settings, macro_f1(pooled).tolist(), strict=True)]
    winner = trials[best(pooled, present)]
    frames = groups[present].sum(axis=(1, 2))
    return TuneReport(
        predictions=predictions,
        labels=labels,
        model=material.made.model,
        model_sha256=material.made.model_sha256,
        sources=tuple(sources),
        frames=int(frames.sum()),
        trials=tuple(trials),
        present=trials[present],
        best=winner,
        validation=cross_validated(groups, dealt(frames, options.folds), present),
        notes=(*material.notes, *_not_tried(material, settings, winner.setting, options)),
    )


def _not_tried(
    material: Material, settings: Sequence[Setting], winner: Setting, options: TuneOptions
) -> Iterator[str]:
    """What was not tried, and why."""
    longest = max(one.smooth_seconds for one in settings)
    if winner.smooth_seconds == longest > 0:
        yield f"the best smoothing, {longest:g} s, is the longest that was tried; try longer ones too"
    if not material.made.class_shares and max(options.strengths) > 0:
        yield (
            f"logit adjustment was not tried: model {material.made.model} does not state how often "
            "each expression stood in its training labels"
        )
    if len({one.stride for one in settings}) == 1 and len(options.strides) > 1:
        yield (
            f"no stride but {settings[0].stride} was tried: others want the model (--model) and files "
            "of features (videxpr annotate -f parquet -f features)"
        )

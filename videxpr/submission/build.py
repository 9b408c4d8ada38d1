"""A submission with exactly the rows that a template wants, and what was done to make it so."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS, NEUTRAL, NOT_ANNOTATED
from videxpr.core.structures import Integers
from videxpr.datasets.affwild2.template import Fit, fit_labels, match_template
from videxpr.datasets.affwild2.videos import SIDE
from videxpr.datasets.labels import LabelSet, LabelSets, Origin, read_label_sets
from videxpr.formats.predictions import Block
from videxpr.submission.editions import Edition
from videxpr.temporal.interpolation import nearest_known

Change = Literal["padded", "cut", "filled"]
NAMED: Final = 20
"""Videos of other lengths that an error names."""


@dataclass(frozen=True)
class ChangedFrames:
    """Consecutive frames of a video that are not as the annotation has them.

    Attributes:
        name: of the video, as in the template.
        change: ``padded`` (the annotation ends before the template and its nearest label was taken),
            ``cut`` (the template ends before the annotation) or ``filled`` (nobody was seen).
        first: the first frame, from 0 on.
        frames: how many.
    """

    name: str
    change: Change
    first: int
    frames: int


@dataclass(frozen=True)
class Submission:
    """What is sent.

    Attributes:
        edition: of the challenge.
        blocks: the rows of every video, in the template's order.
        changes: every frame that was padded, cut or filled.
        notes: what a reader must know, one sentence each.
    """

    edition: Edition
    blocks: tuple[Block, ...]
    changes: tuple[ChangedFrames, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many labels it has."""
        return sum(0 if block.labels is None else len(block.labels) for block in self.blocks)


@dataclass(frozen=True)
class Prediction:
    """One person's labels under a name of the template.

    Attributes:
        labels: (N,) one for each frame from the first one on, 0 to 7.
        filled: (N,) true where nobody was seen, as far as the annotation tells.
        open_end: whether the video may go on after the last label, as that of crops does.
    """

    labels: Integers
    filled: NDArray[np.bool_]
    open_end: bool


@dataclass(frozen=True)
class Predictions:
    """What there is for a template.

    Attributes:
        found: by the template's names.
        notes: what a reader must know about them, one sentence each.
    """

    found: Mapping[str, Prediction]
    notes: tuple[str, ...]


def build_submission(
    annotations: Path, template: Sequence[Block], edition: Edition, force: bool = False
) -> Submission:
    """Bring annotations into the form that an edition of the challenge wants.

    Args:
        annotations: a folder of Parquet or of text files, or one file of any kind.
        template: the organizers' rows, or names alone: then every video has the frames that its
            annotation has.
        edition: of the challenge.
        force: pad or cut whatever the difference in frames.

    Raises:
        SourceError: there are no annotations.
        FormatError: a file breaks its format, has another number of frames than the template, or
            labels that the edition does not know, or videos are missing: they are all named.
    """
    predictions = read_template_predictions(annotations, [block.name for block in template])
    wanted = template if edition.one_file else [_every_frame(block) for block in template]
    fits = _fits(annotations, wanted, predictions.found, force)
    _check_labels(edition, fits)
    changes = [change for fit in fits for change in _changes(fit, predictions.found)]
    blocks = tuple(fit.block for fit in fits)
    return Submission(edition, blocks, tuple(changes), predictions.notes)


def read_template_predictions(path: Path, names: Collection[str]) -> Predictions:
    """Read the labels for those names of a template that there is something for.

    Args:
        path: of annotations: a folder of Parquet or of text files, or one file of any kind.
        names: that the template wants.

    Raises:
        SourceError: nothing is there, or nothing that holds labels.
        FormatError: a file breaks its format, with the file and the line.
    """
    names = dict.fromkeys(names).keys()
    sets = read_label_sets(path, names)
    notes = list(sets.notes)
    found: dict[str, Prediction] = {}
    for name in names:
        chosen = sets.sets.get(name) or _fallback(sets, name, names, notes)
        if chosen is not None and len(chosen):
            found[name] = _without_gaps(chosen)
    if any(one.origin is None for one in sets.sets.values()):
        notes.append(
            f"{sets} does not tell in which frames nobody was seen: frames that were filled there are "
            "not counted here; Parquet tells"
        )
    return Predictions(found, tuple(notes))


def _fallback(
    sets: LabelSets, name: str, names: Collection[str], notes: list[str]
) -> LabelSet | None:
    """Return the main person for a name with a side where text knows nobody else of the video.

    Every row needs a label. Parquet is asked by name and does the same; two persons of text are under
    the template's names already.
    """
    video = SIDE.sub("", name)
    main = sets.sets.get(video)
    if sets.kind == "parquet" or video == name or main is None:
        return None
    asked = [Block(one, None, None) for one in names if SIDE.sub("", one) == video]
    notes += [note for note in match_template(video, asked, None)[1] if note not in notes]
    return main


def _without_gaps(found: LabelSet) -> Prediction:
    """Fill the gaps that annotate was told to leave as it fills them, where that is known, and all
    others with the nearest label; a video without any is Neutral."""
    filled = found.labels == NOT_ANNOTATED
    labels = found.labels if found.filled_labels is None else found.filled_labels
    if found.origin is not None:
        filled |= found.origin == Origin.FILLED
    known = labels != NOT_ANNOTATED
    whole = labels[nearest_known(known)] if known.any() else np.full(len(labels), NEUTRAL)
    return Prediction(whole, filled, found.open_end)


def _every_frame(block: Block) -> Block:
    """Return what a text file holds, which knows no other order than that of the frames."""
    frames = None if block.frames is None else np.arange(int(block.frames.max()) + 1)
    return Block(block.name, frames, None)


def _fits(
    annotations: Path, wanted: Sequence[Block], found: Mapping[str, Prediction], force: bool
) -> list[Fit]:
    """Return every video under the template's rows; one error for all that have none, or other ones."""
    missing = [block.name for block in wanted if block.name not in found]
    fits: list[Fit] = []
    problems: list[str] = []
    if missing:
        problems.append(
            f"{len(missing)} of the template's {len(wanted)} videos are not in {annotations}: "
            f"{', '.join(missing)}; a submission is complete, so annotate them first"
        )
    for block in wanted:
        if block.name in found:
            one = found[block.name]
            try:
                fits.append(fit_labels(block.name, one.labels, block, 0, force, one.open_end))
            except FormatError as exc:
                problems.append(str(exc))
    if problems:
        raise FormatError("\n".join([*problems, "nothing was written"]))
    return fits


def _check_labels(edition: Edition, fits: Sequence[Fit]) -> None:
    """Refuse classes that an edition does not have."""
    counts = {
        fit.block.name: int((fit.block.labels > edition.highest).sum())
        for fit in fits
        if fit.block.labels is not None
    }
    beyond = {name: count for name, count in counts.items() if count}
    if beyond:
        names = ", ".join(f"{name} ({count})" for name, count in list(beyond.items())[:NAMED])
        raise FormatError(
            f"edition {edition.number} has no {EXPRESSIONS[edition.highest + 1]}, but "
            f"{sum(beyond.values())} frames are labeled so, in {len(beyond)} videos: {names}; "
            "annotate with a model that was not trained on it"
        )


def _changes(fit: Fit, found: Mapping[str, Prediction]) -> Iterator[ChangedFrames]:
    """Yield the frames of one video that are not as the annotation has them, in runs."""
    filled = found[fit.block.name].filled
    frames = np.zeros(0, np.int64) if fit.block.frames is None else np.sort(fit.block.frames)
    own = frames[frames < len(filled)]
    kinds: dict[Change, Integers] = {
        "filled": own[filled[own]],
        "padded": fit.padded,
        "cut": fit.cut,
    }
    for change, changed in kinds.items():
        for run in np.split(changed, np.flatnonzero(np.diff(changed) != 1) + 1):
            if len(run):
                yield ChangedFrames(fit.block.name, change, int(run[0]), len(run))

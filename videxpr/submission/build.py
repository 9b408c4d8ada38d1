"""A submission with exactly the rows that a template wants, and what was done to make it so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.affwild2.template import Fit, fit_labels
from videxpr.formats.predictions import Block
from videxpr.submission.answers import Answer, Predictions, read_answers
from videxpr.submission.editions import Edition

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
        SourceError: there are no annotations, or not of all videos: they are all named.
        FormatError: a file breaks its format, has another number of frames than the template, or
            labels that the edition does not know.
    """
    answers = read_answers(annotations, dict.fromkeys(block.name for block in template).keys())
    wanted = template if edition.one_file else [_every_frame(block) for block in template]
    fits = _fits(annotations, wanted, answers, force)
    _check_labels(edition, fits)
    changes = [change for fit in fits for change in _changes(fit, answers.found[fit.block.name])]
    blocks = tuple(fit.block for fit in fits)
    return Submission(edition, blocks, tuple(changes), answers.notes)


def _every_frame(block: Block) -> Block:
    """What a text file holds, which knows no other order than that of the frames."""
    frames = None if block.frames is None else np.arange(int(block.frames.max()) + 1)
    return Block(block.name, frames, None)


def _fits(
    annotations: Path, wanted: Sequence[Block], answers: Predictions, force: bool
) -> list[Fit]:
    """Every video under the template's rows; one error for all that have none, or other ones."""
    missing = [block.name for block in wanted if block.name not in answers.found]
    fits: list[Fit] = []
    misfits: list[str] = []
    for block in wanted:
        if block.name in missing:
            continue
        try:
            one = answers.found[block.name]
            fits.append(fit_labels(block.name, one.labels, block, 0, force, one.open_end))
        except FormatError as exc:
            misfits.append(str(exc))
    problems = []
    if missing:
        problems.append(
            f"{len(missing)} of the template's {len(wanted)} videos are not in {annotations}: "
            f"{', '.join(missing)}; a submission is complete, so annotate them first"
        )
    if problems or misfits:
        raise FormatError("\n".join([*problems, *misfits, "nothing was written"]))
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


def _changes(fit: Fit, answer: Answer) -> Iterator[ChangedFrames]:
    frames = np.zeros(0, np.int64) if fit.block.frames is None else np.sort(fit.block.frames)
    own = frames[(frames < len(answer.filled))]
    kinds: dict[Change, NDArray[np.int64]] = {
        "filled": own[answer.filled[own]],
        "padded": fit.padded,
        "cut": fit.cut,
    }
    for change, changed in kinds.items():
        for run in np.split(changed, np.flatnonzero(np.diff(changed) != 1) + 1):
            if len(run):
                yield ChangedFrames(fit.block.name, change, int(run[0]), len(run))

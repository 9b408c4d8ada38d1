"""The organizers' template decides names, order and frame counts of a submission."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import FormatError
from videxpr.core.names import respelled
from videxpr.datasets.affwild2.videos import SIDE
from videxpr.formats.label_runs import TextLabels
from videxpr.formats.predictions import Block

TOLERATED_FRAMES: Final = 2
"""Decoders and the organizers' own counts differ by this much at a video's end; more is an error."""

SIDES: Final = ("", "_left", "_right")
"""What a person's name may add to that of the video."""


@dataclass(frozen=True)
class TemplateMatch:
    """One person of a video under the name that a submission knows.

    Attributes:
        name: as in the submission.
        rank: which person, 0 for the main one.
        side: ``_left``, ``_right`` or nothing, as the name ends.
        wanted: the template's rows, None without a template or if it only lists names.
    """

    name: str
    rank: int
    side: str
    wanted: Block | None

    def fit(self, labels: TextLabels, force: bool, open_end: bool) -> "Fit":
        """Return the person's rows, cut or padded to what the template wants; see `fit_labels`."""
        own = labels.of_rank(self.rank)
        return fit_labels(self.name, own, self.wanted, labels.first_frame, force, open_end)


@dataclass(frozen=True)
class Fit:
    """Labels under a template's rows.

    Attributes:
        block: the rows.
        padded: (P,) frames of its rows that have no label of their own, and took the nearest one.
        cut: (C,) frames that have a label, and come after the template's last one.
    """

    block: Block
    padded: NDArray[np.int64]
    cut: NDArray[np.int64]

    @property
    def notes(self) -> list[str]:
        """What was done, one sentence each."""
        done = {"padded by the nearest label": self.padded, "cut": self.cut}
        return [
            f"{self.block.name}: {len(frames)} frames {how} to fit the template"
            for how, frames in done.items()
            if len(frames)
        ]


def fit_labels(
    name: str,
    labels: NDArray[np.int64],
    wanted: Block | None,
    first_frame: int,
    force: bool,
    open_end: bool = False,
) -> Fit:
    """Cut or pad labels to what a template wants.

    Args:
        name: of the video in the submission.
        labels: (N,) of frames that follow each other.
        wanted: the template's rows; None, or a block without frames, takes the labels as they are.
        first_frame: which frame the first label belongs to.
        force: cut or pad whatever the difference in frames.
        open_end: the video may go on after the last label, as that of crops does; then it is padded.

    Raises:
        FormatError: the difference is more than `TOLERATED_FRAMES` and nobody forces it, or there is
            no label at all.
    """
    end = first_frame + len(labels)
    if wanted is None or wanted.frames is None:
        nothing = np.zeros(0, np.int64)
        return Fit(Block(name, np.arange(first_frame, end), labels), nothing, nothing)
    frames = wanted.frames
    count = int(frames.max()) + 1
    fits = abs(count - len(labels)) <= TOLERATED_FRAMES or (open_end and len(labels) < count)
    if len(labels) == 0 or not (fits or force):
        raise FormatError(
            f"the template wants {count} frames of {name}, but {len(labels)} are annotated; is it "
            "the same video? --template-force pads or cuts all the same"
        )
    block = Block(name, frames, labels[frames.clip(first_frame, end - 1) - first_frame])
    outside = (frames < first_frame) | (frames >= end)
    return Fit(block, padded=np.sort(frames[outside]), cut=np.arange(count, end))


def match_template(
    name: str, template: Sequence[Block], second: Literal["left", "right"] | None
) -> tuple[list[TemplateMatch], list[str]]:
    """Find which of a video's persons stands under which of the template's names.

    Args:
        name: of the video.
        template: all of the organizers' blocks.
        second: on which side of the main person the second one is; None if there is no second.

    Returns:
        The names with their persons (just the main person under the video's own name if the template
        does not know the video), and what there is to say about it.
    """
    known = {block.name: block for block in template}
    sides = [side for side in SIDES if name + side in known]
    if not sides:
        return [TemplateMatch(name, 0, "", None)], [f"the template does not name {name}"]
    ranks = {side: _rank(side, sides, second) for side in sides}
    notes = []
    if second is None and any(sides):
        notes.append(
            f"the template asks for a side of {name}, but no second person is known (--people 2 looks "
            f"for one): the main person was taken for {', '.join(name + side for side in sides)}"
        )
    return [TemplateMatch(name + s, ranks[s], s, known[name + s]) for s in sides], notes


def spelled_as(template: Collection[str], names: Collection[str]) -> dict[str, str]:
    """Return how a template spells the names of videos, which stand in it with or without a side.

    Names that it does not know, or that could be two, stay as they are.
    """
    if all(any(name + side in template for side in SIDES) for name in names):
        return {name: name for name in names}
    return respelled(names, {*template, *(SIDE.sub("", name) for name in template)})


def _rank(side: str, sides: list[str], second: str | None) -> int:
    """Return the person that a name means: the second one if it says their side, else the main one."""
    if second is None or side == "":
        return 0
    if "" in sides:
        return 1
    return 1 if side == f"_{second}" else 0

"""The organisers' template decides names, order and frame counts of a submission."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from videxpr.annotation import Annotation
from videxpr.errors import FormatError
from videxpr.formats.predictions import Block
from videxpr.labelling import Missing, frame_labels

TOLERATED_FRAMES: Final = 2
"""Decoders and the organisers' own counts differ by this much at a video's end; more is an error."""


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

    def block(
        self, annotation: Annotation, missing: Missing, force: bool
    ) -> tuple[Block, list[str]]:
        """The person's rows, cut or padded to what the template wants, and what was done.

        Raises:
            FormatError: the difference is more than `TOLERATED_FRAMES` and nobody forces it.
        """
        labels = frame_labels(annotation, self.rank, missing)
        frames = annotation.first_frame + np.arange(len(annotation))
        if self.wanted is None or self.wanted.frames is None:
            return Block(self.name, frames, labels), []
        count = int(self.wanted.frames.max()) + 1
        difference = count - len(labels)
        if abs(difference) > TOLERATED_FRAMES and not force:
            raise FormatError(
                f"the template wants {count} frames of {self.name}, but {len(labels)} decode; is it "
                "the same video? --template-force pads or cuts all the same"
            )
        taken = np.clip(self.wanted.frames - annotation.first_frame, 0, len(labels) - 1)
        return Block(self.name, self.wanted.frames, labels[taken]), _note(self.name, difference)


def match_template(
    name: str, template: Sequence[Block], second: Literal["left", "right"] | None
) -> tuple[list[TemplateMatch], list[str]]:
    """Who of a video's persons stands under which of the template's names.

    Args:
        name: of the video.
        template: all of the organisers' blocks.
        second: on which side of the main person the second one is; None if there is no second.

    Returns:
        The names with their persons (just the main person under the video's own name if the template
        does not know the video), and what there is to say about it.
    """
    known = {block.name: block for block in template}
    sides = [side for side in ("", "_left", "_right") if name + side in known]
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


def _rank(side: str, sides: list[str], second: str | None) -> int:
    """The person that a name means: the second one if the name says its side, else the main one."""
    if second is None or side == "":
        return 0
    if "" in sides:
        return 1
    return 1 if side == f"_{second}" else 0


def _note(name: str, difference: int) -> list[str]:
    if difference == 0:
        return []
    done = "padded by the last label" if difference > 0 else "cut"
    return [f"{name}: {abs(difference)} frames {done} to fit the template"]

"""The label of every frame of every video that a template names, from annotations."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import NEUTRAL, NOT_ANNOTATED
from videxpr.datasets.affwild2.template import match_template
from videxpr.datasets.affwild2.videos import SIDE
from videxpr.datasets.labels.reader import (
    LabelSet,
    LabelSets,
    Origin,
    read_label_sets,
)
from videxpr.formats.predictions import Block
from videxpr.temporal.interpolation import nearest_known


@dataclass(frozen=True)
class Answer:
    """One person's labels under the name that a template knows.

    Attributes:
        name: as in the template.
        labels: (N,) one for each frame from the first one on, 0 to 7.
        filled: (N,) true where nobody was seen, as far as the annotation tells.
        open_end: whether the video may go on after the last label, as that of crops does.
    """

    name: str
    labels: NDArray[np.int64]
    filled: NDArray[np.bool_]
    open_end: bool = False


@dataclass(frozen=True)
class Predictions:
    """What there is for a template.

    Attributes:
        found: by name.
        notes: what a reader must know about them, one sentence each.
    """

    found: Mapping[str, Answer]
    notes: tuple[str, ...]


def read_answers(path: Path, names: Collection[str]) -> Predictions:
    """Labels for those names of a template that there is something for.

    Args:
        path: of annotations: a folder of Parquet or of text files, or one file of any kind.
        names: that the template wants.

    Raises:
        SourceError: nothing is there, or nothing that holds labels.
        FormatError: a file breaks its format, with the file and the line.
    """
    sets = read_label_sets(path, names)
    notes = list(sets.notes)
    found: dict[str, Answer] = {}
    for name in names:
        chosen = sets.sets.get(name) or _fallback(sets, name, names, notes)
        if chosen is not None and len(chosen):
            found[name] = _answer(name, chosen)
    if any(sets.sets[name].origin is None for name in sets.sets):
        notes.append(
            f"{sets} does not tell in which frames nobody was seen: frames that were filled there are "
            "not counted here; Parquet tells"
        )
    return Predictions(found, tuple(notes))


def _fallback(
    sets: LabelSets, name: str, names: Collection[str], notes: list[str]
) -> LabelSet | None:
    """The main person for a name with a side where text knows nobody else of the video.

    Every row needs an answer. Parquet is asked by name and does the same; two persons of text are
    under the template's names already.
    """
    video = SIDE.sub("", name)
    main = sets.sets.get(video)
    if sets.kind == "parquet" or video == name or main is None:
        return None
    asked = [Block(one, None, None) for one in names if SIDE.sub("", one) == video]
    notes += [remark for remark in match_template(video, asked, None)[1] if remark not in notes]
    return main


def _answer(name: str, told: LabelSet) -> Answer:
    """Fill the gaps that annotate was told to leave as it fills them, where that is known, and all
    others with the nearest label; a video without any is Neutral."""
    filled = told.labels == NOT_ANNOTATED
    labels = told.labels if told.filled_labels is None else told.filled_labels
    if told.origin is not None:
        filled |= told.origin == Origin.FILLED
    given = labels != NOT_ANNOTATED
    if not given.any():
        return Answer(name, np.full(len(given), NEUTRAL), filled, told.open_end)
    return Answer(name, labels[nearest_known(given)], filled, told.open_end)

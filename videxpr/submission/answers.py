"""The label of every frame of every video that a template names, from annotations."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
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
    find_label_files,
    read_label_sets,
    read_people,
)
from videxpr.formats.frame_labels import padded_labels
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
            found[name] = _answer(_without_gaps(path, sets, chosen, name, names), chosen)
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


def _without_gaps(
    path: Path, sets: LabelSets, chosen: LabelSet, name: str, names: Collection[str]
) -> LabelSet:
    """Labels under a name; where annotate was told to leave gaps, and Parquet has probabilities, these
    are interpolated as annotate interpolates them."""
    labels, gaps = chosen.labels, chosen.labels == NOT_ANNOTATED
    if sets.kind == "parquet" and gaps.any():
        files = {
            key: file for key, file in find_label_files(path)[1].items() if file == chosen.path
        }
        people = read_people(files, names, [])
        person = next(person for person in people if person.name == name)
        labels = np.where(gaps, padded_labels(person.annotation, person.rank, "fill"), labels)
    return replace(chosen, name=name, labels=labels)


def _answer(known: LabelSet, told: LabelSet) -> Answer:
    """Every gap that is left takes the nearest label; a video without any is Neutral.

    Args:
        known: the labels.
        told: the same as the annotation has them.
    """
    filled = told.labels == NOT_ANNOTATED
    if told.origin is not None:
        filled |= told.origin == Origin.FILLED
    given = known.labels != NOT_ANNOTATED
    if not given.any():
        return Answer(known.name, np.full(len(given), NEUTRAL), filled, told.open_end)
    return Answer(known.name, known.labels[nearest_known(given)], filled, told.open_end)

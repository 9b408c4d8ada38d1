"""Who is there in annotations of made-up videos (made_up_videos.py)? A table, a row a kind and half.

    python examples/made_up_videos.py -o made --only identity
    videxpr annotate made --people all -f parquet -o annotations
    python examples/who_is_there.py made annotations
    python examples/who_is_there.py made annotations --each      # a row a recipe

Presence is the share of frames with a face plainly there that have a row of rank 0 on one of those
faces, false presence that of the others (but those in which one picture turns into the next) with
such a row anywhere. An appearance is one person in successive frames without a cut, at least five;
its person in the annotation is that of most rows on it. Two appearances of one person in a video are a
true join if they have one number, two of different people a false one.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videxpr.formats.parquet import read_annotation
from videxpr.formats.record import FaceRows

SHORTEST = 5
"""Frames of an appearance."""


@dataclass(frozen=True)
class Score:
    """Counts over videos: see above. `counted`: videos whose number of people is right."""

    videos: int = 0
    visible: int = 0
    present: int = 0
    empty: int = 0
    falsely_present: int = 0
    counted: int = 0
    same: int = 0
    joined: int = 0
    different: int = 0
    falsely_joined: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def row(self, name: str) -> str:
        cells = (
            *(name, self.videos, share(self.present, self.visible)),
            *(share(self.falsely_present, self.empty), f"{self.counted} of {self.videos}"),
            *(share(self.joined, self.same), share(self.falsely_joined, self.different)),
        )
        return "| " + " | ".join(map(str, cells)) + " |"


def share(part: int, whole: int) -> str:
    return f"{part / whole:.3f} of {whole}" if whole else "-"


def score(truth: dict[str, Any], faces: FaceRows) -> Score:
    """What one annotation is worth."""
    visible = truth["visible"]
    who = [seen_at(visible[frame], box) for frame, box in zip(faces.frame, faces.bbox, strict=True)]
    first = [row for row in range(len(faces)) if faces.rank[row] == 0]
    there = {int(faces.frame[row]) for row in first if who[row] is not None}
    anywhere = {int(faces.frame[row]) for row in first if not faces.bridged[row]}
    changing = {n for cut, last in truth["cuts"] for n in range(cut, last)}
    empty = [n for n, seen in enumerate(visible) if not seen and n not in changing]
    people = {name for seen in visible for name in seen}
    numbers = [(name, person_of(name, frames, faces, who)) for name, frames in appearances(truth)]
    pairs = list(combinations([pair for pair in numbers if pair[1] is not None], 2))
    same = [one[1] == other[1] for one, other in pairs if one[0] == other[0]]
    different = [one[1] == other[1] for one, other in pairs if one[0] != other[0]]
    return Score(
        *(1, sum(map(bool, visible)), sum(bool(visible[n]) for n in there)),
        *(len(empty), len(anywhere.intersection(empty))),
        int(len(set(faces.person.tolist())) == len(people)),
        *(len(same), sum(same), len(different), sum(different)),
    )


def seen_at(visible: dict[str, list[int]], box: NDArray[np.float32]) -> str | None:
    """Whose face a box is on."""
    center = (box[:2] + box[2:]) / 2
    for name, (x, y, height) in visible.items():
        if np.all(np.abs(center - (x, y)) < 0.5 * height):
            return name
    return None


def appearances(truth: dict[str, Any]) -> Iterator[tuple[str, set[int]]]:
    """People with the frames of each of their appearances."""
    starts = {cut for cut, _ in truth["cuts"]}
    frames: dict[str, set[int]] = defaultdict(set)
    for n, seen in enumerate([*truth["visible"], {}]):
        for name in [name for name in frames if name not in seen or n in starts]:
            own = frames.pop(name)
            if len(own) >= SHORTEST:
                yield name, own
        for name in seen:
            frames[name].add(n)


def person_of(name: str, frames: set[int], faces: FaceRows, who: list[str | None]) -> int | None:
    """The number that most rows of an appearance have."""
    own = [
        int(faces.person[row])
        for row, seen in enumerate(who)
        if seen == name and int(faces.frame[row]) in frames
    ]
    return Counter(own).most_common(1)[0][0] if own else None


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare who was found with who is there.")
    parser.add_argument("made", type=Path, help="a folder of made_up_videos.py")
    parser.add_argument("annotations", type=Path, help="what videxpr annotate wrote of it")
    parser.add_argument("--each", action="store_true", help="a row a recipe")
    arguments = parser.parse_args()
    scores: dict[str, Score] = defaultdict(Score)
    for truth in json.loads((arguments.made / "truth.json").read_text()):
        file = arguments.annotations / Path(truth["name"]).with_suffix(".parquet")
        if file.is_file():
            name = truth["recipe"] if arguments.each else f"{truth['kind']}, {truth['half']}"
            scores[name] += score(truth, read_annotation(file).faces)
    print("| | videos | presence | false presence | people right | true joins | false joins |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, one in scores.items():
        print(one.row(name))
    print(sum(scores.values(), Score()).row("all"))


if __name__ == "__main__":
    main()

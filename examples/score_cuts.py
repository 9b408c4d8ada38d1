"""Which cuts are found in made-up videos (made_up_videos.py)? Precision and recall, a row a kind.

    python examples/score_cuts.py made
    python examples/score_cuts.py made --each     # a row a recipe and half

A found cut is right if it is within a true one, which counts once; all else that is found is wrong.
"""

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from videxpr.video.reader import Video
from videxpr.video.shots import with_shots


@dataclass(frozen=True)
class Score:
    """Cuts that are true, found, and found rightly, in so many videos."""

    videos: int = 0
    true: int = 0
    found: int = 0
    right: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.videos + other.videos,
            self.true + other.true,
            self.found + other.found,
            self.right + other.right,
        )

    def row(self, name: str) -> str:
        precision = f"{self.right / self.found:.3f}" if self.found else "-"
        recall = f"{self.right / self.true:.3f}" if self.true else "-"
        cells = (name, self.videos, self.true, self.found, self.right, precision, recall)
        return "| " + " | ".join(map(str, cells)) + " |"


def found_cuts(path: Path) -> list[int]:
    """The first frames of all shots but the first."""
    with Video(path) as video:
        shots = [one.shot for one in with_shots(video)]
    return [n for n, (before, after) in enumerate(pairwise(shots), 1) if before != after]


def score(true: list[list[int]], found: list[int]) -> Score:
    right = sum(any(first <= cut <= last for cut in found) for first, last in true)
    return Score(1, len(true), len(found), right)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the cuts that are found with the truth.")
    parser.add_argument("made", type=Path, help="a folder of made_up_videos.py")
    parser.add_argument("--each", action="store_true", help="a row a recipe and half")
    arguments = parser.parse_args()
    scores: dict[str, Score] = defaultdict(Score)
    for video in json.loads((arguments.made / "truth.json").read_text()):
        parts = ("kind", "recipe", "half") if arguments.each else ("kind",)
        name = " ".join(video[part] for part in parts)
        scores[name] += score(video["cuts"], found_cuts(arguments.made / video["name"]))
    print("| kind | videos | true cuts | found | right | precision | recall |")
    print("| --- |" + " --- |" * 6)
    for name, one in scores.items():
        print(one.row(name))


if __name__ == "__main__":
    main()

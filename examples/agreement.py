"""How far two ways of annotating the same videos agree, clip by clip.

    videxpr annotate clips --detect-every 1 -f parquet -o plain
    videxpr annotate clips -f parquet -o fast
    videxpr annotate clips --detect-every 1 --detector scrfd:scrfd_2.5g -f parquet -o reference
    python examples/agreement.py plain fast --reference reference

Of the main person: the share of frames with the same expression, the share of frames with a face, how
far the landmarks lie from the reference's (mean distance over the distance of the eyes), and how much
they tremble (distance from the middle of the frame before and the frame after, likewise).
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from videxpr.formats.frame_labels import frame_labels
from videxpr.formats.parquet import read_annotation
from videxpr.formats.record import Annotation


@dataclass(frozen=True)
class Landmarks:
    """The main person's landmarks: (N, 5, 2) pixels, NaN where there are none, and (N,) shots."""

    points: np.ndarray
    shots: np.ndarray

    @property
    def eyes(self) -> float:
        """Mean distance of the eyes in pixels."""
        return float(np.nanmean(np.linalg.norm(self.points[:, 0] - self.points[:, 1], axis=1)))

    def distance(self, other: "Landmarks") -> float:
        """From another's, over the distance of the other's eyes."""
        apart = np.linalg.norm(self.points - other.points, axis=2).mean(axis=1)
        return float(np.nanmean(apart)) / other.eyes

    def jitter(self) -> float:
        """From the middle of their neighbors, over the distance of the eyes."""
        middle = (self.points[:-2] + self.points[2:]) / 2
        apart = np.linalg.norm(self.points[1:-1] - middle, axis=2).mean(axis=1)
        return float(np.nanmean(apart[self.shots[2:] == self.shots[:-2]])) / self.eyes


def landmarks_of(annotation: Annotation) -> Landmarks:
    points = np.full((len(annotation), 5, 2), np.nan)
    rows = annotation.faces.of_rank(0)
    places = annotation.faces.frame[rows] - annotation.first_frame
    points[places] = annotation.faces.landmarks[rows].reshape(-1, 5, 2)
    return Landmarks(points, annotation.shots)


@dataclass(frozen=True)
class Line:
    """One clip; None where there is no face, or no reference."""

    name: str
    frames: int
    agreement: float | None
    coverage: tuple[float, float]
    distance: tuple[float, float] | None
    jitter: tuple[float, float] | None


def compared(name: str, plain: Annotation, fast: Annotation, reference: Annotation | None) -> Line:
    one, other = frame_labels(plain, 0, "none"), frame_labels(fast, 0, "none")
    both = (one >= 0) & (other >= 0)
    points = landmarks_of(plain), landmarks_of(fast)
    faces = bool(both.sum() > 2)
    truth = None if reference is None or not faces else landmarks_of(reference)
    return Line(
        name,
        len(plain),
        float((one == other)[both].mean()) if faces else None,
        (plain.coverage, fast.coverage),
        None if truth is None else (points[0].distance(truth), points[1].distance(truth)),
        (points[0].jitter(), points[1].jitter()) if faces else None,
    )


def shown(line: Line) -> str:
    cells = [line.name, str(line.frames)]
    cells.append("" if line.agreement is None else f"{line.agreement:.4f}")
    cells += [f"{share:.4f}" for share in line.coverage]
    for pair in (line.distance, line.jitter):
        cells += ["", ""] if pair is None else [f"{value:.4f}" for value in pair]
    return f"| {' | '.join(cells)} |"


def mean(lines: list[Line]) -> Line:
    """All clips as one: agreement and coverage over frames, the others over clips."""
    frames = np.array([line.frames for line in lines])
    seen = [line for line in lines if line.agreement is not None]
    weights = [line.frames * line.coverage[0] for line in seen]

    def pair(values: list[tuple[float, float]]) -> tuple[float, float] | None:
        return tuple(np.mean(values, axis=0)) if values else None  # type: ignore[return-value]

    coverage = np.average([line.coverage for line in lines], axis=0, weights=frames)
    return Line(
        "all",
        int(frames.sum()),
        float(np.average([line.agreement for line in seen], weights=weights)) if seen else None,
        tuple(coverage),
        pair([line.distance for line in lines if line.distance is not None]),
        pair([line.jitter for line in lines if line.jitter is not None]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plain", type=Path, help="folder of Parquet files, every picture searched")
    parser.add_argument("fast", type=Path, help="folder of Parquet files of the same videos")
    parser.add_argument("--reference", type=Path, help="the same with a better detector")
    arguments = parser.parse_args()
    lines = []
    for path in sorted(arguments.plain.glob("*.parquet")):
        if not (arguments.fast / path.name).is_file():
            raise SystemExit(f"{arguments.fast} has no {path.name}; annotate the same videos")
        better = arguments.reference / path.name if arguments.reference else None
        lines.append(
            compared(
                path.stem,
                read_annotation(path),
                read_annotation(arguments.fast / path.name),
                read_annotation(better) if better is not None and better.is_file() else None,
            )
        )
    if not lines:
        raise SystemExit(f"no Parquet file in {arguments.plain}")
    print(
        "| clip | frames | same expression | coverage: plain | fast | distance: plain | fast ",
        end="",
    )
    print("| jitter: plain | fast |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for line in [*lines, mean(lines)]:
        print(shown(line))


if __name__ == "__main__":
    main()

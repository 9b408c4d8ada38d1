"""Rows of a ``predictions.txt`` as they are, however wrong: which of a template's videos and images
they mean, and what is wrong with each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from videxpr.core.image_names import frame_of, image_name
from videxpr.submission.editions import Edition
from videxpr.submission.violations import label_problem, line_problem, quoted

FORM: Final = "NAME/00001.jpg,LABEL"
LONGEST_IMAGE: Final = len("000000001.jpg")


@dataclass
class FileRows:
    """What the N lines below a header say.

    Attributes:
        video: (N,) index of the template's video, -1 where a row is an image of none of them.
        frame: (N,) the 0-based frame, -1 where `video` is.
        strange: why a row is none of the template's, by row.
        problems: what else is wrong with single rows: (row, text), by row.
    """

    video: list[int] = field(default_factory=list)
    frame: list[int] = field(default_factory=list)
    strange: dict[int, str] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


def read_rows(lines: Sequence[str], names: Mapping[str, int], edition: Edition) -> FileRows:
    """Understand every line on its own.

    Args:
        lines: below the header.
        names: index of each of the template's videos.
        edition: decides which labels there are.
    """
    rows = FileRows()
    good = {str(label) for label in range(edition.classes)}
    for row, line in enumerate(lines):
        location, _, label = line.rpartition(",")
        name, _, image = location.rpartition("/")
        video, frame = names.get(name, -1), _frame(image)
        if video < 0 or frame < 0 or label not in good:
            video, frame = _read_odd_row(rows, row, names, edition, line)
        rows.video.append(video)
        rows.frame.append(frame)
    return rows


def _read_odd_row(
    rows: FileRows, row: int, names: Mapping[str, int], edition: Edition, line: str
) -> tuple[int, int]:
    """Note what is wrong with a row; its video and frame, both -1 if it is none of the template's."""
    fields = line.strip().split(",")
    name, _, image = fields[0].rpartition("/")
    video, frame = names.get(name, -1), _frame(image)
    problem = line_problem(line)
    if fields == [""]:
        rows.strange[row] = problem or "the line is blank"
        return -1, -1
    if name == "" or frame < 0:
        rows.strange[row] = f"{quoted(line)} is not of the form {FORM}"
        return -1, -1
    if len(fields) != 2:
        count = "no label" if len(fields) == 1 else f"{len(fields)} fields instead of two"
        problem = f"{count}; rows are of the form {FORM}"
    problem = problem or label_problem(fields[1], edition)
    if problem:
        rows.problems.append((row, problem))
    if video < 0:
        rows.strange[row] = f"the template has no video {quoted(name)}"
        return -1, -1
    return video, frame


@lru_cache(maxsize=2**17)
def _frame(image: str) -> int:
    """0-based frame of an image, -1 if it is not named as a submission's images are."""
    frame = frame_of(image) if len(image) <= LONGEST_IMAGE else None
    return -1 if frame is None or image_name(frame) != image else frame

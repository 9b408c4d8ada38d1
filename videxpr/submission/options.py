"""What a user can choose about submissions; defaults are here and nowhere else."""

from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Final

from videxpr.core.option import check_ranges, option

TEMPLATE: Final = (
    "The organizers' prediction template, or a list of the test videos' names, one a line: decides "
    "rows, order and counts."
)


@dataclass(frozen=True)
class SubmissionBuildCommand:
    """Everything that ``videxpr submission build`` takes.

    Attributes:
        annotations: what a submission is made from.
        template: the organizers' rows, or names.
        edition: of the challenge.
        directory: that takes the submission.
        template_force: cut or pad whatever the difference in frames.
    """

    annotations: Path = option(
        MISSING,
        "A folder that annotate wrote (Parquet is preferred, for it tells where nobody was seen), a "
        "folder of text files, or a predictions.txt.",
        positional=True,
    )
    template: Path = option(MISSING, TEMPLATE)
    edition: int = option(
        MISSING,
        "Of the challenge: 5, 6, 8 and 10 want one predictions.txt; 3 wants a text file a video, 1 "
        "and 2 the same without Other.",
    )
    directory: Path = option(
        Path("submission"),
        "Where the submission goes.",
        flag="output-dir",
        short="o",
        changes_results=False,
    )
    template_force: bool = option(
        False,
        "Pad or cut to the template's frame counts whatever the difference; without it, more than 2 "
        "frames are an error.",
    )


@dataclass(frozen=True)
class SubmissionCheckCommand:
    """Everything that ``videxpr submission check`` takes.

    Attributes:
        file: a submission.
        template: the organizers' rows, or names.
        edition: of the challenge; None takes the latest of the file's form.
        limit: how much is listed; 0 lists all.
    """

    file: Path = option(
        MISSING,
        "A predictions.txt, or the folder that it is in; for editions 1 to 3, a folder or zip file of "
        "text files.",
        positional=True,
    )
    template: Path = option(MISSING, TEMPLATE)
    edition: int | None = option(
        None,
        "Of the challenge.",
        default_text="3 for a folder or a zip file, else the latest",
    )
    limit: int = option(
        100,
        "How many violations, and warnings, to list; 0 lists all.",
        least=0,
        changes_results=False,
    )

    def __post_init__(self) -> None:
        check_ranges(self)

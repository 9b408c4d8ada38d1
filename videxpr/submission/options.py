"""What a user can choose about submissions; defaults are here and nowhere else."""

from dataclasses import MISSING
from pathlib import Path
from typing import Final

from videxpr.core.option import option, options

TEMPLATE: Final = (
    "The organizers' prediction template, or a list of the test videos' names, one a line: decides "
    "rows, order and counts."
)


@options()
class SubmissionBuildCommand:
    """Make a submission: exactly the template's rows, each with a label from 0 to 7.

    Beside it, changes.csv lists every frame that was padded, cut or filled; it is not sent.

    Exit code: 0 if all is written, 1 if writing fails, 2 if the input is wrong or lacks a
    video (all that it lacks are named); then nothing is written.

    Examples:
        videxpr submission annotations/ --template template.txt --edition 10
        videxpr submission build annotations/ --template template.txt --edition 3 -o submission

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
        writes="folder",
    )
    template_force: bool = option(
        False,
        "Pad or cut to the template's frame counts whatever the difference; without it, more than 2 "
        "frames are an error.",
    )


@options()
class SubmissionCheckCommand:
    """Check anybody's submission and list all that is wrong with it, by line.

    Exit code: 0 if nothing is wrong, 1 if something is, 2 if it cannot be checked.

    Examples:
        videxpr submission check submission/predictions.txt --template template.txt
        videxpr submission check texts.zip --template names.txt --edition 3

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
        None, "Of the challenge.", default_text="3 for a folder or a zip file, else the latest"
    )
    limit: int = option(
        100,
        "How many violations, and warnings, to list; 0 lists all.",
        least=0,
        changes_results=False,
    )

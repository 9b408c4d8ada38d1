"""``videxpr submission``: what is sent to a challenge, made and checked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from videxpr.submission.build import Submission
    from videxpr.submission.violations import Violation
    from videxpr.submission.write import Target

BUILD: Final = "build"
SHOWN: Final = 100
"""Defects that are listed if nobody asks for more."""


class _BuildsByDefault(TyperGroup):
    """``videxpr submission OUT`` is ``videxpr submission build OUT``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = [BUILD, *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The group's own help, and below it that of what it does by default."""
        super().format_help(ctx, formatter)
        command = self.commands[BUILD]
        with command.make_context(BUILD, [], parent=ctx, resilient_parsing=True) as below:
            command.format_help(below, formatter)


app: Final = typer.Typer(
    name="submission",
    cls=_BuildsByDefault,
    no_args_is_help=True,
    subcommand_metavar="[build] OUT | check FILE",
    help="Make a submission from annotations (the word build may be left out), or check one.",
)

TemplateFile = Annotated[
    Path,
    typer.Option(
        help="The organizers' prediction template, or a list of the test videos' names, one a line: "
        "decides rows, order and counts."
    ),
]


@app.command(BUILD)
def build(
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="Annotations: a folder that annotate wrote (Parquet is preferred, for it tells where "
            "nobody was seen), a folder of text files, or a predictions.txt.",
        ),
    ],
    template: TemplateFile,
    edition: Annotated[
        int,
        typer.Option(
            help="Of the challenge: 5, 6, 8 and 10 want one predictions.txt; 3 wants a text file a "
            "video, 1 and 2 the same without Other."
        ),
    ],
    output_dir: Annotated[
        Path, typer.Option("--output-dir", "-o", help="Where the submission goes.")
    ] = Path("submission"),
    template_force: Annotated[
        bool,
        typer.Option(
            "--template-force",
            help="Pad or cut to the template's frame counts whatever the difference; without it, "
            "more than 2 frames are an error.  \\[default: off]",
        ),
    ] = False,
) -> None:
    """Make a submission: exactly the template's rows, each with a label from 0 to 7.

    Beside it, changes.csv lists every frame that was padded, cut or filled; it is not sent.

    Exit code: 0 if all is written, 1 if a file cannot be written, 2 if the input is wrong or lacks a
    video (all that it lacks are named); then nothing is written.
    """
    from videxpr.formats.predictions import read_template
    from videxpr.submission.build import build_submission
    from videxpr.submission.editions import find_edition
    from videxpr.submission.write import Target, check_target, write_submission

    target = Target(output_dir, find_edition(edition))
    wanted = read_template(template)
    check_target(target, wanted, [out, template])
    submission = build_submission(out, wanted, target.edition, template_force)
    write_submission(submission, target)
    _say_what_was_done(submission, target)


@app.command()
def check(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A predictions.txt, or the folder that it is in; for editions 1 to 3, a folder or zip "
            "file of text files.",
        ),
    ],
    template: TemplateFile,
    edition: Annotated[
        int | None,
        typer.Option(
            help="Of the challenge.  \\[default: 3 for a folder or a zip file, else the latest]",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, help="How many defects, and warnings, to list; 0 lists all.")
    ] = SHOWN,
) -> None:
    """Check anybody's submission and list all that is wrong with it, by line.

    Exit code: 0 if nothing is wrong, 1 if something is, 2 if it cannot be checked.
    """
    from videxpr.formats.predictions import read_template
    from videxpr.submission.check import check_submission

    report = check_submission(file, read_template(template), edition)
    _list(report.warnings, limit, "warning: ", "warnings")
    _list(report.violations, limit, "", "defects")
    counts = f"{report.rows} rows, {report.videos} videos in the template"
    if report.violations:
        found = "1 defect" if len(report.violations) == 1 else f"{len(report.violations)} defects"
        typer.echo(f"{file}: {found}; {counts}")
        raise typer.Exit(1)
    typer.echo(f"{file}: nothing wrong; {counts}")


def _say_what_was_done(submission: "Submission", target: "Target") -> None:
    for note in submission.notes:
        typer.echo(f"note: {note}")
    for change in ("padded", "cut", "filled"):
        of_it = [one for one in submission.changes if one.change == change]
        videos = len({one.name for one in of_it})
        typer.echo(f"{change}: {sum(one.frames for one in of_it)} frames in {videos} videos")
    typer.echo(f"each of these frames is in {target.report}")
    typer.echo(
        f"{target.main}: {submission.rows} rows of {len(submission.blocks)} videos, for edition "
        f"{submission.edition.number}"
    )


def _list(violations: "Sequence[Violation]", limit: int, prefix: str, what: str) -> None:
    shown = violations if limit == 0 else violations[:limit]
    for violation in shown:
        typer.echo(f"{prefix}{violation}")
    if len(shown) < len(violations):
        more = len(violations) - len(shown)
        typer.echo(f"... and {more} more {what} that are not listed (--limit 0 lists all)")

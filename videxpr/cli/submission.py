"""``videxpr submission``: what is sent to a challenge, made and checked."""

from collections.abc import Sequence

import typer

from videxpr.cli.console import prepare_process
from videxpr.formats.predictions import read_template
from videxpr.submission.build import Submission, build_submission
from videxpr.submission.check import check_submission
from videxpr.submission.editions import find_edition
from videxpr.submission.options import SubmissionBuildCommand, SubmissionCheckCommand
from videxpr.submission.violations import Violation
from videxpr.submission.write import Target, check_target, write_submission


def build(command: SubmissionBuildCommand, given: frozenset[str]) -> int:
    """Make a submission, and say what was padded, cut and filled."""
    prepare_process()
    target = Target(command.directory, find_edition(command.edition))
    template = read_template(command.template)
    check_target(target, template, [command.annotations, command.template])
    submission = build_submission(
        command.annotations, template, target.edition, command.template_force
    )
    write_submission(submission, target)
    _describe(submission, target)
    return 0


def check(command: SubmissionCheckCommand, given: frozenset[str]) -> int:
    """List all that is wrong with a submission; 1 if anything is."""
    prepare_process()
    report = check_submission(command.file, read_template(command.template), command.edition)
    _list(report.warnings, command.limit, "warning: ", "warnings")
    _list(report.violations, command.limit, "", "violations")
    found = f"{len(report.violations)} violation{'s' * (len(report.violations) != 1)}"
    typer.echo(
        f"{command.file}: {found if report.violations else 'nothing wrong'}; {report.rows} rows, "
        f"{report.videos} videos in the template"
    )
    return int(bool(report.violations))


def _describe(submission: Submission, target: Target) -> None:
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


def _list(violations: Sequence[Violation], limit: int, prefix: str, what: str) -> None:
    shown = violations if limit == 0 else violations[:limit]
    for violation in shown:
        typer.echo(f"{prefix}{violation}")
    if len(shown) < len(violations):
        more = len(violations) - len(shown)
        typer.echo(f"... and {more} more {what} that are not listed (--limit 0 lists all)")

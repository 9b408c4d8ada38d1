"""``videxpr annotate``: options in, one line a video and a table out.

What can be answered without torch is answered before it is imported.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from videxpr.annotation.export.recordings import SUFFIX, RecordingFile
from videxpr.annotation.options import AnnotateCommand
from videxpr.cli.console import (
    BatchDisplay,
    find_some_source,
    output_console,
    prepare_process,
    report_line,
    resume_hint,
)
from videxpr.cli.message import print_error, print_message, show
from videxpr.cli.model_choice import chosen_models
from videxpr.cli.report_table import Cells, print_reports
from videxpr.cli.strips import print_strips
from videxpr.core.errors import OutputError, UsageError
from videxpr.model.hub.resolve import IN_PACKAGE, ModelFile
from videxpr.video.sources import Source

if TYPE_CHECKING:
    from videxpr.annotation.batch.run import Batch
    from videxpr.annotation.batch.worker import Ready, Report
    from videxpr.annotation.fingerprint import Setup
    from videxpr.annotation.writer import Outputs

STARTERS: Final = (
    "predictions.txt is the starter's: an ABAW entry needs a model trained on Aff-Wild2 "
    "(videxpr train clips)"
)
HEADER: Final = ("video", "frames", "face", "expressions")


def run(command: AnnotateCommand, given: frozenset[str]) -> int:
    """Annotate what was asked for; 0 if all went well, 1 if a video failed."""
    prepare_process(command.run.quiet)
    from videxpr.annotation.batch.start import in_shard

    sources = _find_sources(command)
    undrawn = _undrawn(sources) if command.output.overlay else {}
    if undrawn and not command.run.quiet:
        print_message(f"warning: {_first_of(undrawn)}")
    sources = in_shard(sources, command.batch.shard)
    models = chosen_models(command.model, command.run.quiet)
    from videxpr.annotation.writer import Outputs

    setup = _setup(command, models)
    outputs = Outputs(command.output, setup)
    outputs.check(sources)
    if command.batch.dry_run:
        return _print_plan(command, sources, outputs)
    from videxpr.annotation.batch.limits import find_limits
    from videxpr.annotation.batch.run import Batch
    from videxpr.annotation.batch.start import make_job, start_pool

    job = make_job(command, models, setup, sources)
    resume = resume_hint(command.output.overwrite)
    with BatchDisplay(len(sources), command.run.quiet, resume) as display:
        batch = Batch(
            outputs,
            start_pool(job, outputs),
            command.annotation.people,
            find_limits(command),
            _Listener(display),
            str(command.batch.shard or ""),
        )
        reports: list[Report] = []
        try:
            with closing(batch.run(sources)) as ended:
                for report in ended:
                    reports.append(report)
                    display.end(report, report_line(report, _found(report), "files"))
        finally:  # also when the run is stopped
            display.done += batch.unreported
            missing = _finish(outputs, batch)
        if command.batch.shard is None:  # else other shards have the other rows
            display.report_missing(missing)
        if batch.stopped:
            display.report_missing([f"{batch.stopped}; {resume}"])
        is_made = any(report.status == "done" for report in reports)
        from_package = any(file.origin == IN_PACKAGE for file in models)
        if from_package and is_made and _is_for_abaw(command, given):
            display.say(STARTERS)
    if not command.run.quiet:
        names = " + ".join(file.name for file in models)
        found_by = f", detector {setup.detector}" if is_made and job.has_videos else ""
        title = f"model {names}{found_by}, results in {outputs.folder}"
        _print_results(title, sources, reports)
        if is_made and "parquet" in command.output.written and output_console().is_terminal:
            print_message(f"to look at: videxpr report {outputs.folder}")
    failed = any(report.error for report in reports) or display.incomplete
    if command.output.overlay:  # last: it may take long, and be stopped
        failed |= not _draw_overlays(command, [one for one in reports if one.source not in undrawn])
    return int(failed)


def _undrawn(sources: Sequence[Source]) -> dict[Source, str]:
    """Return the sources that can have no overlay, and why.

    Raises:
        UsageError: that is all of them.
    """
    undrawn = {}
    for source in sources:
        if source.kind == "crops":
            undrawn[source] = "crops are no video, and have no overlay"
        elif not isinstance(source.path, Path):
            undrawn[source] = (
                "a video at an address has no overlay; copy it to this machine for one"
            )
    if len(undrawn) == len(sources):  # one at least is there
        raise UsageError(f"{_first_of(undrawn)}; leave out --overlay")
    return undrawn


def _first_of(undrawn: Mapping[Source, str]) -> str:
    """Return in words which sources have no overlay."""
    source, why = next(iter(undrawn.items()))
    others = f" (and {len(undrawn) - 1} more like it)" if len(undrawn) > 1 else ""
    return f"{source.shown}: {why}{others}"


def _is_for_abaw(command: AnnotateCommand, given: frozenset[str]) -> bool:
    """Return whether ``predictions.txt`` was asked for; it is written unasked, too."""
    is_named = "format" in given and "predictions" in command.output.formats
    return is_named or command.output.template is not None


def _draw_overlays(command: AnnotateCommand, reports: Sequence["Report"]) -> bool:
    """Draw what is done; return whether all of it could be."""
    from videxpr.cli.overlay import draw_overlays
    from videxpr.report.overlay.overlay import OverlaySettings

    folder = command.output.directory
    recordings = [
        RecordingFile(folder / f"{report.source.key}{SUFFIX}", ())
        for report in reports
        if report.status != "failed"
    ]
    options = OverlaySettings(blur=command.pictures.blur)
    failed = draw_overlays(recordings, options, command.run.quiet) if recordings else 0
    if failed and not command.run.quiet:
        print_error(f"overlays that could not be made: {failed}; why is said above")
    return not failed


def _print_results(title: str, sources: Sequence[Source], reports: list["Report"]) -> None:
    """Print a table of what was made of sources, in their order, and a strip of each."""
    places = {source: place for place, source in enumerate(sources)}
    reports.sort(key=lambda report: places[report.source])  # workers end in any order
    print_reports(title, HEADER, reports, _rows, _total, "annotated")
    strips = [(report.source.printable, report.strip) for report in reports if report.strip]
    print_strips(output_console(), strips)


def _find_sources(command: AnnotateCommand) -> list[Source]:
    """Return what was asked for, and say what was left out of it."""
    sources = find_some_source(command.sources)
    if command.segments is None:
        return sources
    from videxpr.annotation.segments import cut_sources

    cut, notes = cut_sources(sources, command.segments)
    for note in notes if not command.run.quiet else ():
        print_message(note)
    return cut


def _finish(outputs: "Outputs", batch: "Batch") -> list[str]:
    """Write the files of the run; return what they lack, in sentences.

    Raises:
        OutputError: they cannot be written, and nobody knows yet that nothing can.
    """
    try:
        return outputs.finish()
    except OutputError as exc:
        if not batch.stopped:
            raise
        return [str(exc)]


class _Listener:
    """Shows in a display what a batch does."""

    def __init__(self, display: BatchDisplay) -> None:
        self._display = display
        self.begin = display.begin
        self.say = display.say

    def introduce(self, ready: "Ready") -> None:
        """Show with what the batch works."""
        self._display.say(ready.introduction)
        self._display.warn(ready.warnings)


def _print_plan(command: AnnotateCommand, sources: Sequence[Source], outputs: "Outputs") -> int:
    """Print what would be done with each source, and why; 0, or 1 if some cannot be."""
    from videxpr.annotation.batch.plan import make_plan

    plan = make_plan(sources, outputs, command.annotation.people)
    console = output_console()
    for one in plan:
        why = f" ({one.reason})" if one.reason else ""
        show(console, f"{one.source.printable}: {one.action}{why}")
    counts = Counter(one.action for one in plan)
    show(
        console,
        f"{counts['annotate']} to annotate, {counts['done']} done, {counts['fail']} would fail",
    )
    return int(counts["fail"] > 0)


def _setup(command: AnnotateCommand, models: Sequence[ModelFile]) -> "Setup":
    """Return what annotations are made with, known before anything is loaded."""
    from videxpr.annotation.fingerprint import resolve_options, setup_of
    from videxpr.faces.detection.load import choose_detector
    from videxpr.faces.identity import choose_recognizer
    from videxpr.model.header import read_card

    configs = {file.name: read_card(file).config for file in models}
    options = resolve_options(command.annotation, configs)
    detection = options.faces.detection
    return setup_of(models, choose_detector(detection), choose_recognizer(detection), options)


def _rows(report: "Report") -> list[Cells]:
    """Return a row a person of rank 0; name and frames of the video stand in the first one alone."""
    several = len(report.people) > 1
    found = [
        (
            _percent(one.frames, report.frames),
            (f"person {one.number}: " * several) + one.shares_text,
        )
        for one in report.people
    ] or [(_percent(0, report.frames), "no face")]
    video = (report.source.printable, str(report.frames))
    return [(*(("", "") if number else video), *each) for number, each in enumerate(found)]


def _total(reports: "Sequence[Report]") -> Cells:
    """Return the row of sums, in which every frame with a face counts the same."""
    from videxpr.annotation.summary import add_people

    everybody = add_people(one for report in reports for one in report.people)
    frames = sum(report.frames for report in reports)
    share = _percent(everybody.frames, frames)
    return f"all {len(reports)} videos", str(frames), share, everybody.shares_text or "no face"


def _percent(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}"


def _found(report: "Report") -> str:
    """Return in words what a video shows."""
    seen = sum(one.frames for one in report.people)
    texts = [text for *_, text in _rows(report) if report.people]
    return ", ".join((f"face in {_percent(seen, report.frames)}", *texts))

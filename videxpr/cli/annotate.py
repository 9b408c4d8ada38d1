"""``videxpr annotate``: options in, one line a video and a table out.

What can be answered without torch is answered before it is imported.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from videxpr.annotation.options import STORED, AnnotateCommand
from videxpr.cli.console import (
    BatchDisplay,
    find_some_source,
    prepare_process,
    report_line,
    resume_hint,
)
from videxpr.cli.model_choice import chosen_models
from videxpr.cli.report_table import Cells, print_reports
from videxpr.core.errors import SourceError
from videxpr.core.option import record
from videxpr.model.hub.resolve import A_FILE, IN_PACKAGE, ModelFile
from videxpr.video.sources import Source

if TYPE_CHECKING:
    from videxpr.annotation.annotator import Annotator
    from videxpr.annotation.batch import Report
    from videxpr.annotation.fingerprint import Setup
    from videxpr.model.checkpoint import Checkpoint

HEADER: Final = ("video", "frames", "face", "expressions")


def run(command: AnnotateCommand, given: frozenset[str]) -> int:
    """Annotate what was asked for; 0 if all went well, 1 if a video failed."""
    prepare_process(command.run.quiet)
    sources = find_some_source(command.sources)
    models = chosen_models(command.model, command.run.quiet)
    from videxpr.annotation.writer import Outputs

    outputs = Outputs(command.output, _setup(command, models))
    needs_model = not outputs.check(sources) and any(map(_is_readable, sources))
    from videxpr.annotation.batch import annotate_sources

    has_videos = any(source.kind == "video" for source in sources)
    resume = resume_hint(command.output.overwrite)
    with BatchDisplay(len(sources), command.run.quiet, resume) as display:
        annotator = _load(command, models, display) if needs_model else None
        if annotator is not None:
            display.say(_introduction(annotator, has_videos))
            display.warn(_warnings(command, annotator, sources))
        reports: list[Report] = []
        try:
            for report in annotate_sources(
                annotator, sources, outputs, display.begin, command.workers
            ):
                reports.append(report)
                display.end(report, report_line(report, _found(report), "files"))
        finally:  # also when the run is stopped
            missing = outputs.finish()
        display.report_missing(missing)
        from_package = any(file.origin == IN_PACKAGE for file in models)
        is_made = any(report.status == "done" for report in reports)
        if from_package and is_made and "predictions" in command.output.written:
            display.say(
                "predictions.txt is the starter's: an ABAW entry needs a model trained on Aff-Wild2 "
                "(videxpr train clips)"
            )
    if not command.run.quiet:
        names = " + ".join(file.name for file in models)
        found_by = f", detector {annotator.detector.name}" if annotator and has_videos else ""
        title = f"model {names}{found_by}, results in {command.output.directory}"
        print_reports(title, HEADER, reports, _rows, _total, "annotated")
    return int(any(report.status == "failed" for report in reports) or display.incomplete)


def _is_readable(source: Source) -> bool:
    """Return whether a model is worth loading for a source; why it is not is said in its turn."""
    if source.kind == "video":
        from videxpr.video.container import open_video

        try:
            open_video(source.path).container.close()
        except (SourceError, OSError):
            return False
    return source.kind != "missing"


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


def _load(
    command: AnnotateCommand, models: Sequence[ModelFile], display: BatchDisplay
) -> "Annotator":
    with display.waiting("loading model"):
        from videxpr.annotation.load import load_annotator
        from videxpr.core.device import resolve_device, stage_threads

        return load_annotator(
            models,
            command.annotation,
            str(resolve_device(command.run.device)),
            stage_threads(command.workers),
            keep_features="features" in command.output.written,
            stated=record(command.output, results_only=True),
        )


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


def _introduction(annotator: "Annotator", has_videos: bool) -> str:
    from videxpr.core.device import describe

    detector = annotator.detector
    models = " + ".join(map(_named, annotator.checkpoints))
    found_by = f"detector {detector.name} on {detector.device}, " if has_videos else ""
    return f"model {models}, {found_by}device {describe(annotator.device)}"


def _named(checkpoint: "Checkpoint") -> str:
    """Return a model's name with its hash and, if it came from elsewhere, where that was."""
    origin = "" if checkpoint.origin in (A_FILE, IN_PACKAGE) else f", {checkpoint.origin}"
    return f"{checkpoint.name} ({checkpoint.sha256[:12]}{origin})"


def _warnings(
    command: AnnotateCommand, annotator: "Annotator", sources: Sequence[Source]
) -> Iterator[str]:
    """Yield what a user should know before the first number."""
    yield from _warnings_of_models(annotator, sources)
    stated = command.model.sha256
    if stated and stated != tuple(one.sha256 for one in annotator.checkpoints):
        yield f"the configuration was made with SHA-256 {' + '.join(stated)}, not with this model"
    options = annotator.options
    if command.annotation.logit_adjustment == STORED and options.logit_adjustment == 0:
        yield "the strength of logit adjustment that the model stores is 0: nothing is adjusted"
    if (command.run.device, annotator.device.type) == ("auto", "cpu"):
        from videxpr.core.device import unused_gpu_reason

        if reason := unused_gpu_reason():
            yield f"the CPU does the work although there is an NVIDIA GPU: {reason}"
    if options.smooth_seconds and any(source.kind == "crops" for source in sources):
        yield (
            f"crops have no times: {options.faces.crop_fps:g} frames a second are assumed for "
            "smoothing (--crop-fps)"
        )


def _warnings_of_models(annotator: "Annotator", sources: Sequence[Source]) -> Iterator[str]:
    from videxpr.core.crop_template import UNVERIFIED
    from videxpr.model.ensemble import partly_known

    configs = {one.name: one.model.config for one in annotator.checkpoints}
    if never := annotator.ensemble.untrained:
        names = " + ".join(configs)
        yield f"model {names} was never trained on {', '.join(never)} and never answers it"
    for expression in partly_known(list(configs.values())):
        voters = [name for name, c in configs.items() if expression in c.trained_expressions]
        yield (
            f"only {', '.join(voters)} was trained on {expression}: its probability is the mean over "
            "the models that were"
        )
    unmeasured = [name for name, config in configs.items() if config.crop.name == UNVERIFIED.name]
    if unmeasured and any(source.kind == "video" for source in sources):
        yield (
            f"nobody measured the crops that {', '.join(unmeasured)} was trained on, and ArcFace's "
            "template is assumed for raw video: find theirs with videxpr crops measure, and give it "
            "to videxpr train clips --geometry"
        )

"""What ``videxpr annotate`` does once its options are known."""

from collections.abc import Iterator, Sequence

from videxpr.annotation.annotator import JOINT, Annotator
from videxpr.annotation.batch import Report, annotate_sources
from videxpr.annotation.options import AnnotateOptions
from videxpr.annotation.writer import Outputs
from videxpr.cli.annotate_options import STORED, Request, annotate_options, output_options
from videxpr.cli.console import BatchDisplay, annotation_line, prepare_process, summary_table
from videxpr.cli.model_choice import chosen_model
from videxpr.core.crop_template import UNVERIFIED
from videxpr.core.device import (
    describe,
    resolve_device,
    stage_threads,
    unused_gpu_reason,
    use_cpu_threads,
)
from videxpr.core.errors import UsageError
from videxpr.evaluation.tune.settings import Settings, read_settings
from videxpr.faces.detection.load import Detector, load_detector
from videxpr.model.checkpoint import Checkpoint, load_checkpoint
from videxpr.model.ensemble import partly_known
from videxpr.model.hub.resolve import A_FILE, IN_PACKAGE
from videxpr.video.sources import Source, find_sources


def run(request: Request) -> int:
    """Annotate what was asked for; 0 if all went well, 1 if a video failed."""
    prepare_process()
    settings = read_settings(request.settings) if request.settings else Settings()
    outputs = Outputs(output_options(request), request.missing)
    device = resolve_device(request.device)
    use_cpu_threads(stage_threads(request.workers))
    checkpoints = _load_models(request, str(device))
    options = annotate_options(request, settings, checkpoints, str(device))
    told: list[str] = []  # what came up while a video was annotated
    detector = load_detector(options.detection, told.append)
    annotator = Annotator(checkpoints, detector, options, told.append)
    sources = find_sources(request.sources)
    in_use = detector if any(source.kind == "video" for source in sources) else None
    with BatchDisplay(len(sources), request.quiet) as display:
        display.say(_introduction(checkpoints, in_use, describe(device)))
        display.warn(
            [
                *_concerns_of_models(checkpoints, sources),
                *_concerns_of_settings(request, settings, annotator),
                *_concerns_of_devices(request.device, device.type),
                *_concerns_of_embedding(annotator),
                *_concerns_of_crops(sources, options),
            ]
        )
        reports = _all_reports(
            annotate_sources(annotator, sources, outputs, display.begin, request.workers),
            outputs,
            display,
            told,
        )
    if not request.quiet:
        names = JOINT.join(one.name for one in checkpoints)
        found_by = "" if in_use is None else f", detector {in_use.name}"
        summary_table(reports, f"model {names}{found_by}", request.output_dir)
    return int(any(report.status == "failed" for report in reports) or display.incomplete)


def _all_reports(
    reports: Iterator[Report], outputs: Outputs, display: BatchDisplay, told: list[str]
) -> list[Report]:
    """Every report, shown as it comes; the run's own files are written even when stopped."""
    collected: list[Report] = []
    try:
        for report in reports:
            collected.append(report)
            display.end(report, annotation_line(report))
            display.warn_of(told)
    finally:
        display.lack(outputs.finish())
    return collected


def _load_models(request: Request, device: str) -> list[Checkpoint]:
    checkpoints: list[Checkpoint] = []
    for name in request.models:
        checkpoint = load_checkpoint(chosen_model(name, request.quiet), device)
        if any(checkpoint.sha256 == other.sha256 for other in checkpoints):
            raise UsageError(f"model {name} is given twice; its probabilities would count twice")
        checkpoints.append(checkpoint)
    return checkpoints


def _introduction(checkpoints: Sequence[Checkpoint], detector: Detector | None, device: str) -> str:
    models = JOINT.join(map(_named, checkpoints))
    found_by = "" if detector is None else f"detector {detector.name} on {detector.device}, "
    line = f"model {models}, {found_by}device {device}"
    if all(one.origin != IN_PACKAGE for one in checkpoints):
        return line
    return (
        f"{line}; an ABAW entry needs a model trained on Aff-Wild2 (videxpr train), not the starter"
    )


def _named(checkpoint: Checkpoint) -> str:
    """A model by its hash and, if it came from elsewhere, by where that was."""
    origin = "" if checkpoint.origin in (A_FILE, IN_PACKAGE) else f", {checkpoint.origin}"
    return f"{checkpoint.name} ({checkpoint.sha256[:12]}{origin})"


def _concerns_of_models(
    checkpoints: Sequence[Checkpoint], sources: Sequence[Source]
) -> Iterator[str]:
    """What a user should know of the models before the first number."""
    configs = {one.name: one.model.config for one in checkpoints}
    names = JOINT.join(configs)
    untrained = [set(config.untrained_expressions) for config in configs.values()]
    never = [
        name
        for name in checkpoints[0].model.config.expressions
        if name in set.intersection(*untrained)
    ]
    if never:
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
            "to videxpr train --template"
        )


def _concerns_of_settings(
    request: Request, settings: Settings, annotator: Annotator
) -> Iterator[str]:
    """What a user should know of the settings."""
    hashes = JOINT.join(one.sha256 for one in annotator.checkpoints)
    if settings.tuned is not None and settings.tuned.model_sha256 != hashes:
        yield (
            f"{request.settings} was tuned for model {settings.tuned.model} "
            f"({settings.tuned.model_sha256[:12]}), not for this one"
        )
    if request.logit_adjustment == STORED and annotator.options.logit_adjustment == 0:
        yield "the strength of logit adjustment that the model stores is 0: nothing is adjusted"


def _concerns_of_devices(wanted: str, taken: str) -> Iterator[str]:
    """A GPU that is there and was not taken."""
    reason = unused_gpu_reason() if (wanted, taken) == ("auto", "cpu") else None
    if reason is not None:
        yield f"the CPU does the work although there is an NVIDIA GPU: {reason}"


def _concerns_of_embedding(annotator: Annotator) -> Iterator[str]:
    for one, embedder in zip(annotator.checkpoints, annotator.ensemble.embedders, strict=True):
        if embedder.concern:
            yield f"model {one.name}: {embedder.concern}"


def _concerns_of_crops(sources: Sequence[Source], options: AnnotateOptions) -> Iterator[str]:
    if options.smooth_seconds and any(source.kind == "crops" for source in sources):
        yield (
            f"crops have no times: {options.crop_fps:g} frames a second are assumed for smoothing "
            "(--crop-fps)"
        )

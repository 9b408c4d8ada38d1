"""The text of a model card, as the Hugging Face Hub shows it: YAML between dashes, then Markdown."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.publish.describe import (
    describe_crop,
    describe_epochs,
    describe_input,
    describe_position,
    describe_temperature,
    describe_unit,
    describe_variant,
    macro_f1s,
)
from videxpr.model.publish.report import ClassFigures, Report

LICENSE_FILE: Final = "WEIGHTS_LICENSE"
"""Terms that stand beside some weights and travel with them."""

HUB_LICENSES: Final = frozenset(
    (
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "mpl-2.0", "unlicense", "openrail"),
        *("gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "cc0-1.0", "cc-by-3.0"),
        *(
            "cc-by-4.0",
            "cc-by-sa-3.0",
            "cc-by-sa-4.0",
            "cc-by-nc-3.0",
            "cc-by-nc-4.0",
            "cc-by-nd-4.0",
        ),
        *("cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
    )
)
"""Identifiers by which the Hub knows common licenses; there are more."""

TAGS: Final = (
    *("videxpr", "facial-expression-recognition", "emotion-recognition", "affective-computing"),
    "video",
)
LIMITS: Final = (
    "An expression is what a face looks like to people who label pictures, not what its owner feels.",
    "It must not be used to take decisions about people.",
)


def card_text(
    checkpoint: Checkpoint,
    reports: Sequence[Report] = (),
    with_license: bool = False,
    paper: Mapping[str, str] | None = None,
) -> str:
    """The whole README.md.

    Args:
        checkpoint: says what it is, how it was trained, and under which license it may be used.
        reports: figures of its evaluations.
        with_license: whether a `LICENSE_FILE` travels with it.
        paper: options of the recipe ``paper`` for windows; those that differ are told.
    """
    parts = [
        *_front_matter(checkpoint, reports, with_license),
        f"# {_title(checkpoint)}",
        "",
        "Names one of eight facial expressions for every frame of a video. Made with videxpr.",
        *_use(checkpoint),
        *_what_it_is(checkpoint),
        *_training(checkpoint, paper or {}),
        *_evaluations(reports),
        *_limits(checkpoint),
        *_license(checkpoint, with_license),
    ]
    return "\n".join(parts) + "\n"


def _front_matter(
    checkpoint: Checkpoint, reports: Sequence[Report], with_license: bool
) -> Iterator[str]:
    """What the Hub reads; texts are quoted as JSON, which YAML understands."""
    alone = checkpoint.model.config.variant == "backbone"
    hub_license = _hub_license(checkpoint.license)
    yield "---"
    yield f"license: {hub_license}"
    if hub_license == "other":
        yield "license_name: as-stated-below"
        if with_license:
            yield f"license_link: {LICENSE_FILE}"
    yield "library_name: videxpr"
    yield f"pipeline_tag: {'image' if alone else 'video'}-classification"
    yield "tags:"
    yield from (f"- {tag}" for tag in TAGS)
    if reports:
        yield "metrics:\n- f1\n- accuracy"
    yield f"model_name: {json.dumps(_title(checkpoint), ensure_ascii=False)}"
    yield "---\n"


def _hub_license(license: str) -> str:
    name = "-".join(license.lower().split())
    if name in ("", "unspecified", "unknown"):
        return "unknown"
    return name if name in HUB_LICENSES else "other"


def _title(checkpoint: Checkpoint) -> str:
    return _plain(checkpoint.name.removeprefix("hf:"))


def _use(checkpoint: Checkpoint) -> Iterator[str]:
    yield "\n## Use it\n"
    yield "Put this repository's own name for OWNER/REPO:\n"
    yield "    videxpr annotate video.mp4 -m hf:OWNER/REPO"
    yield "    videxpr models download hf:OWNER/REPO    # for machines without a network\n"
    yield (
        "`model.safetensors` holds the weights and everything that is needed to use them; "
        "`config.json` says the same for people. SHA-256 of the weights: "
        f"`{checkpoint.sha256}`."
    )


def _what_it_is(checkpoint: Checkpoint) -> Iterator[str]:
    config = checkpoint.model.config
    yield "\n## What it is\n"
    yield from _table(
        ("", ""),
        [
            ("variant", describe_variant(config)),
            ("backbone", config.backbone),
            ("position", describe_position(config)),
            ("window", f"{config.window} frames"),
            ("input", describe_input(config)),
            ("crops", describe_crop(config.crop)),
            ("landmarks in a crop", ", ".join(f"({x:g}, {y:g})" for x, y in config.crop.landmarks)),
            ("trained expressions", ", ".join(config.trained_expressions)),
            ("never answered", ", ".join(config.untrained_expressions) or "none"),
            ("calibration", describe_temperature(config)),
        ],
    )


def _training(checkpoint: Checkpoint, paper: Mapping[str, str]) -> Iterator[str]:
    training, config = checkpoint.training, checkpoint.model.config
    unit = describe_unit(config, training)
    rows = [
        ("data", training.data),
        ("recipe", training.recipe),
        (unit, f"{training.images:,}" if training.images else "not stated"),
        ("epochs", describe_epochs(config, training)),
    ]
    if paper and unit == "frames" and training.options:
        others = [f"{name} {v}" for name, v in training.options.items() if paper.get(name) != v]
        rows.append(("options unlike the recipe paper's", ", ".join(others) or "none"))
    if config.class_shares:
        shares = zip(config.expressions, config.class_shares, strict=True)
        rows.append(("labels", ", ".join(f"{name} {share:.1%}" for name, share in shares)))
    if training.validation_accuracy is not None:
        rows.append((f"accuracy, validation {unit}", f"{training.validation_accuracy:.3f}"))
    rows += [
        (f"macro F1 over {classes}, validation {unit}", f"{value:.3f}")
        for classes, value in macro_f1s(config, training)
    ]
    yield "\n## Training\n"
    yield from _table(("", ""), rows)


def _evaluations(reports: Sequence[Report]) -> Iterator[str]:
    yield "\n## Evaluation\n"
    if not reports:
        yield "Not stated. `videxpr evaluate` measures, `videxpr models pack --report` adds it here."
    for report in reports:
        yield from _evaluation(report)


def _evaluation(report: Report) -> Iterator[str]:
    yield f"### {_plain(report.labels)}\n"
    overall = [
        ("macro F1 over eight expressions", f"{report.macro_f1:.3f}"),
        ("95 % interval of it, by bootstrap", _interval(report)),
        ("macro F1 over the labeled ones", f"{report.macro_f1_present:.3f}"),
        ("accuracy", f"{report.accuracy:.3f}"),
        (f"labeled {report.counted}", f"{report.count:,}"),
    ]
    if report.unpredicted:
        overall.append(("of them without a prediction, so wrong", f"{report.unpredicted:,}"))
    if report.calibration_error is not None:
        overall.append(("expected calibration error", f"{report.calibration_error:.3f}"))
    yield from _table(("", ""), overall)
    yield ""
    classes = zip(EXPRESSIONS, report.classes, strict=True)
    yield from _table(
        ("expression", "precision", "recall", "F1", "labels"),
        [(name, *_figures(found)) for name, found in classes],
    )
    yield ""


def _interval(report: Report) -> str:
    if report.interval is None:
        return "none"
    unit = "images" if report.counted == "images" else "source videos"
    return f"{report.interval[0]:.3f} to {report.interval[1]:.3f} ({report.groups:,} {unit})"


def _figures(found: ClassFigures) -> tuple[str, ...]:
    if not found.support:
        return "", "", "", "0"
    shares = (found.precision, found.recall, found.f1)
    return *(f"{share:.3f}" for share in shares), f"{found.support:,}"


def _limits(checkpoint: Checkpoint) -> Iterator[str]:
    untrained = checkpoint.model.config.untrained_expressions
    yield "\n## Limits\n"
    if untrained:
        names = ", ".join(untrained)
        yield f"- It was never trained on {names}, and never answers it: such frames get another name."
    yield from (f"- {limit}" for limit in LIMITS)


def _license(checkpoint: Checkpoint, with_license: bool) -> Iterator[str]:
    yield "\n## License\n"
    yield _plain(checkpoint.license) or "Not stated."
    if with_license:
        yield f"\nThe terms are in `{LICENSE_FILE}`."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _line(head)
    yield _line(["---"] * len(head))
    yield from (_line([_plain(cell) for cell in row]) for row in rows)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(text: str) -> str:
    """Text on one line in which nothing means anything to Markdown's tables or to HTML."""
    line = " ".join(text.split())
    return line.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")

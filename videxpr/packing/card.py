"""The text of a model card, as the Hugging Face Hub shows it: YAML between dashes, then Markdown."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from videxpr.checkpoint import Checkpoint
from videxpr.expressions import EXPRESSIONS
from videxpr.packing.report import ClassFigures, Report
from videxpr.packing.words import (
    crop_in_words,
    epochs_in_words,
    input_in_words,
    macro_f1s,
    position_in_words,
    temperature_in_words,
    unit_in_words,
    variant_in_words,
)

LICENCE_FILE: Final = "WEIGHTS_LICENSE"
"""Terms that stand beside some weights and travel with them."""

HUB_LICENCES: Final = frozenset(
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
"""Identifiers by which the Hub knows common licences; there are more."""

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
    with_licence: bool = False,
    paper: Mapping[str, str] | None = None,
) -> str:
    """The whole README.md.

    Args:
        checkpoint: says what it is, how it was trained, and under which licence it may be used.
        reports: figures of its evaluations.
        with_licence: whether a `LICENCE_FILE` travels with it.
        paper: options of the recipe ``paper`` for windows; those that differ are told.
    """
    parts = [
        *_front_matter(checkpoint, reports, with_licence),
        f"# {_title(checkpoint)}",
        "",
        "Names one of eight facial expressions for every frame of a video. Made with videxpr.",
        *_use(checkpoint),
        *_what_it_is(checkpoint),
        *_training(checkpoint, paper or {}),
        *_evaluations(reports),
        *_limits(checkpoint),
        *_licence(checkpoint, with_licence),
    ]
    return "\n".join(parts) + "\n"


def _front_matter(
    checkpoint: Checkpoint, reports: Sequence[Report], with_licence: bool
) -> Iterator[str]:
    """What the Hub reads; texts are quoted as JSON, which YAML understands."""
    alone = checkpoint.model.config.variant == "backbone"
    licence = _hub_licence(checkpoint.licence)
    yield "---"
    yield f"license: {licence}"
    if licence == "other":
        yield "license_name: as-stated-below"
        if with_licence:
            yield f"license_link: {LICENCE_FILE}"
    yield "library_name: videxpr"
    yield f"pipeline_tag: {'image' if alone else 'video'}-classification"
    yield "tags:"
    yield from (f"- {tag}" for tag in TAGS)
    if reports:
        yield "metrics:\n- f1\n- accuracy"
    yield f"model_name: {json.dumps(_title(checkpoint), ensure_ascii=False)}"
    yield "---\n"


def _hub_licence(licence: str) -> str:
    name = "-".join(licence.lower().split())
    if name in ("", "unspecified", "unknown"):
        return "unknown"
    return name if name in HUB_LICENCES else "other"


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
            ("variant", variant_in_words(config)),
            ("backbone", config.backbone),
            ("position", position_in_words(config)),
            ("window", f"{config.window} frames"),
            ("input", input_in_words(config)),
            ("crops", crop_in_words(config.crop)),
            ("landmarks in a crop", ", ".join(f"({x:g}, {y:g})" for x, y in config.crop.landmarks)),
            ("trained expressions", ", ".join(config.trained_expressions)),
            ("never answered", ", ".join(config.untrained_expressions) or "none"),
            ("calibration", temperature_in_words(config)),
        ],
    )


def _training(checkpoint: Checkpoint, paper: Mapping[str, str]) -> Iterator[str]:
    training, config = checkpoint.training, checkpoint.model.config
    unit = unit_in_words(config, training)
    rows = [
        ("data", training.data),
        ("recipe", training.recipe),
        (unit, f"{training.images:,}" if training.images else "not stated"),
        ("epochs", epochs_in_words(config, training)),
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
        ("macro F1 over the labelled ones", f"{report.macro_f1_present:.3f}"),
        ("accuracy", f"{report.accuracy:.3f}"),
        (f"labelled {report.counted}", f"{report.count:,}"),
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


def _licence(checkpoint: Checkpoint, with_licence: bool) -> Iterator[str]:
    yield "\n## Licence\n"
    yield _plain(checkpoint.licence) or "Not stated."
    if with_licence:
        yield f"\nThe terms are in `{LICENCE_FILE}`."


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

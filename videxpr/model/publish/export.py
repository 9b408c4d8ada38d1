"""A checkpoint as a folder that can be shared, and used by ``-m DIR``.

It holds the weights, their configuration for people and for other programs, and a model card, as the
Hugging Face Hub shows it: YAML between dashes, then Markdown. The card's metrics are read from what
``videxpr evaluate --json`` wrote.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from videxpr.core.errors import FormatError, OutputError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import atomic_write, unreadable_reason
from videxpr.core.version import VERSION
from videxpr.model.header import ModelCard, header_of, read_card
from videxpr.model.hub.huggingface import WEIGHTS, render_card
from videxpr.model.hub.resolve import A_FILE, IN_PACKAGE, ModelFile
from videxpr.model.publish.describe import config_facts, training_facts
from videxpr.model.publish.training_data import (
    AFF_WILD2_TERMS,
    described_data,
    is_of_affwild2,
    lies_as_affwild2,
)

CONFIG: Final = "config.json"
CARD: Final = "README.md"
TEMPLATE: Final = Path(__file__).with_name("card_template.md")
LICENSE_FILE: Final = "WEIGHTS_LICENSE"
"""Terms that stand beside some weights and travel with them."""

HUB_LICENSE: Final = re.compile(
    r"apache-2\.0|mit|bsd-[23]-clause|mpl-2\.0|unlicense|openrail|a?gpl-3\.0|gpl-2\.0|lgpl-(2\.1|3\.0)"
    r"|cc0-1\.0|cc-by(-sa|-nc|-nc-nd|-nc-sa)?-[34]\.0|cc-by-nd-4\.0"
)
"""Identifiers by which the Hub knows common licenses; there are more."""

TAGS: Final = (
    "videxpr",
    "facial-expression-recognition",
    "emotion-recognition",
    "affective-computing",
    "video",
)

OF_A_MODEL: Final = re.compile(r"model .* \((?P<sha256>[0-9a-f]{12})\)")
"""What a report on images was made of."""

OF_A_PART: Final = re.compile(r"(?P<folder>.*) \((?P<part>\w+) part of (?P<split>.*)\)")


@dataclass(frozen=True)
class ClassMetrics:
    """Of one expression, 0 to 1; `support` counts its labels."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Report:
    """Metrics of one evaluation, 0 to 1, and nothing else of it: a card is public.

    Attributes:
        labels: what it was scored on, without the folders above it and without a video's name.
        model: the first 12 digits of the model's SHA-256; None where predictions were scored, which do
            not say whose they are.
        counted: ``images`` or ``frames``.
        count: how many are labeled.
        unpredicted: how many of these have no prediction, and count as wrong.
        groups: images or source videos that the interval was drawn from.
        accuracy: share that is right.
        macro_f1: mean F1 over all eight expressions.
        macro_f1_present: mean F1 over those that are labeled.
        interval: 95 % of the macro F1, None of a single group.
        calibration_error: expected calibration error, None where no confidence is known.
        classes: by name.
        warnings: how many the report has about its metrics; their words name files and videos.
    """

    labels: str
    model: str | None
    counted: str
    count: int
    unpredicted: int
    groups: int
    accuracy: float
    macro_f1: float
    macro_f1_present: float
    interval: tuple[float, float] | None
    calibration_error: float | None
    classes: Mapping[str, ClassMetrics]
    warnings: int


@dataclass(frozen=True)
class Packed:
    """What was written, and what its owner should know of it, one sentence each."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def pack(
    file: ModelFile,
    folder: Path,
    reports: Sequence[Path] = (),
    overwrite: bool = False,
    paper: Mapping[str, str] | None = None,
    trained_on: str = "",
) -> Packed:
    """Write weights, configuration and card, each whole or not at all; other files stay.

    The model is built before anything is written, so that nobody gets a folder that cannot be used.
    A ``WEIGHTS_LICENSE`` beside the weights goes along.

    Args:
        file: the checkpoint.
        folder: where the files go; made if it is not there.
        reports: what ``videxpr evaluate --json`` wrote of this model.
        overwrite: whether files that are there already are replaced.
        paper: options of the recipe ``paper`` for windows; the card lists those that differ.
        trained_on: what the model was trained on; empty where the checkpoint says it.

    Raises:
        CheckpointError: the checkpoint cannot be read.
        FormatError: a report is none.
        UsageError: a report is of another model, or nobody says what this one was trained on.
        OutputError: a file is there already, or cannot be written; or there are terms of others.
    """
    card = read_card(file)
    data = described_data(card, trained_on)
    card = replace(card, training=replace(card.training, data=data))
    evaluations = [_own(path, card) for path in reports]
    terms = file.path.with_name(LICENSE_FILE)
    contents = {WEIGHTS: file.path.read_bytes()}
    if terms.is_file():
        contents[LICENSE_FILE] = terms.read_bytes()
    else:
        _check_terms(folder / LICENSE_FILE, file)
    contents[CONFIG] = _config(card).encode()
    contents[CARD] = card_text(card, evaluations, LICENSE_FILE in contents, paper).encode()
    _check_free(folder, list(contents), overwrite)
    from videxpr.model.checkpoint import load_checkpoint  # torch: what is wrong has been said

    load_checkpoint(file)
    for name, content in contents.items():
        with atomic_write(folder / name) as temporary:
            temporary.write_bytes(content)
    notes = _notes(card, evaluations, LICENSE_FILE in contents)
    return Packed(tuple(folder / name for name in contents), tuple(notes))


def _own(path: Path, card: ModelCard) -> Report:
    """Read a report, if it is not another model's."""
    report = read_report(path)
    if report.model not in (None, card.sha256[:12]):
        raise UsageError(
            f"{path} is a report on the model with SHA-256 {report.model}..., and "
            f"{card.name} has {card.sha256[:12]}...; evaluate this one"
        )
    return report


def read_report(path: Path) -> Report:
    """Read a report on predictions or on images; of a comparison, what stands first in it.

    Args:
        path: what ``videxpr evaluate --json`` wrote.

    Raises:
        FormatError: the file cannot be read, or is no such report; with what is wrong in it.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as exc:  # of JSON and UTF-8: ValueErrors
        raise FormatError(f"cannot read the report {path}: {unreadable_reason(exc)}") from exc
    try:
        return _report(content)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as exc:
        raise FormatError(
            f"{path} is no report of videxpr evaluate --json: {_reason(exc)}; write one with it"
        ) from exc


def _report(content: dict[str, Any]) -> Report:
    of_a_model = OF_A_MODEL.fullmatch(content["predictions"])
    interval, calibration = content["macro_f1_interval"], content.get("calibration")
    return Report(
        labels=_labels(content["labels"], [video["name"] for video in content["videos"]]),
        model=of_a_model and of_a_model["sha256"],
        counted="frames" if content["videos"] else "images",
        count=int(content["frames"]),
        unpredicted=sum(map(int, content["unpredicted"])),
        groups=int(content["groups"]),
        accuracy=_share(content, "accuracy"),
        macro_f1=_share(content, "macro_f1"),
        macro_f1_present=_share(content, "macro_f1_present"),
        interval=None if interval is None else (float(interval[0]), float(interval[1])),
        calibration_error=None if calibration is None else _share(calibration, "expected_error"),
        classes={name: _class_metrics(content["per_class"][name]) for name in EXPRESSIONS},
        warnings=len(content["notes"]),
    )


def _class_metrics(found: dict[str, Any]) -> ClassMetrics:
    precision, recall, f1 = (_share(found, key) for key in ("precision", "recall", "f1"))
    return ClassMetrics(precision, recall, f1, int(found["support"]))


def _share(found: dict[str, Any], key: str) -> float:
    value = found[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{key!r} is {value!r}, not a number from 0 to 1")
    return float(value)


def _labels(labels: str, videos: Sequence[str]) -> str:
    """Return what labels are called in public; a single video's file has its name."""
    found = OF_A_PART.fullmatch(labels)
    if found is not None:
        return f"{_last(found['folder'])}, {found['part']} part of {_last(found['split'])}"
    name, _, kind = _last(labels).rpartition(" (")
    return f"one video ({kind}" if PurePosixPath(name).stem in videos else _last(labels)


def _last(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name


def _reason(exc: Exception) -> str:
    return f"it has no {exc}" if isinstance(exc, KeyError) else str(exc)


def _check_terms(terms: Path, file: ModelFile) -> None:
    """Refuse to leave terms beside weights that came without any: they are another model's."""
    if terms.exists():
        raise OutputError(
            f"{terms} would be taken for the terms of {file.name}, which came without any; remove it, "
            "or pack a folder that holds these weights and their own"
        )


def _check_free(folder: Path, names: Sequence[str], overwrite: bool) -> None:
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise OutputError(
            f"{folder / there[0]} is there already; --overwrite replaces it, another --output-dir "
            "keeps both"
        )


def _config(card: ModelCard) -> str:
    """Return what is known of the weights, for people and programs that read no safetensors."""
    content = {
        "library_name": "videxpr",
        "videxpr_version": VERSION,
        **header_of(card.config, card.training, card.license),
        "weights_sha256": card.sha256,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _notes(card: ModelCard, reports: Sequence[Report], with_license: bool) -> Iterator[str]:
    if card.license.strip() in ("", "unspecified"):
        yield (
            "the checkpoint states no license, so nobody knows what they may do with it; videxpr train "
            "--license states one, or write it into README.md"
        )
    data = card.training.data
    if is_of_affwild2(data):
        yield f"{AFF_WILD2_TERMS}; the card says so too"
    elif lies_as_affwild2(data):
        yield (
            "the data lay in a folder of Aff-Wild2's layout; if they are Aff-Wild2's, pack again with "
            "--trained-on Aff-Wild2, so that the card says who may get the model"
        )
    if not reports:
        yield "the card has no metrics of an evaluation; --report FILE adds them"
    count = sum(report.warnings for report in reports)
    if count:
        yield (
            f"warnings of the reports, {count} in all, may name your files and videos, and are not in "
            'the card; read them ("notes" in the JSON), and add what its readers must know'
        )
    if any(report.model is None for report in reports):
        yield (
            "a report on predictions does not say which model made them; be sure that it was this one"
        )
    if card.origin not in (A_FILE, IN_PACKAGE) and not with_license:
        yield (
            f"of {card.origin} the weights alone were fetched: if it has a {LICENSE_FILE}, its terms "
            "are not in this folder; fetch both into one folder, and pack that"
        )


def card_text(
    card: ModelCard,
    reports: Sequence[Report] = (),
    with_license: bool = False,
    paper: Mapping[str, str] | None = None,
) -> str:
    """Return the whole README.md.

    Args:
        card: says what the model is, how it was trained, and under which license it may be used.
        reports: metrics of its evaluations.
        with_license: whether a `LICENSE_FILE` travels with it.
        paper: options of the recipe ``paper`` for windows; the card lists those that differ.
    """
    license_file = LICENSE_FILE if with_license else None
    facts = {
        "title": _title(card),
        "sha256": card.sha256,
        "model": config_facts(card.config),
        "training": training_facts(card.config, card.training, paper),
        "reports": reports,
        "untrained": ", ".join(card.config.untrained_expressions),
        "license": card.license,
        "license_file": license_file,
        "data_terms": AFF_WILD2_TERMS if is_of_affwild2(card.training.data) else None,
    }
    data = _card_data(card, reports, license_file)
    return render_card(TEMPLATE.read_text(encoding="utf-8"), facts, data) + "\n"


def _card_data(
    card: ModelCard, reports: Sequence[Report], license_file: str | None
) -> dict[str, Any]:
    """Return what the Hub reads, by the names of `huggingface_hub.ModelCardData`."""
    task = "image-classification" if card.config.variant == "backbone" else "video-classification"
    hub_license = _hub_license(card.license)
    other = hub_license == "other"
    return {
        "license": hub_license,
        "license_name": "as-stated-below" if other else None,
        "license_link": license_file if other else None,
        "library_name": "videxpr",
        "pipeline_tag": task,
        "tags": list(TAGS),
        "metrics": ["f1", "accuracy"] if reports else None,
        "model_name": _title(card),
        "eval_results": [result for report in reports for result in _eval_results(report, task)],
    }


def _eval_results(report: Report, task: str) -> Iterator[dict[str, Any]]:
    """Yield a report's main metrics, by the names of `huggingface_hub.EvalResult`."""
    dataset = re.sub(r"[^a-z0-9]+", "-", report.labels.lower()).strip("-") or "labels"
    about = {"task_type": task, "dataset_type": dataset, "dataset_name": report.labels}
    macro_f1 = "macro F1 over eight expressions"
    yield about | {"metric_type": "f1", "metric_name": macro_f1, "metric_value": report.macro_f1}
    yield about | {"metric_type": "accuracy", "metric_value": report.accuracy}


def _hub_license(license: str) -> str:
    name = "-".join(license.lower().split())
    if name in ("", "unspecified", "unknown"):
        return "unknown"
    return name if HUB_LICENSE.fullmatch(name) else "other"


def _title(card: ModelCard) -> str:
    return card.name.removeprefix("hf:")

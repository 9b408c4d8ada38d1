"""The model card, as the Hugging Face Hub shows it: YAML between dashes, then Markdown."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from videxpr.model.header import ModelCard
from videxpr.model.hub.huggingface import render_card
from videxpr.model.publish.describe import config_facts, training_facts
from videxpr.model.publish.report import Report

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


def card_text(
    card: ModelCard,
    reports: Sequence[Report] = (),
    with_license: bool = False,
    paper: Mapping[str, str] | None = None,
) -> str:
    """Return the whole README.md.

    Args:
        card: says what the model is, how it was trained, and under which license it may be used.
        reports: figures of its evaluations.
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
    """Yield a report's main figures, by the names of `huggingface_hub.EvalResult`."""
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

"""What ``videxpr evaluate --json`` wrote, read back for a model card."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS

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
        raise FormatError(f"cannot read the report {path}: {exc}") from exc
    try:
        return _report(content)
    except (AttributeError, LookupError, TypeError, ValueError) as exc:
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
        classes={name: _class(content["per_class"][name]) for name in EXPRESSIONS},
        warnings=len(content["notes"]),
    )


def _class(found: dict[str, Any]) -> ClassMetrics:
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

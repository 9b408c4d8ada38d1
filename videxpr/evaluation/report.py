"""An evaluation as JSON, for programs, and as a Markdown table, for papers."""

import json
from collections.abc import Iterator
from typing import Any

from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.calibration import Reliability
from videxpr.evaluation.metrics import CLASSES, Interval, Scores
from videxpr.evaluation.result import Comparison, Evaluation, VideoResult


def as_json(evaluation: Evaluation) -> str:
    """Every figure as one JSON object; figures lie between 0 and 1."""
    return json.dumps(_fields(evaluation), indent=2, ensure_ascii=False) + "\n"


def as_markdown(evaluation: Evaluation) -> str:
    """A table of F1 x 100 for each class and in all, one line for each set of predictions."""
    against = evaluation.against
    rows = [_row(evaluation)] + ([_row(against.other)] if against else [])
    head = ["", *EXPRESSIONS, "Macro F1", "95 % interval"]
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)]), *map(_line, rows)]
    lines += ["", " ".join(_caption(evaluation))]
    return "\n".join(lines) + "\n"


def _fields(evaluation: Evaluation) -> dict[str, Any]:
    found, intervals = evaluation.scores, evaluation.intervals
    return {
        **_figures(found),
        "frames": evaluation.frames,
        "coverage": evaluation.coverage,
        "per_class": {
            name: {
                "precision": float(found.precision[n]),
                "recall": float(found.recall[n]),
                "f1": float(found.f1[n]),
                "f1_interval": _ends(intervals.f1[n] if intervals else None),
                "support": int(found.support[n]),
            }
            for n, name in enumerate(EXPRESSIONS)
        },
        "confusion": evaluation.confusion[:, :CLASSES].tolist(),
        "videos": [_video(one) for one in evaluation.videos],
        "unpredicted": evaluation.confusion[:, CLASSES].tolist(),
        "macro_f1_interval": _ends(intervals.macro_f1 if intervals else None),
        "groups": evaluation.groups,
        "subsets": {
            one.name: {"frames": one.frames, **_figures(one.scores)} for one in evaluation.subsets
        },
        "predictions": evaluation.predictions,
        "labels": evaluation.labels,
        "unused": list(evaluation.unused),
        "notes": evaluation.remarks,
        "calibration": _calibration(evaluation.reliability) if evaluation.reliability else None,
        "against": _comparison(evaluation.against) if evaluation.against else None,
    }


def _calibration(found: Reliability) -> dict[str, Any]:
    return {
        "expected_error": found.expected_error,
        "error_by_chance": list(found.error_by_chance),
        "confidence": found.confidence.tolist(),
        "accuracy": found.accuracy.tolist(),
        "counts": found.counts.tolist(),
    }


def _figures(found: Scores) -> dict[str, float]:
    return {
        "macro_f1": found.macro_f1,
        "macro_f1_present": found.macro_f1_present,
        "accuracy": found.accuracy,
    }


def _video(video: VideoResult) -> dict[str, Any]:
    return {
        "name": video.name,
        "frames": video.frames,
        "coverage": video.coverage,
        **_figures(video.scores),
        "length_difference": video.difference,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    difference = comparison.difference
    return {
        "difference": difference.macro_f1,
        "difference_interval": _ends(difference.interval),
        "share_above": difference.share_above,
        **_fields(comparison.other),
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _row(evaluation: Evaluation) -> list[str]:
    found, ends = evaluation.scores, ""
    if evaluation.intervals is not None:
        interval = evaluation.intervals.macro_f1
        ends = f"{100 * interval.low:.2f} to {100 * interval.high:.2f}"
    classes = [f"{100 * value:.2f}" for value in found.f1]
    return [evaluation.name, *classes, f"{100 * found.macro_f1:.2f}", ends]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _caption(evaluation: Evaluation) -> Iterator[str]:
    counted, missing = evaluation.counted, 1 - evaluation.coverage
    groups = f" of {evaluation.groups} {evaluation.unit}" if evaluation.unit != counted else ""
    yield f"F1 x 100 over {evaluation.frames} labeled {counted}{groups}."
    if missing:
        yield f"{100 * missing:.2f} % of them have no prediction and count as wrong."
    if evaluation.intervals is not None:
        yield f"Intervals by bootstrap over {evaluation.unit}."
    if evaluation.against is not None:
        difference = evaluation.against.difference
        interval = difference.interval
        ends = f" ({100 * interval.low:+.2f} to {100 * interval.high:+.2f})" if interval else ""
        yield f"The first less the second: {100 * difference.macro_f1:+.2f}{ends}."

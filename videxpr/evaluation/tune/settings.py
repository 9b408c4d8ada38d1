"""Settings that ``videxpr tune`` found and ``videxpr annotate --settings`` takes, as JSON.

    {
      "stride": 16,
      "smooth_seconds": 4.0,
      "logit_adjustment": 0.5,
      "tuned": {"model": "mine", "macro_f1": 0.41, ...}
    }

Each of the four may be left out.
"""

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from videxpr.core.errors import FormatError
from videxpr.core.files import atomic_write


@dataclass(frozen=True)
class Origin:
    """Where settings came from.

    Attributes:
        videxpr_version: that tuned them.
        model: on whose probabilities; several are joined by ``+``.
        model_sha256: of its file.
        predictions: folder of the Parquet files.
        labels: folder or file of the labels.
        videos: source videos that were compared.
        frames: labeled frames that were compared.
        macro_f1: of these settings on all of them, 0 to 1; the best of many, so it flatters.
        macro_f1_before: of the settings with which the Parquet files were made.
        cross_validated_gain: macro F1 of settings chosen on some videos and scored on others, less
            that of the settings before.
    """

    videxpr_version: str
    model: str
    model_sha256: str
    predictions: str
    labels: str
    videos: int
    frames: int
    macro_f1: float
    macro_f1_before: float
    cross_validated_gain: float


@dataclass(frozen=True)
class Settings:
    """What a file of settings holds; None for what it leaves out.

    Attributes:
        stride: frames from the start of one window to the start of the next.
        smooth_seconds: span of the moving mean of probabilities.
        logit_adjustment: strength of logit adjustment.
        tuned: where they came from.
    """

    stride: int | None = None
    smooth_seconds: float | None = None
    logit_adjustment: float | None = None
    tuned: Origin | None = None


def write_settings(path: Path, settings: Settings) -> None:
    """Write a file of settings, whole or not at all."""
    kept = {key: value for key, value in asdict(settings).items() if value is not None}
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def read_settings(path: Path) -> Settings:
    """Read a file of settings.

    Raises:
        FormatError: the file cannot be read, or has an unknown key or a bad value, with the key.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as exc:  # what is no JSON, and no UTF-8, is a ValueError
        raise FormatError(f"cannot read the settings {path}: {exc}") from exc
    known = _checked(path, "", found, {field.name for field in fields(Settings)})
    tuned = known.get("tuned")
    return Settings(
        stride=_whole(path, "stride", known["stride"], 1) if "stride" in known else None,
        smooth_seconds=_number(path, known, "smooth_seconds"),
        logit_adjustment=_number(path, known, "logit_adjustment"),
        tuned=None if tuned is None else _origin(path, tuned),
    )


def _checked(path: Path, within: str, found: Any, names: set[str]) -> dict[str, Any]:
    """An object whose keys are all known."""
    if not isinstance(found, dict):
        where = f"{within.removesuffix('.')!r} is" if within else "the settings are"
        raise FormatError(f"{path}: {where} a JSON object {{...}}, not {found!r}")
    for key in found:
        if key not in names:
            raise FormatError(
                f"{path}: unknown key {within + key!r}; known are {', '.join(sorted(names))}"
            )
    return found


def _number(path: Path, found: dict[str, Any], key: str) -> float | None:
    """A finite number of 0 or more."""
    value = found.get(key)
    if key not in found:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatError(f"{path}: {key!r} must be a number, not {value!r}")
    if not 0 <= value < math.inf:
        raise FormatError(f"{path}: {key!r} must be 0 or more, not {value!r}")
    return float(value)


def _whole(path: Path, key: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise FormatError(
            f"{path}: {key!r} must be a whole number of {least} or more, not {value!r}"
        )
    return value


def _origin(path: Path, found: Any) -> Origin:
    known = _checked(path, "tuned.", found, {field.name for field in fields(Origin)})
    for field in fields(Origin):
        kind: Any = (int, float) if field.type is float else field.type
        value = known.get(field.name)
        if isinstance(value, bool) or not isinstance(value, kind):
            raise FormatError(f"{path}: 'tuned.{field.name}' is missing or bad: {value!r}")
    return Origin(**known)

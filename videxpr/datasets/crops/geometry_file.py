"""A crop geometry as a small JSON file that people can read, and write by hand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from videxpr.core.crop_template import CropTemplate
from videxpr.core.errors import FormatError
from videxpr.core.files import atomic_write, unreadable_reason
from videxpr.core.names import unwritable

CROP_GEOMETRY: Final = "crop_geometry.json"
"""What the file beside a tree's crops is called."""

LANDMARKS: Final = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""In the order of `CropTemplate`: the person's own right, which is the left one in the picture."""

SMALLEST: Final = 32
"""Side in pixels of the smallest crop that a model takes."""

LARGEST: Final = 2048
"""Side in pixels of the largest one."""

FARTHEST: Final = 1e6
"""In pixels; NaN and infinity, which Python's JSON takes, are no nearer."""

Facts = Mapping[str, "str | int | float | Sequence[float] | Facts"]
"""What else is known of a geometry, by name."""


def write_crop_geometry(path: Path, template: CropTemplate, facts: Facts | None = None) -> None:
    """Write a geometry, whole or not at all.

    Args:
        path: the file.
        template: name, size and landmarks.
        facts: how the geometry came about, for people: `read_crop_geometry` ignores it.

    Raises:
        OutputError: the file cannot be written.
    """
    content = {
        "name": template.name,
        "size": template.size,
        "landmarks": dict(zip(LANDMARKS, map(list, template.landmarks), strict=True)),
    }
    if facts:
        content["facts"] = dict(facts)
    with atomic_write(path) as temporary:
        temporary.write_text(_readable(content), encoding="utf-8")


def read_crop_geometry(path: Path) -> CropTemplate:
    """Read a geometry; keys other than ``name``, ``size`` and ``landmarks`` are ignored.

    Raises:
        FormatError: the file cannot be read, or is no crop geometry; with what is wrong in it.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as exc:  # of JSON and UTF-8: ValueErrors
        reason = unreadable_reason(exc)
        raise FormatError(f"cannot read the crop geometry {path}: {reason}") from exc
    if not isinstance(content, dict):
        raise FormatError(f"{path} is no crop geometry: it holds {_short(content)}, not an object")
    name, size, found = (content.get(key) for key in ("name", "size", "landmarks"))
    if not isinstance(name, str) or not name.strip() or unwritable(name):
        raise FormatError(f'{path}: "name" is {_short(name)}; give the geometry a name')
    if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
        raise FormatError(
            f'{path}: "size" is {_short(size)}; it is the side of the crops in whole pixels, '
            f"{SMALLEST} to {LARGEST}"
        )
    if not isinstance(found, dict) or set(found) != set(LANDMARKS):
        raise FormatError(
            f'{path}: "landmarks" is {_short(found)}; it names the five points '
            f"{', '.join(LANDMARKS)}, each as [x, y] in pixels of the crop"
        )
    template = CropTemplate(name, size, tuple(_point(found[one], one, path) for one in LANDMARKS))
    _check_eyes(template, path)
    return template


def _point(value: Any, name: str, path: Path) -> tuple[float, float]:
    if isinstance(value, list) and len(value) == 2 and all(_is_number(each) for each in value):
        return float(value[0]), float(value[1])
    raise FormatError(f"{path}: {name} is {_short(value)}, not [x, y] in pixels of the crop")


def _check_eyes(template: CropTemplate, path: Path) -> None:
    """Refuse points in shares of the crop, and left and right as the viewer names them."""
    (right, _), (left, _) = template.landmarks[:2]
    if left - right < template.size / 20:
        raise FormatError(
            f"{path}: right_eye is at x = {right:g} and left_eye at x = {left:g}; in pixels of the "
            "crop, seen by the viewer, the person's right eye lies clearly to the left of the other one"
        )


def _is_number(value: Any) -> bool:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and abs(value) < FARTHEST


def _readable(content: dict[str, Any]) -> str:
    """Return JSON with a line for each entry of the first two levels, so that a point is on one."""
    lines = []
    for key, value in content.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            inner = [f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()]
            text = "{\n" + ",\n".join(inner) + "\n  }"
        lines.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return "missing" if value is None else text if len(text) <= 80 else text[:77] + "..."

"""The page of the structure says what import-linter checks."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_floors_are_those_that_are_checked():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    checked = [set(layer.split(" | ")) for layer in layers if layer != "__main__"]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| (.+) \|$", page, re.MULTILINE)
    assert [set(re.findall(r"`(\w+)`", wings)) for _, wings in rows] == checked
    assert [int(number) for number, _ in rows] == list(range(len(checked), 0, -1))


def test_the_tree_lists_every_wing():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^    [├└]── (\w+)/", readme, re.MULTILINE)
    wings = [path.parent.name for path in ROOT.glob("videxpr/*/__init__.py")]
    assert sorted(listed) == sorted({*wings, "weights"})

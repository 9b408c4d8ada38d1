"""The measures of a package's structure, on a tree small enough to count by hand."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / ".ci" / "house.py"

MAIN = '''"""Text of the module,
over two lines."""

from tiny import one
from tiny.wing.two import detect_every

LIMIT = 3  # a comment beside code is code
"""What stands behind a constant is no code."""


def short(
    value,
):
    """Return it."""
    # only a comment

    return value
'''

TWO = (
    """import tiny.wing.three
import tiny.one

detect_every = "detect-every"
long_text = '''counts,
as it is a value'''


def long():
"""
    + "    print(1)\n" * 60
)


def write_tree(folder: Path) -> Path:
    package = folder / "tiny"
    (package / "wing").mkdir(parents=True)
    (package / "py.typed").touch()
    for path, text in {
        "__init__.py": "", "__main__.py": MAIN, "one.py": "def f(): ...\n",
        "wing/__init__.py": "", "wing/two.py": TWO, "wing/three.py": "",
    }.items():  # fmt: skip
        (package / path).write_text(text)
    return folder


def rows(*arguments: object) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    cells = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()]
    return {name: values for name, *values in cells}


def test_measures_of_a_tree(tmp_path):
    tree = write_tree(tmp_path)
    assert rows(tree, "--package", "tiny", "--option", "detect-every", "smooth") == {
        "measure": [str(tree)],
        "---": ["---:"],
        "entries at the top": ["4"],  # __init__, __main__, one, wing
        "modules": ["6"],
        "lines": [str(MAIN.count("\n") + TWO.count("\n") + 1)],
        "lines of code": [str(7 + 1 + 5 + 61)],
        "functions": ["3"],
        "median function, lines": ["7"],
        "functions over 60 lines": ["1"],
        "modules with one importer": ["2"],  # two and three; one has two
        "places of detect-every": ["2 in 2 files"],
        "places of smooth": ["0 in 0 files"],
    }


def test_trees_stand_side_by_side_and_this_one_is_the_default(tmp_path):
    twice = rows(write_tree(tmp_path), tmp_path, "--package", "tiny")
    assert all(len(values) == 2 and values[0] == values[1] for values in twice.values())
    (modules,) = rows()["modules"]
    assert int(modules) > 100

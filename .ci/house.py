"""Print measures of the package's structure, several trees side by side.

    python .ci/house.py [TREE ...] [--package NAME] [--option NAME ...]

Lines of code are lines without blanks, comments and docstrings (texts behind constants included). A
function's length counts its signature and docstring. A module's importers are the modules of the
package that name it in an import statement, wherever that stands; modules that are imported by a
text, as those of the commands are, have none. A place of an option is a line of the package's Python
files in which its name stands, with hyphens or with underscores.
"""

import argparse
import ast
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

LONGEST_FUNCTION: Final = 60
"""Lines; the guide that functions are measured by."""

OPTIONS: Final = ("detect-every", "label-smoothing")
"""One of `annotate` and one of `train`, each with a consumer of its own."""

NO_CODE: Final = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def main() -> None:
    """Measure the trees that were asked for."""
    asked = _arguments()
    columns = [measure(tree / asked.package, asked.option) for tree in asked.trees]
    for line in table([str(tree) for tree in asked.trees], columns):
        print(line)


def measure(package: Path, options: Sequence[str] = OPTIONS) -> dict[str, str]:
    """Return every measure of a package, by its name, as text."""
    modules = {_module_name(path, package): path for path in sorted(package.rglob("*.py"))}
    sources = {name: path.read_text(encoding="utf-8") for name, path in modules.items()}
    trees = {name: ast.parse(source) for name, source in sources.items()}
    lengths = [length for tree in trees.values() for length in function_lengths(tree)]
    code = sum(len(code_lines(path, trees[name])) for name, path in modules.items())
    importers = count_importers(trees)
    found = {
        "entries at the top": len({name.split(".")[1] for name in modules if "." in name}) + 1,
        "modules": len(modules),
        "lines": sum(len(source.splitlines()) for source in sources.values()),
        "lines of code": code,
        "functions": len(lengths),
        "median function, lines": f"{median(lengths):g}" if lengths else "",
        f"functions over {LONGEST_FUNCTION} lines": sum(n > LONGEST_FUNCTION for n in lengths),
        "modules with one importer": sum(count == 1 for count in importers.values()),
    }
    for option in options:
        places = [option_places(source, option) for source in sources.values()]
        found[f"places of {option}"] = f"{sum(places)} in {sum(map(bool, places))} files"
    return {name: str(value) for name, value in found.items()}


def code_lines(path: Path, tree: ast.AST) -> set[int]:
    """Return the numbers of the lines of a module that hold code."""
    with tokenize.open(path) as file:
        tokens = [one for one in tokenize.generate_tokens(file.readline) if one.type not in NO_CODE]
    lines = {line for one in tokens for line in range(one.start[0], one.end[0] + 1)}
    return lines - {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def function_lengths(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of every function and method, decorators left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def count_importers(trees: Mapping[str, ast.AST]) -> dict[str, int]:
    """Return for each module how many others import it; packages' own modules are left out."""
    importers: dict[str, set[str]] = {name: set() for name in trees}
    for name, tree in trees.items():
        for imported in _imported(tree):
            if imported in importers and imported != name:
                importers[imported].add(name)
    packages = {name.rpartition(".")[0] for name in trees}
    return {name: len(found) for name, found in importers.items() if name not in packages}


def option_places(source: str, option: str) -> int:
    """Return the number of lines in which an option's name stands."""
    words = (option, option.replace("-", "_"))
    return sum(any(word in line for word in words) for line in source.splitlines())


def table(heads: Sequence[str], columns: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table, a row a measure and a column a tree."""
    yield f"| measure | {' | '.join(heads)} |"
    yield f"| --- |{' ---: |' * len(heads)}"
    for name in columns[0]:
        yield f"| {name} | {' | '.join(column[name] for column in columns)} |"


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield what import statements may mean: of ``from a import b`` both ``a`` and ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module_name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    here = Path(__file__).resolve().parents[1]
    parser.add_argument("trees", nargs="*", type=Path, default=[here], metavar="TREE")
    parser.add_argument("--package", default="videxpr")
    parser.add_argument("--option", nargs="+", default=OPTIONS, metavar="NAME")
    return parser.parse_args()


if __name__ == "__main__":
    main()

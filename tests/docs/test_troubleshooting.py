"""What the page of errors quotes is what the code says."""

import ast
import re
from functools import cache
from pathlib import Path

from videxpr.annotation.run_log import RUN_LOG

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
OTHERS = {"Installation", "Report a bug"}
"""Sections whose messages are other programs'."""


def quotes(page: str) -> list[str]:
    """Return the messages in the first columns of the tables of a page; ... stands for anything."""
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    ours = [one for one in sections if one.partition("\n")[0] not in OTHERS]
    return [quote for one in ours for quote in re.findall(r"^\| `(.+?)` \|", one, re.MULTILINE)]


@cache
def texts() -> list[str]:
    """Return every text in the code, what is put into it as ``{}``."""
    found = []
    for path in sorted((ROOT / "videxpr").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found += [text_of(node)] if isinstance(node, ast.JoinedStr | ast.Constant) else []
    return found


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(
        text_of(part) if isinstance(part, ast.Constant) else "{}" for part in node.values
    )


def is_said(quote: str) -> bool:
    """Whether each part of a quote stands in a text of the code, within the same one if it can."""
    open_parts = quote.replace(RUN_LOG, "...").split("...")  # which the code puts in by its name
    parts = [part.strip() for part in open_parts if len(part.strip(" .,;:()")) > 1]
    together = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    if any(together.search(text) for text in texts()):
        return True
    return all(len(part) > 7 and any(part in text for text in texts()) for part in parts)


def test_quoted_messages_are_those_of_the_code():
    page = PAGE.read_text(encoding="utf-8")
    assert len(quotes(page)) > 50
    assert [quote for quote in quotes(page) if not is_said(quote)] == []


def test_a_message_that_nobody_says_is_found():
    assert is_said("no model ...: there is no such file")
    assert not is_said("no model ...: there is no such folder at all")

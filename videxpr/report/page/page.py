"""The page: one file without a network, whose script and style are named in its content policy by hash.

What users named, e.g. their videos, stands in the page as JSON only, and the script sets it as text.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from videxpr.core.files import atomic_write

HERE: Final = Path(__file__).parent
SCRIPTS: Final = ("timeline.js", "table.js", "page.js")
POLICY: Final = (
    "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
    "script-src '{script}'; style-src '{style}'"
)
"""No address may be loaded or called, and no script or style but ours may run."""

ESCAPES: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""Signs that could end a script element, or a line of a script."""


def write_page(path: Path, content: Mapping[str, Any]) -> int:
    """Write the page, whole or not at all; return its bytes.

    Raises:
        OutputError: it cannot be written.
    """
    page = render(content).encode("utf-8", "backslashreplace")
    with atomic_write(path) as temporary:
        temporary.write_bytes(page)
    return len(page)


def render(content: Mapping[str, Any]) -> str:
    """Return the page as HTML."""
    script = "\n".join(_text(name) for name in SCRIPTS)
    style = _text("page.css")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_text("page.html")).render(
        title=content["title"],
        policy=Markup(POLICY.format(script=_hash(script), style=_hash(style))),
        style=Markup(style),
        script=Markup(script),
        content=Markup(escaped_json(content)),
    )


def escaped_json(value: Any) -> str:
    """Return JSON that may stand within a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return a text's hash as content policies have it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from videxpr.core.errors import OutputError
from videxpr.report.page.page import escaped_json, render, write_page

EVIL = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>\u2028&amp;"


class Elements(HTMLParser):
    """The elements of a page, with their attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.is_within = False
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs), ""))
        self.is_within = True

    def handle_endtag(self, tag) -> None:
        self.is_within = False

    def handle_data(self, data) -> None:
        if self.is_within:
            tag, attributes, text = self.found[-1]
            self.found[-1] = tag, attributes, text + data


def parsed(title: str = "study") -> list[tuple[str, dict[str, str | None], str]]:
    return Elements(render({"title": title, "videos": [title]})).found


def test_only_our_script_and_style_may_run() -> None:
    found = parsed()
    (policy,) = (
        attributes["content"] or ""
        for _, attributes, _ in found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    for tag in ("script", "style"):
        (text,) = (
            text for name, attributes, text in found if name == tag and "type" not in attributes
        )
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_nothing_is_loaded_from_anywhere() -> None:
    page = render({"title": "study"})
    addresses = set(re.findall(r"https?://[^\s\"']*", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of a language, never fetched
    assert not re.search(r"""(src|href)=["']?(?!data:)\w""", page)


def test_text_of_a_user_stays_text() -> None:
    found = parsed(EVIL)
    assert not [one for one in found if one[0] == "img"]
    assert [tag for tag, *_ in found].count("script") == 2
    (held,) = (text for _, attributes, text in found if attributes.get("id") == "content")
    assert json.loads(held)["videos"] == [EVIL]


def test_json_in_a_script_ends_none() -> None:
    assert not set("<>&\u2028\u2029") & set(escaped_json({EVIL: EVIL}))
    assert json.loads(escaped_json({EVIL: EVIL})) == {EVIL: EVIL}


def test_a_page_is_written_whole_or_not_at_all(tmp_path) -> None:
    path = tmp_path / "report.html"
    path.write_text("before")
    with pytest.raises(TypeError):
        write_page(path, {"title": object()})
    assert path.read_text() == "before"
    assert write_page(path, {"title": "é\udc80"}) == path.stat().st_size
    with pytest.raises(OutputError, match=r"cannot write .*/report.html/x"):
        write_page(path / "x", {"title": ""})

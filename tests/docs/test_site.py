"""The documentation site: built from text alone, whole, and readable from disk without a network."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import CHROMIUM, needs_browser
from playwright.sync_api import sync_playwright

import videxpr

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT / "docs") for path in ROOT.glob("docs/**/*.md"))
RESOURCES = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}

BAN = """
import sys

class Ban:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"videxpr", "torch", "numpy"}:
            with open(BANNED, "a") as file:
                print(name, file=file)

sys.meta_path.insert(0, Ban())
"""
"""Notes who imports what the site may not need, in every process of the build."""


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.resources: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in RESOURCES and RESOURCES[tag] in found and found.get("rel") != "canonical":
            self.resources.append(found[RESOURCES[tag]])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the site was built, into `site`; `imported` lists what it should not have."""
    pytest.importorskip("zensical", reason="pip install '.[docs]' builds the site")
    folder = tmp_path_factory.mktemp("built")
    for name in ("mkdocs.yml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    (folder / "videxpr").symlink_to(ROOT / "videxpr")
    (folder / "path").mkdir()
    ban = BAN.replace("BANNED", repr(str(folder / "imported")))
    (folder / "path" / "sitecustomize.py").write_text(ban)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "path"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted((built / "site").rglob("*.html"))}


def test_the_site_is_built_without_a_library_of_ours(built):
    assert not (built / "imported").exists()
    assert "annotate_many" in (built / "site" / "api.html").read_text()


def test_the_reference_has_every_public_name(built, pages):
    public = {f"videxpr.{name}" for name in videxpr.__all__} - {"videxpr.__version__"}
    assert public - pages[built / "site" / "api.html"].anchors == {
        "videxpr.EXPRESSIONS"
    }  # in words


def test_every_page_is_built_and_reached_by_the_menu(built, pages):
    top = built / "site"
    menu = {(top / link).resolve() for link in pages[top / "index.html"].links}
    assert [page for page in PAGES if top / page.with_suffix(".html") not in menu] == []


def broken_links(pages: dict[Path, Page], top: Path) -> Iterator[str]:
    """Yield the links that lead nowhere when the site is read from disk."""
    for path, page in pages.items():
        if path.name == "404.html":  # for servers
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            is_there = target in pages or (target.is_file() and not parts.fragment)
            if not is_there or not target.is_relative_to(top):
                yield f"{path.relative_to(top)}: {link}"
            elif parts.fragment and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{path.relative_to(top)}: {link} (no such anchor)"


def test_links_and_anchors_resolve_from_disk(built, pages):
    assert list(broken_links(pages, built / "site")) == []
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_links_of_the_front_page_lead_to_files_and_anchors(built, pages):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [urlsplit(link) for link in re.findall(r"\]\(([^)\s]+)\)", readme)]
    ours = [link for link in links if not link.scheme]
    assert len(ours) > 10 and [link.path for link in ours if not (ROOT / link.path).exists()] == []
    for link in ours:
        if link.fragment:
            page = built / "site" / Path(link.path).relative_to("docs").with_suffix(".html")
            assert link.fragment in pages[page].anchors, link


def test_a_link_to_a_missing_anchor_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#no"></a><a href="c.html"></a>')
    (tmp_path / "b.html").write_text('<p id="yes"></p><a href="a.html"></a>')
    pages = {path: Page(path) for path in tmp_path.glob("*.html")}
    assert sorted(broken_links(pages, tmp_path)) == [
        "a.html: b.html#no (no such anchor)",
        "a.html: c.html",
    ]


def test_nothing_is_loaded_from_a_host(built, pages):
    for path, page in pages.items():
        assert [one for one in page.resources if urlsplit(one).netloc] == [], path
        for one in page.resources:
            if path.name != "404.html" and not one.startswith("data:"):
                assert (path.parent / urlsplit(one).path).is_file(), (path, one)
    for style in (built / "site").rglob("*.css"):
        text = style.read_text()
        assert "@import" not in text and "url(http" not in text and "url(//" not in text, style
    for picture in (built / "site").rglob("*.svg"):
        assert "url(" not in picture.read_text().replace("url(#", ""), picture


@needs_browser
def test_search_and_dark_mode_work_from_disk(built):
    asked: list[str] = []
    wrong: list[str] = []
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto((built / "site" / "log" / "cuts.html").as_uri())
        page.get_by_title("Dark").click()
        assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
        page.locator(".md-search__button").click()
        page.keyboard.type("hysteresis")
        page.locator("a[href*='intervals.html?h=hysteresis']").first.click()
        page.wait_for_url("**/intervals.html*")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == wrong == []

"""The page in a real browser: Debian's Chromium, or another one that is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from annotated import annotation as made_up
from annotated import guessed, segments
from browser import CHROMIUM, needs_browser
from gathered import content_of
from interval_records import recording, two_people
from playwright.sync_api import Browser, Page, sync_playwright
from stub_runs import failed

from videxpr.annotation.run_log import RUN_LOG, RunLog
from videxpr.core.expressions import EXPRESSIONS
from videxpr.report.colors import COLORS, rgb
from videxpr.report.page.page import write_page

NOTHING = "\u2013"
EVIL = "<img src=x onerror=alert(1)>"

pytestmark = needs_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox"]  # which root has not
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=arguments) as one,
    ):
        yield one


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 60 videos of 15 participants in two sessions, one with an evil name, one failed."""
    folder = tmp_path_factory.mktemp("study")
    for number in range(58):
        name = f"p{number // 4 + 1:02}/{('before', 'after')[number % 2]}/talk{number}"
        record = made_up(name, guessed(segments(60, 15, number), number))
        record.save(folder / f"{name}.parquet")
    two_people().save(folder / "p15" / "after" / f"{EVIL}.parquet")
    recording({}, 30).save(folder / "p15" / "before" / "nobody.parquet")
    RunLog(folder / RUN_LOG).append(failed("p16/broken", "/videos/p16/broken.mp4"))
    content, _ = content_of(folder, levels="participant,session")
    write_page(folder / "report.html", content)
    return folder / "report.html"


@pytest.fixture
def page(browser: Browser, study: Path) -> Iterator[Page]:
    """The page, opened; at the end nothing must have gone wrong, and nothing been fetched."""
    with browser.new_context(viewport={"width": 1300, "height": 900}) as context:
        opened = context.new_page()
        wrong: list[str] = []
        fetched: list[str] = []
        opened.on("console", lambda message: wrong.append(message.text))
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("dialog", lambda dialog: wrong.append(dialog.message))
        opened.on("request", lambda request: fetched.append(request.url))
        opened.goto(study.as_uri())
        yield opened
        assert wrong == []
        assert fetched == [study.as_uri()]


def shown(page: Page, column: int = 0) -> list[str]:
    """The texts of a column in the rows that are shown."""
    return page.locator("#videos tbody:visible > tr:first-child").evaluate_all(
        "(rows, column) => rows.map((row) => row.children[column].innerText.trim())", column
    )


def column_of(page: Page, name: str) -> int:
    return page.locator("#videos thead th").all_inner_texts().index(name)


def test_all_videos_are_there(page: Page) -> None:
    assert len(shown(page)) == 61
    assert page.locator("#count").inner_text().startswith("61 of 61 videos")
    figures = dict(
        zip(
            page.locator("#figures dt").all_inner_texts(),
            page.locator("#figures dd").all_inner_texts(),
            strict=True,
        )
    )
    assert (figures["videos"], figures["failed"], figures["without any face"]) == ("60", "1", "1")
    assert "By session: 2 groups" in page.locator("#groups").inner_text()


def test_a_column_sorts_both_ways_and_what_is_missing_is_last(page: Page) -> None:
    place = column_of(page, "Happiness")
    header = page.locator("#videos thead th").nth(place)
    for order, sign in (("descending", -1), ("ascending", 1)):
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == order
        texts = shown(page, place)
        values = [float(text) for text in texts if text != NOTHING]
        assert len(values) == 59
        assert values == sorted(values, key=lambda value: sign * value)
        assert texts[59:] == [NOTHING] * 2  # nobody, and the one that failed


def test_names_sort_as_people_count(page: Page) -> None:
    names = [name for name in shown(page) if name.startswith("p01") or "p02" in name]
    assert names[0].endswith("talk1") and names.index("p02/before/talk6") > 0
    assert names == sorted(
        names, key=lambda name: (name.split("/")[:2], int(name.rsplit("talk")[1]))
    )


def test_filters_are_those_of_all_fields_together(page: Page) -> None:
    page.get_by_label("session").select_option(label="after")
    assert len(shown(page)) == 30
    page.get_by_label("participant").select_option(label="p15")
    page.get_by_label("Find").fill("IMG SRC")
    assert shown(page) == [f"p15/after/{EVIL}"]
    assert page.locator("#count").inner_text().startswith("1 of 61 videos")
    page.get_by_label("Most often").select_option(label="Anger")
    assert shown(page) == []


def test_a_video_that_failed_says_why(page: Page) -> None:
    page.get_by_label("With notes").check()
    (name,) = shown(page)
    page.get_by_role("button", name=name).click()
    error = page.locator(".messages").inner_text()
    assert error == failed("p16/broken").error


def test_a_name_that_is_markup_stays_text(page: Page) -> None:
    button = page.get_by_role("button", name=EVIL)
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert page.locator("img").count() == 0
    assert page.locator("canvas[role=slider]").count() == 2


def test_a_timeline_is_read_by_keys(page: Page) -> None:
    page.get_by_role("button", name=EVIL).click()
    timeline = page.get_by_role("slider").first
    timeline.focus()
    page.keyboard.press("Home")
    assert timeline.get_attribute("aria-valuetext") == (
        "0:00.0: Neutral (Neutral 0.86), face in 100 %"
    )
    page.keyboard.press("End")
    assert (timeline.get_attribute("aria-valuetext") or "").startswith("0:04.0: Happiness")
    page.keyboard.press("Shift+ArrowLeft")
    assert timeline.get_attribute("aria-valuenow") == f"{4 * (389.5 / 400):.2f}"


def test_the_band_has_the_colors_of_its_expressions(page: Page) -> None:
    page.get_by_role("button", name=EVIL).click()
    colors = page.get_by_role("slider").first.evaluate(
        """(canvas) => {
            const scale = canvas.width / canvas.clientWidth, context = canvas.getContext("2d");
            const row = context.getImageData(0, 26 * scale, canvas.width, 1).data;
            const at = (share) => Math.round((84 + share * (canvas.clientWidth - 85)) * scale);
            return [0.28, 0.9].map((share) => [...row.slice(4 * at(share), 4 * at(share) + 3)]);
        }"""
    )
    assert [tuple(one) for one in colors] == [rgb(COLORS["Neutral"]), rgb(COLORS["Happiness"])]


def test_times_on_an_axis_are_few_however_long_a_video_claims_to_be(page: Page) -> None:
    for seconds in (0.04, 600, 1e6, 1e12):
        count = page.evaluate("(end) => ticks(0, end, 1000).times.length", seconds)
        assert 1 <= count <= 25


def test_everything_can_be_reached_with_the_keyboard(page: Page) -> None:
    page.locator("button.video").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "slider"


def test_dark_and_light_differ_and_both_can_be_read(page: Page) -> None:
    lightness = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        lightness[scheme] = page.evaluate(
            """() => ["backgroundColor", "color"].map((name) => {
                const [r, g, b] = getComputedStyle(document.body)[name].match(/\\d+/g).map(Number);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            })"""
        )
    assert lightness["light"][0] > 250 > 50 > lightness["light"][1]
    assert lightness["dark"][0] < 50 < 200 < lightness["dark"][1]


@pytest.mark.parametrize("width", [360, 800])
def test_a_narrow_window_scrolls_tables_and_not_the_page(page: Page, width) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.locator("button.video").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.get_by_role("slider").first.bounding_box()
    assert box and box["width"] <= width and box["height"] > 200


def test_print_is_without_what_only_a_screen_needs(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("#filters").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf()[:5] == b"%PDF-"


def test_the_policy_forbids_what_is_not_the_pages_own(browser: Browser, study: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(study.as_uri())
        broken = page.evaluate(
            """async () => {
                const broken = [];
                document.addEventListener("securitypolicyviolation",
                    (event) => broken.push(event.effectiveDirective));
                await fetch("http://127.0.0.1:9/").catch(() => {});
                const image = new Image();
                image.src = "http://127.0.0.1:9/x.png";
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(image, script);
                await new Promise((resolve) => setTimeout(resolve, 200));
                return [broken.sort(), window.ran === true];
            }"""
        )
        assert broken == [["connect-src", "img-src", "script-src-elem"], False]


def test_thumbnails_have_words(browser: Browser, tmp_path: Path) -> None:
    two_people().save(tmp_path / "talk.parquet")
    content, _ = content_of(tmp_path)
    gif = "R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    content["videos"][0]["faces"] = [{"label": 4, "seconds": 1.25, "confidence": 0.9, "image": gif}]
    write_page(tmp_path / "report.html", content)
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((tmp_path / "report.html").as_uri())  # one video is opened at once
        assert page.get_by_role("img", name="Happiness 0.90 at 0:01.3").is_visible()
        assert page.locator("figcaption").inner_text() == "Happiness 0.90 at 0:01.3"
        assert page.locator("#legend li").all_inner_texts()[4].endswith(EXPRESSIONS[4])

"""The strips at the end of a run in a terminal."""

import io
import re

from rich.console import Console

from videxpr.cli.strips import narrowed, print_strips
from videxpr.core.expressions import EXPRESSIONS
from videxpr.report.colors import COLORS, rgb

HAPPINESS, SADNESS = EXPRESSIONS.index("Happiness"), EXPRESSIONS.index("Sadness")
STRIP = (*[HAPPINESS] * 20, *[None] * 5, *[SADNESS] * 35)


def printed(strips, width=100, **more) -> str:
    file = io.StringIO()
    options = {"force_terminal": True, "color_system": "truecolor"} | more
    print_strips(Console(file=file, width=width, **options), strips)
    return file.getvalue()


def background(expression: str) -> str:
    return "48;2;" + ";".join(map(str, rgb(COLORS[expression])))


def test_a_strip_has_a_column_a_part_in_the_color_of_its_expression_and_its_name() -> None:
    text = printed([("talk.mp4", STRIP)])
    line, legend = text.splitlines()
    assert line.startswith("talk.mp4  ")
    assert f"{background('Happiness')}m{'Happiness':20}\x1b" in line
    assert f"{background('Sadness')}m{'Sadness':35}\x1b" in line
    assert line.count("·") == 5
    for word in ("Happiness", "Sadness", "no face"):
        assert word in legend
    assert "Anger" not in legend


def test_without_room_for_a_name_there_are_its_first_letters() -> None:
    strip = (HAPPINESS, SADNESS, SADNESS, HAPPINESS, HAPPINESS, HAPPINESS)
    (line, _) = printed([("talk.mp4", strip)], color_system="standard").splitlines()
    assert re.sub("\x1b.*?m", "", line) == "talk.mp4  HSaHa "


def test_nothing_is_printed_without_a_terminal_or_colors() -> None:
    for more in (
        {"force_terminal": False, "color_system": None},
        {"no_color": True},
        {"color_system": None},
        {"width": 14},
    ):
        assert printed([("a long name.mp4", STRIP)], **more) == ""
    assert printed([]) == ""


def test_many_videos_and_long_names_fit_and_the_rest_is_counted() -> None:
    text = printed([("数" * 60 + "[red].mp4", STRIP)] * 23, width=60)
    lines = text.splitlines()
    assert len(lines) == 22 and "and 3 more" in lines[20]
    assert lines[0].count("…") == 1


def test_a_narrow_terminal_shows_fewer_parts() -> None:
    assert narrowed(STRIP, 100) == STRIP
    assert narrowed(STRIP, 12) == (*[HAPPINESS] * 4, None, *[SADNESS] * 7)
    assert narrowed((1,), 12) == (1,) and narrowed((), 12) == ()

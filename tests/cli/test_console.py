import io
import logging
from pathlib import Path, PurePosixPath

import pytest
from rich.console import Console
from rich.table import Table

from videxpr.cli.console import BatchDisplay, prepare_process, print_table
from videxpr.video.sources import Source


@pytest.fixture(autouse=True)
def as_before():
    logger = logging.getLogger("videxpr")
    handlers = logger.handlers
    yield
    logger.handlers = handlers


def test_a_warning_of_the_process_is_shown_once(capsys):
    prepare_process()
    prepare_process()
    with BatchDisplay(1, quiet=False):
        logging.getLogger("videxpr.core.auto_batch").warning("cut to %s", 4)
    assert capsys.readouterr().err == "warning: cut to 4\n"


def test_the_quiet_hear_nothing_of_it(capsys):
    prepare_process(quiet=True)
    with BatchDisplay(1, quiet=True):
        logging.getLogger("videxpr.core.auto_batch").warning("cut to 4")
    assert capsys.readouterr().err == ""


def test_a_videos_name_is_shown_as_it_is(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    video = Source(Path("in/[red]take [b].mp4"), "video", PurePosixPath("[red]take [b].mp4"))
    with BatchDisplay(1, quiet=False) as display:
        display.begin(video)(1, 2)
        display._progress.refresh()
    assert "[red]take [b].mp4" in capsys.readouterr().err


@pytest.mark.parametrize(("width", "boxed"), [(60, False), (80, True)])
def test_a_table_gives_up_its_lines_before_its_words(width, boxed):
    table = Table("video", "labeled", "covered", "accuracy", "F1 (present)", "length")
    table.add_row("video_number_0", "264", "100.0%", "0.125", "0.121", "")
    stream = io.StringIO()
    print_table(Console(file=stream, width=width), table)
    shown = stream.getvalue()
    assert ("│" in shown) == boxed
    assert {"video_number_0", "accuracy", "(present)"} <= set(shown.replace("┃", " ").split())

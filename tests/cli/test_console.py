import logging

import pytest

from videxpr.cli.console import BatchDisplay, prepare_process


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

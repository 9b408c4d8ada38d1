from videxpr.cli.console import BatchDisplay


def test_what_is_told_while_videos_are_worked_off_is_said_once(capsys):
    told = ["the first", "the second"]
    with BatchDisplay(1, quiet=False) as display:
        display.warn_of(told)
        display.warn_of(told)
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("warning")] == [
        "warning: the first",
        "warning: the second",
    ]
    assert told == []


def test_the_quiet_hear_nothing_of_it(capsys):
    with BatchDisplay(1, quiet=True) as display:
        display.warn_of(["the first"])
    assert capsys.readouterr().err == ""

"""What is told to strangers has no paths in it, and so no names of users."""

from pathlib import Path

import pytest

from videxpr.annotation.doctor.finding import Finding, with_short_home, without_paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/jane/a.mp4 is full", "<path> is full"),
        ("cannot read '/data/jane/b.onnx': no", "cannot read '<path>': no"),
        ("from x (/usr/lib/x.so) and ~/a/b", "from x (<path>) and <path>"),
        ("C:\\Users\\Jane\\x, \\\\server\\jane", "<path>, <path>"),
        ("/home/Jane Doe/.cache/videxpr/g", "<path>"),
        ("1/2 of n/a, 3 / 4, see https://pytorch.org/get", "1/2 of n/a, 3 / 4, see https://pytorch.org/get"),
    ],
)  # fmt: skip
def test_a_path_is_taken_out(text: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/Jane Doe")
    told = without_paths(Finding("x", "ok", text, text, "/home/Jane Doe/a"))
    assert (told.text, told.remedy, told.path) == (expected, expected, "")


def test_the_home_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/jane")
    told = with_short_home(Finding("x", "ok", "in /home/jane", path="/home/jane/a"))
    assert (told.text, told.path) == ("in ~", "~/a")
    other = str(Path("/home/janet/a"))
    assert with_short_home(Finding("x", "ok", "", path=other)).path == other

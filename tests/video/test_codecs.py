"""Codecs are tried on a film."""

import pytest

from videxpr.video import codecs
from videxpr.video.codecs import codec_trials, ffmpeg_version


def test_a_film_of_every_codec_comes_back() -> None:
    trials = list(codec_trials())
    assert [one.name for one in trials if not one.decodes] == []
    assert "libx264" in [one.encoder for one in trials if one.encodes]
    assert int(ffmpeg_version().partition(".")[0]) >= 8


def test_what_is_not_there_or_reads_something_else_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pairs = {"gone": ("nodec", "noenc"), "other": ("vp9", "libx264"), "read": ("vp9", "noenc")}
    monkeypatch.setattr(codecs, "CODECS", pairs)
    found = {one.name: (one.encodes, one.decodes) for one in codec_trials()}
    assert found == {"gone": (False, False), "other": (True, False), "read": (False, True)}

"""Files of settings: what is written is read back, what is odd is named with its key."""

import json
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from videxpr.core.errors import FormatError, OutputError
from videxpr.evaluation.tune.settings import Origin, Settings, read_settings, write_settings

ORIGIN = Origin("0.1", "mine", "ab" * 32, "val", "labels", 70, 280532, 0.41, 0.38, 0.02)

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = st.none() | st.floats(0, 1e6)


@in_one_folder
@given(st.none() | st.integers(1, 500), numbers, numbers, st.sampled_from([None, ORIGIN]))
def test_what_is_written_is_read_back(tmp_path, stride, smooth, strength, origin):
    whole = Settings(stride, smooth, strength, origin)
    write_settings(tmp_path / "settings.json", whole)
    assert read_settings(tmp_path / "settings.json") == whole


def test_what_is_left_out_is_none_and_a_byte_order_mark_is_taken(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text('\ufeff{"smooth_seconds": 2}', encoding="utf-8")
    assert read_settings(path) == Settings(smooth_seconds=2.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "cannot read"),
        ("[1]", "JSON object"),
        ('{"smooth": 1}', "unknown key 'smooth'; known are logit_adjustment, smooth_seconds"),
        ('{"stride": 0}', "'stride' must be a whole number of 1 or more, not 0"),
        ('{"stride": 1.5}', "'stride'"),
        ('{"stride": true}', "'stride'"),
        ('{"stride": null}', "'stride'"),
        ('{"smooth_seconds": -1}', "'smooth_seconds' must be 0 or more, not -1"),
        ('{"smooth_seconds": "1"}', "'smooth_seconds' must be a number, not '1'"),
        ('{"logit_adjustment": NaN}', "'logit_adjustment'"),
        ('{"logit_adjustment": Infinity}', "'logit_adjustment'"),
        ('{"logit_adjustment": null}', "'logit_adjustment'"),
        ('{"tuned": 3}', "'tuned' is a JSON object"),
        ('{"tuned": {"who": 1}}', "unknown key 'tuned.who'"),
        (json.dumps({"tuned": asdict(ORIGIN) | {"videos": "70"}}), "'tuned.videos'"),
        (json.dumps({"tuned": {"model": "m"}}), "'tuned.videxpr_version' is missing"),
    ],
)
def test_anything_else_is_an_error_with_file_and_key(tmp_path, content, words):
    path = tmp_path / "settings.json"
    path.write_text(content)
    with pytest.raises(FormatError) as caught:
        read_settings(path)
    assert words in str(caught.value)
    assert "settings.json" in str(caught.value)


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FormatError, match="nosuch"):
        read_settings(tmp_path / "nosuch.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_settings(tmp_path / "file" / "settings.json", Settings())

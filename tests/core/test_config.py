"""Values of options: chosen by flag, read from a file, recorded."""

from pathlib import Path

import pytest
from small_options import OPTIONS, Inner, Outer

from videxpr.core.config import read_config, record, with_values
from videxpr.core.errors import FormatError, UsageError
from videxpr.core.option import option_fields


def test_values_are_chosen_by_flag_and_the_rest_stays():
    chosen = with_values(OPTIONS, {"stride": 4, "share": 0.25, "person": "left"})
    assert (chosen.inner, chosen.person) == (Inner(4, 0.25), "left")
    assert chosen.sources == OPTIONS.sources and chosen.folder == OPTIONS.folder
    assert option_fields(Outer, chosen)["share"].default == 0.25


def test_a_record_has_what_can_change_a_result_and_reads_back(tmp_path):
    chosen = with_values(OPTIONS, {"stride": 4, "format": ("parquet",), "start": 3.0})
    assert record(chosen) == {
        "output-dir": "out",
        "format": ["parquet"],
        "smooth": [0.0, 0.5],
        "start": 3.0,
        "quiet": False,
        "stride": 4,
        "share": 0.5,
    }
    assert not {"output-dir", "quiet", "sources"} & set(record(chosen, results_only=True))
    file = tmp_path / "run.toml"
    file.write_text('format = ["parquet"]\nstart = 3.0\nstride = 4\nshare = 0.5\n')
    assert with_values(OPTIONS, read_config(file, Outer)) == chosen


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("strid = 4", UsageError, "there is no option 'strid'; did you mean 'stride'?"),
        ("stride = 'four'", UsageError, "--stride must be a whole number, not 'four'"),
        ("sources = ['a']", UsageError, "there is no option 'sources'"),
        ("stride = ", FormatError, "is not a TOML file"),
        (None, UsageError, "cannot be read: No such file"),
    ],
)
def test_a_wrong_configuration_is_named_with_its_file(tmp_path, text, error, message):
    file = tmp_path / "run.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(error) as caught:
        read_config(file, Outer)
    assert str(file) in str(caught.value) and message in str(caught.value)


def test_underscores_are_as_good_as_dashes_in_a_file(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text("output_dir = 'x'", encoding="utf-8-sig")  # as Notepad may save it
    assert read_config(file, Outer) == {"output-dir": Path("x")}

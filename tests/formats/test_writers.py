"""The table of formats: what --format, its help and `save` come from."""

from pathlib import Path

import pytest

from videxpr.annotation.options import OutputOptions
from videxpr.core.errors import UsageError
from videxpr.core.option import option_fields
from videxpr.formats.writers import CHOICES, DEFAULT, FORMATS, chosen_formats, format_of

NAMES = (
    *("aff-wild2", "predictions", "parquet", "csv", "features", "intervals", "jsonl", "vtt", "srt"),
    *("eaf", "textgrid", "boris", "boris-paste", "label-studio"),
)


def test_the_option_comes_from_the_table():
    assert tuple(dict.fromkeys(one.name for one in FORMATS)) == NAMES
    assert (*NAMES, "all") == CHOICES
    assert DEFAULT == ("aff-wild2", "predictions", "parquet") == OutputOptions().formats
    option = option_fields(OutputOptions)["format"]
    assert option.choices == CHOICES
    assert all(f"{one.name} ({one.help})" in option.option.help for one in FORMATS if one.help)


def test_all_leaves_out_what_is_large_and_what_is_made_of_intervals():
    assert [one.name for one in chosen_formats(["all"])] == list(NAMES[:4])
    assert [one.name for one in chosen_formats(["features", "all"])] == list(NAMES[:5])
    assert [one.name for one in chosen_formats(["csv", "aff-wild2"])] == ["aff-wild2", "csv"]


def test_a_format_may_have_two_files():
    suffixes = [one.suffix for one in chosen_formats(["label-studio"])]
    assert suffixes == [".label-studio.json", ".label-studio.xml"]


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.suffix)
def test_every_format_has_its_function(one):
    assert one.write.__module__.startswith("videxpr.formats.")
    assert callable(one.write) and one.write.__doc__


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.txt", "aff-wild2"),
        ("b.PARQUET", "parquet"),
        ("c.csv", "csv"),
        ("d.features.npz", "features"),
        ("predictions.txt", "aff-wild2"),
        ("e.intervals.csv", "intervals"),
        ("f.TextGrid", "textgrid"),
        ("g.boris.tsv", "boris-paste"),
    ],
)
def test_a_files_name_says_its_format(name, found):
    assert format_of(Path(name)).name == found


def test_a_name_of_no_format_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match=r"as x.json: .* \.txt, \.parquet, \.csv, \.features\.npz"):
        format_of(Path("x.json"))

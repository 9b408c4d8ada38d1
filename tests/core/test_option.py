"""What a field of options says, and what is made from it."""

from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from videxpr.core.errors import FormatError, UsageError
from videxpr.core.option import (
    check_ranges,
    option,
    option_fields,
    read_config,
    record,
    with_values,
)


def minutes(text: str) -> float:
    return 60 * float(text)


@dataclass(frozen=True)
class Inner:
    stride: int = option(16, "Frames.", least=1, below=100)
    share: float = option(0.5, "A share.", above=0, most=1)
    tail: str = "aligned"

    def __post_init__(self):
        check_ranges(self)


@dataclass(frozen=True)
class Outer:
    sources: tuple[str, ...] = option(MISSING, "Videos.", positional=True)
    folder: Path = option(Path("out"), "Where.", flag="output-dir", changes_results=False)
    formats: tuple[Literal["csv", "parquet"], ...] = option(("csv",), "What.", flag="format")
    spans: tuple[float, ...] = option((0.0, 0.5), "Seconds.", flag="smooth", least=0)
    person: Literal["largest", "left"] | None = option(None, "Who.")
    start: float | None = option(None, "When.", parse=minutes)
    quiet: bool = option(False, "Nothing is said.", changes_results=False)
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self):
        check_ranges(self)


OPTIONS = Outer(("a.mp4",))


def test_every_option_of_a_tree_is_found_by_its_flag_in_order():
    assert list(option_fields(Outer)) == [
        *(
            "sources",
            "output-dir",
            "format",
            "smooth",
            "person",
            "start",
            "quiet",
            "stride",
            "share",
        )
    ]
    assert option_fields(Outer)["stride"].paths == (("inner", "stride"),)
    assert option_fields(Outer)["format"].choices == ("csv", "parquet")
    assert option_fields(Outer)["person"].choices == ("largest", "left")


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("format", "Parquet,csv", ("parquet", "csv")),
        ("format", ["csv", "PARQUET"], ("csv", "parquet")),
        ("smooth", ["0, 1.5", "2"], (0.0, 1.5, 2.0)),
        ("smooth", [0, 1.5], (0.0, 1.5)),
        ("person", "LEFT", "left"),
        ("start", "2", 120.0),
        ("start", 2, 2.0),
        ("stride", "8", 8),
        ("share", 1, 1.0),
        ("output-dir", "here", Path("here")),
        ("quiet", True, True),
    ],
)
def test_texts_and_toml_values_become_values_of_the_fields_type(name, given, value):
    read = option_fields(Outer)[name].read(given)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("stride", "2.5", "--stride must be a whole number, not '2.5'"),
        ("stride", 2.5, "--stride must be a whole number, not 2.5"),
        ("stride", True, "--stride must be a whole number, not True"),
        ("share", "much", "--share must be a number, not 'much'"),
        ("quiet", 1, "--quiet must be true or false, not 1"),
        ("person", "lef", "--person is not 'lef'; did you mean 'left'?"),
        ("format", "csv,parqet", "not 'parqet'; did you mean 'parquet'?"),
    ],
)
def test_other_kinds_of_values_are_refused_by_name(name, given, message):
    with pytest.raises(UsageError) as error:
        option_fields(Outer)[name].read(given)
    assert message in str(error.value)


def test_values_are_chosen_by_flag_and_the_rest_stays():
    chosen = with_values(OPTIONS, {"stride": 4, "share": 0.25, "person": "left"})
    assert (chosen.inner, chosen.person) == (Inner(4, 0.25), "left")
    assert chosen.sources == OPTIONS.sources and chosen.folder == OPTIONS.folder
    assert option_fields(Outer, chosen)["share"].default == 0.25


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stride": 0}, "--stride must be at least 1 and below 100, not 0"),
        ({"stride": 100}, "--stride must be at least 1 and below 100, not 100"),
        ({"share": 0.0}, "--share must be above 0 and at most 1, not 0.0"),
        ({"share": float("nan")}, "--share must be above 0 and at most 1, not nan"),
        ({"start": float("inf")}, "--start must be a finite number, not inf"),
        ({"person": "right"}, "--person must be one of largest, left, not 'right'"),
    ],
)
def test_values_outside_their_range_are_refused(values, message):
    with pytest.raises(UsageError, match=message):
        with_values(OPTIONS, values)


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        (
            "s3://bucket/out",
            "--output-dir s3://bucket/out is an address; give a path on this machine",
        ),
        ("https://example.com/", "--output-dir https://example.com is an address"),
        ("-", "--output-dir must be a folder: results are several files"),
    ],
)
def test_what_is_no_place_on_this_machine_is_refused(folder, message):
    values = {"output-dir": option_fields(Outer)["output-dir"].read(folder)}
    with pytest.raises(UsageError, match=message):
        check_ranges(with_values(Outer(("a",)), values))


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
    file.write_text("output_dir = 'x'")
    assert read_config(file, Outer) == {"output-dir": Path("x")}


@dataclass(frozen=True)
class Written:
    formats: tuple[str, ...] = option(("csv",), "What.", flag="format", choices=("csv", "Parquet"))

    def __post_init__(self):
        check_ranges(self)


def test_choices_of_a_table_are_those_of_the_option():
    field = option_fields(Written)["format"]
    assert field.choices == field.unnamed_choices == ("csv", "Parquet")
    assert field.read("PARQUET, csv") == ("Parquet", "csv")
    assert with_values(Written(), {"format": ("csv",)}) == Written(("csv",))
    with pytest.raises(UsageError, match="--format is not 'parqet'; did you mean 'Parquet'"):
        field.read("parqet")
    with pytest.raises(UsageError, match="--format must be one of"):
        Written(("json",))

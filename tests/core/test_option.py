"""What a field of options says, and what is made from it."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from small_options import OPTIONS, Outer

from videxpr.core.config import with_values
from videxpr.core.errors import UsageError
from videxpr.core.option import check_ranges, option, option_fields


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

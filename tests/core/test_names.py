"""Which names there are, and which of them are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.core.names import composed, escaped, is_address, respelled, unwritable

NFC, NFD = "caf\u00e9", "cafe\u0301"

NAMES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/"), min_size=1
)


@pytest.mark.parametrize(
    "name",
    [
        "Screen Recording 2026-01-05 at 3.15.07\u202fPM",
        "a\u3000b\u00a0c\u2009d",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "a,b;c'd\"e",
        "\u200eright\u202eto left",
        "\ufeffmark",
        "\ue000private, \U0001fae8 new",
        NFC,
        NFD,
    ],
)
def test_what_a_line_of_text_can_hold_is_a_name(name: str) -> None:
    assert unwritable(name) == "" and escaped(name) == name
    assert (name + "\n").splitlines() == [name]


@pytest.mark.parametrize("odd", [*"\t\n\r\v\f\0\x1c\x1d\x1e\x7f\x85\u2028\u2029", "\udcff"])
def test_what_no_line_of_text_can_hold_is_found_and_escaped(odd: str) -> None:
    assert unwritable(f"a{odd}b{odd}") == odd
    shown = escaped(f"a{odd}b")
    assert shown.startswith("a\\") and shown.endswith("b")
    assert shown.encode().decode().splitlines() == [shown]


@given(NAMES)
def test_a_name_is_one_line_of_utf8(name: str) -> None:
    assert unwritable(name) == ""
    assert name.encode().decode().splitlines() == [name]


@given(st.text(st.characters(exclude_characters="/")))
def test_whatever_is_in_a_name_it_is_shown_in_one_line(name: str) -> None:
    assert (escaped(name) + "\n").encode().decode().splitlines() == [escaped(name)]
    assert unwritable(escaped(name)) == ""


def test_names_that_unicode_spells_in_two_ways_are_one() -> None:
    assert NFC != NFD and composed(NFC) == composed(NFD)
    assert respelled([NFD, "b"], ["a", NFC]) == {NFD: NFC, "b": "b"}
    assert respelled([NFC], [NFD]) == {NFC: NFD}


def test_a_name_that_could_be_two_stays_as_it_is() -> None:
    assert respelled([NFC, NFD], [NFC]) == {NFC: NFC, NFD: NFD}
    assert respelled([NFC, NFD], [NFD, NFC]) == {NFC: NFC, NFD: NFD}
    assert respelled([NFC], [NFD, NFC]) == {NFC: NFC}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://example.com/a.mp4", True),
        ("s3://bucket/a.mp4", True),
        ("s3:/bucket", True),
        ("rtsp://camera", True),
        ("C:/clips/a.mp4", False),
        ("a.mp4", False),
        ("take: 2/a.mp4", False),
    ],
)
def test_an_address_is_told_from_a_path(text: str, address: bool) -> None:
    assert is_address(text) is address

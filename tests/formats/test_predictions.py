"""The one-file submission, and templates for it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import FormatError
from videxpr.datasets.crops.geometry_file import write_crop_geometry
from videxpr.formats.predictions import Block, read_predictions, read_template, write_predictions

HEADER = b"image_location,Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

names = st.from_regex(r"[A-Za-z0-9_-]{1,12}(/[a-z.]{1,4})?( \(2\))?", fullmatch=True)
rows = st.lists(st.tuples(st.integers(0, 200_000), st.integers(-1, 7)), min_size=1, max_size=30)


def block(name: str, frames: list[int], labels: list[int]) -> Block:
    return Block(name, np.array(frames, np.int64), np.array(labels, np.int64))


def plain(blocks: list[Block]) -> list[tuple[str, list[int] | None, list[int] | None]]:
    """Blocks as values that can be compared."""
    return [
        (
            one.name,
            None if one.frames is None else one.frames.tolist(),
            None if one.labels is None else one.labels.tolist(),
        )
        for one in blocks
    ]


@in_one_folder
@given(videos=st.dictionaries(names, rows, max_size=5))
def test_what_is_written_is_read_back(
    tmp_path: Path, videos: dict[str, list[tuple[int, int]]]
) -> None:
    blocks = [
        block(name, *map(list, zip(*pairs, strict=True)))  # type: ignore[arg-type]
        for name, pairs in videos.items()
    ]
    write_predictions(tmp_path / "predictions.txt", blocks)
    assert plain(read_predictions(tmp_path / "predictions.txt")) == plain(blocks)


def test_a_file_has_exactly_these_bytes(tmp_path: Path) -> None:
    blocks = [block("14-30-1920x1080", [0, 1], [0, 7]), block("2_left", [99_999, 4], [3, -1])]
    write_predictions(tmp_path / "predictions.txt", blocks)
    assert (tmp_path / "predictions.txt").read_bytes() == HEADER + (
        b"\n14-30-1920x1080/00001.jpg,0\n14-30-1920x1080/00002.jpg,7\n"
        b"2_left/100000.jpg,3\n2_left/00005.jpg,-1\n"
    )


def test_nothing_appears_if_a_block_has_no_frames(tmp_path: Path) -> None:
    blocks = [block("a", [0], [0]), Block("b", None, None)]
    with pytest.raises(ValueError, match="b has no frames"):
        write_predictions(tmp_path / "predictions.txt", blocks)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b"\na/00001.jpg,3\na/00002.jpg,\nb/00001.jpg,0\n",
        HEADER + b"\na/00001.jpg,3\na/00002.jpg,\nb/00001.jpg,0",
        HEADER + b"\r\na/00001.jpg,3\r\na/00002.jpg,\r\nb/00001.jpg,0\r\n",
        b"\xef\xbb\xbf" + HEADER + b"\na/00001.jpg,3\na/00002.jpg,\nb/00001.jpg,0\n",
    ],
    ids=["plain", "no last newline", "CRLF", "BOM"],
)
def test_files_in_the_wild_are_taken(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "wild.txt").write_bytes(content)
    expected = [("a", [0, 1], [3, -1]), ("b", [0], [0])]
    assert plain(read_predictions(tmp_path / "wild.txt")) == expected
    assert plain(read_template(tmp_path / "wild.txt")) == expected


@pytest.mark.parametrize(("label", "read"), [(b"", -1), (b"0", 0)])
def test_a_template_of_empty_labels_or_zeros_keeps_its_rows_in_order(
    tmp_path: Path, label: bytes, read: int
) -> None:
    numbers = [1, 2, 4, 3]
    lines = [b"%s/%05d.jpg,%s" % (name, n, label) for name in (b"b", b"a") for n in numbers]
    (tmp_path / "template.txt").write_bytes(b"\n".join([HEADER, *lines, b""]))
    expected = [(name, [0, 1, 3, 2], [read] * 4) for name in ("b", "a")]
    assert plain(read_template(tmp_path / "template.txt")) == expected


@pytest.mark.parametrize(
    "content",
    [b"b\na_left\nsub/c\n", b"b/\r\na_left\r\n\r\nsub/c/", b"\xef\xbb\xbf b \na_left\nsub/c\n"],
)
def test_a_template_may_just_list_names(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "names.txt").write_bytes(content)
    expected = [("b", None, None), ("a_left", None, None), ("sub/c", None, None)]
    assert plain(read_template(tmp_path / "names.txt")) == expected


@pytest.mark.parametrize(
    "content",
    [b"a\nb\na\n", HEADER + b"\na/00001.jpg,0\nb/00001.jpg,0\na/00002.jpg,0\n"],
    ids=["names", "rows"],
)
def test_a_template_names_every_video_in_one_place(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "double.txt").write_bytes(content)
    with pytest.raises(FormatError, match="double.txt names a in two places"):
        read_template(tmp_path / "double.txt")


def test_a_template_names_every_frame_once(tmp_path: Path) -> None:
    (tmp_path / "double.txt").write_bytes(
        HEADER + b"\na/00001.jpg,0\nb/00002.jpg,0\nb/00003.jpg,0\nb/00002.jpg,0\n"
    )
    with pytest.raises(FormatError, match="double.txt names b/00002.jpg in two places"):
        read_template(tmp_path / "double.txt")


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER, HEADER + b"\n"])
def test_a_template_names_at_least_one_video(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "none.txt").write_bytes(content)
    with pytest.raises(FormatError, match="none.txt names no video"):
        read_template(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("content", "line", "value"),
    [
        (b"", 1, "'nothing'"),
        (b"a/00001.jpg,0\n", 1, "'a/00001.jpg,0'"),
        (HEADER.removesuffix(b",Other") + b"\n", 1, "Surprise'"),
        (HEADER.replace(b",", b", ") + b"\n", 1, "'image_location, Neutral"),
        (HEADER + b"\na/00001.jpg,0\na/00002.jpg,8\n", 3, "'a/00002.jpg,8'"),
        (HEADER + b"\na/00001.jpg,-2\n", 2, "'a/00001.jpg,-2'"),
        (HEADER + b"\na/00001.jpg, 0\n", 2, "'a/00001.jpg, 0'"),
        (HEADER + b"\na/00001.jpg\n", 2, "'a/00001.jpg'"),
        (HEADER + b"\na/00001.jpg,0,0\n", 2, "'a/00001.jpg,0,0'"),
        (HEADER + b"\na/1.jpg,0\n", 2, "'a/1.jpg,0'"),
        (HEADER + b"\na/00000.jpg,0\n", 2, "'a/00000.jpg,0'"),
        (HEADER + b"\na/00001.bmp,0\n", 2, "'a/00001.bmp,0'"),
        (HEADER + b"\n00001.jpg,0\n", 2, "'00001.jpg,0'"),
        (HEADER + b"\n/00001.jpg,0\n", 2, "'/00001.jpg,0'"),
        (HEADER + b"\na/9999999999.jpg,0\n", 2, "'a/9999999999.jpg,0'"),
        (HEADER + "\na/\u0660\u0660\u0660\u0660\u0661.jpg,0\n".encode(), 2, "'a/"),
        (HEADER + b"\na/00001.jpg,0\n\na/00002.jpg,0\n", 3, "''"),
        (HEADER + b"\na/00001.jpg,0\n\n", 3, "''"),
        (HEADER + b"\na/00001.jpg,0\ra/00002.jpg,0\n", 2, r"'a/00001.jpg,0\\ra/00002.jpg,0'"),
        (HEADER + b"\na/00001.jpg,8\n", 2, "with a label from -1 to 7 or none"),
    ],
)
def test_anything_else_is_refused_with_file_and_line(
    tmp_path: Path, content: bytes, line: int, value: str
) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(FormatError, match=f"bad.txt, line {line}: .*{value}"):
        read_predictions(tmp_path / "bad.txt")


@pytest.mark.parametrize("line", ["a/00001.jpg,0", "a,b/00001.jpg", "00001.jpg,0", "/a"])
def test_a_line_that_is_no_name_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "names.txt").write_text(f"a\n{line}\n")
    with pytest.raises(
        FormatError, match=f"names.txt, line 2: '{line}' is no .*the header 'image_loc"
    ):
        read_template(tmp_path / "names.txt")


ODD_NAMES = ("a,b", "take 1,2", "  lead", "trail ", "x,1/y,2", "3.07\u202fPM", "cafe\u0301", ",")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_is_written_and_read_back_as_it_is(tmp_path: Path, name: str) -> None:
    written = [block(name, [0, 1], [3, 0]), block("z", [0], [1])]
    write_predictions(tmp_path / "p.txt", written)
    assert plain(read_predictions(tmp_path / "p.txt")) == plain(written)
    assert plain(read_template(tmp_path / "p.txt")) == plain(written)


LINE_CHARACTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/")


@given(st.lists(st.text(LINE_CHARACTERS, min_size=1), min_size=1, max_size=3).map("/".join))
def test_names_go_through_predictions_and_lists(name: str) -> None:
    with TemporaryDirectory() as place:
        path = Path(place, "p.txt")
        write_predictions(path, [block(name, [0, 7], [3, 0])])
        assert plain(read_predictions(path)) == [(name, [0, 7], [3, 0])]
        path.write_text(f"first\n{name}\n", encoding="utf-8", newline="")
        assume(name.strip() not in ("", "first") and name == name.strip() and name[0] != "{")
        assert [one.name for one in read_template(path)] == ["first", name]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"cannot read .*gone.txt: No such file"):
        read_predictions(tmp_path / "gone.txt")


def test_a_template_that_is_no_text_or_another_kind_of_file_is_told_from_names(
    tmp_path: Path,
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\xbb")
    with pytest.raises(FormatError, match="cannot read .*clip.mp4: it is no UTF-8 text"):
        read_template(tmp_path / "clip.mp4")
    write_crop_geometry(tmp_path / "crop.json", ARCFACE)
    with pytest.raises(FormatError, match="crop.json looks like JSON; .* geometry of crops"):
        read_template(tmp_path / "crop.json")

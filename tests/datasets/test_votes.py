"""Votes of several people, as FER+ writes them down."""

from pathlib import Path

import pytest
from conftest import SHARED, needs_shared

from videxpr.core.errors import FormatError
from videxpr.datasets.image_folder import LabeledImage, with_votes
from videxpr.datasets.votes import Votes, read_votes

HEAD = "image,neutral,anger,fear,contempt,unknown,nf\n"


def votes(**counts: int) -> Votes:
    answers = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other")
    return Votes(tuple(counts.get(one, 0) for one in (*answers, "contempt", "unknown", "nf")))


def file_of(folder: Path, text: str) -> Path:
    path = folder / "votes.csv"
    path.write_text(text)
    return path


def test_the_majority_has_strictly_the_most_of_all_votes() -> None:
    assert votes(anger=4, fear=3, nf=3).majority == 1
    assert votes(anger=4, fear=4, nf=2).majority == -1
    assert votes(anger=4, contempt=4).majority == -1
    assert votes(anger=3, contempt=7).majority == -1
    assert not votes(anger=3, contempt=7).unusable
    assert votes(nf=6, anger=4).unusable and votes(unknown=2, anger=1).unusable
    assert not votes(nf=5, anger=5).unusable


def test_shares_are_of_all_voters() -> None:
    shares = votes(neutral=5, fear=3, unknown=2).shares
    assert shares.tolist() == pytest.approx([0.5, 0, 0, 0.3, 0, 0, 0, 0])


def test_a_file_is_read_in_any_order_of_columns(tmp_path: Path) -> None:
    path = file_of(tmp_path, "Fear,image,nf,NEUTRAL\n3,a/x.png,1,6\n0,a/y.png,0,0\n")
    assert read_votes(path) == {"a/x.png": votes(fear=3, nf=1, neutral=6)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,neutral,joy\n", "line 1: columns must be image and .* not image, neutral, joy"),
        ("image,neutral,nf\n", "line 1: columns must be"),
        ("neutral,anger\n", "line 1: columns must be"),
        ("", "columns must be .* not none"),
        (HEAD + "a.png,1,2,0,0,0\n", "line 2: nf is '', not a number of votes"),
        (HEAD + "a.png,1,2,-1,0,0,0\n", "line 2: fear is '-1', not a number of votes"),
        (HEAD + "a.png,1,2,0.5,0,0,0\n", "line 2: fear is '0.5'"),
        (HEAD + "a.png,1,2,0,0,0,0\na.png,1,2,0,0,0,0\n", "line 3: a.png is named a second time"),
        (HEAD + ",1,2,0,0,0,0\n", "line 2: no image is named"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_votes(file_of(tmp_path, text))


def test_images_get_the_majority_as_label_and_others_are_left_out(tmp_path: Path) -> None:
    names = ["anger/a.png", "anger/b.png", "anger/web_1.png", "anger/c.png"]
    images = [LabeledImage(tmp_path / name, name, 1) for name in names]
    rows = "faces/anger/a.png,1,2,7,0,0,0\nfaces/anger/b.png,5,5,0,0,0,0\n"
    voted = with_votes(images, file_of(tmp_path, HEAD + rows), "web_*")
    assert [(one.name, one.label) for one in voted] == [
        ("anger/a.png", 3),
        ("anger/b.png", -1),
        ("anger/web_1.png", 1),
    ]
    assert voted[2].shares.tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert len(with_votes(images, tmp_path / "votes.csv")) == 2
    with pytest.raises(FormatError, match="has votes on none of the 1 images"):
        with_votes(images[3:], tmp_path / "votes.csv")


@needs_shared
def test_ferplus_has_the_majorities_that_were_counted() -> None:
    data = SHARED / "data"
    found = read_votes(data / "ferplus.csv")
    assert len(found) == 29_605
    split = dict(line.split(",") for line in (data / "split.csv").read_text().split()[1:])
    with_majority = [split[name] for name, one in found.items() if one.majority >= 0]
    assert {part: with_majority.count(part) for part in ("train", "validation", "test")} == {
        "train": 22_244,
        "validation": 2_771,
        "test": 2_769,
    }

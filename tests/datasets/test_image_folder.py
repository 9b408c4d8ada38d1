"""Folders of labeled images and their splits."""

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from faces import picture
from PIL import Image

import videxpr.datasets.image_folder
from videxpr.core.errors import FormatError, SourceError
from videxpr.datasets.image_dataset import ImageDataset
from videxpr.datasets.image_folder import (
    LabeledImage,
    class_counts,
    draw_split,
    find_images,
    read_split,
)


def make(top: Path, *names: str) -> None:
    """Small images of all formats; files of other endings are empty."""
    for name in names:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".txt":
            path.touch()
        else:
            picture(len(name), 16).save(path)


def named(images: Sequence[LabeledImage]) -> list[str]:
    return [image.name for image in images]


def test_class_folders_are_found_in_any_case_and_at_any_depth(tmp_path: Path) -> None:
    make(tmp_path, "neutral/b.png", "neutral/a.JPG", "faces/Anger/x.webp", "a/b/SURPRISE/y.bmp")
    make(tmp_path, "Other/z.jpeg", "contempt/q.png", "loose.png", "neutral/readme.txt")
    images = find_images(tmp_path)
    assert {image.name: image.label for image in images} == {
        "Other/z.jpeg": 7,
        "a/b/SURPRISE/y.bmp": 6,
        "faces/Anger/x.webp": 1,
        "neutral/a.JPG": 0,
        "neutral/b.png": 0,
    }
    assert named(images) == sorted(named(images))
    assert all(image.path == tmp_path / image.name for image in images)
    assert class_counts(images) == [2, 1, 0, 0, 0, 0, 1, 1]
    assert class_counts([]) == [0] * 8


def test_hidden_files_are_no_images(tmp_path: Path) -> None:
    make(tmp_path, "anger/a.png", "anger/._a.png", ".trash/anger/b.png")
    assert named(find_images(tmp_path)) == ["anger/a.png"]


def test_a_folder_without_classes_is_named(tmp_path: Path) -> None:
    make(tmp_path, "contempt/a.png", "anger/readme.txt")
    with pytest.raises(SourceError, match=f"{tmp_path} has no images .*neutral, anger, disgust"):
        find_images(tmp_path)
    with pytest.raises(SourceError, match="no folder .*gone"):
        find_images(tmp_path / "gone")


def images_of(*names: str) -> list[LabeledImage]:
    return [LabeledImage(Path(name), name, 1) for name in names]


def split_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "split.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("above_in_file", ["", "faces/", "data/faces/"])
@pytest.mark.parametrize("above_in_folder", ["", "faces/"])
def test_a_split_may_name_folders_more_or_less(
    tmp_path: Path, above_in_file: str, above_in_folder: str
) -> None:
    rows = [
        ("anger/1.png", "train"),
        ("fear/1.png", "validation"),
        ("fear/2.png", "test"),
        ("fear/absent.png", "train"),
    ]
    lines = "".join(f"{above_in_file}{name},{part}\n" for name, part in rows)
    file = split_file(tmp_path, "image,split\n" + lines)
    names = ["anger/1.png", "fear/1.png", "fear/2.png", "fear/unnamed.png"]
    parts = read_split(file, images_of(*(above_in_folder + name for name in names)))
    assert {part: named(images) for part, images in parts.items()} == {
        "train": [above_in_folder + "anger/1.png"],
        "validation": [above_in_folder + "fear/1.png"],
        "test": [above_in_folder + "fear/2.png"],
    }


def test_a_split_may_have_other_columns_quotes_a_bom_and_windows_line_ends(tmp_path: Path) -> None:
    file = split_file(
        tmp_path, '\ufeffsplit,note,image\r\ntrain,,"a/x, y.png"\r\nvalidation,?,a/b.png\r\n'
    )
    parts = read_split(file, images_of("a/x, y.png", "a/b.png"))
    assert named(parts["train"]) == ["a/x, y.png"] and named(parts["validation"]) == ["a/b.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: columns must be image,split, not None"),
        ("image,part\na/1.png,train\n", "line 1: columns must be image,split, not .*part"),
        ("image,split\na/1.png,train\na/2.png,dev\n", "line 3: split 'dev' is none of train, "),
        ("image,split\na/1.png,Train\n", "line 2: split 'Train'"),
        ("image,split\na/1.png\n", "line 2: split None"),
        ("split,image\ntrain\n", "line 2: no image is named"),
        ("image,split\na/1.png,train\nx/a/1.png,test\n", "line 3: .*x/a/1.png.* test.* train"),
        ("image,split\na/1.png,train\n", "names no validation image"),
        ("image,split\na/1.png,validation\n", "names no train image"),
        ("image,split\nb/9.png,validation\nb/8.png,train\n", "names no train image"),
        (b"image,split\n\xff/1.png,train\n", "cannot read .*: it is no UTF-8 text"),
    ],
)
def test_a_split_that_does_not_fit_is_refused_with_file_and_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    file = split_file(tmp_path, text)
    with pytest.raises(FormatError, match=message) as caught:
        read_split(file, images_of("a/1.png", "a/2.png"))
    assert str(file) in str(caught.value)


def test_a_split_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot read .*gone.csv"):
        read_split(tmp_path / "gone.csv", images_of("a/1.png"))


def test_the_same_line_twice_is_taken(tmp_path: Path) -> None:
    file = split_file(tmp_path, "image,split\na/1.png,train\na/1.png,train\na/2.png,validation\n")
    assert named(read_split(file, images_of("a/1.png", "a/2.png"))["train"]) == ["a/1.png"]


COPIES = 6


def save_copies(folder: Path, seed: int) -> None:
    """A picture, another name of it, two JPEGs, a thumbnail and an enlargement."""
    original = picture(seed)
    for name in ("anger", "Fear"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    original.save(folder / "anger" / f"{seed:03d}-original.png")
    original.save(folder / "Fear" / f"again-{seed:03d}.png")
    original.save(folder / "anger" / f"{seed:03d}-good.jpg", quality=90)
    original.save(folder / "anger" / f"{seed:03d}-poor.jpg", quality=60)
    original.resize((56, 56)).save(folder / "anger" / f"{seed:03d}-small.webp")
    original.resize((200, 200)).save(folder / "anger" / f"{seed:03d}-large.png")


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[LabeledImage]:
    folder = tmp_path_factory.mktemp("images")
    for seed in range(40):
        save_copies(folder, seed)
    return find_images(folder)


def number(image: LabeledImage) -> str:
    return "".join(one for one in image.path.stem if one.isdigit())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_copies_of_a_picture_are_drawn_to_one_side(
    copies: list[LabeledImage], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(videxpr.datasets.image_folder, "SPLIT_SEED", seed)
    parts = draw_split(copies)
    train, validation = (
        {number(image) for image in parts[part]} for part in ("train", "validation")
    )
    assert train & validation == set()
    assert parts["test"] == []
    assert sorted(named(parts["train"] + parts["validation"])) == named(copies)
    assert len(parts["validation"]) == 4 * COPIES


def test_the_same_images_are_always_split_alike(
    copies: list[LabeledImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = draw_split(copies)
    random.seed(7)
    assert draw_split(copies) == first
    monkeypatch.setattr(videxpr.datasets.image_folder, "SPLIT_SEED", 6)
    assert draw_split(copies) != first


def test_copies_of_copies_are_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that turns into another by small steps is one picture."""
    (tmp_path / "fear").mkdir()
    first, second = picture(1), picture(2)
    for step in range(41):
        Image.blend(first, second, step / 40).save(tmp_path / "fear" / f"{step:02d}.png")
    for seed in range(3, 8):
        picture(seed).save(tmp_path / "fear" / f"other{seed}.png")
    for seed in range(5):
        monkeypatch.setattr(videxpr.datasets.image_folder, "SPLIT_SEED", seed)
        parts = draw_split(find_images(tmp_path))
        steps = {part for part, s in parts.items() for one in s if one.path.stem.isdigit()}
        assert len(steps) == 1


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "anger").mkdir()
    (tmp_path / "anger" / "bad.png").write_bytes(os.urandom(99))
    images = find_images(tmp_path)
    with pytest.raises(SourceError, match=r"anger/bad.png"):
        ImageDataset(images, 112)[0]
    with pytest.raises(SourceError, match=r"anger/bad.png"):
        draw_split(images)

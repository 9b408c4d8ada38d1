import numpy as np
import pytest
from PIL import Image

from videxpr.core.errors import SourceError
from videxpr.datasets.crops.reader import open_crops
from videxpr.video.images import read_image, resize


def save(path, size=(112, 112), shade=90):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.full((*size, 3), shade, np.uint8)).save(path)


def test_first_image_is_frame_zero_and_gaps_stay_gaps(tmp_path):
    for number in (1, 2, 5):
        save(tmp_path / f"{number:05d}.png", shade=number)
    (tmp_path / "notes.txt").touch()
    folder = open_crops(tmp_path)
    assert folder.frames == 5
    assert [(frame, int(crop[0, 0, 0])) for frame, crop in folder.crops(112)] == [
        (0, 1),
        (1, 2),
        (4, 5),
    ]


def test_a_photo_among_crops_is_passed_over_and_said(tmp_path):
    for name in ("00001.png", "00003.png", "20240315.png", "cover.png", "a.png", "b.png"):
        save(tmp_path / name)
    folder = open_crops(tmp_path)
    assert folder.frames == 3
    assert folder.warnings == [
        "passed over, as images of no frame: 20240315.png, a.png, b.png and 1 more"
    ]


def test_two_crops_of_one_frame_are_an_error(tmp_path):
    save(tmp_path / "00001.png")
    save(tmp_path / "00001.jpg")
    with pytest.raises(SourceError, match="more than one crop"):
        open_crops(tmp_path)


def test_crops_of_two_folders_are_one_video_and_the_first_counts(tmp_path):
    for folder, numbers in (("one", (2, 3)), ("two", (1, 2, 7))):
        for number in numbers:
            save(tmp_path / folder / f"{number:05d}.png")
    images = open_crops(tmp_path / "one", tmp_path / "two").images
    assert [(frame, path.parent.name) for frame, path in images.items()] == [
        (0, "two"),
        (1, "one"),
        (2, "one"),
        (6, "two"),
    ]


def test_folder_without_crops_is_an_error(tmp_path):
    (tmp_path / "00000.jpg").touch()  # there is no frame 0 in these names
    with pytest.raises(SourceError, match=r"00001\.jpg"):
        open_crops(tmp_path)


def test_damaged_crop_is_an_error_that_names_it(tmp_path):
    (tmp_path / "00001.jpg").write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"00001\.jpg"):
        list(open_crops(tmp_path).crops(112))


def test_gray_image_becomes_three_channels(tmp_path):
    Image.fromarray(np.full((8, 9), 77, np.uint8)).save(tmp_path / "gray.png")
    image = read_image(tmp_path / "gray.png")
    assert image.shape == (8, 9, 3)
    assert np.unique(image).tolist() == [77]
    assert resize(image, 9, 8) is image
    assert resize(image, 4, 5).shape == (5, 4, 3)

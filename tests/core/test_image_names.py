"""Names of images and frames, one way and back."""

from pathlib import Path

import pytest

from videxpr.core.image_names import frame_images, frame_of, image_name, images_in


@pytest.mark.parametrize("frame", [0, 41, 99_998, 99_999])
def test_a_name_leads_back_to_its_frame(frame: int) -> None:
    assert frame_of(image_name(frame)) == frame


def test_only_images_of_frames_are_found_in_a_folder_and_by_name(tmp_path: Path) -> None:
    names = ["00010.jpg", "00002.png", "00002.JPEG", "00000.jpg", "cover.jpg", "00003.txt"]
    for name in [*names, "._00010.jpg"]:
        (tmp_path / name).touch()
    found = images_in(tmp_path)
    assert found.frames == ((1, "00002.JPEG"), (1, "00002.png"), (9, "00010.jpg"))
    assert found.others == ("00000.jpg", "cover.jpg")


@pytest.mark.parametrize(
    "photo",
    [
        "20240315.jpg",
        "240315.jpg",
        "1710489600.jpg",
        "IMG_0001.jpg",
        "100123.JPG",
        "77777.jpg",
        "PXL_2024.heic",
    ],
)
@pytest.mark.parametrize("crops", [1, 12, 5000])
def test_a_photo_among_crops_is_of_no_frame(photo: str, crops: int) -> None:
    names = [image_name(2 * frame) for frame in range(crops)]
    found = frame_images([*names, photo])
    assert [name for _, name in found.frames] == names
    assert found.others == (photo,)


def test_crops_may_begin_late_and_have_long_gaps() -> None:
    frames = [59_000, 59_001, 95_000, *range(300_000, 300_030), *range(1_000_000, 1_000_040)]
    found = frame_images(map(image_name, frames))
    assert sorted(frame for frame, _ in found.frames) == frames
    assert found.others == ()


def test_photos_named_by_date_alone_are_of_no_video() -> None:
    days = [f"202403{day:02d}.jpg" for day in range(1, 32)]
    assert frame_images(days).frames == ()

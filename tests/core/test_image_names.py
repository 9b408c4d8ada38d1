"""Names of images and frames, one way and back."""

from pathlib import Path

import pytest

from videxpr.core.image_names import frame_of, image_name, images_in


@pytest.mark.parametrize("frame", [0, 41, 99_998, 99_999])
def test_a_name_leads_back_to_its_frame(frame: int) -> None:
    assert frame_of(image_name(frame)) == frame


def test_only_images_of_frames_are_found_in_a_folder_and_by_name(tmp_path: Path) -> None:
    names = ["00010.jpg", "00002.png", "00002.JPEG", "00000.jpg", "cover.jpg", "00003.txt"]
    for name in names:
        (tmp_path / name).touch()
    found = [(1, "00002.JPEG"), (1, "00002.png"), (9, "00010.jpg")]
    assert list(images_in(tmp_path)) == found

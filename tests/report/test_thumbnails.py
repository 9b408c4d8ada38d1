"""Faces cut out of their video, in one pass."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow
from recorded import Seen, record_video
from records import changed
from videos import Recipe, number_in, write_video

from videxpr.core.errors import SourceError
from videxpr.report.thumbnails import cut_face, face_thumbnails

WHOLE = (0, 0, 64, 48)
TWELVE = [40 * number for number in range(12)]


def opened(data: bytes) -> np.ndarray:
    return np.array(Pillow.open(io.BytesIO(data), formats=("JPEG",)))


def test_each_wanted_row_shows_its_frame(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", TWELVE)
    record = record_video(path, [Seen(2, WHOLE), Seen(3, None), Seen(7, WHOLE)])
    found = face_thumbnails(path, record, [2, 1, 0], size=64)
    assert sorted(found) == [0, 2]  # what was bridged has no box
    for row, number in ((0, 2), (2, 7)):
        image = opened(found[row])
        assert image.shape == (64, 64, 3)
        # 90 pixels are 64 now: of the frame, 46 by 34 in the middle
        assert number_in(image[15:49, 9:55]) == number
    assert face_thumbnails(path, record, []) == {}


def test_rotated_videos_are_upright(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", TWELVE, Recipe(rotation=90))
    record = record_video(path, [Seen(5, (0, 0, 48, 64))])
    (image,) = map(opened, face_thumbnails(path, record, [0], size=90).values())
    assert number_in(image[13:77, 21:69]) == 5


def test_blurred_thumbnails_show_nothing(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", TWELVE, Recipe(width=640, height=480))
    record = record_video(path, [Seen(5, (0, 0, 640, 480))])
    for blur, least, most in (("none", 100, 255), ("faces", 0, 30)):
        (image,) = map(opened, face_thumbnails(path, record, [0], blur).values())
        picture = image[25:71, 18:78].astype(int)  # what is no margin
        assert least <= np.abs(np.diff(picture, axis=0)).max() <= most
    with pytest.raises(SourceError, match="--people all"):
        face_thumbnails(path, changed(record, people=1), [0], "faces")
    another = changed(record, provenance=record.provenance | {"source_sha256": "ab" * 32})
    assert face_thumbnails(path, another, [0])
    with pytest.raises(SourceError, match="nothing can be blurred"):
        face_thumbnails(path, another, [0], "faces")


def test_boxes_beyond_the_frame_are_black_there() -> None:
    white = np.full((40, 40, 3), 255, np.uint8)
    cut = cut_face(white, np.array([-20, 0, 20, 40], np.float32), 56)
    assert cut[28, 2].max() < 5 and cut[28, 54].min() > 250 and cut[2, 54].max() < 5
    assert cut_face(white, np.array([-1e8, -1e8, 1e8, 1e8], np.float32), 56).shape == (56, 56, 3)
    assert cut_face(white, np.array([90, 90, 99, 99], np.float32), 8).max() == 0


def test_another_video_is_an_error(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", TWELVE)
    record = record_video(path, [Seen(11, WHOLE)])
    shorter = write_video(tmp_path / "b.mp4", TWELVE[:9])
    with pytest.raises(SourceError, match=r"b.mp4: frame 11 of the record is not in it"):
        face_thumbnails(shorter, record, [0])
    larger = write_video(tmp_path / "c.mp4", TWELVE, Recipe(width=96))
    with pytest.raises(SourceError, match="96x48 pixels, those of the record 64x48"):
        face_thumbnails(larger, record, [0])
    crops = changed(record, provenance={"detector": "none (aligned crops)"})
    with pytest.raises(SourceError, match="annotated from crops"):
        face_thumbnails(path, crops, [0])

"""What is blurred, for how long, and what is left of it."""

import numpy as np
import pytest
from conftest import SHARED, needs_shared
from recorded import Seen, record_video
from records import changed
from videos import write_video

from videxpr.core.errors import SourceError
from videxpr.core.structures import Image
from videxpr.faces.detection.mtcnn import Mtcnn
from videxpr.faces.options import DetectionOptions
from videxpr.formats.record import Annotation
from videxpr.report.blurring import blur_boxes, blur_frame, plan_blur
from videxpr.video.reader import Video


def noise(height: int = 90, width: int = 120) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def detail(image: Image) -> float:
    """How much pixels differ from their neighbors."""
    values = image.astype(float)
    return float(np.abs(np.diff(values, axis=0)).mean() + np.abs(np.diff(values, axis=1)).mean())


@pytest.fixture(scope="module")
def record(tmp_path_factory) -> Annotation:
    """Twelve frames in two shots of six; person 1 in frames 2 and 4, person 2 in frame 9."""
    path = write_video(tmp_path_factory.mktemp("blur") / "a.mp4", [40 * n for n in range(12)])
    moved = Seen(4, (20, 12, 44, 36))
    seen = [Seen(2, (8, 8, 32, 32)), Seen(3, None), moved, Seen(9, (0, 0, 16, 16), person=2)]
    return record_video(path, seen, [0] * 6 + [1] * 6)


def test_a_face_is_blurred_from_the_start_of_its_shot_to_the_end_and_over_gaps(record) -> None:
    first, second = plan_blur(record, "faces").held
    assert (first.first_frame, first.end_frame) == (0, 6)
    assert [first.at(frame).tolist() for frame in range(6)] == [
        *([[8, 8, 32, 32]] * 3),
        [8, 8, 44, 36],  # what holds both
        *([[20, 12, 44, 36]] * 2),
    ]
    assert (second.first_frame, second.end_frame) == (6, 12)
    assert all(second.at(frame).tolist() == [0, 0, 16, 16] for frame in range(6, 12))


def test_one_and_a_half_boxes_lose_their_detail_and_nothing_else_changes() -> None:
    image = noise()
    blurred = blur_boxes(image, np.array([[40, 30, 80, 60]], np.float32))
    inside = (slice(22, 68), slice(30, 90))  # 60 by 45 pixels, and half a pixel outwards
    assert detail(blurred[inside]) < 0.03 * detail(image[inside])
    changed = (blurred != image).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (22, 68, 30, 90)
    assert blurred is not image and (image == noise()).all()


@pytest.mark.parametrize(
    "box",
    [(-50, -50, 10, 10), (110, 80, 400, 300), (-10, 20, 500, 60), (-9, -9, -1, -1), (5, 5, 5, 5)],
)
def test_boxes_at_the_edge_or_without_area_are_no_error(box) -> None:
    assert blur_boxes(noise(), np.array([box], np.float32)).shape == (90, 120, 3)


def test_all_blurs_frames_without_a_detection_as_a_whole(record) -> None:
    image, plan = noise(48, 64), plan_blur(record, "all")
    assert detail(plan.apply(image, 3)) < 0.05 * detail(image)  # bridged: no detection
    assert detail(plan.apply(image, 2)) > 0.2 * detail(image)
    faces = plan_blur(record, "faces").apply(image, 3)
    assert detail(faces) > 0.2 * detail(image)
    assert plan_blur(record, "none").apply(image, 3) is image
    assert detail(blur_frame(noise(480, 853))) < 0.02 * detail(noise(480, 853))


def test_a_record_that_may_lack_faces_is_refused(record) -> None:
    with pytest.raises(SourceError, match=r"main person alone .*--people all"):
        plan_blur(changed(record, people=1), "faces")
    with pytest.raises(SourceError, match="2 persons alone"):
        plan_blur(changed(record, people=2), "all")
    assert plan_blur(changed(record, people=1), "none").held == ()


@needs_shared
def test_no_face_is_found_in_a_blurred_frame() -> None:
    with Video(SHARED / "data" / "clips" / "man-grin.mp4") as video:
        image = next(iter(video)).image
    detector = Mtcnn(DetectionOptions("mtcnn"))
    (face,) = detector.detect([image])[0]
    assert detector.detect([blur_boxes(image, face.bbox[None])])[0] == []

import io
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from chosen import crop_options
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pipeline import ScriptedDetector, face, picture, write_clip

from videxpr.core.crop_template import ARCFACE
from videxpr.datasets.crops import cropper as cropping
from videxpr.datasets.crops.cropper import Cropper, CropSpool
from videxpr.faces.align import align_face
from videxpr.video.reader import Video
from videxpr.video.timeline import Timeline


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two shots of 20 frames."""
    pictures = [picture(n) for n in range(20)] + [picture(n, 200) for n in range(20)]
    return write_clip(tmp_path_factory.mktemp("clip") / "two.mp4", pictures)


def crops(path, script, **options):
    cropper = Cropper(ScriptedDetector(script), crop_options(**options))
    return list(cropper.crops(path, Timeline()))


def test_each_detected_frame_has_the_crop_that_annotation_would_see(clip):
    made = crops(clip, lambda n: [] if n in (3, 4) else [face(x=50.0 + n)], quality=100)
    assert [one.frame for one in made] == [n for n in range(40) if n not in (3, 4)]
    assert {one.rank for one in made} == {0}
    with Video(clip) as video:
        images = {frame.index: frame.image for frame in video}
    for one in made[::5]:
        landmarks = face(x=50.0 + one.frame).landmarks
        wanted = align_face(images[one.frame], landmarks, ARCFACE)
        found = np.array(Image.open(io.BytesIO(one.jpeg)))
        np.testing.assert_allclose(found.astype(int), wanted, atol=6)
        assert one.center_x == pytest.approx(80 + one.frame)


def test_the_main_person_is_chosen_shot_by_shot(clip):
    def script(number):
        small, large = face(20, 40, 50), face(150, 40, 80)
        return [small, large] if number < 20 else [face(20, 40, 90), face(150, 40, 60)]

    alone = crops(clip, script)
    assert [one.frame for one in alone] == list(range(40))
    assert [round(one.center_x) for one in alone] == [190] * 20 + [65] * 20
    both = crops(clip, script, people=2)
    assert [one.rank for one in both] == ([0] * 20 + [1] * 20) * 2
    assert [one.frame for one in both[:40]] == [*range(20), *range(20)]
    left = crops(clip, script, person="left")
    assert {round(one.center_x) for one in left} == {45, 65}


def test_start_and_end_keep_true_numbers(clip):
    made = crops(clip, lambda n: [face()], start_seconds=0.4, end_seconds=1.2)
    assert [one.frame for one in made] == list(range(10, 30))


def test_flashes_get_no_crops(clip):
    made = crops(clip, lambda n: [face(score=0.6)] if n in (5, 6) else [])
    assert made == []


def test_crops_have_the_templates_size(clip):
    (one, *_) = crops(clip, lambda n: [face()], template=ARCFACE.resized(64))
    with Image.open(io.BytesIO(one.jpeg)) as image:
        assert (image.size, image.mode) == ((64, 64), "RGB")


Shots = list[list[tuple[int, bytes]]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shots=st.lists(st.lists(st.tuples(st.integers(1, 4), st.binary(max_size=40))), max_size=3),
    most=st.sampled_from([1, 50, 1 << 20]),
)
def test_crops_come_back_by_track_wherever_they_were_buffered(
    monkeypatch: pytest.MonkeyPatch, shots: Shots, most: int
) -> None:
    monkeypatch.setattr(cropping, "BUFFERED_BYTES", most)
    with CropSpool() as spool:
        for shot in shots:
            expected: dict[int, list[bytes]] = defaultdict(list)
            for track, jpeg in shot:
                spool.add(track, jpeg)
                expected[track].append(jpeg)
            for track in range(1, 5):
                assert list(spool.of(track)) == expected[track]
            spool.clear()
            assert list(spool.of(1)) == []


def test_many_crops_leave_memory_for_a_file_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cropping, "BUFFERED_BYTES", 1000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with CropSpool() as spool:
        for number in range(30):
            assert spool._file._rolled == (number > 10)
            spool.add(1, bytes([number]) * 100)
        assert next(spool.of(1)) == bytes(100)
    assert not list(tmp_path.iterdir())

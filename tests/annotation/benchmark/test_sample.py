"""Which frames are kept, seen by the numbers that they show."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from videos import number_in, write_video

from videxpr.annotation.benchmark import sample as sampling
from videxpr.annotation.benchmark.sample import stretch_starts, take_sample
from videxpr.core.errors import SourceError


def numbers(sample):
    return [[number_in(image) for image in stretch] for stretch in sample.stretches]


def test_a_short_video_is_kept_whole(tmp_path):
    sample = take_sample(write_video(tmp_path / "v.mp4", [40 * n for n in range(10)]), 4)
    assert numbers(sample) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert (sample.frames, sample.images, sample.codec) == (10, 10, "h264")


def test_of_a_long_one_stretches_are_spread_from_the_first_frame_to_the_last(tmp_path, monkeypatch):
    path = write_video(tmp_path / "v.mp4", [40 * n for n in range(30)])
    monkeypatch.setattr(sampling, "KEPT_FRAMES", 14)
    sample = take_sample(path, 4)
    assert numbers(sample) == [[0, 1, 2, 3], [13, 14, 15, 16], [26, 27, 28, 29]]
    assert (sample.frames, sample.images) == (30, 12)


def test_large_pictures_are_fewer_but_a_stretch_in_any_case(tmp_path, monkeypatch):
    path = write_video(tmp_path / "v.mp4", [40 * n for n in range(30)])  # 64 x 48
    monkeypatch.setattr(sampling, "KEPT_BYTES", 9 * 64 * 48 * 3)
    assert numbers(take_sample(path, 4)) == [[0, 1, 2, 3], [26, 27, 28, 29]]
    monkeypatch.setattr(sampling, "KEPT_BYTES", 1)
    assert numbers(take_sample(path, 4)) == [[0, 1, 2, 3]]


@given(st.integers(1, 5000), st.integers(0, 400), st.integers(1, 70))
def test_stretches_do_not_meet_and_stay_in_the_video(frames, kept, size):
    starts = stretch_starts(frames, kept, size)
    assert starts[0] == 0
    assert all(later - first >= size for first, later in pairwise(starts))
    if frames > max(kept, size):
        assert starts[-1] + size <= frames
        assert len(starts) * size <= max(kept, size)
    else:
        assert starts[-1] < frames <= starts[-1] + size


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"no video")
    with pytest.raises(SourceError, match=r"no\.mp4"):
        take_sample(tmp_path / "no.mp4", 4)
    with pytest.raises(SourceError, match="no file"):
        take_sample(tmp_path / "nowhere.mp4", 4)

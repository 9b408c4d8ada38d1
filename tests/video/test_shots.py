import numpy as np
from pipeline import picture

from videxpr.core.structures import Frame
from videxpr.video.shots import with_shots


def shots_of(pictures):
    frames = [Frame(index, index / 25, image) for index, image in enumerate(pictures)]
    result = list(with_shots(frames))
    assert [one.frame.index for one in result] == list(range(len(frames)))
    return [one.shot for one in result]


def test_steady_picture_is_one_shot():
    assert shots_of([picture(n) for n in range(40)]) == [0] * 40


def test_cuts_begin_shots():
    scenes = [picture(n) for n in range(20)] + [picture(n, 190) for n in range(15)]
    scenes += [picture(n, 20) for n in range(10)]
    assert shots_of(scenes) == [0] * 20 + [1] * 15 + [2] * 10


def test_fast_pan_is_no_cut():
    wide = np.random.default_rng(0).integers(0, 256, (12, 60, 3), dtype=np.uint8)
    wide = wide.repeat(16, axis=0).repeat(32, axis=1)
    pan = [np.ascontiguousarray(wide[:, 24 * n : 24 * n + 320]) for n in range(60)]
    assert set(shots_of(pan)) == {0}


def test_slow_fade_is_no_cut():
    assert set(shots_of([picture(0, 20 + 3 * n) for n in range(60)])) == {0}


def test_shortest_videos():
    assert shots_of([]) == []
    assert shots_of([picture(0)]) == [0]
    assert shots_of([picture(0), picture(1)]) == [0, 0]

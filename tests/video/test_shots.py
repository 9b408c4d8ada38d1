from functools import cache
from itertools import islice, pairwise

import cv2
import numpy as np
import pytest
from conftest import SHARED, needs_shared
from pipeline import picture

from videxpr.core.structures import Frame
from videxpr.video.reader import Video
from videxpr.video.shots import with_shots

CLIPS = SHARED / "data" / "clips"


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


def test_light_of_any_kind_begins_no_shot():
    scene = [picture(n) for n in range(60)]
    fade = [lit(one, 0.1 + n / 30) for n, one in enumerate(scene)]
    strobe = [lit(one, 1, 127 * (n // 3 % 2)) for n, one in enumerate(scene)]
    lamps = [lit(one, (0.4, 1.2, 0.7) if n // 7 % 2 else 1) for n, one in enumerate(scene)]
    dropped = [lit(one, n % 11 > 1) for n, one in enumerate(scene)]
    white = [lit(one, 1, 255 * (n % 13 == 6)) for n, one in enumerate(scene)]
    for pictures in (fade, strobe, lamps, dropped, white):
        assert set(shots_of(pictures)) == {0}


def test_a_flash_of_another_scene_is_no_shot_and_two_frames_are_one():
    scene = [picture(n) for n in range(30)]
    assert set(shots_of(scene[:15] + [picture(0, 190)] + scene[16:])) == {0}
    short = scene[:15] + [picture(n, 190) for n in range(2)] + [picture(n, 120) for n in range(15)]
    assert shots_of(short) == [0] * 15 + [1] * 2 + [2] * 15


def test_shortest_videos():
    assert shots_of([]) == []
    assert shots_of([picture(0)]) == [0]
    assert shots_of([picture(0), picture(1)]) == [0, 0]


# ---- real pictures


@cache
def clip(name):
    """Up to 100 frames of a clip, 240 x 180."""
    with Video(CLIPS / name) as video:
        return [cv2.resize(frame.image, (240, 180)) for frame in islice(video, 100)]


def lit(image, gain, lift=0):
    return np.clip(image * np.float32(gain) + lift, 0, 255).astype(np.uint8)


def cuts_of(pictures):
    return [n for n, (a, b) in enumerate(pairwise(shots_of(pictures)), 1) if a != b]


def mixed(one, other, frames):
    """One picture after the other turns into the other's."""
    shares = (np.arange(frames) + 1) / (frames + 1)
    ends = zip(one[40:], other, shares, strict=False)
    middle = [cv2.addWeighted(a, 1 - share, b, share, 0) for a, b, share in ends]
    return one[:40] + middle + other[frames : frames + 40]


MAN, WOMAN = "single-face.mp4", "woman-15s.mp4"


@needs_shared
@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("stage-many-people-cuts.mp4", [20, 82, 211]),
        ("face-then-none-vfr-hevc.mov", [73]),  # after a black frame
        ("man-happy-wmv2.wmv", []),  # moves about
    ],
)
def test_cuts_of_real_clips_in_color_and_in_gray(name, cuts):
    with Video(CLIPS / name) as video:
        pictures = [cv2.resize(frame.image, (240, 180)) for frame in islice(video, 220)]
    assert cuts_of(pictures) == cuts
    gray = [np.repeat(one.mean(axis=2, keepdims=True).astype(np.uint8), 3, 2) for one in pictures]
    assert cuts_of(gray) == cuts


@needs_shared
@pytest.mark.parametrize("period", [1, 3, 5])
@pytest.mark.parametrize("light", [(1, 127), (1, -60), (0.3, 0), ((0.5, 1.2, 0.8), 0)])
def test_flashing_light_hides_no_cut_and_is_none(period, light):
    pictures = clip(MAN)[:45] + clip(WOMAN)[:45]
    lamp = [n // period % 2 for n in range(90)]
    shown = [lit(one, *light) if on else one for one, on in zip(pictures, lamp, strict=True)]
    assert cuts_of(shown) == [45]
    assert cuts_of(shown[:45]) == []


@needs_shared
@pytest.mark.parametrize("frames", [6, 12, 20, 30])
def test_a_dissolve_between_people_is_one_cut(frames):
    (cut,) = cuts_of(mixed(clip(MAN), clip(WOMAN), frames))
    assert 40 + 0.3 * frames <= cut <= 40 + frames


@needs_shared
@pytest.mark.parametrize("color", [0, 255])
@pytest.mark.parametrize(("frames", "hold"), [(3, 0), (10, 4), (25, 30)])
def test_a_fade_through_black_or_white_is_one_cut_where_the_new_picture_comes(frames, hold, color):
    gains = np.linspace(1, 0, frames + 1)[1:]
    out = [lit(one, g, color * (1 - g)) for one, g in zip(clip(MAN)[30:], gains, strict=False)]
    back = zip(clip(WOMAN), gains[::-1], strict=False)
    blank = [np.full_like(out[0], color)] * hold
    new = [lit(one, g, color * (1 - g)) for one, g in back]
    (cut,) = cuts_of(clip(MAN)[:30] + out + blank + new + clip(WOMAN)[frames:])
    assert 30 + frames + hold <= cut <= 30 + frames + hold + max(3, 0.3 * frames)
    assert cuts_of(new + clip(WOMAN)[frames:]) == []  # at the beginning
    assert cuts_of(clip(MAN)[:30] + out + blank) == []  # and at the end


@needs_shared
def test_what_covers_a_part_of_the_picture_begins_no_shot():
    pictures = [one.copy() for one in clip(MAN)[:70]]
    for one in pictures[25:45]:
        one[10:170, 64:162] = 128  # all of the face, for a while
    assert cuts_of(pictures) == []
    for n, one in enumerate(pictures):
        cv2.circle(one, (16 * n - 300, 110), 60, (180, 140, 120), -1)  # passes before the lens
    assert cuts_of(pictures) == []


@needs_shared
def test_cuts_near_the_ends_and_at_a_low_rate():
    assert cuts_of(clip(MAN)[:2] + clip(WOMAN)[:30] + clip(MAN)[:2]) == [2, 32]
    assert cuts_of(clip("man-happy-wmv2.wmv")[::12] + clip(WOMAN)[::12]) == [9]

"""The pictures of a sequence by its script."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from videxpr.core.errors import SourceError
from videxpr.datasets.image_folder import LabeledImage
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.render import render_sequence, weight_of
from videxpr.datasets.synthetic.script import Appearance, ImageSpan, Occlusion, Script, Segment

OPTIONS = SynthesisOptions(seconds=20 / 30)
FRAMES = OPTIONS.frames


@pytest.fixture
def images(tmp_path):
    """A dark image with a bright square left of its middle, and an evenly bright one."""
    dark = np.full((112, 112, 3), 40, np.uint8)
    dark[52:60, 24:32] = 220
    for name, pixels in (("dark", dark), ("bright", np.full((112, 112, 3), 200, np.uint8))):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    return [LabeledImage(tmp_path / f"{name}.png", name, 0) for name in ("dark", "bright")]


def script(images, fade=0, mirrored=False, **changes) -> Script:
    """The first image up to frame 10, then the second; without jitter, noise or loss."""
    usual = Script(
        segments=(Segment(0, 0, 10), Segment(1, 10, FRAMES)),
        spans=(
            ImageSpan(images[0], 0, 10, mirrored, 0),
            ImageSpan(images[1], 10, FRAMES, False, fade),
        ),
        missing=np.zeros(FRAMES, np.bool_),
        occlusions=(),
        appearance=Appearance(112, 95, 1.0, 1.0, 0.0),
        walks=np.zeros((FRAMES, 6)),
        noise_seed=1,
    )
    return replace(usual, **changes)


def rendered(one: Script, options: SynthesisOptions = OPTIONS) -> dict[int, np.ndarray]:
    pictures = {}
    for frame, content in render_sequence(one, options):
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == "JPEG"
            pictures[frame] = np.array(image).astype(int)
    return pictures


def square(picture: np.ndarray) -> tuple[float, float]:
    """Middle (x, y) of what is bright, in pixels from the corner."""
    rows, columns = np.nonzero(picture > 130)
    return columns.mean() + 0.5, rows.mean() + 0.5


def test_without_jitter_a_frame_is_its_image(images):
    pictures = rendered(script(images))
    assert list(pictures) == list(range(FRAMES))
    assert pictures[0].shape == (112, 112)
    assert square(pictures[0]) == (28, 56)
    assert pictures[0][80, 80] == pytest.approx(40, abs=3)
    assert pictures[9].max() > 200 > pictures[9].mean()
    assert pictures[10].min() > 190


def test_a_mirrored_image_is_mirrored(images):
    assert square(rendered(script(images, mirrored=True))[0]) == (112 - 28, 56)


def test_a_fade_is_half_way_where_the_label_changes(images):
    levels = [picture[80, 80] for picture in rendered(script(images, fade=4)).values()]
    np.testing.assert_allclose(levels[6:14], [40, 40, 72, 104, 136, 168, 200, 200], atol=3)


@pytest.mark.parametrize("fade", range(9))
def test_the_new_image_has_more_than_half_from_its_first_frame_on(images, fade):
    span = ImageSpan(images[0], 30, 60, False, fade)
    weights = [weight_of(span, frame) for frame in range(20, 40)]
    assert weights == sorted(weights) and weights[0] == 0 and weights[-1] == 1
    assert weights[9] < 0.5 <= weights[10]
    assert sum(0 < weight < 1 for weight in weights) == fade


def test_walks_shift_scale_and_turn_about_the_middle(images):
    walks = np.zeros((FRAMES, 6))
    walks[0, 0] = 0.1  # to the right
    walks[1, 1] = 0.1  # down
    walks[2, 2] = np.log(1.25)  # larger
    walks[3, 3] = np.pi / 2  # what was left of the middle is above or below it
    pictures = rendered(script(images, walks=walks))
    assert square(pictures[0]) == pytest.approx((28 + 11.2, 56), abs=0.5)
    assert square(pictures[1]) == pytest.approx((28, 56 + 11.2), abs=0.5)
    assert square(pictures[2]) == pytest.approx((56 - 28 * 1.25, 56), abs=0.5)
    x, y = square(pictures[3])
    assert x == pytest.approx(56, abs=0.5) and abs(y - 56) == pytest.approx(28, abs=0.5)


def test_edges_are_repeated_beyond_the_image(images):
    walks = np.zeros((FRAMES, 6))
    walks[:, 0] = 0.15
    assert rendered(script(images, walks=walks))[15].min() > 190


def test_gain_and_contrast_change_the_light(images):
    walks = np.zeros((FRAMES, 6))
    walks[11, 4] = np.log(0.5)
    pictures = rendered(script(images, walks=walks, appearance=Appearance(112, 95, 1.2, 1.0, 0.0)))
    assert pictures[0][80, 80] == pytest.approx(48, abs=3)
    assert pictures[11].mean() == pytest.approx(120, abs=2)
    flat = rendered(script(images, appearance=Appearance(112, 95, 1.0, 0.5, 0.0)))
    assert flat[0][80, 80] == pytest.approx(127.5 - 87.5 / 2, abs=3)


def test_blur_and_a_small_face_lose_what_is_fine(images):
    walks = np.zeros((FRAMES, 6))
    walks[1, 5] = 0.03
    pictures = rendered(script(images, walks=walks))
    assert pictures[1].max() < pictures[0].max() - 25
    small = rendered(script(images, appearance=Appearance(24, 95, 1.0, 1.0, 0.0)))
    assert small[0].shape == (112, 112)
    assert small[0].max() < pictures[0].max() - 15
    assert square(small[0]) == pytest.approx((28, 56), abs=2)


def test_noise_differs_from_frame_to_frame(images):
    pictures = rendered(script(images, appearance=Appearance(112, 95, 1.0, 1.0, 6.0)))
    first, second = pictures[15] - 200, pictures[16] - 200
    assert 5 < first.std() < 9  # JPEG's steps are of the noise's size, and round some of it up
    assert rendered(script(images))[15].std() < 1
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1


def test_missing_frames_are_left_out_and_occlusions_hide_the_face(images):
    missing = np.zeros(FRAMES, np.bool_)
    missing[3:6] = True
    occlusion = Occlusion(12, 15, (0.5, 0.25), (0.5, 0.25), (0.0, 0.125), (90, 90, 90))
    pictures = rendered(script(images, missing=missing, occlusions=(occlusion,)))
    assert sorted(set(range(FRAMES)) - set(pictures)) == [3, 4, 5]
    assert pictures[11].min() > 190 and pictures[15].min() > 190
    for frame in (12, 13, 14):
        rows, columns = np.nonzero(pictures[frame] < 145)
        top = 14 + 14 * (frame - 12)
        assert (columns.min(), columns.max() + 1) == (28, 84)
        assert (rows.min(), rows.max() + 1) == (top, top + 28)


def test_colors_are_kept_if_asked_for(images, tmp_path):
    Image.new("RGB", (112, 112), (200, 60, 60)).save(tmp_path / "dark.png")
    occlusion = Occlusion(2, 3, (0.5, 0.5), (0.5, 0.5), (0.0, 0.0), (30, 90, 200))
    pictures = rendered(script(images, occlusions=(occlusion,)), replace(OPTIONS, color=True))
    np.testing.assert_allclose(pictures[0][56, 56], [200, 60, 60], atol=4)
    np.testing.assert_allclose(pictures[2][56, 56], [30, 90, 200], atol=4)
    assert rendered(script(images))[0].ndim == 2


def test_another_quality_makes_other_files_and_the_same_script_the_same(images):
    low = script(images, appearance=Appearance(112, 40, 1.0, 1.0, 3.0))
    high = script(images, appearance=Appearance(112, 95, 1.0, 1.0, 3.0))
    assert list(render_sequence(low, OPTIONS)) == list(render_sequence(low, OPTIONS))
    sizes = [
        sum(len(content) for _, content in render_sequence(one, OPTIONS)) for one in (low, high)
    ]
    assert sizes[0] < sizes[1]


def test_an_image_that_cannot_be_read_is_named(images, tmp_path):
    (tmp_path / "bright.png").write_bytes(b"no image")
    with pytest.raises(SourceError, match=r"cannot read the image .*bright\.png"):
        rendered(script(images))

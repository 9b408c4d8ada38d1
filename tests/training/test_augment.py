"""Random changes: what they keep, and what each of them does alone."""

import math
from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from videxpr.core.config import with_values
from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import UsageError
from videxpr.training.augment import augment, through_jpeg
from videxpr.training.options import Augmentation
from videxpr.video.images import through_jpeg as compressed

NOTHING = Augmentation(**dict.fromkeys((field.name for field in fields(Augmentation)), 0.0))


def crops(count: int, height: int = 48, width: int = 48) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    coarse = torch.rand(count, 3, 6, 6, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")


def seeded(pixels: Tensor, options: Augmentation, seed: int = 0) -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return augment(pixels, options)


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(1, 5),
    side=st.sampled_from([32, 45, 112]),
    options=st.builds(
        Augmentation,
        flip=st.floats(0, 1),
        rotation_degrees=st.floats(0, 45),
        shift=st.floats(0, 0.3),
        scale=st.floats(0, 0.5),
        brightness=st.floats(0, 1),
        contrast=st.floats(0, 1),
        saturation=st.floats(0, 1),
        color=st.floats(0, 0.5),
        gray=st.floats(0, 1),
        gamma=st.floats(0, 1),
        motion_blur=st.floats(0, 1),
        downscale=st.floats(0, 1),
        compress=st.floats(0, 1),
        noise=st.floats(0, 0.5),
        erase=st.floats(0, 1),
        background_swap=st.floats(0, 1),
    ),
    seed=st.integers(0, 1000),
)
def test_shape_type_and_range_are_kept(
    count: int, side: int, options: Augmentation, seed: int
) -> None:
    pixels = crops(count, side, side)
    before = pixels.clone()
    changed = seeded(pixels, options, seed)
    assert changed.shape == pixels.shape and changed.dtype == torch.float32
    assert torch.isfinite(changed).all()
    assert changed.min() >= 0 and changed.max() <= 1
    assert torch.equal(pixels, before)


def test_nothing_asked_for_changes_nothing() -> None:
    pixels = crops(4)
    torch.testing.assert_close(seeded(pixels, NOTHING), pixels, rtol=0, atol=1e-5)


def test_a_seeded_run_repeats_itself_and_another_seed_does_not() -> None:
    pixels = crops(4)
    first = seeded(pixels, Augmentation(), seed=3)
    assert torch.equal(seeded(pixels, Augmentation(), seed=3), first)
    assert not torch.equal(seeded(pixels, Augmentation(), seed=4), first)


def test_images_of_a_batch_are_changed_each_in_its_own_way() -> None:
    same = crops(1).expand(6, -1, -1, -1)
    changed = seeded(same, Augmentation())
    assert all(
        not torch.allclose(changed[one], changed[other], atol=1e-3)
        for one in range(6)
        for other in range(one)
    )


def test_a_flip_is_a_mirror_image() -> None:
    pixels = crops(3)
    flipped = seeded(pixels, replace(NOTHING, flip=1.0))
    torch.testing.assert_close(flipped, pixels.flip(3), rtol=0, atol=1e-5)


def test_a_flip_with_probability_one_half_flips_about_half() -> None:
    pixels = crops(1).expand(400, -1, -1, -1)
    flipped = seeded(pixels, replace(NOTHING, flip=0.5))
    moved = (flipped - pixels).abs().amax(dim=(1, 2, 3)) > 1e-3
    assert 150 < moved.sum() < 250


def test_losing_color_leaves_three_equal_channels_of_the_same_light() -> None:
    pixels = crops(3)
    gray = seeded(pixels, replace(NOTHING, gray=1.0))
    assert torch.equal(gray[:, 0], gray[:, 1]) and torch.equal(gray[:, 0], gray[:, 2])
    torch.testing.assert_close(gray[:, 0], pixels.mean(dim=1), rtol=0, atol=1e-5)


def test_an_erased_rectangle_is_mid_gray_and_small() -> None:
    pixels = torch.zeros(20, 3, 64, 64)
    erased = seeded(pixels, replace(NOTHING, erase=1.0))
    assert set(erased.unique().tolist()) <= {0.0, 0.5}
    shares = (erased[:, 0] == 0.5).float().mean(dim=(1, 2))
    assert shares.max() <= 0.375**2 + 0.02
    assert (shares > 0).sum() >= 18


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_a_rotation_is_one_and_keeps_circles_round(flip: float) -> None:
    rows, columns = torch.meshgrid(torch.arange(65.0), torch.arange(65.0), indexing="ij")
    disc = (torch.hypot(rows - 32, columns - 32) < 20).float().expand(8, 3, 65, 65)
    turned = seeded(disc, replace(NOTHING, rotation_degrees=45.0, flip=flip))
    assert (turned - disc).abs().mean() < 0.01
    bar = ((columns - 32).abs() < 4).float().expand(8, 3, 65, 65)
    leaning = seeded(bar, replace(NOTHING, rotation_degrees=45.0, flip=flip))
    assert (leaning - bar).abs().mean() > 0.02


def test_a_shift_moves_by_at_most_its_share_of_the_side() -> None:
    dot = torch.zeros(50, 3, 101, 101)
    dot[:, :, 49:52, 49:52] = 1
    moved = seeded(dot, replace(NOTHING, shift=0.1))[:, 0]
    places = torch.arange(101.0)
    for sums in (moved.sum(dim=1), moved.sum(dim=2)):
        centers = (sums * places).sum(dim=1) / sums.sum(dim=1)
        distance = (centers - 50).abs()
        assert distance.max() <= 10.2 and distance.max() > 7


def test_motion_blurs_along_a_line_and_keeps_the_light() -> None:
    dot = torch.zeros(60, 3, 101, 101)
    dot[:, :, 50, 50] = 1
    blurred = seeded(dot, replace(NOTHING, motion_blur=1.0))
    torch.testing.assert_close(blurred.sum(dim=(2, 3)), dot.sum(dim=(2, 3)), rtol=0, atol=1e-3)
    rows, columns = torch.meshgrid(torch.arange(-50.0, 51), torch.arange(-50.0, 51), indexing="ij")
    squares = [rows * rows, columns * columns, rows * columns]
    yy, xx, xy = ((blurred[:, 0] * square).sum(dim=(1, 2)) for square in squares)
    spread = ((yy - xx) ** 2 / 4 + xy**2).sqrt()
    long, short = (yy + xx) / 2 + spread, (yy + xx) / 2 - spread
    assert short.max() < 0.3, "one pixel wide"
    lengths = (12 * long).sqrt()  # of an even line of this variance
    assert 2.5 < lengths.min() < 5 and 8 < lengths.max() < 12


def test_motion_blur_reaches_its_share_of_the_batch() -> None:
    pixels = torch.rand(400, 3, 48, 48, generator=torch.Generator().manual_seed(3))
    changed = seeded(pixels, replace(NOTHING, motion_blur=0.5))
    assert 150 < ((changed - pixels).abs().amax(dim=(1, 2, 3)) > 1e-3).sum() < 250


def test_downscaling_takes_away_fine_detail_only() -> None:
    noise = torch.rand(6, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    downscaled = seeded(noise, replace(NOTHING, downscale=1.0))
    assert (downscaled.std(dim=(2, 3)) < 0.8 * noise.std(dim=(2, 3))).all()
    smooth = crops(6, 64, 64)
    assert (seeded(smooth, replace(NOTHING, downscale=1.0)) - smooth).abs().mean() < 0.02


@pytest.mark.parametrize("side", [64, 45])
@pytest.mark.parametrize("quality", [15, 50, 90])
def test_jpegs_losses_are_those_of_a_real_file(side: int, quality: int) -> None:
    levels = (crops(6, side, side).mean(dim=1) * 255).round().to(torch.uint8)
    files = torch.stack([torch.from_numpy(compressed(one.numpy(), quality)) for one in levels])
    pixels = (levels / 255)[:, None].expand(-1, 3, -1, -1)
    kept = through_jpeg(pixels, torch.full((6,), float(quality)))
    assert torch.equal(kept[:, 0], kept[:, 1]) and torch.equal(kept[:, 0], kept[:, 2])
    lost = (files - levels.float()).abs().mean()
    assert (kept[:, 0] * 255 - files).abs().mean() < max(0.3 * lost, 0.6)
    assert torch.equal(through_jpeg(pixels, torch.full((6,), torch.inf)), pixels)


def test_compression_loses_more_where_the_picture_was_downscaled_before() -> None:
    pixels = crops(64, 64, 64).mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    alone = seeded(pixels, replace(NOTHING, compress=1.0))
    together = seeded(pixels, replace(NOTHING, compress=1.0, downscale=1.0))
    assert 1e-3 < (alone - pixels).abs().mean() < (together - pixels).abs().mean() < 0.1


def test_compression_and_downscaling_reach_their_share_of_the_batch() -> None:
    pixels = torch.rand(400, 3, 48, 48, generator=torch.Generator().manual_seed(3))
    for name in ("compress", "downscale"):
        changed = seeded(pixels, replace(NOTHING, **{name: 0.5}))
        assert 150 < ((changed - pixels).abs().amax(dim=(1, 2, 3)) > 1e-3).sum() < 250


def test_gamma_bends_the_tone_curve_and_leaves_black_and_white() -> None:
    pixels = torch.tensor([0.0, 0.25, 0.5, 1.0]).expand(100, 3, 4, 4)
    curved = seeded(pixels, replace(NOTHING, gamma=0.5))
    torch.testing.assert_close(curved[..., [0, 3]], pixels[..., [0, 3]], rtol=0, atol=1e-5)
    exponents = curved[..., 2].log() / math.log(0.5)
    torch.testing.assert_close(curved[..., 1].log() / math.log(0.25), exponents, rtol=0, atol=1e-3)
    assert exponents.min() >= 1 / 1.5 - 1e-3 and exponents.max() <= 1.5 + 1e-3
    assert exponents.min() < 0.75 and exponents.max() > 1.35


def test_noise_is_the_same_in_all_channels_and_no_stronger_than_asked_for() -> None:
    noisy = seeded(torch.full((200, 3, 32, 32), 0.5), replace(NOTHING, noise=0.1))
    assert torch.equal(noisy[:, 0], noisy[:, 1]) and torch.equal(noisy[:, 0], noisy[:, 2])
    deviations = noisy[:, 0].flatten(1).std(dim=1)
    assert deviations.max() < 0.11 and deviations.min() < 0.01 and deviations.max() > 0.08


def test_another_background_leaves_the_face_alone() -> None:
    pixels = torch.tensor([0.2, 0.8]).view(2, 1, 1, 1).expand(2, 3, 112, 112)
    mixture = seeded(pixels, replace(NOTHING, background_swap=1.0))
    landmarks = torch.tensor(ARCFACE.landmarks).round().long()
    columns, rows = landmarks.T
    own = mixture[..., rows, columns]
    torch.testing.assert_close(own, pixels[..., :5, 0], rtol=0, atol=0.02)
    torch.testing.assert_close(mixture[..., 0, 0], pixels.flip(0)[..., 0, 0], rtol=0, atol=0.02)


@pytest.mark.parametrize("name", ["brightness", "color"])
def test_brightness_and_color_move_no_pixel(name: str) -> None:
    pixels = torch.full((200, 3, 4, 4), 0.4)
    changed = seeded(pixels, replace(NOTHING, **{name: 0.2}))
    assert torch.equal(changed.amin(dim=(2, 3)), changed.amax(dim=(2, 3)))
    spread = changed.mean(dim=(2, 3))
    assert spread.min() >= 0.4 * 0.79 and spread.max() <= 0.4 * 1.21
    assert spread.min() < 0.35 and spread.max() > 0.45
    differs = (spread.amax(dim=1) - spread.amin(dim=1)) > 1e-4
    assert differs.all() if name == "color" else not differs.any()


def test_contrast_keeps_the_mean_and_saturation_the_light() -> None:
    pixels = 0.3 + 0.4 * crops(20)
    contrasted = seeded(pixels, replace(NOTHING, contrast=0.5))
    torch.testing.assert_close(contrasted.mean(dim=(1, 2, 3)), pixels.mean(dim=(1, 2, 3)))
    assert ((contrasted.std(dim=(1, 2, 3)) / pixels.std(dim=(1, 2, 3)) - 1).abs() > 0.2).any()
    saturated = seeded(pixels, replace(NOTHING, saturation=0.5))
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    torch.testing.assert_close((saturated * luma).sum(dim=1), (pixels * luma).sum(dim=1))
    assert ((saturated - pixels).abs().amax(dim=(1, 2, 3)) > 0.02).any()


@pytest.mark.parametrize("name", [field.name for field in fields(Augmentation)])
def test_a_group_of_images_changes_together(name: str) -> None:
    """Windows of one picture each, by turns of two: alike within, changed, and each on its own."""
    pixels = crops(2).repeat_interleave(6, dim=0).repeat(10, 1, 1, 1)
    options = replace(NOTHING, **{name: 30.0 if name == "rotation_degrees" else 0.5})
    with torch.random.fork_rng():
        torch.manual_seed(1)
        windows = augment(pixels, options, group=6).unflatten(0, (20, 6))
    assert torch.equal(windows, windows[:, :1].expand_as(windows))
    changed = (windows - pixels.unflatten(0, (20, 6)))[:, 0].abs().amax(dim=(1, 2, 3)) > 1e-3
    assert changed.any()
    alone = windows[::2, 0]  # of the first picture
    assert (alone - alone[:1]).abs().max() > 1e-3


@pytest.mark.parametrize(("name", "value"), [("flip", 1.5), ("shift", -0.1), ("rotation", 200)])
def test_changes_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"--{name} must be .* not {value}"):
        with_values(Augmentation(), {name: value})

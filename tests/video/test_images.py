"""Images to and from files; reading and resizing are tested with the crops that need them."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from videxpr.core.errors import OutputError, SourceError
from videxpr.video.images import (
    Marks,
    draw_marks,
    gaussian_blur,
    image_size,
    jpeg_bytes,
    pad,
    read_image,
    through_jpeg,
    to_gray,
    warp,
    write_png,
)


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


def test_jpeg_keeps_colors_at_full_resolution():
    stripes = np.zeros((16, 16, 3), np.uint8)
    stripes[:, ::2] = (255, 0, 0)
    stripes[:, 1::2] = (0, 0, 255)
    with Image.open(io.BytesIO(jpeg_bytes(stripes, 100))) as image:
        assert image.format == "JPEG"
        np.testing.assert_allclose(np.array(image, np.int64), stripes, atol=12)


def test_jpeg_of_lower_quality_is_smaller(noise):
    assert len(jpeg_bytes(noise, 50)) < len(jpeg_bytes(noise, 95))


def test_size_is_width_and_height(tmp_path, noise):
    Image.fromarray(noise).save(tmp_path / "a.png")
    assert image_size(tmp_path / "a.png") == (32, 24)
    (tmp_path / "b.png").write_text("no image")
    with pytest.raises(SourceError, match=r"b\.png"):
        image_size(tmp_path / "b.png")


def test_a_frame_has_the_mean_color(noise):
    result = pad(noise, 5)
    assert result.shape == (34, 42, 3)
    np.testing.assert_array_equal(result[5:-5, 5:-5], noise)
    np.testing.assert_array_equal(result[0, 0], noise.mean(axis=(0, 1)).round())
    np.testing.assert_array_equal(pad(noise, 0), noise)


def test_marks_are_drawn_where_the_points_are():
    black = np.zeros((80, 80, 3), np.uint8)
    result = draw_marks(black, [Marks("x", np.array([[60.0, 50.0]]), (255, 0, 0))])
    rows, columns = np.nonzero(result[30:, 30:, 0])  # the name is in the upper left corner
    assert abs(rows.mean() + 30 - 50) < 1
    assert abs(columns.mean() + 30 - 60) < 1
    assert result[:30, :30].any()
    assert not black.any()


def test_png_is_written_whole_or_not_at_all(tmp_path, noise):
    write_png(tmp_path / "new" / "a.png", noise)
    with Image.open(tmp_path / "new" / "a.png") as image:
        np.testing.assert_array_equal(np.array(image), noise)
    with pytest.raises(OutputError):
        write_png(tmp_path / "new" / "a.png" / "b.png", noise)


def test_gray_is_luma(noise):
    expected = noise @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(to_gray(noise), expected, atol=1)


def test_a_way_through_jpeg_is_what_the_file_holds(noise):
    for pixels in (noise, noise[:, :, 0]):
        with Image.open(io.BytesIO(jpeg_bytes(pixels, 60))) as image:
            np.testing.assert_array_equal(through_jpeg(pixels, 60), np.array(image))
        assert through_jpeg(pixels, 60).shape == pixels.shape


def test_a_warp_shows_what_its_matrix_points_at(noise):
    same = np.eye(2, 3)
    np.testing.assert_array_equal(warp(noise, same, 32, 24), noise)
    moved = warp(noise, same + [[0, 0, 5], [0, 0, 2]], 20, 10)
    np.testing.assert_array_equal(moved, noise[2:12, 5:25])
    between = warp(noise[:, :, 0], same + [[0, 0, 0.5], [0, 0, 0]], 31, 24)
    expected = (noise[:, :-1, 0].astype(int) + noise[:, 1:, 0]) / 2
    np.testing.assert_allclose(between, expected, atol=1)
    turned = warp(noise, np.array([[0.0, 1, 0], [-1, 0, 24]]), 24, 32)
    np.testing.assert_array_equal(turned, np.rot90(noise, -1))


def test_a_blur_spreads_a_point_by_its_radius():
    point = np.zeros((41, 41), np.uint8)
    point[20, 20] = 255
    spread = gaussian_blur(point, 2.0).astype(float).sum(axis=0)
    places = np.arange(41) - 20
    assert np.sqrt((spread * places**2).sum() / spread.sum()) == pytest.approx(2, abs=0.4)


def test_images_too_large_are_refused_before_they_are_decoded(tmp_path):
    """As PNG and JPEG of a few hundred bytes can claim to be."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    png = bytearray((tmp_path / "a.png").read_bytes())
    for side in (8_000, 60_000):
        png[16:24] = side.to_bytes(4, "big") * 2
        png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
        (tmp_path / "a.png").write_bytes(png)
        with pytest.raises(SourceError, match=r"a\.png.*(8000 x 8000 pixels, more|exceeds limit)"):
            read_image(tmp_path / "a.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "b.jpg")
    jpeg = bytearray((tmp_path / "b.jpg").read_bytes())
    place = jpeg.index(b"\xff\xc0") + 5
    jpeg[place : place + 4] = (60_000).to_bytes(2, "big") * 2
    (tmp_path / "b.jpg").write_bytes(jpeg)
    with pytest.raises(SourceError, match=r"b\.jpg.*exceeds limit"):
        read_image(tmp_path / "b.jpg")

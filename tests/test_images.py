"""Images to and from files; reading and resizing are tested with the crops that need them."""

import io

import numpy as np
import pytest
from PIL import Image

from videxpr.errors import OutputError, SourceError
from videxpr.images import Marks, framed, image_size, jpeg_bytes, marked, write_png


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


def test_jpeg_keeps_colours_at_full_resolution():
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


def test_a_frame_has_the_mean_colour(noise):
    result = framed(noise, 5)
    assert result.shape == (34, 42, 3)
    np.testing.assert_array_equal(result[5:-5, 5:-5], noise)
    np.testing.assert_array_equal(result[0, 0], noise.mean(axis=(0, 1)).round())
    np.testing.assert_array_equal(framed(noise, 0), noise)


def test_marks_are_drawn_where_the_points_are():
    black = np.zeros((80, 80, 3), np.uint8)
    result = marked(black, [Marks("x", np.array([[60.0, 50.0]]), (255, 0, 0))])
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

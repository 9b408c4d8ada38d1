"""Images made smaller by a summed-area table against those that torch makes smaller."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from videxpr.faces.detection.integral_image import IntegralImage, integral_of


def noise(*shape):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8))


def averaged(pictures, rows, columns):
    """Pictures (N, height, width, 3) as torch makes them smaller or larger."""
    return functional.interpolate(
        pictures.permute(0, 3, 1, 2).double(), (rows, columns), mode="area"
    )


@given(*[st.integers(1, 60)] * 4)
@settings(max_examples=60, deadline=None)
def test_whole_pictures_of_any_size_are_averaged_as_torch_does_it(height, width, rows, columns):
    pictures = noise(2, height, width)
    made = IntegralImage(pictures).resize(rows, columns)
    assert made.dtype == torch.float32
    expected = averaged(pictures, rows, columns)
    torch.testing.assert_close(made.double(), expected, atol=1e-4, rtol=0)


def test_crops_of_several_pictures_are_averaged_as_torch_does_it():
    pictures = noise(3, 50, 70)
    boxes = [(0, 0, 70, 50), (5, 7, 6, 8), (60, 3, 70, 44), (0, 20, 31, 50)]
    of = [2, 0, 1, 2]
    made = IntegralImage(pictures).crop(torch.tensor(of), torch.tensor(boxes), 24)
    assert made.shape == (4, 3, 24, 24)
    for found, number, (left, top, right, bottom) in zip(made, of, boxes, strict=True):
        part = pictures[number : number + 1, top:bottom, left:right]
        torch.testing.assert_close(found.double(), averaged(part, 24, 24)[0], atol=1e-4, rtol=0)


def test_sums_that_overflow_still_give_means():
    bright = torch.full((1, 2950, 2950, 3), 255, dtype=torch.uint8)
    bright[0, -10:] = 7
    made = IntegralImage(bright).crop(
        torch.tensor([0]), torch.tensor([[2900, 2930, 2950, 2950]]), 2
    )
    assert made[0, :, 0].unique().tolist() == [255]
    assert made[0, :, 1].unique().tolist() == [7]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_a_gpu_sums_the_same():
    pictures = noise(2, 33, 47)
    assert torch.equal(integral_of(pictures.cuda()).cpu(), integral_of(pictures))

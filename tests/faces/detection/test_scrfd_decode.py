import numpy as np
import pytest
import torch

from videxpr.faces.detection.candidates import Candidates
from videxpr.faces.detection.scrfd_decode import (
    anchor_grid,
    decode,
    split_batch,
    suppress,
)

CPU = torch.device("cpu")


def found(*boxes_of_images):
    """Candidates of each picture from rows of x1, y1, x2, y2 and score."""
    rows = [(n, *row) for n, boxes in enumerate(boxes_of_images) for row in boxes]
    table = torch.tensor(rows, dtype=torch.float32).reshape(-1, 6)
    points = table[:, 1:3].repeat(1, 5).reshape(-1, 5, 2)
    return Candidates(table[:, 0].long(), table[:, 1:5], table[:, 5], points)


def test_rows_of_several_images_are_split():
    pictures, places, anchors = 3, 4, 2
    numbers = torch.arange(pictures * places * anchors).reshape(pictures, places, anchors)
    mixed = numbers.transpose(0, 1).reshape(-1, 1)
    apart = split_batch(mixed, pictures, anchors)
    np.testing.assert_array_equal(apart[..., 0], numbers.reshape(pictures, -1))


def test_rows_that_are_split_already_stay():
    rows = torch.rand(3, 8, 4)
    assert split_batch(rows, 3, 2) is rows


def test_anchors_stand_row_by_row_and_share_places():
    grid = anchor_grid((64, 96), 9, CPU)
    assert grid.shape == (2 * (8 * 12 + 4 * 6 + 2 * 3), 3)
    assert grid[:4].tolist() == [[0, 0, 8], [0, 0, 8], [8, 0, 8], [8, 0, 8]]
    assert grid[2 * 12].tolist() == [0, 8, 8]
    assert grid[-1].tolist() == [64, 32, 32]
    assert anchor_grid((128, 256), 15, CPU)[-1].tolist() == [128, 0, 128]


def test_candidate_is_decoded_around_its_anchor():
    sizes = [2 * n * n for n in (8, 4, 2)]
    pictures = 2
    outputs = [torch.zeros(pictures, n, width) for width in (1, 4, 10) for n in sizes]
    at = 2 * (3 * 4 + 2) + 1  # of stride 16: row 3, column 2, the second anchor
    outputs[1][1, at] = 0.75
    outputs[4][1, at] = torch.tensor([1.0, 0.5, 2.0, 0.25])
    outputs[7][1, at] = torch.tensor([0.5, -0.5] * 5)
    one = decode(outputs, pictures, (64, 64), 0.5, 0.5)
    assert (one.images.tolist(), one.scores.tolist()) == ([1], [0.75])
    assert one.boxes.tolist() == [[32.0, 80.0, 128.0, 104.0]]
    assert one.regressed.tolist() == [[[80.0, 80.0]] * 5]
    assert len(decode(outputs, pictures, (64, 64), 0.5, 0.76).scores) == 0


def test_of_candidates_that_overlap_the_best_stays_in_each_picture():
    first = [(0, 0, 10, 10, 0.6), (1, 0, 11, 10, 0.9), (50, 50, 60, 60, 0.7)]
    second = [(0, 0, 10, 10, 0.8)]
    kept = suppress(found(first, [], second), 3)
    assert [[face.score for face in faces] for faces in kept] == [
        [pytest.approx(0.9), pytest.approx(0.7)],
        [],
        [pytest.approx(0.8)],
    ]
    assert kept[0][1].landmarks[0].tolist() == [50, 50]


def test_what_only_a_lost_candidate_covers_stays():
    row = [(0, 0, 10, 10, 0.9), (4, 0, 14, 10, 0.8), (8, 0, 18, 10, 0.7)]
    (kept,) = suppress(found(row), 1)
    assert [face.bbox[0] for face in kept] == [0, 8]


def test_of_equals_the_first_stays():
    (kept,) = suppress(found([(0, 0, 10, 10, 0.9), (1, 0, 11, 10, 0.9)]), 1)
    assert [face.bbox[0] for face in kept] == [0]


def test_no_candidates_and_no_pictures():
    assert suppress(found([], []), 2) == [[], []]
    assert suppress(found(), 0) == []

"""Non-maximum suppression against a plain loop."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from videxpr.faces.detection.candidates import nms


def overlap(one, other):
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = np.clip(high - low, 0, None).prod()
    return shared / ((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - shared)


def naive(boxes, scores, images, iou):
    kept = []
    for row in sorted(range(len(boxes)), key=lambda row: (-scores[row], row)):
        if all(images[row] != images[o] or overlap(boxes[row], boxes[o]) <= iou for o in kept):
            kept.append(row)
    return kept


corners = st.integers(-60, 60)
boxes = st.tuples(corners, corners, st.integers(1, 80), st.integers(1, 80), st.integers(0, 2))


@given(st.lists(boxes, max_size=40), st.sampled_from([0.31, 0.52, 0.7]), st.randoms())
def test_boxes_that_stay_are_those_of_a_loop(found, iou, random):
    table = np.array(found, float).reshape(-1, 5)
    places = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
    scores = np.array(random.sample(range(100), len(found))) / 100
    images = table[:, 4].astype(int)
    columns = torch.from_numpy(places).float(), torch.from_numpy(scores).float()
    kept = nms(*columns, torch.from_numpy(images), iou)
    assert kept.tolist() == naive(places, scores, images, iou)


def test_boxes_that_begin_outside_do_not_reach_into_another_image():
    corner, outside = [40.0, 40, 100, 100], [-60.0, -60, -1, -1]
    kept = nms(torch.tensor([corner, outside]), torch.tensor([0.9, 0.8]), torch.tensor([0, 1]), 0.4)
    assert kept.tolist() == [0, 1]


def test_of_equals_the_first_stays():
    same = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10]])
    assert nms(same, torch.ones(2), torch.zeros(2).long(), 0.4).tolist() == [0]

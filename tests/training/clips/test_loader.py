"""Batches come out of the loader as the dataset has them, whoever reads them, and stay as they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from trees import Planted, runs, write_tree

from videxpr.core.errors import SourceError
from videxpr.datasets.affwild2.layout import find_layout
from videxpr.datasets.affwild2.videos import LabeledVideo, read_affwild2
from videxpr.datasets.clips import WindowDataset, WindowSampler
from videxpr.datasets.options import SamplingOptions
from videxpr.training.clips.loader import RESERVED, WindowLoader

WINDOW = 4

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # on a single core


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[LabeledVideo]:
    planted = [
        Planted("long", "Train_Set", runs((0, 70), (-1, 9), (4, 83)), frozenset({5, 80, 120})),
        Planted("short", "Train_Set", runs((7, 3))),
    ]
    root = write_tree(tmp_path_factory.mktemp("data"), planted, size=32)
    return list(read_affwild2(find_layout(root)).videos["train"])


def sampler(videos: list[LabeledVideo]) -> WindowSampler:
    return WindowSampler(videos, WINDOW, SamplingOptions(), seed=5)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_the_datasets_windows_in_the_samplers_order(
    videos: list[LabeledVideo], workers: int
) -> None:
    dataset = WindowDataset(videos, WINDOW, 32)
    loader = WindowLoader(dataset, sampler(videos), 3, workers=workers)
    for epoch in range(2):  # the second time in slots that were written before
        order = sampler(videos)
        for one in (order, loader.sampler):
            one.set_epoch(epoch)  # type: ignore[union-attr]
        windows = [dataset[place] for place in order]
        found = [(crops.clone(), *others) for crops, *others in loader]
        whole, rest = divmod(len(windows), 3)
        assert [len(crops) for crops, *_ in found] == [3] * whole + [rest] * bool(rest)
        assert len(loader) == len(found) > loader.ring.shape[0]
        crops, labels, shares, numbers = (torch.cat(column) for column in zip(*found, strict=True))
        assert crops.dtype == torch.uint8
        assert torch.equal(crops, torch.stack([window[0] for window in windows]))
        assert torch.equal(labels, torch.stack([window[1] for window in windows]))
        assert torch.equal(shares, torch.stack([window[2] for window in windows]))
        assert numbers.tolist() == [window[3] for window in windows]


@pytest.mark.parametrize("workers", [0, 2])
def test_the_last_batches_are_not_written_over(videos: list[LabeledVideo], workers: int) -> None:
    loader = WindowLoader(WindowDataset(videos, WINDOW, 32), sampler(videos), 2, workers=workers)
    buffered: list[tuple[torch.Tensor, torch.Tensor]] = []
    for crops, *_ in loader:
        buffered = [*buffered, (crops, crops.clone())][-RESERVED:]
        assert all(torch.equal(now, then) for now, then in buffered)


def test_cached_features_come_as_float32(videos: list[LabeledVideo]) -> None:
    features = [np.arange(len(v), dtype=np.float16)[:, None].repeat(3, 1) for v in videos]
    loader = WindowLoader(WindowDataset(videos, WINDOW, 32, features), sampler(videos), 2)
    frames, labels, shares, numbers = next(iter(loader))
    assert (frames.shape, frames.dtype) == ((2, WINDOW, 3), torch.float32)
    assert labels.shape == (2, WINDOW) == shares.shape[:2] and numbers.shape == (2,)


def test_a_crop_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path, [Planted("one", "Train_Set", runs((1, 20)))], size=32)
    videos = list(read_affwild2(find_layout(root)).videos["train"])
    videos[0].path(13).write_bytes(b"no picture")
    loader = WindowLoader(WindowDataset(videos, WINDOW, 32), sampler(videos), 2, workers=1)
    with pytest.raises(SourceError, match=videos[0].path(13).name):
        list(loader)

"""Windows of labeled crops: which there are, in which order, and what is in them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from trees import Planted, runs, write_crop, write_tree

from videxpr.core.errors import SourceError, UsageError
from videxpr.datasets.affwild2.layout import find_layout
from videxpr.datasets.affwild2.videos import LabeledVideo, read_affwild2
from videxpr.datasets.clips import Place, RunDataset, WindowDataset, WindowSampler, share_videos
from videxpr.datasets.options import SamplingOptions

WINDOW = 64
LONG = Planted("long", "Train_Set", runs((0, 70), (-1, 30), (4, 50)), frozenset({5, 80, 120}))
SHORT = Planted("short", "Train_Set", runs((7, 10)))


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[LabeledVideo]:
    root = write_tree(tmp_path_factory.mktemp("data"), [LONG, SHORT], size=32)
    return list(read_affwild2(find_layout(root)).videos["train"])


def of_lengths(*lengths: int, label: int = 0) -> list[LabeledVideo]:
    """Videos of so many usable frames, without files."""
    return [
        LabeledVideo(
            str(number), n, n, 0,
            np.arange(n, dtype=np.int32), np.full(n, label, np.int8),
            (), np.zeros(n, np.uint8), np.zeros(n, "S9"),
        )
        for number, n in enumerate(lengths)
    ]  # fmt: skip


def starts(sampler: WindowSampler) -> list[tuple[int, int]]:
    return sorted((place.video, place.start) for place in sampler)


def test_non_overlapping_windows_are_the_papers(videos: list[LabeledVideo]) -> None:
    assert [len(video) for video in videos] == [118, 10]
    assert starts(WindowSampler(videos, WINDOW, SamplingOptions())) == [(0, 0), (0, 64), (1, 0)]


def test_sliding_windows_end_on_the_last_frame() -> None:
    sampler = WindowSampler(of_lengths(150, 64, 3), WINDOW, SamplingOptions("sliding", stride=32))
    assert starts(sampler) == [(0, 0), (0, 32), (0, 64), (0, 86), (1, 0), (2, 0)]
    assert len(sampler) == 6


def test_random_windows_lie_anywhere_and_anew_in_each_epoch() -> None:
    sampler = WindowSampler(of_lengths(500, 20), WINDOW, SamplingOptions("random"))
    seen = []
    for epoch in range(30):
        sampler.set_epoch(epoch)
        found = starts(sampler)
        assert len(found) == len(sampler) == 8 + 1
        assert all(0 <= start <= 500 - WINDOW for video, start in found if video == 0)
        seen += [start for video, start in found if video == 0]
    assert len(set(seen)) > 100 and min(seen) < 20 and max(seen) > 416


def test_order_depends_on_seed_and_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[Place]:
        sampler = WindowSampler(of_lengths(2000), WINDOW, SamplingOptions(), seed=seed)
        sampler.set_epoch(epoch)
        np.random.random(3)
        return list(sampler)

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2) and order(0, 1) != order(1, 1)
    assert set(order(0, 1)) == set(order(1, 2))


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6), st.integers(1, 4))
def test_devices_share_what_one_would_get(lengths: list[int], devices: int) -> None:
    videos = of_lengths(*lengths)
    whole = list(WindowSampler(videos, WINDOW, SamplingOptions(), seed=3))
    parts = [
        list(WindowSampler(videos, WINDOW, SamplingOptions(), seed=3, rank=rank, devices=devices))
        for rank in range(devices)
    ]
    taken = [place for step in zip(*parts, strict=True) for place in step]
    assert taken == whole[: len(whole) // devices * devices]
    numbers = share_videos(videos, devices)
    assert sorted(number for part in numbers for number in part) == list(range(len(videos)))


def test_balanced_draws_bring_rare_classes() -> None:
    videos = of_lengths(64 * 90) + of_lengths(64 * 10, label=3)
    drawn = Counter(
        place.video
        for epoch in range(20)
        for sampler in [WindowSampler(videos, WINDOW, SamplingOptions(balance=1.0))]
        for _ in [sampler.set_epoch(epoch)]
        for place in sampler
    )
    assert drawn.total() == 2000 and 850 < drawn[1] < 1150


@pytest.mark.parametrize(
    "wrong", [{"placement": "else"}, {"stride": 0}, {"batch_size": 0}, {"balance": 2.0}]
)
def test_sampling_that_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(UsageError, match=str(next(iter(wrong.values())))):
        SamplingOptions(**wrong)


def test_a_window_holds_the_crops_and_labels_of_its_frames(videos: list[LabeledVideo]) -> None:
    dataset = WindowDataset(videos, WINDOW, 32)
    crops, labels, shares, video = dataset[Place(0, 64, 118)]
    assert (crops.shape, crops.dtype, video) == ((WINDOW, 32, 32, 3), torch.uint8, 0)
    frames = LONG.usable[64:]
    assert labels.tolist() == [LONG.labels[f] for f in frames] + [-1] * (WINDOW - len(frames))
    assert torch.equal(shares.argmax(dim=1)[: len(frames)], labels[: len(frames)].long())
    assert shares.sum(dim=1).tolist() == [1.0] * len(frames) + [0.0] * (WINDOW - len(frames))
    shown = crops[: len(frames), 8, 8, 0].int() - 40  # the left half tells the frame
    assert (shown - torch.tensor(frames) % 100).abs().max() <= 2
    assert torch.equal(crops[len(frames) :], crops[len(frames) - 1].expand(10, -1, -1, -1))


def test_a_short_video_is_one_padded_window(videos: list[LabeledVideo]) -> None:
    crops, labels, *_ = WindowDataset(videos, WINDOW, 32)[Place(1, 0, 10)]
    assert labels.tolist() == [7] * 10 + [-1] * 54 and crops.shape[0] == WINDOW


def test_cached_features_are_cut_as_crops_are(videos: list[LabeledVideo]) -> None:
    features = [np.arange(len(v), dtype=np.float16)[:, None].repeat(3, 1) for v in videos]
    dataset = WindowDataset(videos, WINDOW, 32, features)
    rows, labels, *_ = dataset[Place(0, 64, 118)]
    assert rows.dtype == torch.float32
    assert rows[:, 0].tolist() == [*range(64, 118), *[117] * 10]
    assert torch.equal(labels, WindowDataset(videos, WINDOW, 32)[Place(0, 64, 118)][1])


def test_a_loader_with_processes_gives_the_same_batches(videos: list[LabeledVideo]) -> None:
    def batches(workers: int) -> list[list[torch.Tensor]]:
        sampler = WindowSampler(videos, WINDOW, SamplingOptions())
        dataset = WindowDataset(videos, WINDOW, 32)
        return list(DataLoader(dataset, batch_size=2, sampler=sampler, num_workers=workers))

    for one, other in zip(batches(0), batches(1), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_runs_cover_each_video_once_in_order() -> None:
    videos = of_lengths(600, 256, 1)
    dataset = RunDataset(videos, 32, [np.arange(len(v))[:, None] for v in videos])
    pieces: dict[int, list[int]] = {0: [], 1: [], 2: []}
    ends = []
    for index in range(len(dataset)):
        video, last, rows = dataset[index]
        pieces[video] += rows[:, 0].int().tolist()
        ends += [video] if last else []
    assert pieces == {n: list(range(len(v))) for n, v in enumerate(videos)}
    assert ends == [0, 1, 2]


def test_a_crop_of_another_size_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path, [SHORT], size=32)
    bad = tmp_path / "cropped_aligned" / "short" / "00004.jpg"
    write_crop(bad, np.zeros((40, 36, 3), np.uint8))
    videos = list(read_affwild2(find_layout(tmp_path)).videos["train"])
    with pytest.raises(SourceError, match=r"00004\.jpg is 36 x 40 pixels, the first crop 32 x 32"):
        WindowDataset(videos, WINDOW, 32)[Place(0, 0, 10)]

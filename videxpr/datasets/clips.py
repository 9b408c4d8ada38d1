"""Windows of labeled crops for training, and runs of crops for validation, as torch datasets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from videxpr.core.errors import SourceError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.structures import Floats, Image
from videxpr.datasets.affwild2.videos import LabeledVideo, class_counts
from videxpr.datasets.options import SamplingOptions
from videxpr.temporal.options import WindowOptions
from videxpr.temporal.windows import window_starts
from videxpr.video.images import read_image

RUN_FRAMES: Final = 256
"""Crops that are read for validation as one piece."""


@dataclass(frozen=True)
class Place:
    """Consecutive usable frames of one video, e.g. a window.

    Attributes:
        video: the video's number.
        start: position of the first one among the usable ones.
        end: one more than that of the last.
    """

    video: int
    start: int
    end: int


class WindowSampler(Sampler[Place]):
    """The windows of each epoch, in an order that depends on the seed and the epoch alone.

    Each of several devices gets its own share; the shares together are what one device would get.
    """

    def __init__(
        self,
        videos: Sequence[LabeledVideo],
        window: int,
        options: SamplingOptions,
        *,
        seed: int = 0,
        rank: int = 0,
        devices: int = 1,
    ) -> None:
        self.videos = videos
        self.window = window
        self.options = options
        self.seed = seed
        self.rank = rank
        self.devices = devices
        self.epoch = 0
        self.counts = class_counts(videos).clip(min=1)

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch; Lightning calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._places(np.random.default_rng(0))) // self.devices

    def __iter__(self) -> Iterator[Place]:
        generator = np.random.default_rng((self.seed, self.epoch))
        places = self._places(generator)
        if self.options.balance > 0:
            weights = self._weights(places)
            order = generator.choice(len(places), len(places), p=weights / weights.sum())
        else:
            order = generator.permutation(len(places))
        end = len(order) // self.devices * self.devices
        return (places[position] for position in order[self.rank : end : self.devices].tolist())

    def _places(self, generator: np.random.Generator) -> list[Place]:
        return [
            Place(number, start, min(start + self.window, len(video)))
            for number, video in enumerate(self.videos)
            if len(video)
            for start in self._starts(len(video), generator).tolist()
        ]

    def _starts(self, length: int, generator: np.random.Generator) -> NDArray[np.int64]:
        window = self.window
        if self.options.placement == "sliding":
            return window_starts(length, window, WindowOptions(min(self.options.stride, window)))
        non_overlapping = window_starts(length, window, WindowOptions(window, "padded"))
        if self.options.placement == "non-overlapping":
            return non_overlapping
        last = max(length - window, 0)
        return generator.integers(0, last, len(non_overlapping), endpoint=True)

    def _weights(self, places: Sequence[Place]) -> NDArray[np.float64]:
        """Return (W,) the mean over a window's frames of their class's count, to minus the balance."""
        rarity = self.counts.astype(np.float64) ** -self.options.balance
        frames = [video.targets().astype(np.float64) @ rarity for video in self.videos]
        sums = [np.concatenate([[0.0], np.cumsum(one)]) for one in frames]
        return np.array(
            [(sums[p.video][p.end] - sums[p.video][p.start]) / (p.end - p.start) for p in places]
        )


class WindowDataset(Dataset[tuple[Tensor, Tensor, Tensor, int]]):
    """Windows of crops (T, size, size, 3) uint8, or of cached features (T, F), with labels (T,), the
    voters' shares (T, 8) and the video's number.

    Past a video's end its last frame is repeated; such frames have the label -1 and shares of 0, so
    that neither a loss nor a metric counts them. Indexed by `Place`.
    """

    def __init__(
        self,
        videos: Sequence[LabeledVideo],
        window: int,
        size: int,
        features: Sequence[Floats] | None = None,
    ) -> None:
        self.videos = videos
        self.window = window
        self.size = size
        self.features = features
        self.frames_shape = (
            (window, size, size, 3) if features is None else (window, features[0].shape[1])
        )
        self.frames_dtype = torch.uint8 if features is None else torch.float32

    def __getitem__(self, place: Place) -> tuple[Tensor, Tensor, Tensor, int]:
        frames = torch.empty(self.frames_shape, dtype=self.frames_dtype)
        return frames, *self.read(place, frames), place.video

    def read(self, place: Place, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Write a window's frames into `frames` (T, ...); return its labels (T,) and shares (T, 8)."""
        video = self.videos[place.video]
        count = place.end - place.start
        labels = torch.full((self.window,), NOT_ANNOTATED)
        labels[:count] = torch.from_numpy(video.labels[place.start : place.end])
        shares = torch.zeros(self.window, len(EXPRESSIONS))
        shares[:count] = torch.from_numpy(video.targets(place.start, place.end))
        if self.features is not None:
            frames[:count] = torch.from_numpy(self.features[place.video][place.start : place.end])
        else:
            _read_into(frames[:count].numpy(), video, place.start)
        frames[count:] = frames[count - 1]
        return labels, shares


class RunDataset(Dataset[tuple[int, bool, Tensor]]):
    """All usable crops of videos in pieces (N, size, size, 3) uint8, or cached features (N, F).

    Each piece comes with its video's number and whether it is the last of that video.
    """

    def __init__(
        self,
        videos: Sequence[LabeledVideo],
        size: int,
        features: Sequence[Floats] | None = None,
        *,
        rank: int = 0,
        devices: int = 1,
    ) -> None:
        self.videos = videos
        self.size = size
        self.features = features
        self.runs = [
            Place(number, first, min(first + RUN_FRAMES, len(videos[number])))
            for number in share_videos(videos, devices)[rank]
            for first in range(0, len(videos[number]), RUN_FRAMES)
        ]

    def __len__(self) -> int:
        return len(self.runs)

    def __getitem__(self, index: int) -> tuple[int, bool, Tensor]:
        run = self.runs[index]
        video = self.videos[run.video]
        last = run.end == len(video)
        if self.features is not None:
            cached = self.features[run.video][run.start : run.end]
            return run.video, last, torch.from_numpy(cached).float()
        crops = read_crops(video, run.start, run.end - run.start, self.size)
        return run.video, last, torch.from_numpy(crops)


def share_videos(videos: Sequence[LabeledVideo], devices: int) -> list[list[int]]:
    """Return the numbers of the videos that each device has, about equally many frames each."""
    parts: list[list[int]] = [[] for _ in range(devices)]
    frames = [0] * devices
    for number in sorted(range(len(videos)), key=lambda number: -len(videos[number])):
        least = frames.index(min(frames))
        parts[least].append(number)
        frames[least] += len(videos[number])
    return parts


def read_crops(video: LabeledVideo, first: int, count: int, size: int) -> Image:
    """Read crops (count, size, size, 3) of a video's usable frames.

    Args:
        video: that they are of.
        first: position of the first one among the usable frames.
        count: how many.
        size: side that all of them must have, in pixels.

    Raises:
        SourceError: a crop is unreadable or of another size.
    """
    crops = np.empty((count, size, size, 3), np.uint8)
    _read_into(crops, video, first)
    return crops


def _read_into(crops: Image, video: LabeledVideo, first: int) -> None:
    """Fill `crops` (N, size, size, 3) with a video's usable frames from position `first` on.

    Raises:
        SourceError: a crop is unreadable or of another size.
    """
    size = crops.shape[1]
    for number in range(len(crops)):
        path = video.path(first + number)
        crop = read_image(path)
        if crop.shape != crops.shape[1:]:
            raise SourceError(
                f"{path} is {crop.shape[1]} x {crop.shape[0]} pixels, the first crop {size} x {size}; "
                "crops of several sizes have several geometries and cannot be trained on together"
            )
        crops[number] = crop

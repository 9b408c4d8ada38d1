"""Batches of windows, read by several processes into memory that they share and use again.

A batch of crops is large (16 windows of 64 crops of 112 x 112 pixels: 38 MB). To get new memory for
each, page by page, costs more than all else that a window costs beside the decoding of its crops; so
batches live in a ring of slots, and what travels between processes is a slot's number.
"""

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset

from videxpr.datasets.clips import Place, WindowDataset, WindowSampler

AHEAD: Final = 2
"""Batches that each process reads ahead."""

RESERVED: Final = 3
"""Batches that are safe from being written over: the last three that came out of the loader."""


class WindowLoader(DataLoader[Any]):
    """Frames (B, T, ...), labels (B, T), shares (B, T, 8) and video numbers (B,), in the order of a
    sampler.

    A batch of frames holds until the third one after it comes: copy what is to stay longer.

    Args:
        dataset: the windows.
        sampler: which of them, in what order.
        batch_size: B; the last batch may have fewer.
        workers: processes that read; 0 reads in this one.
        pinned: whether frames come in pinned memory, for a GPU.
    """

    def __init__(
        self,
        dataset: WindowDataset,
        sampler: WindowSampler,
        batch_size: int,
        *,
        workers: int = 0,
        pinned: bool = False,
    ) -> None:
        shape = (AHEAD * workers + RESERVED, batch_size, *dataset.frames_shape)
        self.ring = torch.empty(shape, dtype=dataset.frames_dtype)
        if workers:
            self.ring.share_memory_()  # type: ignore[no-untyped-call]
        self.pinned = pinned
        super().__init__(
            _Slots(dataset, self.ring),
            batch_size=None,
            sampler=_NumberedBatches(sampler, batch_size),
            num_workers=workers,
            prefetch_factor=AHEAD if workers else None,
            persistent_workers=workers > 0,
        )

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:  # type: ignore[override]
        for slot, labels, shares, videos in super().__iter__():
            frames = self.ring[slot, : len(labels)]
            yield frames.pin_memory() if self.pinned else frames, labels, shares, videos


class _NumberedBatches(BatchSampler):
    """A sampler's windows by the batch, each batch with its number in the epoch."""

    def __init__(self, windows: WindowSampler, batch_size: int) -> None:
        super().__init__(windows, batch_size, drop_last=False)  # type: ignore[arg-type]
        self.set_epoch = windows.set_epoch  # Lightning calls it

    def __iter__(self) -> Iterator[tuple[int, list[Place]]]:  # type: ignore[override]
        return enumerate(super().__iter__())  # type: ignore[arg-type]


class _Slots(Dataset[tuple[int, Tensor, Tensor, Tensor]]):
    """Reads batches into their slots; gives the slot, labels (B, T), shares (B, T, 8) and video numbers
    (B,).
    """

    def __init__(self, windows: WindowDataset, ring: Tensor) -> None:
        self.windows = windows
        self.ring = ring

    def __getitem__(self, batch: tuple[int, list[Place]]) -> tuple[int, Tensor, Tensor, Tensor]:
        slot, places = batch[0] % len(self.ring), batch[1]
        read = map(self.windows.read, places, self.ring[slot])
        labels, shares = (torch.stack(column) for column in zip(*read, strict=True))
        return slot, labels, shares, torch.tensor([place.video for place in places])

"""Which stills an epoch of training has, and where they are held."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler

from videxpr.core.crop_template import ARCFACE
from videxpr.datasets.image_folder import (
    CachedImages,
    ImageDataset,
    LabeledImage,
    class_counts,
)
from videxpr.datasets.options import Part
from videxpr.training.options import ImageTrainingOptions, Machine

HELD_BYTES: Final = 4 << 30
"""Pixels up to which all images stay in memory; of more, each is read anew when its turn comes."""


class ClassSampler(Sampler[int]):
    """As many positions as there are stills, rare classes favored; what an epoch has depends on the
    seed and its number alone.

    Args:
        stills: from which positions are drawn, with replacement.
        balance: exponent of the class counts; 0 draws them as they come, 1 draws classes evenly.
        favor: patterns of file names, and how many times as often such stills are drawn.
        seed: of what is drawn.
    """

    def __init__(
        self,
        stills: Sequence[LabeledImage],
        balance: float,
        seed: int,
        oversample: Sequence[tuple[str, float]] = (),
    ) -> None:
        rarity = np.maximum(class_counts(stills), 1).astype(np.float64) ** -balance
        weights = rarity[[still.label for still in stills]]
        for pattern, factor in oversample:
            weights[[still.matches(pattern) for still in stills]] *= factor
        self._shares = weights / weights.sum()
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._shares)

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng((self._seed, self._epoch))
        return iter(generator.choice(len(self), len(self), p=self._shares).tolist())


def image_loaders(
    parts: Mapping[Part, Sequence[LabeledImage]], options: ImageTrainingOptions, machine: Machine
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Batches of images (N, 3, side, side) uint8 and labels (N,), for training and for validation."""
    sampler = ClassSampler(parts["train"], options.balance, options.seed, options.oversample)
    train = _loader(parts["train"], options, machine, sampler=sampler, drop_last=True)
    return train, _loader(parts["validation"], options, machine)


def _loader(
    stills: Sequence[LabeledImage], options: ImageTrainingOptions, machine: Machine, **more: Any
) -> DataLoader[Any]:
    side = max(ARCFACE.size, options.size)  # a crop's own; it is made smaller like any other crop
    dataset = ImageDataset(stills, side)
    batch_size = min(options.batch_size, len(stills))
    if len(stills) * 3 * side**2 <= HELD_BYTES:
        buffered = CachedImages(dataset, _device(machine), machine.workers)
        return DataLoader(buffered, batch_size=batch_size, collate_fn=_as_it_is, **more)
    return DataLoader(
        dataset,
        batch_size=batch_size,
        num_workers=machine.workers,
        persistent_workers=machine.workers > 0,
        pin_memory=machine.accelerator == "gpu",
        **more,
    )


def _as_it_is(batch: Any) -> Any:
    return batch


def _device(machine: Machine) -> torch.device:
    return torch.device({"gpu": "cuda"}.get(machine.accelerator, machine.accelerator))

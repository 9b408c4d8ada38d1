"""Which images an epoch of training has, and whether they stay in memory."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from torch.utils.data import DataLoader, Sampler

from videxpr.core.crop_template import ARCFACE
from videxpr.datasets.image_dataset import CachedImages, ImageDataset
from videxpr.datasets.image_folder import LabeledImage
from videxpr.datasets.options import Part
from videxpr.training.images.options import ImageTrainingOptions
from videxpr.training.options import Machine

CACHE_BYTES: Final = 4 << 30
"""Pixels up to which all images stay in memory; of more, each is read anew when its turn comes."""


class ClassSampler(Sampler[int]):
    """As many positions as there are images, rare classes drawn more often.

    What an epoch has depends on the seed and its number alone. An image that people voted on counts
    for each class by its share.

    Args:
        images: from which positions are drawn, with replacement.
        balance: exponent of the class counts; 0 draws them as they come, 1 draws classes evenly.
        seed: of what is drawn.
        oversample: patterns of file names, and how many times as often such images are drawn.
    """

    def __init__(
        self,
        images: Sequence[LabeledImage],
        balance: float,
        seed: int,
        oversample: Sequence[tuple[str, float]] = (),
    ) -> None:
        shares = np.stack([image.shares for image in images]).astype(np.float64)
        weights = shares @ np.maximum(shares.sum(axis=0), 1) ** -balance
        for pattern, factor in oversample:
            weights[[image.matches(pattern) for image in images]] *= factor
        self._shares = weights / weights.sum()
        self._seed = seed
        self._epoch = 0
        self.skipped = 0

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch; Lightning calls it."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._shares)

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng((self._seed, self._epoch))
        drawn = generator.choice(len(self), len(self), p=self._shares)
        return iter(drawn[self.skipped :].tolist())


class ResumableLoader(DataLoader[Any]):
    """A loader that goes on in the middle of an epoch.

    Lightning keeps its state with that of the training, and gives it back before the first batch.
    """

    sampler: ClassSampler
    batch_size: int
    _given = 0
    _skipped = 0

    def state_dict(self) -> dict[str, int]:
        """Return how many batches of this epoch were given."""
        return {"given": self._given}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Leave out the batches that were given; of a whole epoch, none."""
        self._skipped = state["given"] % len(self)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        self._given, self._skipped = self._skipped, 0
        self.sampler.skipped = self._given * self.batch_size
        for batch in super().__iter__():
            self._given += 1
            yield batch


def image_loaders(
    parts: Mapping[Part, Sequence[LabeledImage]], options: ImageTrainingOptions, machine: Machine
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Return loaders of images (N, 3, side, side) uint8, labels (N,) and shares (N, 8), for training
    and validation.

    Args:
        parts: the images.
        options: which of them an epoch has.
        machine: that holds or reads them.
    """
    sampler = ClassSampler(parts["train"], options.balance, options.seed, options.oversample)
    train = _loader(
        ResumableLoader, parts["train"], options, machine, sampler=sampler, drop_last=True
    )
    return train, _loader(DataLoader, parts["validation"], options, machine)


def _loader(
    kind: type[DataLoader[Any]],
    images: Sequence[LabeledImage],
    options: ImageTrainingOptions,
    machine: Machine,
    **more: Any,
) -> DataLoader[Any]:
    side = max(ARCFACE.size, options.size)  # a crop's own; it is made smaller like any other crop
    dataset = ImageDataset(images, side)
    batch_size, workers = min(options.batch_size, len(images)), machine.workers or 0
    if len(images) * 3 * side**2 <= CACHE_BYTES:
        cached = CachedImages(dataset, torch.device(machine.device), workers)
        return kind(cached, batch_size=batch_size, collate_fn=_identity, **more)
    return kind(
        dataset,
        batch_size=batch_size,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=machine.accelerator == "gpu",
        **more,
    )


def _identity(batch: Any) -> Any:
    return batch

"""What training and validation read, each device its own share."""

from collections.abc import Mapping, Sequence
from typing import Any

import lightning
from torch.utils.data import DataLoader

from videxpr.challenge import LabelledVideo, Split
from videxpr.dataset import RunDataset, WindowDataset, WindowSampler
from videxpr.model import ModelConfig
from videxpr.structures import Floats
from videxpr.train.options import Machine
from videxpr.train.recipes import SequenceOptions


class Loaders(lightning.LightningDataModule):
    """Windows for training and runs for validation, each device's own share."""

    def __init__(
        self,
        parts: Mapping[Split, Sequence[LabelledVideo]],
        options: SequenceOptions,
        machine: Machine,
        config: ModelConfig,
        kept: Mapping[Split, Sequence[Floats]] | None,
    ) -> None:
        super().__init__()
        self.parts = parts
        self.options = options
        self.machine = machine
        self.config = config
        self.kept = kept

    def train_dataloader(self) -> DataLoader[Any]:
        sampling, (rank, devices) = self.options.sampling, self._place()
        videos, window = self.parts["train"], self.config.window
        return DataLoader(
            WindowDataset(videos, window, self.config.crop.size, self._features("train")),
            batch_size=sampling.batch_size // devices,
            sampler=WindowSampler(
                videos, window, sampling, seed=self.options.seed, rank=rank, devices=devices
            ),
            **self._common(),
        )

    def val_dataloader(self) -> DataLoader[Any]:
        rank, devices = self._place()
        runs = RunDataset(
            self.parts["validation"],
            self.config.crop.size,
            self._features("validation"),
            rank=rank,
            devices=devices,
        )
        return DataLoader(runs, batch_size=None, **self._common())

    def _features(self, split: Split) -> Sequence[Floats] | None:
        return None if self.kept is None else self.kept[split]

    def _place(self) -> tuple[int, int]:
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)

    def _common(self) -> dict[str, Any]:
        workers = 0 if self.kept is not None else self.machine.workers
        return {
            "num_workers": workers,
            "persistent_workers": workers > 0,
            "pin_memory": self.machine.accelerator == "gpu",
        }

"""What training and validation read, each device its own share."""

from collections.abc import Mapping, Sequence
from typing import Any

import lightning
from torch.utils.data import DataLoader

from videxpr.core.structures import Floats
from videxpr.datasets.affwild2.layout import Split
from videxpr.datasets.affwild2.videos import LabeledVideo
from videxpr.datasets.clips import RunDataset, WindowDataset, WindowSampler
from videxpr.model.network import ModelConfig
from videxpr.training.clips.loader import WindowLoader
from videxpr.training.options import ClipTrainingOptions, Machine


class ClipDataModule(lightning.LightningDataModule):
    """Windows for training and runs for validation, each device's own share."""

    def __init__(
        self,
        parts: Mapping[Split, Sequence[LabeledVideo]],
        options: ClipTrainingOptions,
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

    def train_dataloader(self) -> WindowLoader:
        sampling, (rank, devices) = self.options.sampling, self._place()
        videos, window = self.parts["train"], self.config.window
        return WindowLoader(
            WindowDataset(videos, window, self.config.crop.size, self._features("train")),
            WindowSampler(
                videos, window, sampling, seed=self.options.seed, rank=rank, devices=devices
            ),
            sampling.batch_size // devices,
            workers=self._workers,
            pinned=self._pinned,
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
        return DataLoader(
            runs,
            batch_size=None,
            num_workers=self._workers,
            persistent_workers=self._workers > 0,
            pin_memory=self._pinned,
        )

    @property
    def _workers(self) -> int:
        return 0 if self.kept is not None else self.machine.workers

    @property
    def _pinned(self) -> bool:
        return self.machine.accelerator == "gpu"

    def _features(self, split: Split) -> Sequence[Floats] | None:
        return None if self.kept is None else self.kept[split]

    def _place(self) -> tuple[int, int]:
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)

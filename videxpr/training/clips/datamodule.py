"""What training and validation read: windows and runs of crops, or features that were computed once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import lightning
import numpy as np
from torch.utils.data import DataLoader

from videxpr.core.device import resolve_device
from videxpr.core.structures import Floats
from videxpr.datasets.affwild2.layout import Split
from videxpr.datasets.affwild2.videos import LabeledVideo
from videxpr.datasets.clips import RunDataset, WindowDataset, WindowSampler
from videxpr.model.engine.engine import build_embedder
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.training.clips.loader import WindowLoader
from videxpr.training.clips.options import ClipTrainingOptions
from videxpr.training.options import Machine

EMBEDDING_BATCH: Final = 32


@dataclass(eq=False)
class ClipDataModule(lightning.LightningDataModule):
    """Windows for training and runs for validation, each device's own share.

    Attributes:
        parts: labeled videos of both splits.
        options: which windows, and how many at once.
        machine: that reads them.
        config: of the model that gets them.
        cached: (N, F) features of each video of a split, in place of its crops.
    """

    parts: Mapping[Split, Sequence[LabeledVideo]]
    options: ClipTrainingOptions
    machine: Machine
    config: ModelConfig
    cached: Mapping[Split, Sequence[Floats]] | None

    def __post_init__(self) -> None:
        super().__init__()

    def train_dataloader(self) -> WindowLoader:
        sampling, (rank, devices) = self.options.sampling, self._rank()
        videos, window = self.parts["train"], self.config.window
        return WindowLoader(
            WindowDataset(videos, window, self.config.crop.size, self._features("train")),
            WindowSampler(
                videos, window, sampling, seed=self.options.seed, rank=rank, devices=devices
            ),
            sampling.batch_size // devices,
            workers=self._workers,
            pinned=self._pin_memory,
        )

    def val_dataloader(self) -> DataLoader[Any]:
        rank, devices = self._rank()
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
            pin_memory=self._pin_memory,
        )

    @property
    def _workers(self) -> int:
        return 0 if self.cached is not None else self.machine.workers or 0

    @property
    def _pin_memory(self) -> bool:
        return self.machine.accelerator == "gpu"

    def _features(self, split: Split) -> Sequence[Floats] | None:
        return None if self.cached is None else self.cached[split]

    def _rank(self) -> tuple[int, int]:
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)


def embed_videos(
    model: ExpressionModel,
    parts: Mapping[Split, Sequence[LabeledVideo]],
    machine: Machine,
    progress: Callable[[int, int], None],
) -> dict[Split, list[Floats]]:
    """Return features (N, F) of all usable frames of each video, embedded as `annotate` embeds them.

    Args:
        model: whose backbone training does not change.
        parts: the videos of each split.
        machine: where it computes; one device does the work.
        progress: called with the crops done and their number.
    """
    device = resolve_device("auto" if machine.accelerator == "gpu" else "cpu")
    embedder = build_embedder(model.eval().to(device), machine.threads or 1)
    total = sum(len(video) for videos in parts.values() for video in videos)
    done, cached = 0, dict[Split, list[Floats]]()
    for split, videos in parts.items():
        pieces: list[list[Floats]] = [[] for _ in videos]
        runs = RunDataset(videos, model.config.crop.size)
        for video, _, crops in DataLoader(runs, batch_size=None, num_workers=machine.workers or 0):
            features = embedder.embed(crops.numpy(), EMBEDDING_BATCH)
            pieces[video].append(features.astype(np.float16))  # half the memory
            done += len(crops)
            progress(done, total)
        cached[split] = [np.concatenate(piece) for piece in pieces]
    model.train().cpu()
    return cached

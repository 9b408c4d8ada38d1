"""One step of training on windows, and what validation measures: the part that Lightning runs."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from videxpr.core.errors import TrainingError
from videxpr.core.structures import Floats
from videxpr.datasets.affwild2.videos import LabeledVideo
from videxpr.evaluation.calibration import (
    TEMPERATURES,
    choose_temperature,
    log_likelihoods,
)
from videxpr.evaluation.metrics import CLASSES, compute_scores, confusion_matrix, macro_f1
from videxpr.model.inference import probabilities, sequence_logits
from videxpr.model.logit_adjustment import adjusted
from videxpr.model.network import ExpressionModel
from videxpr.training.augment import augment, step_seed
from videxpr.training.clips.options import ClipTrainingOptions
from videxpr.training.feature_noise import FeatureNoise, SingleFrames
from videxpr.training.freeze import freeze
from videxpr.training.losses import frame_losses
from videxpr.training.run import ClipEpochReport

STRENGTHS: Final = tuple(round(0.1 * step, 1) for step in range(16))
"""Strengths of logit adjustment that validation tries; the first is none at all."""

PLATEAU_FACTOR: Final = 0.1
PLATEAU_PATIENCE: Final = 10


class ClipModule(lightning.LightningModule):
    """Windows of crops or of cached features in, the focal loss of their labeled frames out."""

    def __init__(
        self,
        model: ExpressionModel,
        options: ClipTrainingOptions,
        train: Sequence[LabeledVideo],
        validation: Sequence[LabeledVideo],
        *,
        on_epoch: Callable[[ClipEpochReport], None] = lambda report: None,
    ) -> None:
        super().__init__()
        self.model = model
        self.model.dropout.p = options.dropout
        self.options = options
        self.learning_rate = options.learning_rate or 1e-4  # the finder's attribute
        self.train_videos = train
        self.validation_videos = validation
        self.on_epoch = on_epoch
        self.finding_rate = False
        self.backbone_frozen = freeze(model.backbone, options.freeze)
        self.feature_noise: FeatureNoise | None = None
        self.single_frames: SingleFrames | None = None
        self._schedule: torch.optim.lr_scheduler.ReduceLROnPlateau | None = None
        self._schedule_state: dict[str, Any] = {}
        self._sums = torch.zeros(2, dtype=torch.float64)  # of losses, of frames
        self._pieces: list[NDArray[np.float32]] = []  # features of a video that is not complete yet
        self._predictions: list[tuple[Floats, NDArray[np.int64]]] = []  # logits, labels of a video
        self._likelihoods = np.zeros((2, len(TEMPERATURES)))  # of windows, of frames by themselves

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor, Tensor], step: int) -> Tensor:
        frames, labels, shares, videos = batch
        seed = step_seed(self.options.seed, self.current_epoch, step, self.global_rank)
        torch.manual_seed(seed)
        length = draw_length(frames.shape[1], self.options.sampling.shortest)
        frames, labels, shares = frames[:, :length], labels[:, :length], shares[:, :length]
        features = self._features(frames)
        if self.feature_noise is not None:
            features = self.feature_noise(features, labels)
        logits = self.model.logits(features)
        counted = shares.any(dim=-1)
        losses = frame_losses(logits[counted], shares[counted], self.options.loss)
        count = shares.sum()  # a frame counts by the share of its voters that named an expression
        all_frames = self.trainer.strategy.reduce(count.clone(), reduce_op="sum")
        # gradients are averaged over devices: a frame counts the same wherever it is
        loss = losses.sum() * self.trainer.world_size / all_frames
        if not self.finding_rate:
            self._check_loss(loss, step, videos)
        self._sums += torch.stack([losses.detach().sum(), count]).double().cpu()
        self.log("loss", loss)
        if self.single_frames is not None:
            loss = loss + self.options.single_frames * self.single_frames(self.model, features)
        return loss

    def on_train_epoch_start(self) -> None:
        self._sums.zero_()

    def on_validation_epoch_start(self) -> None:
        self._predictions.clear()
        self._likelihoods[:] = 0
        self._pieces.clear()
        if self.trainer.world_size > 1:
            for statistic in self.model.backbone.buffers():
                torch.distributed.broadcast(statistic, 0)  # all devices predict with one model

    def validation_step(self, batch: tuple[int, bool, Tensor], _: int) -> None:
        """Keep features until a video is complete, then predict as `annotate` does."""
        video, complete, frames = batch
        features = frames if frames.ndim == 2 else self.model.embed(frames)
        self._pieces.append(features.float().cpu().numpy())
        if complete:
            sequence = np.concatenate(self._pieces)
            logits = sequence_logits(self.model, sequence, self.options.validation)
            self._pieces.clear()
            labels = self.validation_videos[video].labels.astype(np.int64)
            targets = self.validation_videos[video].targets()
            self._predictions.append((logits, labels))
            self._likelihoods[0] += log_likelihoods(logits, targets)
            if self.single_frames is not None:
                of_frames = self.model.classify(sequence[:, None])[:, 0].float().cpu().numpy()
                self._likelihoods[1] += log_likelihoods(of_frames, targets)

    def on_validation_epoch_end(self) -> None:
        sums = self._over_devices(self._sums.numpy())
        report = self._report(float(sums[0] / max(sums[1], 1)))
        if self._schedule is not None:
            self._schedule.step(report.macro_f1)
        for name in ("macro_f1", "accuracy", "learning_rate"):
            self.log(name, getattr(report, name), rank_zero_only=True)
        self.on_epoch(report)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["schedule"] = self._schedule.state_dict() if self._schedule else {}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._schedule_state = checkpoint["schedule"]

    def configure_optimizers(self) -> Any:
        kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
        self.learning_rate = self.trainer.strategy.broadcast(self.learning_rate)
        optimizer = kinds[self.options.optimizer](
            [one for one in self.parameters() if one.requires_grad],
            lr=self.learning_rate,
            weight_decay=self.options.weight_decay,
        )
        if self.options.plateau and not self.finding_rate:
            # stepped and saved here: Lightning saves before its own schedulers have stepped
            self._schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer, mode="max", factor=PLATEAU_FACTOR, patience=PLATEAU_PATIENCE
            )
            if self._schedule_state:
                self._schedule.load_state_dict(self._schedule_state)
        return optimizer

    def _features(self, frames: Tensor) -> Tensor:
        """Return features (B, T, F) of crops (B, T, size, size, 3), or cached ones as they are."""
        if frames.ndim == 3:
            return frames
        batch, time = frames.shape[:2]
        pixels = self.model.pixels(frames.flatten(0, 1))
        if self.options.augment_per != "none":
            group = time if self.options.augment_per == "per-window" else 1
            pixels = augment(pixels, self.options.augmentation, group)
        return self.model.features(pixels).view(batch, time, -1)

    def _over_devices(self, sums: NDArray[Any]) -> NDArray[Any]:
        """Add up sums over all devices."""
        own = torch.from_numpy(sums)
        own = own.float() if own.is_floating_point() else own
        summed = self.trainer.strategy.reduce(own.to(self.device), reduce_op="sum")
        return np.asarray(summed.cpu().numpy())

    def _temperature(self) -> float:
        """Return the temperature at which the labels of validation are likeliest.

        If training minds frames by themselves, it is the higher one of theirs and of windows', so that
        the model is too sure of neither.
        """
        windows, frames = self._over_devices(self._likelihoods)
        if self.single_frames is None:
            return choose_temperature(windows)
        return max(choose_temperature(windows), choose_temperature(frames))

    def _confusions(self, temperature: float) -> NDArray[np.int64]:
        """Return (S, 8, 9) confusion matrices of validation at every strength of logit adjustment."""
        shares = self.model.config.class_shares
        confusions = np.zeros((len(STRENGTHS), CLASSES, CLASSES + 1), np.int64)
        for logits, labels in self._predictions:
            calibrated = probabilities(logits / temperature)
            for number, strength in enumerate(STRENGTHS):
                predicted = np.nanargmax(adjusted(calibrated, shares, strength), axis=1)
                confusions[number] += confusion_matrix(labels, predicted)
        return self._over_devices(confusions)

    def _check_loss(self, loss: Tensor, step: int, videos: Tensor) -> None:
        if torch.isfinite(loss):
            return
        names = sorted({self.train_videos[number].name for number in videos.tolist()})
        raise TrainingError(
            f"the loss is {loss.item()} in epoch {self.current_epoch + 1}, step {step + 1}, at the "
            f"learning rate {self._rate():.2g}, on windows of {', '.join(names)}; try a lower "
            "--learning-rate, or --precision 32-true"
        )

    def _rate(self) -> float:
        optimizer = self.optimizers()
        rate: float = optimizer.param_groups[0]["lr"]  # type: ignore[union-attr]
        return rate

    def _report(self, loss: float) -> ClipEpochReport:
        temperature = self._temperature()
        confusions = self._confusions(temperature)
        macro_f1s = macro_f1(confusions)
        best = int(np.argmax(macro_f1s))
        return ClipEpochReport(
            epoch=self.current_epoch + 1,
            epochs=self.options.epochs,
            loss=loss,
            macro_f1=float(macro_f1s[0]),
            accuracy=compute_scores(confusions[0]).accuracy,
            frames=int(confusions[0].sum()),
            logit_adjustment=STRENGTHS[best],
            adjusted_macro_f1=float(macro_f1s[best]),
            temperature=temperature,
            learning_rate=self._rate(),
        )


def draw_length(window: int, shortest: int | None) -> int:
    """Draw to how many frames a step's windows are cut, log-uniformly, from torch's global generator.

    Args:
        window: frames of a whole window.
        shortest: the fewest frames; None never cuts.
    """
    if shortest is None or shortest >= window:
        return window
    low, high = math.log(shortest), math.log(window + 1)
    return min(int(math.exp(low + (high - low) * torch.rand(()).item())), window)

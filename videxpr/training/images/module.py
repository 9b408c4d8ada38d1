"""One step of training on single crops, and what validation measures: the part that Lightning runs."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import lightning
import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.calibration import choose_temperature, log_likelihoods
from videxpr.model.network import ExpressionModel
from videxpr.training.augment import augment, step_seed
from videxpr.training.feature_noise import perturb_features
from videxpr.training.freeze import freeze
from videxpr.training.images.options import ImageTrainingOptions
from videxpr.training.run import EpochReport

SMALLEST_WEIGHT: Final = 1e-6

WARM_UP: Final = 0.15
"""Share of the steps in which the learning rate rises."""


class ImageModule(lightning.LightningModule):
    """Crops and voters' shares in, the cross-entropy over the trained classes out.

    The target of a crop is its shares over the trained classes, normalized; its weight in the loss is
    their sum, the share of the votes that remain. A label is a vote of one.

    Args:
        model: what is trained.
        options: the recipe.
        steps: of the whole training.
        teachers: models whose predictions the labels are mixed with; they do not change.
        on_epoch: called after every epoch.
    """

    def __init__(
        self,
        model: ExpressionModel,
        options: ImageTrainingOptions,
        *,
        steps: int,
        teachers: Sequence[ExpressionModel] = (),
        on_epoch: Callable[[EpochReport], None] = lambda report: None,
    ) -> None:
        super().__init__()
        self.model = model
        self.model.dropout.p = options.dropout
        self.options = options
        self.steps = steps
        self.on_epoch = on_epoch
        frozen = freeze(model.backbone, options.freeze)
        if options.feature_noise and not frozen:
            raise UsageError(
                "--feature-noise moves the features of a backbone that does not change: freeze it "
                "whole (--freeze block4)"
            )
        self.trained = torch.tensor(
            [EXPRESSIONS.index(name) for name in model.config.trained_expressions]
        )
        self.losses: list[Tensor] = []
        self.predictions: list[tuple[Tensor, Tensor, Tensor]] = []
        self._teachers = list(teachers)  # a plain list: no weights of this module

    def on_fit_start(self) -> None:
        self.trained = self.trained.to(self.device)
        self._teachers = [teacher.to(self.device).eval() for teacher in self._teachers]

    def on_validation_start(self) -> None:
        self.trained = self.trained.to(self.device)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["losses"] = self.losses  # of an epoch that is not over yet

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.losses = checkpoint["losses"]

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], step: int) -> Tensor:
        images, _, shares = batch
        torch.manual_seed(step_seed(self.options.seed, self.current_epoch, step))
        targets = shares[:, self.trained]
        classes = targets.argmax(dim=1)
        pixels = augment(images.float() / 255, self.options.augmentation)
        if self.options.mixup > 0:
            pixels, targets = mixup(pixels, targets, self.options.mixup)
        weights = targets.sum(dim=1, keepdim=True)
        targets = targets / weights.clamp(min=SMALLEST_WEIGHT)
        uniform = torch.full_like(targets, 1 / len(self.trained))
        targets = targets.lerp(uniform, self.options.label_smoothing)
        if self._teachers:
            targets = targets.lerp(self._distilled(pixels), self.options.distillation_weight)
        side = self.options.size_in(self.current_epoch)
        features = self._features(self.model, pixels, side)
        if self.options.feature_noise:
            features = perturb_features(features, classes, self.options.feature_noise)
        losses = functional.cross_entropy(self._logits(self.model, features), weights * targets)
        loss = losses / weights.mean()
        self.losses.append(loss.detach())
        self.log("loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], _: int) -> None:
        images, labels, shares = batch
        features = self._features(self.model, images.float() / 255, self.options.size)
        logits = self._logits(self.model, features)
        self.predictions.append((logits, labels, shares[:, self.trained]))

    def on_validation_epoch_end(self) -> None:
        logits, labels, shares = (
            torch.cat(column) for column in zip(*self.predictions, strict=True)
        )
        self.predictions.clear()
        labeled, classes = labels >= 0, len(self.trained)
        predicted = logits[labeled].argmax(dim=1)
        labels = torch.searchsorted(self.trained, labels[labeled])
        report = EpochReport(
            epoch=min(self.current_epoch + 1, self.options.epochs),
            epochs=self.options.epochs,
            loss=float(torch.stack(self.losses).mean()) if self.losses else float("nan"),
            accuracy=float(multiclass_accuracy(predicted, labels, classes, average="micro")),
            macro_f1=float(multiclass_f1_score(predicted, labels, classes, average="macro")),
            temperature=choose_temperature(
                log_likelihoods(logits.cpu().numpy(), shares.cpu().numpy())
            ),
        )
        self.losses.clear()
        self.on_epoch(report)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(
            [one for one in self.parameters() if one.requires_grad],
            lr=self.options.learning_rate,
            weight_decay=self.options.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.options.learning_rate, total_steps=self.steps, pct_start=WARM_UP
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    @torch.no_grad()
    def _distilled(self, pixels: Tensor) -> Tensor:
        """Return the teachers' mean probabilities (N, trained classes) of the same pixels."""
        logits = [
            self._logits(one, self._features(one, pixels, one.config.input_size))
            / one.config.temperature
            for one in self._teachers
        ]
        return torch.stack(logits).softmax(dim=-1).mean(dim=0)

    def _features(self, model: ExpressionModel, pixels: Tensor, side: int) -> Tensor:
        """Return features (N, F) of pixels (N, 3, H, W), seen at `side` pixels."""
        if side != pixels.shape[-1]:
            pixels = functional.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
        return model.features(pixels)

    def _logits(self, model: ExpressionModel, features: Tensor) -> Tensor:
        """Return logits (N, trained classes) of features (N, F)."""
        return model.logits(features[:, None])[:, 0, self.trained].float()


def mixup(pixels: Tensor, targets: Tensor, parameter: float) -> tuple[Tensor, Tensor]:
    """Mix each crop with another one of the batch, and its target alike (Zhang et al., 2018).

    Args:
        pixels: (N, 3, H, W).
        targets: (N, classes) probabilities.
        parameter: both of the beta distribution of the shares; each crop has its own.
    """
    beta = torch.distributions.Beta(parameter, parameter)
    other = beta.sample((len(pixels),)).to(pixels.device)
    return (
        pixels.lerp(pixels.flip(0), other[:, None, None, None]),
        targets.lerp(targets.flip(0), other[:, None]),
    )

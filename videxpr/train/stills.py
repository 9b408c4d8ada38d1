"""Training of backbone and head on single face crops."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, WeightedRandomSampler
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

from videxpr.augmentation import augment
from videxpr.calibration import best_temperature, log_likelihoods
from videxpr.checkpoint import TrainingSummary, load_checkpoint, save_checkpoint
from videxpr.errors import OutputError, UsageError
from videxpr.expressions import EXPRESSIONS
from videxpr.model import ExpressionModel, ModelConfig
from videxpr.model.backbones import start_as_identity
from videxpr.stills import (
    Part,
    Still,
    StillDataset,
    class_counts,
    draw_split,
    find_stills,
    read_split,
)
from videxpr.train.options import EpochReport, StillsOptions, TrainingReport

EMA_SPAN: Final = 0.05
"""Share of the steps over which weights are averaged; longer, and short runs keep their mistakes."""

EMA_START: Final = 0.1
"""Share of the steps after which averaging begins; the very first weights are not worth keeping."""


def train_stills(
    folder: Path,
    output: Path,
    *,
    split: Path | None = None,
    initial: Path | None = None,
    options: StillsOptions | None = None,
    data: str = "",
    licence: str = "unspecified",
    dtype: torch.dtype = torch.float16,
    on_epoch: Callable[[EpochReport], None] | None = None,
    callbacks: Sequence[Callback] = (),
) -> TrainingReport:
    """Train backbone and head on the crops in the class folders of `folder`.

    The encoder is left out (variant ``backbone``): crops alone cannot train it.

    Args:
        folder: one folder a class, named after an expression in any case.
        output: the checkpoint to write, ``.safetensors``.
        split: a file ``image,split``; drawn when absent. Its ``test`` part is never read.
        initial: a checkpoint to start from; random weights when absent.
        options: epochs, sizes, rates.
        data: what the crops are, for the model's card.
        licence: under which terms the weights may be used.
        dtype: as which the weights are stored.
        on_epoch: called after every epoch.
        callbacks: Lightning callbacks, e.g. a progress bar.

    Raises:
        SourceError, FormatError, CheckpointError: an input is missing or malformed.
    """
    options = options or StillsOptions()
    torch.set_num_threads(options.threads)
    lightning.seed_everything(options.seed, workers=True, verbose=False)
    stills = find_stills(folder)
    parts = read_split(split, stills) if split else draw_split(stills, options.seed)
    _check_parts(parts, output)
    model, earlier = _initial_model(initial, parts["train"], options)
    task = StillsTask(model, options, steps=_steps(parts, options), on_epoch=on_epoch)
    averaging = EMAWeightAveraging(
        decay=1 - 1 / (1 + EMA_SPAN * task.steps),
        update_starting_at_step=round(EMA_START * task.steps),
        use_buffers=True,
    )
    trainer = _trainer(options, [averaging, *callbacks])
    trainer.fit(task, *_loaders(parts, options))
    if task.last is None or task.last.epoch < options.epochs:
        raise OutputError(f"training was stopped before its end; {output} was not written")
    summary = TrainingSummary(
        data=data or f"{len(parts['train'])} stills of {folder.name}",
        recipe=(earlier.recipe + "; " if earlier else "") + _recipe(options),
        images=len(parts["train"]),
        epochs=options.epochs + (earlier.epochs if earlier else 0),
        validation_accuracy=task.last.accuracy,
        validation_macro_f1=task.last.macro_f1,
    )
    calibrated = replace(model.config, temperature=task.last.temperature)
    save_checkpoint(output, model, summary, licence, dtype, config=calibrated)
    return TrainingReport(output, len(parts["train"]), len(parts["validation"]), task.last)


class StillsTask(lightning.LightningModule):
    """One crop, one label: cross-entropy over the trained classes, one-cycle AdamW."""

    def __init__(
        self,
        model: ExpressionModel,
        options: StillsOptions,
        *,
        steps: int,
        on_epoch: Callable[[EpochReport], None] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.model.dropout.p = options.dropout
        self.options = options
        self.steps = steps
        self.report = on_epoch
        self.last: EpochReport | None = None
        self.trained = torch.tensor(_labels(model.config.trained_expressions))
        self.losses: list[Tensor] = []
        self.outcomes: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        images, labels = batch
        pixels = augment(images.float() / 255, self.options.augmentation)
        loss = functional.cross_entropy(
            self._logits(pixels),
            torch.searchsorted(self.trained.to(labels.device), labels),
            label_smoothing=self.options.label_smoothing,
        )
        self.losses.append(loss.detach())
        self.log("loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        images, labels = batch
        logits = self._logits(images.float() / 255)
        self.outcomes.append((logits, torch.searchsorted(self.trained.to(labels.device), labels)))

    def on_validation_epoch_end(self) -> None:
        logits, labels = (torch.cat(column) for column in zip(*self.outcomes, strict=True))
        self.outcomes.clear()
        answers, classes = logits.argmax(dim=1), len(self.trained)
        self.last = EpochReport(
            epoch=self.current_epoch + 1,
            epochs=self.options.epochs,
            loss=float(torch.stack(self.losses).mean()) if self.losses else float("nan"),
            accuracy=float(multiclass_accuracy(answers, labels, classes, average="micro")),
            macro_f1=float(multiclass_f1_score(answers, labels, classes, average="macro")),
            temperature=best_temperature(
                log_likelihoods(logits.cpu().numpy(), labels.cpu().numpy())
            ),
        )
        self.losses.clear()
        if self.report is not None:
            self.report(self.last)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(
            self.parameters(),
            lr=self.options.learning_rate,
            weight_decay=self.options.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.options.learning_rate, total_steps=self.steps, pct_start=0.15
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def _logits(self, pixels: Tensor) -> Tensor:
        """Logits (N, trained classes) of pixels (N, 3, H, W)."""
        features = self.model.features(pixels)
        logits = self.model.logits(features[:, None])[:, 0]
        return logits[:, self.trained.to(logits.device)].float()


def _check_parts(parts: dict[Part, list[Still]], output: Path) -> None:
    """Refuse, before hours of work, what cannot end well."""
    train, validation = class_counts(parts["train"]), class_counts(parts["validation"])
    if sum(map(bool, train)) < 2 or not parts["validation"]:
        raise UsageError(
            f"{len(parts['train'])} training images of {sum(map(bool, train))} classes and "
            f"{len(parts['validation'])} validation images are too few to train on"
        )
    pairs = zip(EXPRESSIONS, train, validation, strict=True)
    strangers = [name for name, seen, asked in pairs if asked and not seen]
    if strangers:
        raise UsageError(f"validation images of {', '.join(strangers)}, which training has none of")
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name the checkpoint's file")


def _initial_model(
    initial: Path | None, stills: Sequence[Still], options: StillsOptions
) -> tuple[ExpressionModel, TrainingSummary | None]:
    counts = class_counts(stills)
    chosen: dict[str, Any] = {
        "trained_expressions": tuple(
            name for name, n in zip(EXPRESSIONS, counts, strict=True) if n
        ),
        "input_size": options.size,
        "colour": not options.grey,
        "temperature": 1.0,
    }
    config = ModelConfig(variant="backbone", **chosen)
    model = ExpressionModel(config)
    if initial is None:
        start_as_identity(model.backbone)
        return model, None
    checkpoint = load_checkpoint(initial)
    weights = checkpoint.model
    if replace(weights.config, **chosen) != config:
        raise UsageError(f"{initial} is a {weights.config.variant} model; start from a backbone")
    model.load_state_dict(weights.state_dict())
    return model, checkpoint.training


def _loaders(
    parts: dict[Part, list[Still]], options: StillsOptions
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    counts = torch.tensor(class_counts(parts["train"])).clamp(min=1)
    weights = counts.double() ** -options.balance
    sampler = WeightedRandomSampler(
        [float(weights[still.label]) for still in parts["train"]], len(parts["train"])
    )
    train = _loader(parts["train"], options, sampler=sampler, drop_last=True)
    return train, _loader(parts["validation"], options)


def _loader(stills: Sequence[Still], options: StillsOptions, **more: Any) -> DataLoader[Any]:
    return DataLoader(
        StillDataset(stills, options.size),
        batch_size=min(options.batch_size, len(stills)),
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
        **more,
    )


def _trainer(options: StillsOptions, callbacks: list[Callback]) -> lightning.Trainer:
    return lightning.Trainer(
        max_epochs=options.epochs,
        devices=1,
        precision=options.precision,  # type: ignore[arg-type]
        callbacks=callbacks,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        gradient_clip_val=1.0,
        use_distributed_sampler=False,
    )


def _steps(parts: dict[Part, list[Still]], options: StillsOptions) -> int:
    count = len(parts["train"])
    return options.epochs * (count // min(options.batch_size, count))


def _recipe(options: StillsOptions) -> str:
    return (
        f"{options.epochs} epochs at {options.size} px, batch {options.batch_size}, "
        f"AdamW one-cycle {options.learning_rate:g}, weight decay {options.weight_decay:g}, "
        f"label smoothing {options.label_smoothing:g}, balance {options.balance:g}, "
        f"averaged weights, {'grey' if options.grey else 'colour'}, {options.precision}, "
        f"seed {options.seed}"
    )


def _labels(names: Sequence[str]) -> list[int]:
    return [EXPRESSIONS.index(name) for name in names]

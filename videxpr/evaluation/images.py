"""A model on labeled face crops, one folder a class: each image by itself, no window around it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from videxpr.core.errors import SourceError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats
from videxpr.datasets.image_folder import ImageDataset, LabeledImage, find_images, read_split
from videxpr.datasets.options import Corruption, Part
from videxpr.evaluation.calibration import reliability
from videxpr.evaluation.metrics import CLASSES, Counts, bootstrap_intervals, confusion_matrix
from videxpr.evaluation.options import EvaluateOptions
from videxpr.evaluation.result import Evaluation
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.inference import probabilities
from videxpr.model.network import ExpressionModel

Progress = Callable[[int, int], None]
"""Called with the images done so far and their number."""


@dataclass(frozen=True)
class ImageSource:
    """Which images a model is scored on.

    Attributes:
        folder: one folder a class, named after the expressions.
        split: a CSV file with the columns ``image,split``; None takes all images.
        part: which part of the split.
        only: pattern that a file's name must match, e.g. ``fer2013_*``; None takes all.
        corruption: how the images are made worse first, or None.
        batch_size: images that go through the model together.
    """

    folder: Path
    split: Path | None = None
    part: Part = "test"
    only: str | None = None
    corruption: Corruption | None = None
    batch_size: int = 64

    def stills(self) -> list[LabeledImage]:
        """The images, in order of name.

        Raises:
            SourceError: there are none, or none whose name matches.
            FormatError: the split is no such file, or has none of them in this part.
        """
        found = find_images(self.folder)
        if self.split is not None:
            found = read_split(self.split, found, [self.part])[self.part]
        if self.only is None:
            return found
        matching = [still for still in found if still.matches(self.only)]
        if not matching:
            raise SourceError(
                f"none of {len(found)} images of {self} is named {self.only!r}; the first is "
                f"{found[0].path.name}"
            )
        return matching

    def __str__(self) -> str:
        parts = [
            f"{self.part} part of {self.split}" if self.split else "",
            self.only or "",
            self.corruption or "",
        ]
        said = ", ".join(filter(None, parts))
        return f"{self.folder} ({said})" if said else str(self.folder)


def evaluate_images(
    checkpoint: Checkpoint,
    source: ImageSource,
    options: EvaluateOptions | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a model on single images, in a plain forward pass.

    Raises:
        SourceError: there are no images, or one cannot be read.
        FormatError: the split is no such file, or has no image in this part.
    """
    chosen, stills = options or EvaluateOptions(), source.stills()
    labels = np.array([still.label for still in stills], np.int64)
    answers = np.concatenate(list(_probabilities(checkpoint.model, stills, source, progress)))
    predictions = np.nanargmax(answers, axis=1)
    return Evaluation(
        name=checkpoint.name,
        predictions=f"model {checkpoint.name} ({checkpoint.sha256[:12]})",
        labels=str(source),
        confusion=confusion_matrix(labels, predictions),
        intervals=bootstrap_intervals(
            _one_by_one(labels, predictions), chosen.samples, chosen.seed
        ),
        groups=len(stills),
        unit="images",
        counted="images",
        notes=tuple(_notes(checkpoint, labels)),
        reliability=reliability(answers, labels),
    )


@torch.inference_mode()
def _probabilities(
    model: ExpressionModel,
    stills: Sequence[LabeledImage],
    source: ImageSource,
    progress: Progress | None,
) -> Iterator[Floats]:
    """Probabilities (N, 8) of the images, a batch at a time."""
    done = 0
    dataset = ImageDataset(stills, model.config.crop.size, source.corruption)
    for images, _ in DataLoader(dataset, batch_size=source.batch_size):
        features = model.embed(images.permute(0, 2, 3, 1))
        logits = model.classify(features[:, None])[:, 0]  # each image is a window of one frame
        yield probabilities(logits.float().cpu().numpy())
        done += len(images)
        if progress is not None:
            progress(done, len(stills))


def _one_by_one(labels: NDArray[np.int64], predictions: NDArray[np.int64]) -> Counts:
    """(N, 8, 9): the confusion matrix of each image."""
    single = np.zeros((len(labels), CLASSES, CLASSES + 1), np.int64)
    single[np.arange(len(labels)), labels, predictions] = 1
    return single


def _notes(checkpoint: Checkpoint, labels: NDArray[np.int64]) -> Iterator[str]:
    untrained = checkpoint.model.config.untrained_expressions
    if untrained:
        of_them = sum(int((labels == EXPRESSIONS.index(name)).sum()) for name in untrained)
        yield (
            f"model {checkpoint.name} was never trained on {', '.join(untrained)} and never answers "
            f"it; {of_them} images are of it"
        )

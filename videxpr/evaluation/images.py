"""A model on labeled face crops, one folder a class: each image by itself, no window around it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from videxpr.core.errors import SourceError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats
from videxpr.datasets.image_dataset import ImageDataset
from videxpr.datasets.image_folder import LabeledImage, find_images, read_split
from videxpr.evaluation.calibration import measure_reliability
from videxpr.evaluation.metrics import CLASSES, Counts, bootstrap_intervals, confusion_matrix
from videxpr.evaluation.options import EvaluateOptions, ImageOptions
from videxpr.evaluation.report import Evaluation
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.inference import probabilities
from videxpr.model.network import ExpressionModel

Progress = Callable[[int, int], None]
"""Called with the images done so far and their number."""


def evaluate_images(
    checkpoint: Checkpoint,
    folder: Path,
    selection: ImageOptions | None = None,
    options: EvaluateOptions | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a model on single images, in a plain forward pass.

    Args:
        checkpoint: the model.
        folder: one folder a class, named after the expressions.
        selection: which of the images, and how they are made worse first.
        options: of the bootstrap, which draws images.
        progress: called as batches are done.

    Raises:
        SourceError: there are no images, none that is selected, or one cannot be read.
        FormatError: the split is no such file, or has no image in this part.
    """
    selected, chosen = selection or ImageOptions(), options or EvaluateOptions()
    images = select_images(folder, selected)
    labels = np.array([image.label for image in images], np.int64)
    found = np.concatenate(list(_probabilities(checkpoint.model, images, selected, progress)))
    predictions = np.nanargmax(found, axis=1)
    groups = _matrices(labels, predictions)
    return Evaluation(
        name=checkpoint.name,
        predictions=f"model {checkpoint.name} ({checkpoint.sha256[:12]})",
        labels=_describe(folder, selected),
        confusion=confusion_matrix(labels, predictions),
        intervals=bootstrap_intervals(groups, chosen.bootstrap, chosen.seed),
        groups=len(images),
        unit="images",
        items="images",
        notes=tuple(_notes(checkpoint, labels)),
        reliability=measure_reliability(found, labels),
    )


def select_images(folder: Path, options: ImageOptions) -> list[LabeledImage]:
    """Return the images of a folder that are selected, in order of name.

    Raises:
        SourceError: there are none, or none whose name matches.
        FormatError: the split is no such file, or has none of them in this part.
    """
    found = find_images(folder)
    if options.split is not None:
        found = read_split(options.split, found, [options.part])[options.part]
    if options.only is None:
        return found
    matching = [image for image in found if image.matches(options.only)]
    if not matching:
        raise SourceError(
            f"none of {len(found)} images of {_describe(folder, options)} is named {options.only!r}; "
            f"the first is {found[0].path.name}"
        )
    return matching


def _describe(folder: Path, options: ImageOptions) -> str:
    """Return which images these are, in words."""
    split = f"{options.part} part of {options.split}" if options.split else None
    parts = ", ".join(filter(None, (split, options.only, options.corruption)))
    return f"{folder} ({parts})" if parts else str(folder)


@torch.inference_mode()
def _probabilities(
    model: ExpressionModel,
    images: Sequence[LabeledImage],
    options: ImageOptions,
    progress: Progress | None,
) -> Iterator[Floats]:
    """Yield the probabilities (N, 8) of the images, a batch at a time."""
    done = 0
    dataset = ImageDataset(images, model.config.crop.size, options.corruption)
    for batch, *_ in DataLoader(dataset, batch_size=options.batch_size):
        features = model.embed(batch.permute(0, 2, 3, 1))
        logits = model.classify(features[:, None])[:, 0]  # each image is a window of one frame
        yield probabilities(logits.float().cpu().numpy())
        done += len(batch)
        if progress is not None:
            progress(done, len(images))


def _matrices(labels: NDArray[np.int64], predictions: NDArray[np.int64]) -> Counts:
    """Return the confusion matrix of each image (N, 8, 9)."""
    single = np.zeros((len(labels), CLASSES, CLASSES + 1), np.int64)
    single[np.arange(len(labels)), labels, predictions] = 1
    return single


def _notes(checkpoint: Checkpoint, labels: NDArray[np.int64]) -> Iterator[str]:
    untrained = checkpoint.model.config.untrained_expressions
    if untrained:
        of_them = sum(int((labels == EXPRESSIONS.index(name)).sum()) for name in untrained)
        yield (
            f"model {checkpoint.name} was never trained on {', '.join(untrained)} and never predicts "
            f"it; {of_them} images show it"
        )

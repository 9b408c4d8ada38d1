"""A model on labeled face crops, one folder a class: each image by itself, no window around it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from videxpr.core.errors import SourceError
from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.structures import Floats
from videxpr.datasets.image_dataset import ImageDataset
from videxpr.datasets.image_folder import LabeledImage, find_images, read_split, with_votes
from videxpr.evaluation.agreement import Agreement, measure_agreement
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
        FormatError: the split is no such file, or has no image in this part; or the votes are no such
            file, or on none of the images.
    """
    selected, chosen = selection or ImageOptions(), options or EvaluateOptions()
    images = all_images = select_images(folder, selected)
    if selected.votes is not None:
        images = with_votes(all_images, selected.votes, selected.folder_labels)
    labels = np.array([image.label for image in images], np.int64)
    found = np.concatenate(list(_probabilities(checkpoint.model, images, selected, progress)))
    predictions = np.nanargmax(found, axis=1)
    labeled = labels != NOT_ANNOTATED
    groups = _matrices(labels[labeled], predictions[labeled])
    return Evaluation(
        name=checkpoint.name,
        predictions=f"model {checkpoint.name} ({checkpoint.sha256[:12]})",
        labels=_describe(folder, selected),
        confusion=confusion_matrix(labels, predictions),
        intervals=bootstrap_intervals(groups, chosen.bootstrap, chosen.seed),
        groups=len(groups),
        unit="images",
        items="images",
        notes=(*_notes(checkpoint, labels), *_vote_notes(images, len(all_images))),
        reliability=measure_reliability(found[labeled], labels[labeled]),
        agreement=_agreement(images, found, chosen),
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
    votes = f"votes of {options.votes.name}" if options.votes else None
    parts = ", ".join(filter(None, (split, options.only, votes, options.corruption)))
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


def _agreement(
    images: Sequence[LabeledImage], found: Floats, options: EvaluateOptions
) -> Agreement | None:
    """Compare the probabilities (N, 8) of the images that people voted on with the votes."""
    votes = {n: image.votes.counts for n, image in enumerate(images) if image.votes}
    if not votes:
        return None
    counts = np.array([*votes.values()], np.int64)
    return measure_agreement(found[[*votes]], counts, options.bootstrap, options.seed)


def _notes(checkpoint: Checkpoint, labels: NDArray[np.int64]) -> Iterator[str]:
    untrained = checkpoint.model.config.untrained_expressions
    if untrained:
        of_them = sum(int((labels == EXPRESSIONS.index(name)).sum()) for name in untrained)
        yield (
            f"model {checkpoint.name} was never trained on {', '.join(untrained)} and never predicts "
            f"it; {of_them} images show it"
        )


def _vote_notes(images: Sequence[LabeledImage], found: int) -> Iterator[str]:
    """Yield which of the images count in what, of those of `found` images that are scored."""
    voted = [image for image in images if image.votes]
    undecided = sum(image.label == NOT_ANNOTATED for image in voted)
    if found > len(images):
        yield f"{found - len(images)} of {found} images have no votes and are left out"
    if undecided:
        yield (
            f"on {undecided} of {len(voted)} images with votes no expression has a majority: they have "
            "no label and count in the figures by votes alone"
        )
    if voted and len(voted) < len(images):
        yield (
            f"{len(images) - len(voted)} images without votes count by their folder, and not in the "
            "figures by votes"
        )

"""Windows and model together: from crops to features, from features to probabilities."""

from collections.abc import Sequence

import numpy as np
import torch

from videxpr.core.structures import Floats, Image
from videxpr.model.network import ExpressionModel
from videxpr.temporal.options import WindowOptions
from videxpr.temporal.windows import Classify, LogitStream, sliding_logits


@torch.inference_mode()
def embed_crops(model: ExpressionModel, crops: Sequence[Image], batch_size: int) -> Floats:
    """Return features of crops, a batch at a time.

    Args:
        model: in evaluation mode.
        crops: (size, size, 3) uint8 each, RGB, with the size of the model's crops.
        batch_size: crops that go through the network together.

    Returns:
        (N, 888) float32.
    """
    if not crops:
        return np.zeros((0, model.width), np.float32)
    batches = [
        model.embed(np.stack(crops[first : first + batch_size])).float().cpu().numpy()
        for first in range(0, len(crops), batch_size)
    ]
    return np.concatenate(batches)


def predict_sequence(model: ExpressionModel, features: Floats, options: WindowOptions) -> Floats:
    """Return probabilities of every frame of one sequence: the softmax of `sequence_logits`.

    Args:
        model: the expression model.
        features: (T, 888), T at least 1, consecutive frames of one person.
        options: how the sequence is cut into windows.

    Returns:
        (T, 8) float32; NaN for classes that the model was never trained on.
    """
    return probabilities(sequence_logits(model, features, options))


def sequence_logits(model: ExpressionModel, features: Floats, options: WindowOptions) -> Floats:
    """Return logits of every frame of one sequence, averaged over the windows that hold it.

    Args:
        model: the expression model.
        features: (T, 888), T at least 1, consecutive frames of one person.
        options: how the sequence is cut into windows.

    Returns:
        (T, 8) float32; minus infinity for classes that the model was never trained on.
    """
    return sliding_logits(features, _classifier(model), model.config.window, options)


def logit_stream(model: ExpressionModel, options: WindowOptions) -> LogitStream:
    """Return what gives `sequence_logits` of a sequence that comes bit by bit."""
    return LogitStream(_classifier(model), model.config.window, options)


def _classifier(model: ExpressionModel) -> Classify:
    @torch.inference_mode()
    def classify(windows: Floats) -> Floats:
        logits: Floats = model.classify(windows).float().cpu().numpy()
        return logits

    return classify


def probabilities(logits: Floats) -> Floats:
    """Return the softmax (..., C) of logits (..., C) over the finite ones; NaN for the others."""
    trained = np.isfinite(logits)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    weights = np.exp(shifted, where=trained, out=np.zeros_like(logits))
    shares = weights / weights.sum(axis=-1, keepdims=True)
    return np.where(trained, shares, np.nan).astype(np.float32)

"""Logit adjustment after training: an expression gains as it was rare in the training data.

Method: Menon et al., "Long-tail learning via logit adjustment", ICLR 2021.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from videxpr.core.structures import Floats

LEAST: Final = float(np.finfo(np.float32).tiny)
"""Probabilities below it count as it, so that every row keeps a largest one."""


def adjusted(probabilities: Floats, shares: Sequence[float], strength: float) -> Floats:
    """Return probabilities times ``shares ** -strength``, each row made to sum to 1 again.

    It is the same as to take ``strength * log(shares)`` off the logits before the softmax.
    ``adjusted(adjusted(p, shares, a), shares, b)`` is ``adjusted(p, shares, a + b)``, so a negative
    strength takes an adjustment back.

    Args:
        probabilities: (..., C) in [0, 1]; NaN for classes that were never trained.
        shares: (C,) share of each class among the training labels; only their ratios count.
        strength: 0 changes nothing, 1 makes up for the shares in full.

    Returns:
        (..., C) float32; NaN also for classes whose share is 0.
    """
    if strength == 0:
        return probabilities
    priors = np.asarray(shares, np.float64)
    offsets = np.full(len(priors), np.nan)
    offsets[priors > 0] = strength * np.log(priors[priors > 0])
    logits = np.log(np.maximum(probabilities, LEAST, dtype=np.float64)) - offsets
    weights = np.exp(logits - np.fmax.reduce(logits, axis=-1, keepdims=True))
    total = np.nansum(weights, axis=-1, keepdims=True)
    return np.asarray(weights / total, dtype=np.float32)

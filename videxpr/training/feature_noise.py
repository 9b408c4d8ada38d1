"""What keeps an encoder or a head from trusting a backbone too much.

A backbone knows the faces by heart on which it was trained: of these it is right more often, and surer,
than of others. An encoder that learns from their features believes them too much.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from videxpr.core.structures import Floats
from videxpr.model.network import ExpressionModel

MOST_ROWS: Final = 16_384
"""Deviations that are drawn from; 58 MB of RegNetY-1.6GF's."""

SINGLE_FRAMES: Final = 64
"""Frames of a batch that are drawn to be predicted by themselves."""


class FeatureNoise(nn.Module):
    """Moves features as far as other faces of the same expressions lie from their class's mean.

    All frames of a run of one label are moved together, so that no mean over them takes it off: by what
    another training frame, of whatever class, differs by from the mean of its own, times a factor drawn
    evenly from 0 to twice the strength.
    """

    def __init__(
        self, features: Sequence[Floats], labels: Sequence[NDArray[np.int8]], strength: float
    ) -> None:
        """Take the deviations of training frames from the mean of their class.

        Args:
            features: (N, F) of each training video.
            labels: (N,) of each training video, -1 for none.
            strength: factors are drawn evenly from 0 to twice of it.
        """
        super().__init__()
        step = -(-sum(map(len, labels)) // MOST_ROWS)
        rows = np.concatenate([one[::step] for one in features]).astype(np.float32)
        of = np.concatenate([one[::step] for one in labels])
        for label in np.unique(of):
            rows[of == label] -= rows[of == label].mean(axis=0)
        self.strength = strength
        self.deviations = nn.Buffer(torch.from_numpy(rows[of >= 0]), persistent=False)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Return features (B, T, F), moved; labels (B, T). Drawn from torch's global generator."""
        changes = functional.pad(labels[:, 1:] != labels[:, :-1], (1, 0))
        run = changes.long().cumsum(1)  # (B, T): number of the run within its window
        runs = (len(run), int(run.max()) + 1)
        drawn = torch.randint(len(self.deviations), runs, device=features.device)
        factors = 2 * self.strength * torch.rand(*runs, 1, device=features.device)
        noise = factors * self.deviations[drawn]
        return features + noise.gather(1, run[..., None].expand(-1, -1, noise.shape[-1]))


def perturb_features(features: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Return the features of single faces, moved as `FeatureNoise` moves those of windows.

    Each is moved by what another one of the batch, of whatever class, differs by from the mean of its
    class in the batch.

    Args:
        features: (N, F).
        labels: (N,) int64, from 0.
        strength: factors are drawn evenly from 0 to twice of it, from torch's global generator.

    Returns:
        (N, F).
    """
    members = functional.one_hot(labels).to(features.dtype)  # (N, classes)
    counts = members.sum(dim=0)
    means = members.T @ features / counts.clamp(min=1)[:, None]
    others = counts[labels] > 1  # a mean of one is the one itself
    if not others.any():
        return features
    # means of a few lie nearer to them than those of all
    scale = (counts / (counts - 1).clamp(min=1)).sqrt()[labels]
    deviations = ((features - means[labels]) * scale[:, None])[others]
    drawn = torch.randint(len(deviations), (len(features),), device=features.device)
    factors = 2 * strength * torch.rand(len(features), 1, device=features.device)
    return features + factors * deviations[drawn]


class SingleFrames(nn.Module):
    """Keeps predictions of windows of one frame those of a head on the backbone's features alone.

    Nothing is known of a single frame but its features, and that head was trained on nothing else.
    Method: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015.
    """

    def __init__(self, head: tuple[Tensor, Tensor], untrained: Tensor) -> None:
        """Keep a copy of the head.

        Args:
            head: weight (8, F) and bias (8,).
            untrained: (8,) which classes were never trained.
        """
        super().__init__()
        self.weight = nn.Buffer(head[0].clone(), persistent=False)
        bias = head[1].masked_fill(untrained, float("-inf"))
        self.bias = nn.Buffer(bias, persistent=False)

    def forward(self, model: ExpressionModel, features: Tensor) -> Tensor:
        """Return the model's cross-entropy with the head's predictions, over some of (B, T, F)."""
        rows = features.flatten(0, 1)
        rows = rows[torch.randint(len(rows), (SINGLE_FRAMES,), device=rows.device)]
        known = functional.linear(rows, self.weight, self.bias).softmax(dim=-1)
        return functional.cross_entropy(model.logits(rows[:, None])[:, 0], known)

"""The focal loss of Phan et al. (2022), after Lin et al., "Focal Loss for Dense Object Detection"."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from videxpr.core.errors import UsageError


@dataclass(frozen=True)
class LossOptions:
    """What a mistake costs.

    Attributes:
        alpha: plain factor of every class.
        gamma: how much frames that are answered well already are played down; 0 is cross-entropy.
        label_smoothing: share of each label spread over the classes.
        divergence: share of the loss that is the Kullback-Leibler divergence from the smoothed label;
            the focal loss has the rest. The paper speaks of none, the authors' code has 0.2.
    """

    alpha: float = 0.9
    gamma: float = 2.0
    label_smoothing: float = 0.0
    divergence: float = 0.0

    def __post_init__(self) -> None:
        if self.alpha <= 0 or self.gamma < 0:
            raise UsageError(f"alpha ({self.alpha}) is above 0, gamma ({self.gamma}) not below it")
        if not (0 <= self.label_smoothing < 1 and 0 <= self.divergence <= 1):
            raise UsageError(
                f"label smoothing ({self.label_smoothing}) and the divergence's share "
                f"({self.divergence}) lie between 0 and 1"
            )


def frame_losses(logits: Tensor, labels: Tensor, options: LossOptions) -> Tensor:
    """The loss of each frame, in single precision; its mean is the paper's loss.

    Args:
        logits: (N, C).
        labels: (N,) integers in [0, C).
        options: alpha, gamma and the rest.

    Returns:
        (N,) float32. The focal part is alpha (1 - p)^gamma times the cross-entropy with the smoothed
        label, p being the probability of the label itself.
    """
    log_p = functional.log_softmax(logits.float(), dim=1)
    share = options.label_smoothing / log_p.shape[1]
    target = torch.full_like(log_p, share)
    target.scatter_(1, labels[:, None], 1 - options.label_smoothing + share)
    entropy = -(target * log_p).sum(dim=1)
    p = log_p.gather(1, labels[:, None])[:, 0].exp()
    focal = options.alpha * (1 - p) ** options.gamma * entropy
    if options.divergence == 0:
        return focal
    divergence = functional.kl_div(log_p, target, reduction="none").sum(dim=1)
    return (1 - options.divergence) * focal + options.divergence * divergence

"""The focal loss of Phan et al. (2022), after Lin et al., "Focal Loss for Dense Object Detection"."""

import torch
from torch import Tensor
from torch.nn import functional

from videxpr.training.clips.options import LossOptions


def frame_losses(logits: Tensor, labels: Tensor, options: LossOptions) -> Tensor:
    """Return the loss of each frame, in single precision; its mean is the paper's loss.

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

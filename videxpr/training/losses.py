"""The focal loss of Phan et al. (2022), after Lin et al., "Focal Loss for Dense Object Detection"."""

from torch import Tensor
from torch.nn import functional

from videxpr.training.clips.options import LossOptions


def frame_losses(logits: Tensor, shares: Tensor, options: LossOptions) -> Tensor:
    """Return the loss of each frame, in single precision; its mean is the paper's loss.

    Args:
        logits: (N, C).
        shares: (N, C) of the voters who named each class, 1 for a label; none is all 0.
        options: alpha, gamma and the rest.

    Returns:
        (N,) float32. The focal part is alpha (1 - p)^gamma times the cross-entropy with the smoothed
        label, p being the probability of the label itself. Where voters differ, the label is their
        normalized shares, p the mean probability of what they named, and all is times the share of
        them that named a class.
    """
    weights = shares.sum(dim=1, keepdim=True)
    label = shares / weights
    log_p = functional.log_softmax(logits.float(), dim=1)
    target = label * (1 - options.label_smoothing) + options.label_smoothing / log_p.shape[1]
    entropy = -(target * log_p).sum(dim=1)
    p = (label * log_p.exp()).sum(dim=1)
    losses = options.alpha * (1 - p).clamp(min=0) ** options.gamma * entropy
    if options.divergence:
        divergence = functional.kl_div(log_p, target, reduction="none").sum(dim=1)
        losses = losses.lerp(divergence, options.divergence)
    return weights[:, 0] * losses

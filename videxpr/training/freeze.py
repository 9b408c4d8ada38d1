"""Parts of a backbone that training leaves as they are."""

from typing import Any

from torch import nn

from videxpr.core.errors import UsageError
from videxpr.model.backbones import stages


def freeze(backbone: nn.Module, last: str) -> bool:
    """Stop the training of a backbone's stages up to one.

    Args:
        backbone: whose parameters get no gradients any more.
        last: name of the last stage to freeze; ``none`` freezes nothing.

    Returns:
        Whether the whole backbone is frozen; then the statistics of its norms stay too.

    Raises:
        UsageError: the backbone has no stage of that name.
    """
    parts = stages(backbone)
    if last == "none":
        return False
    if last not in parts:
        raise UsageError(f"no stage {last!r} to freeze; choose none, {', '.join(parts)}")
    names = list(parts)
    for name in names[: names.index(last) + 1]:
        parts[name].requires_grad_(False)
    whole = last == names[-1]
    if whole:
        backbone.register_forward_pre_hook(_hold_norms)
    return whole


def _hold_norms(backbone: nn.Module, _: Any) -> None:
    backbone.eval()  # Lightning turns training mode on again before each epoch

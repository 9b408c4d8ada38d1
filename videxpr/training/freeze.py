"""Parts of a backbone that training leaves as they are."""

from torch import nn

from videxpr.core.errors import UsageError
from videxpr.model.backbones import stages


def freeze(backbone: nn.Module, last: str) -> bool:
    """Stop the training of a backbone's stages up to one; true if that is the whole backbone.

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
    return last == names[-1]

"""What a user can choose about training on windows, and the two recipes of the method's authors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from videxpr.training.options import (
    ClipTrainingOptions,
    LossOptions,
)

RECIPES: Final[Mapping[str, ClipTrainingOptions]] = {
    "paper": ClipTrainingOptions(),
    "authors": ClipTrainingOptions(
        optimizer="adamw",
        learning_rate=1e-3,
        weight_decay=5e-5,
        plateau=True,
        loss=LossOptions(label_smoothing=0.1, divergence=0.2),
        augment_per="frame",
    ),
}
"""``paper`` is what Phan et al. (2022) say, ``authors`` what their code does where it differs. What
the paper does not say (flip and jitter, frozen stages) is as in the code, but drawn once a window."""


def with_choices(options: ClipTrainingOptions, choices: Mapping[str, Any]) -> ClipTrainingOptions:
    """Options with some of them chosen anew, by the names that `ClipTrainingOptions.as_text` gives.

    Raises:
        UsageError: a value makes no sense.
    """
    parts: dict[str, dict[str, Any]] = {}
    plain: dict[str, Any] = {}
    for name, value in choices.items():
        part, _, inner = name.partition(".")
        if inner:
            parts.setdefault(part, {})[inner] = value
        else:
            plain[name] = value
    changed = {part: replace(getattr(options, part), **inner) for part, inner in parts.items()}
    return replace(options, **plain, **changed)

"""What is tried, and what one try is; defaults are here and nowhere else."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from itertools import product
from typing import Final

from videxpr.core.errors import UsageError

SPANS: Final = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0)
"""Seconds; on Aff-Wild2 the best mean was found over about three and a half."""

STRENGTHS: Final = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
STRIDES: Final = (4, 8, 16, 32, 64)


@dataclass(frozen=True)
class TuneOptions:
    """What is tried; the settings of the annotation itself always are.

    Attributes:
        spans: of the moving mean, in seconds; 0 is off.
        strengths: of logit adjustment; 0 is off.
        strides: frames between the starts of two windows; only where features and model are given.
        folds: parts into which the source videos are dealt for cross-validation.
    """

    spans: tuple[float, ...] = SPANS
    strengths: tuple[float, ...] = STRENGTHS
    strides: tuple[int, ...] = STRIDES
    folds: int = 5

    def __post_init__(self) -> None:
        for name, values in (("span", self.spans), ("strength", self.strengths)):
            odd = [value for value in values if not 0 <= value < math.inf]
            if odd:
                raise UsageError(f"a {name} of {odd[0]} cannot be tried; it is 0 or more")
        if any(stride < 1 for stride in self.strides):
            raise UsageError(f"a stride of {min(self.strides)} cannot be tried; it is 1 or more")
        if self.folds < 2:
            raise UsageError(f"cross-validation wants 2 folds or more, not {self.folds}")


@dataclass(frozen=True)
class Setting:
    """One try: stride in frames, strength of logit adjustment, span of the moving mean in seconds."""

    stride: int
    logit_adjustment: float
    smooth_seconds: float


def grid(
    options: TuneOptions, present: Setting, strides: Collection[int], shares_known: bool
) -> tuple[Setting, ...]:
    """All settings to try, the plainer ones first, the present one among them.

    Args:
        options: what to try.
        present: the settings of the annotation.
        strides: others that can be tried.
        shares_known: whether the model says what logit adjustment wants to know.
    """
    strengths = options.strengths if shares_known else ()
    axes = (
        sorted({present.stride, *strides}, reverse=True),  # a longer stride is less work
        sorted({present.logit_adjustment, *strengths}),
        sorted({present.smooth_seconds, *options.spans}),
    )
    return tuple(Setting(*values) for values in product(*axes))

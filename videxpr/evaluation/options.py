"""What a user can choose about an evaluation; defaults are here and nowhere else."""

from dataclasses import dataclass

from videxpr.core.errors import UsageError


@dataclass(frozen=True)
class EvaluateOptions:
    """How predictions are compared with labels.

    Attributes:
        strict: whether any difference in length is an error, even the usual one of a frame or two.
        samples: resamples of the bootstrap.
        seed: of what the bootstrap draws.
    """

    strict: bool = False
    samples: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1 or self.seed < 0:
            raise UsageError(
                f"{self.samples} resamples and seed {self.seed} cannot be: at least 1, and 0 or more"
            )

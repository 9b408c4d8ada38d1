"""What a user can choose about this wing; defaults are here and nowhere else."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from videxpr.core.errors import UsageError

Placement = Literal["non_overlapping", "sliding", "random"]
PLACEMENTS: Final[tuple[Placement, ...]] = get_args(Placement)

Part = Literal["train", "validation", "test"]
"""Of a folder of labeled images."""
PARTS: Final[tuple[Part, ...]] = get_args(Part)

Corruption = Literal["small", "compressed", "dark", "misaligned"]
"""What video does to a face; `datasets.corruptions` does it."""
CORRUPTIONS: Final[tuple[Corruption, ...]] = get_args(Corruption)


@dataclass(frozen=True)
class SamplingOptions:
    """Which windows an epoch has.

    Attributes:
        placement: ``non_overlapping`` cuts a video's usable frames into windows one after another
            (the paper's way); ``sliding`` starts one every `stride` frames; ``random`` draws as many
            as ``non_overlapping`` has, each anywhere in its video, anew in every epoch.
        stride: for ``sliding``.
        balance: exponent of the class counts; 0 takes every window once, 1 draws windows so that
            classes come about evenly.
        batch_size: windows a step, those of all devices together.
        shortest: frames to which a step's windows may be cut: their number is drawn log-uniformly
            between this and the whole window, anew for each step, so that the encoder learns to
            answer on few frames too; None never cuts.
    """

    placement: Placement = "non_overlapping"
    stride: int = 32
    balance: float = 0.0
    batch_size: int = 16
    shortest: int | None = None

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS:
            raise UsageError(
                f"windows are placed {self.placement!r}; choose one of {', '.join(PLACEMENTS)}"
            )
        if self.shortest is not None and self.shortest < 1:
            raise UsageError(f"the shortest window has 1 or more frames, not {self.shortest}")
        if self.stride < 1 or self.batch_size < 1 or not 0 <= self.balance <= 1:
            raise UsageError(
                f"stride ({self.stride}) and batch size ({self.batch_size}) are at least 1, and the "
                f"balance ({self.balance}) lies between 0 and 1"
            )

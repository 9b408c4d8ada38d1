"""Where videos are decoded, as users choose it; nothing heavy is imported for that."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from videxpr.core.errors import UsageError

Decoder = Literal["auto", "cpu", "cuda"]
DECODERS: Final[tuple[str, ...]] = get_args(Decoder)


@dataclass(frozen=True)
class DecodingOptions:
    """Where videos are decoded.

    Attributes:
        decoder: ``cpu``; ``cuda``, which is an error for a video that the GPU cannot decode; or
            ``auto``: the GPU if the networks run on one and it can, else the CPU.
        device: where the networks run, e.g. ``cuda:1``; the GPU that decodes, the first if it is none.
    """

    decoder: Decoder = "auto"
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.decoder not in DECODERS:
            raise UsageError(f"unknown decoder {self.decoder!r}; choose {', '.join(DECODERS)}")

    @property
    def gpu(self) -> int | None:
        """Number of the GPU to try; None for none."""
        kind, _, number = self.device.partition(":")
        if self.decoder == "cpu" or (self.decoder == "auto" and kind != "cuda"):
            return None
        return int(number) if kind == "cuda" and number else 0

    @property
    def gpu_or_nothing(self) -> bool:
        """Whether a video that the GPU cannot decode is an error."""
        return self.decoder == "cuda"

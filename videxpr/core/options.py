"""What a user can choose about every long run."""

import re
from typing import Final

from videxpr.core.errors import DeviceError
from videxpr.core.option import option, options

PANEL: Final = "Running"
VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
"""What the environment calls the GPUs that a process may use."""

DEVICE: Final = re.compile(r"auto|cpu|mps|cuda(:\d+)?|\d+")


@options(PANEL)
class RunOptions:
    """Where a run computes, and what it says.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``N`` (the same) or ``mps``.
        quiet: whether nothing is said but errors.
    """

    device: str = option(
        "auto", "auto, cpu, cuda, cuda:N, N (the same), or mps.", changes_results=False
    )
    quiet: bool = option(False, "Say nothing but errors.", short="q", changes_results=False)

    def __post_init__(self) -> None:
        check_device(self.device)


def check_device(name: str) -> None:
    """Refuse what is no device's name, whether or not there is such a device.

    Raises:
        DeviceError: it says which names there are.
    """
    if not DEVICE.fullmatch(name):
        raise DeviceError(f"unknown device {name!r}; choose auto, cpu, cuda, cuda:N, N or mps")

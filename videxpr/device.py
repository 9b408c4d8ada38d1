"""Which device the networks run on."""

import os

import torch

from videxpr.errors import DeviceError


def resolve_device(wanted: str) -> torch.device:
    """The device of that name, checked to be usable.

    Args:
        wanted: ``auto`` (the first CUDA device, else Apple's, else the CPU), ``cpu``, ``cuda``,
            ``cuda:N``, ``N`` (short for ``cuda:N``) or ``mps``.

    Raises:
        DeviceError: the name is unknown, or the device is not usable, with the reason.
    """
    if wanted == "auto":
        return _best()
    name = f"cuda:{wanted}" if wanted.isdecimal() else wanted
    kind, _, number = name.partition(":")
    if kind == "cuda" and (not number or number.isdecimal()):
        return _cuda(int(number or 0))
    if name == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("no Apple GPU is usable here; choose --device cpu")
        return torch.device("mps")
    if name != "cpu":
        raise DeviceError(f"unknown device {wanted!r}; choose auto, cpu, cuda, cuda:N, N or mps")
    return torch.device("cpu")


def describe(device: torch.device) -> str:
    """The device in words, e.g. ``cuda:0 (NVIDIA H200)`` or ``cpu (2 cores)``."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"cpu ({cpu_threads()} cores)" if device.type == "cpu" else str(device)


def cpu_threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stage_threads() -> int:
    """Threads for each network where detection and embedding run at the same time, beside the decoder:
    two pools that want all cores are slower than one."""
    return max(1, cpu_threads() // 2)


def use_cpu_threads(count: int) -> None:
    """Let torch use that many threads, and no second pool beside them."""
    torch.set_num_threads(count)


def _best() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda:0")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _cuda(number: int) -> torch.device:
    if torch.version.cuda is None:
        raise DeviceError(
            f"cuda:{number} cannot be used: this torch {torch.__version__} was built without CUDA; "
            "choose --device cpu"
        )
    if not torch.cuda.is_available():
        raise DeviceError(
            f"cuda:{number} cannot be used: torch {torch.__version__} finds no usable NVIDIA GPU; "
            f"there is none, or its driver is older than CUDA {torch.version.cuda} needs; choose "
            "--device cpu, or update the driver"
        )
    if number >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise DeviceError(f"there is no cuda:{number}; the GPUs here are cuda:0 to cuda:{last}")
    return torch.device("cuda", number)

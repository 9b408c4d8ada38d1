"""Which device the networks run on."""

import os
import warnings
from pathlib import Path
from typing import Final

import torch

from videxpr.core.errors import DeviceError
from videxpr.core.options import VISIBLE, check_device
from videxpr.core.threads import cpu_threads

NVIDIA_DRIVER: Final = Path("/proc/driver/nvidia/version")
"""Is there wherever Linux has loaded NVIDIA's driver, whether or not torch can use it."""


def resolve_device(wanted: str | int | torch.device) -> torch.device:
    """Return the device of that name, checked to be usable.

    Args:
        wanted: ``auto`` (the first CUDA device, else Apple's, else the CPU), ``cpu``, ``cuda``,
            ``cuda:N``, ``N`` (short for ``cuda:N``) or ``mps``.

    Raises:
        DeviceError: the name is unknown, or the device is not usable, with the reason.
    """
    wanted = str(wanted)
    check_device(wanted)
    has_mps = torch.backends.mps.is_available()
    if wanted == "auto":
        fallback = torch.device("mps" if has_mps else "cpu")
        return _cuda(0) if _unsupported_reason() is None else fallback
    if wanted == "mps" and not has_mps:
        raise DeviceError("no Apple GPU is usable here; choose --device cpu")
    if wanted in ("cpu", "mps"):
        return torch.device(wanted)
    return _cuda(int(wanted.removeprefix("cuda").removeprefix(":") or 0))


def describe(device: torch.device) -> str:
    """Describe the device, e.g. ``cuda:0 (NVIDIA H200)`` or ``cpu (2 cores)``."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"cpu ({cpu_threads()} cores)" if device.type == "cpu" else str(device)


def unused_gpu_reason() -> str | None:
    """Return why ``auto`` left an NVIDIA GPU unused; None if it did not, or there is none."""
    return _unsupported_reason() if NVIDIA_DRIVER.exists() else None


def shared_out(wanted: str, number: int) -> str:
    """Return the device of a worker: the GPUs in turn where the choice is left to us.

    Args:
        wanted: as in `resolve_device`.
        number: of the worker, from 0.
    """
    if wanted not in ("auto", "cuda") or _unsupported_reason() is not None:
        return wanted
    return f"cuda:{number % torch.cuda.device_count()}"


def use_cpu_threads(count: int) -> None:
    """Let torch use that many threads, and no second pool beside them."""
    torch.set_num_threads(count)


def _cuda(number: int) -> torch.device:
    device = torch.device("cuda", number)
    reason = _unsupported_reason()
    if reason is not None:
        raise DeviceError(f"{device} cannot be used: {reason}; choose --device cpu")
    count = torch.cuda.device_count()
    if number >= count:
        here = (
            "the only GPU here is cuda:0" if count == 1 else f"here are cuda:0 to cuda:{count - 1}"
        )
        raise DeviceError(f"there is no {device}; {here}{_visible()}")
    try:
        torch.ones(1, device=device).sum().item()
    except RuntimeError as exc:  # a card without kernels in this torch, or somebody else's alone
        raise DeviceError(
            f"{device} ({torch.cuda.get_device_name(device)}) cannot be used: {_first_line(exc)}; "
            "choose another one or --device cpu"
        ) from exc
    return device


def _unsupported_reason() -> str | None:
    """Return why no GPU can be used through CUDA; None if one can."""
    if torch.version.cuda is None and torch.version.hip is None:
        return f"this torch {torch.__version__} was built without CUDA"
    with warnings.catch_warnings():  # torch warns of what is returned here
        warnings.simplefilter("ignore")
        if torch.cuda.is_available():
            return None
        try:
            torch.cuda.current_device()
            reason = "no GPU answers"
        except (RuntimeError, AssertionError) as exc:
            reason = _first_line(exc)
    return f"torch {torch.__version__} says: {reason}{_visible()}"


def _first_line(error: BaseException) -> str:
    """Return the first sentence of an error of torch's, without its full stop."""
    return str(error).partition("\n")[0].partition(". ")[0].rstrip(".")


def _visible() -> str:
    """Return what the environment says of GPUs, if it does."""
    value = os.environ.get(VISIBLE)
    return "" if value is None else f" ({VISIBLE} is {value!r})"

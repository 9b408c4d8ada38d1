"""What a benchmark ran on: the hardware, and what the networks really used of it."""

import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import torch

from videxpr.annotation.annotator import Annotator
from videxpr.core.threads import cpu_threads, stage_threads

CPU_INFO: Final = Path("/proc/cpuinfo")
RUNTIMES: Final = ("onnxruntime-gpu", "onnxruntime")
"""Packages that bring ONNX Runtime; the first one wins where both are installed."""


def _cpu_name() -> str:
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        return None


def _runtime() -> str | None:
    for package in RUNTIMES:
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            continue
    return None


def _load() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


@dataclass(frozen=True)
class Machine:
    """The hardware and the libraries; by default this machine's, without its GPU.

    Attributes:
        cpu: its name.
        cores: logical ones of the machine.
        usable_cores: that this process may use.
        memory_bytes: of the machine; None where the system does not tell.
        load: processes that ran or waited in the last minute, on average, before anything was
            measured; None where the system does not tell.
        gpu: its name; None without one in use.
        gpu_bytes: its memory; None where that is not told.
        system: the operating system.
        python: version.
        torch: version.
        onnxruntime: package and version; None if it is not installed.
    """

    cpu: str = field(default_factory=_cpu_name)
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    usable_cores: int = field(default_factory=cpu_threads)
    memory_bytes: int | None = field(default_factory=_memory_bytes)
    load: float | None = field(default_factory=_load)
    gpu: str | None = None
    gpu_bytes: int | None = None
    system: str = field(default_factory=platform.platform)
    python: str = field(default_factory=platform.python_version)
    torch: str = torch.__version__
    onnxruntime: str | None = field(default_factory=_runtime)


@dataclass(frozen=True)
class InUse:
    """What the networks ran on, asked of themselves.

    Attributes:
        models: names of the expression models.
        models_sha256: of their files.
        device: of the expression models.
        model_runtimes: what embeds for each model, ``onnxruntime`` or ``torch``.
        model_providers: ONNX Runtime's, which the models' sessions got; empty if torch does their work.
        model_threads: that embed on a CPU.
        torch_threads: on the CPU, where stages are measured.
        stage_threads: of each network in the pipeline, where stages overlap.
        detector: its name.
        detector_device: where it runs.
        providers: ONNX Runtime's, which its session got; empty if torch does its work.
        detector_threads: of ONNX Runtime; None if torch does its work.
    """

    models: tuple[str, ...]
    models_sha256: tuple[str, ...]
    device: str
    model_runtimes: tuple[str, ...]
    model_providers: tuple[str, ...]
    model_threads: int
    torch_threads: int
    stage_threads: int
    detector: str
    detector_device: str
    providers: tuple[str, ...]
    detector_threads: int | None


def this_machine(device: torch.device) -> Machine:
    """Describe the machine, as it is before anything is measured."""
    if device.type != "cuda":
        return Machine()
    memory = torch.cuda.get_device_properties(device).total_memory
    return Machine(gpu=torch.cuda.get_device_name(device), gpu_bytes=memory)


def in_use(annotator: Annotator) -> InUse:
    """Describe what the loaded networks run on."""
    detector, embedders = annotator.detector, annotator.ensemble.embedders
    return InUse(
        models=tuple(one.name for one in annotator.checkpoints),
        models_sha256=tuple(one.sha256 for one in annotator.checkpoints),
        device=str(annotator.device),
        model_runtimes=tuple(one.runtime for one in embedders),
        model_providers=tuple(dict.fromkeys(name for one in embedders for name in one.providers)),
        model_threads=max(one.threads for one in embedders),
        torch_threads=torch.get_num_threads(),
        stage_threads=stage_threads(),
        detector=detector.name,
        detector_device=detector.device,
        providers=detector.providers,
        detector_threads=torch.get_num_threads() if detector.providers else None,
    )

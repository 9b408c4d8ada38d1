"""What videxpr stands on, tried and not only looked up.

Every import of something that may be broken stands inside a check.
"""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import videxpr
from videxpr.annotation.doctor.finding import Finding
from videxpr.core.errors import DetectorError, DeviceError, VidexprError
from videxpr.core.files import has_room, unwritable_reason
from videxpr.core.threads import cpu_threads
from videxpr.core.version import VERSION
from videxpr.faces.detection.packs import MTCNN, installed_packs
from videxpr.faces.options import DetectionOptions
from videxpr.model.options import STARTER

Check = Callable[[Path | None], Iterator[Finding]]

TORCH_REMEDY: Final = (
    "install torch and torchvision again, both from the same index: pytorch.org says how"
)
OPENCV_REMEDY: Final = "on a slim Linux: apt-get install libgl1 libglib2.0-0"
PACKAGES: Final[Mapping[str, str]] = {
    "numpy": "numpy",
    "torch": "torch",
    "torchvision": "torchvision",
    "av": "av",
    "cv2": "opencv-python",
    "onnxruntime": "onnxruntime",
    "facenet_pytorch": "facenet-pytorch",
    "insightface.model_zoo.scrfd": "insightface",
    "pyarrow": "pyarrow",
    "pandas": "pandas",
}
"""Modules that annotate needs, and the packages that bring them."""

VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "onnxruntime": ("onnxruntime-gpu",),
    "opencv-python": ("opencv-python-headless", "opencv-contrib-python"),
}
"""Other packages that bring the same module."""

REMEDIES: Final[Mapping[str, str]] = {
    "torch": TORCH_REMEDY,
    "torchvision": TORCH_REMEDY,
    "opencv-python": OPENCV_REMEDY,
}
LEAST_DISK: Final = 1 << 30
LEAST_MEMORY: Final = 2 << 30
"""Less is worth a warning: annotate takes 1.3 GB."""

PICTURE: Final = (120, 160, 3)


def check_system(root: Path | None) -> Iterator[Finding]:
    """Yield the versions of what everything else runs on."""
    yield Finding("videxpr", "ok", VERSION, path=str(Path(str(videxpr.__file__)).parent))
    bits = 64 if sys.maxsize > 1 << 32 else 32
    python = f"{platform.python_version()} ({platform.python_implementation()}, {bits} bits)"
    yield Finding("Python", "ok", python, path=sys.executable)
    yield Finding("system", "ok", f"{platform.platform()}, {platform.machine()}")


def check_packages(root: Path | None) -> Iterator[Finding]:
    """Yield a line for each package that annotate needs, imported."""
    for module, package in PACKAGES.items():
        found = next(filter(None, map(_version, (package, *VARIANTS.get(package, ())))), "")
        remedy = REMEDIES.get(package, f"pip install --force-reinstall {package}")
        try:
            place = import_module(module).__file__ or ""
        except Exception as exc:  # whatever a broken package raises
            text = f"cannot be imported: {' '.join(str(exc).split()) or type(exc).__name__}"
            yield Finding(package, "problem", " ".join((found, text)).strip(), remedy)
        else:
            yield Finding(package, "ok", found or "version unknown", path=place)


def check_devices(root: Path | None) -> Iterator[Finding]:
    """Yield the devices of torch, each of which has computed something."""
    import torch

    from videxpr.core.device import describe, resolve_device, unused_gpu_reason

    names = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    names += ["mps"] if torch.backends.mps.is_available() else []
    for name in ("cpu", *names):
        try:
            device = resolve_device(name)
            torch.ones(1, device=device).sum().item()
        except (DeviceError, RuntimeError) as exc:
            yield Finding(f"device {name}", "problem", str(exc), "choose another one by --device")
            continue
        free = f", {_size(torch.cuda.mem_get_info(device)[0])} free" if "cuda" in name else ""
        yield Finding(f"device {name}", "ok", describe(device) + free)
    if reason := unused_gpu_reason():
        yield Finding("GPU", "warning", f"NVIDIA's driver is there, but {reason}", TORCH_REMEDY)


def check_onnx_runtime(root: Path | None) -> Iterator[Finding]:
    """Yield ONNX Runtime's execution providers that we use, each of which has run a graph."""
    from videxpr.core.onnx_runtime import provider_trials

    for provider, reason in provider_trials().items():
        if reason:
            remedy = "onnxruntime-gpu wants the versions of CUDA and cuDNN that its page names"
            yield Finding(provider, "warning", f"is listed, but {reason}", remedy)
        else:
            yield Finding(provider, "ok", "has run a graph")


def check_codecs(root: Path | None) -> Iterator[Finding]:
    """Yield which codecs a film was encoded with, and decoded again."""
    from videxpr.video.codecs import OVERLAY, codec_trials, ffmpeg_version

    yield Finding("FFmpeg", "ok", f"{ffmpeg_version()}, inside av")
    trials = tuple(codec_trials())
    remedy = "pip install --force-reinstall av"
    decoded = ", ".join(one.name for one in trials if one.decodes)
    lacking = ", ".join(one.name for one in trials if not one.decodes)
    if lacking:
        yield Finding("decoders", "problem", f"{lacking} cannot be decoded", remedy)
    else:
        yield Finding("decoders", "ok", decoded)
    encoded = [one.encoder for one in trials if one.encodes]
    if OVERLAY in encoded:
        yield Finding("encoders", "ok", ", ".join(encoded))
    else:
        yield Finding("encoders", "warning", f"no {OVERLAY}, which videos are written with", remedy)


def check_detectors(root: Path | None) -> Iterator[Finding]:
    """Yield the face detectors, each of which has looked at a picture."""
    if root is not None and not root.is_dir():
        yield Finding("SCRFD", "problem", f"--detector-dir {root} is no folder", "name another one")
        return
    yield _detector(MTCNN, None, "pip install --force-reinstall facenet-pytorch")
    packs = installed_packs(root)
    for pack in packs:
        remedy = f"remove its folder, then: videxpr models download {pack.name}"
        yield _detector(f"scrfd:{pack.name}", root, remedy, str(pack.model))
    if not packs:
        yield Finding(
            "SCRFD",
            "warning",
            "no pack is installed; MTCNN is slower and finds fewer faces",
            "videxpr models download buffalo_sc (for non-commercial research only)",
        )


def check_starter(root: Path | None) -> Iterator[Finding]:
    """Yield whether the model in the package can look at crops, as annotate does it."""
    from videxpr.model.checkpoint import load_checkpoint
    from videxpr.model.engine.engine import build_embedder, parity_crops

    model = load_checkpoint(STARTER).model
    embedder = build_embedder(model)
    crops = parity_crops(model.config.crop)
    model.classify(embedder.embed(crops, len(crops))[None])
    text = f"has looked at {len(crops)} crops, with {embedder.runtime}"
    yield Finding(f"model {STARTER}", "ok", text)


def check_registry(root: Path | None) -> Iterator[Finding]:
    """Yield the models that the user's registry names; nothing is downloaded."""
    from videxpr.model.hub.registry import USERS, registered_models, users_registry

    try:
        models = registered_models().values()
    except VidexprError as exc:
        remedy = f"mend that file, or name another by the variable {USERS}"
        yield Finding("registry", "problem", str(exc), remedy)
        return
    names = [one.name for one in models if not one.in_package]
    yield from map(_registered, names)
    text = f"names {len(names)} models" if names else "names no model besides the package's"
    yield Finding("registry", "ok", text, path=str(users_registry()))


def check_folders(root: Path | None) -> Iterator[Finding]:
    """Yield whether the folders can be written to, and how much goes into them."""
    yield _folder("current folder", Path.cwd, "go to another folder, or name one by -o")
    remedy = "name another folder by the variable TMPDIR"
    wanted = os.environ.get("TMPDIR")
    if wanted and Path(wanted).resolve() != Path(tempfile.gettempdir()).resolve():
        reason = unwritable_reason(Path(wanted), is_folder=True) or "is full"
        text = f"TMPDIR names {wanted}, which {reason}; others are taken instead"
        yield Finding("temporary folder", "problem", text, remedy)
    else:
        yield _folder("temporary folder", lambda: Path(tempfile.gettempdir()), remedy)
    from videxpr.model.hub.resolve import CACHE, cache_folder  # last, as it needs numpy

    yield _folder("cache", cache_folder, f"name another folder by the variable {CACHE}")
    with suppress(RuntimeError):  # there is none
        yield from _unreadable(cache_folder())


def check_memory(root: Path | None) -> Iterator[Finding]:
    """Yield what is left of memory and cores."""
    from videxpr.core.memory import available_bytes

    free = available_bytes()
    if free < LEAST_MEMORY:
        text = f"{_size(free)} free; annotate takes 1.3 GB a worker"
        yield Finding("memory", "warning", text, "close other programs, or take a larger machine")
    else:
        yield Finding("memory", "ok", f"{_size(free)} free")
    yield Finding("cores", "ok", f"{cpu_threads()} of {os.cpu_count()}")


CHECKS: Final[Mapping[str, Check]] = {
    "versions": check_system,
    "packages": check_packages,
    "devices": check_devices,
    "ONNX Runtime": check_onnx_runtime,
    "codecs": check_codecs,
    "detectors": check_detectors,
    f"model {STARTER}": check_starter,
    "registry": check_registry,
    "folders": check_folders,
    "memory": check_memory,
}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _detector(name: str, root: Path | None, remedy: str, path: str = "") -> Finding:
    """Return whether a detector can look at a picture."""
    import numpy as np

    from videxpr.faces.detection.load import load_detector

    try:
        load_detector(DetectionOptions(name, root)).detect([np.zeros(PICTURE, np.uint8)])
    except ImportError as exc:  # the file may be well
        return Finding(name, "problem", f"cannot be tried: {exc}", "see the packages above", path)
    except DetectorError as exc:
        return Finding(name, "problem", str(exc), remedy, path)
    except Exception as exc:  # a file of another kind of network
        return Finding(name, "problem", f"{type(exc).__name__}: {exc}", remedy, path)
    return Finding(name, "ok", "has looked at a picture", path=path)


def _registered(name: str) -> Finding:
    """Return what is known of a model of the user's registry; nothing is downloaded."""
    from videxpr.model.catalog import absent_model
    from videxpr.model.header import read_card

    if absent_model(name) is not None:
        return Finding(f"model {name}", "ok", "not downloaded yet")
    try:
        return Finding(f"model {name}", "ok", "can be read", path=str(read_card(name).path))
    except VidexprError as exc:
        return Finding(f"model {name}", "problem", str(exc))


def _folder(name: str, find: Callable[[], Path], remedy: str) -> Finding:
    """Return whether a folder can be written to, and how much goes into it."""
    try:
        path = find()
    except (OSError, RuntimeError) as exc:
        return Finding(name, "problem", f"there is none: {exc}", remedy)
    if reason := unwritable_reason(path, is_folder=True):
        return Finding(name, "problem", reason, remedy, str(path))
    there = next(one for one in (path, *path.absolute().parents) if one.is_dir())
    free = shutil.disk_usage(there).free
    if not has_room(path):
        return Finding(name, "problem", "its disk, or your quota, is full", remedy, str(path))
    text = f"can be written to, {_size(free)} free"
    if free < LEAST_DISK:
        return Finding(name, "warning", text, f"make room, or {remedy}", str(path))
    return Finding(name, "ok", text, path=str(path))


def _unreadable(cache: Path) -> Iterator[Finding]:
    """Yield a problem for everything in the cache that cannot be read."""
    errors: list[OSError] = []
    for folder, _, names in os.walk(cache, onerror=errors.append) if cache.is_dir() else ():
        for name in names:
            try:
                Path(folder, name).open("rb").close()
            except OSError as exc:
                errors.append(exc)
    for error in errors:
        text = f"{error.filename} cannot be read: {error.strerror}"
        yield Finding("cache", "problem", text, "remove it: it is made, or downloaded, again")


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"

"""Why NVIDIA's decoder (NVDEC) is not used, in words."""

from typing import Any, Final

import av
from av.codec.hwaccel import HWDeviceType, hwdevices_available

GPU_FORMATS: Final = frozenset(
    {"nv12", "nv16", "p010le", "p012le", "p016le", "p210le", "p212le", "p216le"}
)
"""Pixel formats of NVDEC; the same codecs' decoders on the CPU use others."""


def codec_unsupported_reason(codec: str) -> str | None:
    """Return why no GPU can decode with a decoder of FFmpeg's, by its name; None if one may."""
    if "cuda" not in hwdevices_available():
        return "this build of PyAV has no NVDEC"
    configs: Any = av.codec.Codec(codec, "r").hardware_configs
    if any(one.device_type == HWDeviceType.cuda and one.is_supported for one in configs):
        return None
    return f"FFmpeg's decoder {codec} does not use NVDEC"


def format_unsupported_reason(pixel_format: str) -> str | None:
    """Return why a frame of that format was decoded on the CPU after all; None if on a GPU."""
    if pixel_format in GPU_FORMATS:
        return None
    return (
        f"the GPU refused its frames, and they came from the CPU as {pixel_format}: its NVDEC "
        "lacks this kind, or, in a container, NVIDIA_DRIVER_CAPABILITIES lacks video"
    )


def device_unsupported_reason(gpu: int, error: BaseException | None) -> str:
    """Return why a GPU could not be opened for decoding, by FFmpeg's error."""
    if isinstance(error, PermissionError):  # FFmpeg's way to say that it cannot load libcuda
        return f"FFmpeg finds no NVIDIA driver to use cuda:{gpu} with"
    return f"cuda:{gpu} cannot be opened ({getattr(error, 'strerror', None) or error})"

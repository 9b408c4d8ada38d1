"""The choice between the face detectors; each is imported only when it is chosen."""

from videxpr.core.errors import DetectorError, UsageError
from videxpr.faces.detection.detector import Detector
from videxpr.faces.detection.packs import find_pack, search_roots
from videxpr.faces.options import DetectionOptions


def load_detector(options: DetectionOptions) -> Detector:
    """Return the detector that the options ask for, its weights loaded.

    Args:
        options: which one, where, and which of its findings count.

    Raises:
        DetectorError: SCRFD was asked for and no such pack is installed, or it cannot be read.
        DeviceError: it cannot be brought to the device.
    """
    kind, _, pack = options.detector.partition(":")
    if kind != "mtcnn" and options.root is not None and not options.root.is_dir():
        raise UsageError(f"there is no folder {options.root} to find detectors in")
    found = find_pack(pack, options.root) if kind != "mtcnn" else None
    if found is not None and options.device.startswith("cuda"):
        from videxpr.faces.detection.scrfd_cuda import ScrfdTorch

        return ScrfdTorch(found, options)
    if found is not None:
        from videxpr.faces.detection.scrfd import Scrfd

        return Scrfd(found, options)
    if kind != "scrfd":
        from videxpr.faces.detection.mtcnn import Mtcnn

        return Mtcnn(options)
    places = " or ".join(str(root) for root in search_roots(options.root))
    wanted = f"SCRFD pack {pack!r}" if pack else "SCRFD pack"
    raise DetectorError(
        f"no {wanted} under {places}; fetch one with 'videxpr models download buffalo_l', point "
        "--detector-dir at insightface's root, or use --detector mtcnn, which needs no download"
    )

"""Face detectors behind one contract, and the choice between them."""

from collections.abc import Sequence
from typing import Protocol

from videxpr.core.errors import DetectorError, UsageError
from videxpr.core.structures import Face, Image
from videxpr.faces.detection.packs import find_pack, search_roots
from videxpr.faces.detection.roi import RegionOfInterest
from videxpr.faces.options import DetectionOptions


class Detector(Protocol):
    """What every detector offers.

    Attributes:
        name: the detector and its pack, e.g. ``scrfd:buffalo_sc``.
        weights_sha256: hash of the weights.
        device: where it really runs.
        providers: ONNX Runtime's execution providers that its session got, first choice first; empty
            where torch does the work.
        min_score: faces with less are not reported.
        min_face: faces whose shorter side is less, in pixels, are not reported.
        sure_score: a score that true faces reach sooner or later, and false ones hardly ever.
        roi: how it wants to see a face that it is to find again; None if a search of the whole
            picture costs no more.
    """

    name: str
    weights_sha256: str
    device: str
    providers: tuple[str, ...]
    min_score: float
    min_face: float
    sure_score: float
    roi: RegionOfInterest | None

    def detect(self, images: Sequence[Image]) -> list[list[Face]]:
        """Faces of each image, best score first; boxes and landmarks in pixels of the image."""
        ...

    def refine(self, rois: Sequence[Image]) -> list[Face | None]:
        """The face in the middle of each close-up, in pixels of it; None where there is none.

        Args:
            rois: (size, size, 3), with the size of `roi`.
        """
        ...


def load_detector(options: DetectionOptions) -> Detector:
    """The detector that the options ask for, its weights loaded.

    Args:
        options: which one, where, and which of its findings count.

    Raises:
        DetectorError: SCRFD was asked for and no such pack is installed, or it cannot be read.
        DeviceError: it cannot be brought to the device.
    """
    kind, _, pack = options.detector.partition(":")
    if kind == "mtcnn":
        return _mtcnn(options)
    if options.root is not None and not options.root.is_dir():
        raise UsageError(f"there is no folder {options.root} to find detectors in")
    found = find_pack(pack, options.root)
    if found is not None and options.device.startswith("cuda"):
        from videxpr.faces.detection.scrfd_cuda import ScrfdTorch

        return ScrfdTorch(found, options)
    if found is not None:
        from videxpr.faces.detection.scrfd import Scrfd

        return Scrfd(found, options)
    if kind == "auto":
        return _mtcnn(options)
    places = " or ".join(str(root) for root in search_roots(options.root))
    wanted = f"SCRFD pack {pack!r}" if pack else "SCRFD pack"
    raise DetectorError(
        f"no {wanted} under {places}; fetch one with 'videxpr models download buffalo_l', point "
        "--detector-dir at insightface's root, or use --detector mtcnn, which needs no download"
    )


def _mtcnn(options: DetectionOptions) -> Detector:
    from videxpr.faces.detection.mtcnn import Mtcnn

    return Mtcnn(options)

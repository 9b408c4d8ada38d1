"""The choice between the face detectors; each is imported only when it is loaded."""

from dataclasses import dataclass

from videxpr.core.errors import DetectorError, UsageError
from videxpr.core.files import sha256_of
from videxpr.faces.detection.detector import Detector
from videxpr.faces.detection.packs import (
    MIN_SCORES,
    MTCNN,
    Pack,
    find_pack,
    mtcnn_weights,
)
from videxpr.faces.options import DetectionOptions


@dataclass(frozen=True)
class DetectorChoice:
    """The detector that options mean on this machine, known before anything is loaded.

    Attributes:
        pack: SCRFD's model; None means MTCNN.
        min_score: faces with less confidence are not reported.
    """

    pack: Pack | None
    min_score: float

    @property
    def name(self) -> str:
        """The name of the detector once it is loaded."""
        return MTCNN if self.pack is None else f"scrfd:{self.pack.name}"

    @property
    def weights_sha256(self) -> str:
        """Hash of the weights.

        Raises:
            DetectorError: they cannot be read.
        """
        try:
            return sha256_of(*([self.pack.model] if self.pack else mtcnn_weights()))
        except OSError as exc:
            raise DetectorError(f"cannot read {exc.filename}: {exc.strerror}") from exc


def choose_detector(options: DetectionOptions) -> DetectorChoice:
    """Return which detector the options ask for; nothing is loaded.

    Raises:
        DetectorError: SCRFD was asked for and no such pack is installed.
        UsageError: there is no such folder of packs.
    """
    kind, _, pack = options.detector.partition(":")
    if kind != MTCNN and options.root is not None and not options.root.is_dir():
        raise UsageError(f"--detector-dir {options.root} is no folder")
    found = find_pack(pack, options.root) if kind != MTCNN else None
    if found is None and kind == "scrfd":
        wanted = f"SCRFD pack {pack!r}" if pack else "SCRFD pack"
        raise DetectorError(
            f"no {wanted} in {options.root or '~/.insightface'}; take --detector mtcnn, or get one: "
            "videxpr models download buffalo_l"
        )
    own = MIN_SCORES[MTCNN if found is None else "scrfd"]
    return DetectorChoice(found, own if options.min_score is None else options.min_score)


def load_detector(options: DetectionOptions) -> Detector:
    """Return the detector that the options ask for, its weights loaded.

    Args:
        options: which one, where, and which of its findings count.

    Raises:
        DetectorError: SCRFD was asked for and no such pack is installed, or it cannot be read.
        DeviceError: it cannot be brought to the device.
    """
    pack = choose_detector(options).pack
    if pack is None:
        from videxpr.faces.detection.mtcnn import Mtcnn

        return Mtcnn(options)
    if options.device.startswith("cuda"):
        from videxpr.faces.detection.scrfd_cuda import ScrfdTorch

        return ScrfdTorch(pack, options)
    from videxpr.faces.detection.scrfd import Scrfd

    return Scrfd(pack, options)

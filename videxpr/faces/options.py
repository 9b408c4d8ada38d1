"""What a user can choose about this wing; defaults are here and nowhere else."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from videxpr.core.errors import UsageError
from videxpr.video.options import DecodingOptions

CHOICES: Final = ("auto", "mtcnn", "scrfd", "scrfd:PACK")


@dataclass(frozen=True)
class DetectionOptions:
    """Which detector looks for faces, and which of its findings count.

    Attributes:
        detector: ``auto`` (SCRFD if a pack of it is installed, else MTCNN), ``mtcnn``, ``scrfd``
            (the best pack installed) or ``scrfd:PACK``, PACK being a pack's name, the path of its
            folder, or the path of an ONNX file.
        root: insightface's root, with packs under ``models/``; its own (``~/.insightface``) if None.
        min_face: faces whose shorter side is less, in displayed pixels, are not reported.
        min_score: faces with less confidence are not reported; None means the detector's own
            default, 0.5 for SCRFD and 0.9 for MTCNN.
        device: where the networks run, e.g. ``cuda:0``: SCRFD in torch on NVIDIA's GPUs, in ONNX
            Runtime on the CPU. Neither detector runs on Apple's: the CPU does its work instead.
        threads: CPU threads of ONNX Runtime; 0 leaves the number to it.
    """

    detector: str = "auto"
    root: Path | None = None
    min_face: float = 40.0
    min_score: float | None = None
    device: str = "cpu"
    threads: int = 0

    def __post_init__(self) -> None:
        kind, _, pack = self.detector.partition(":")
        if kind not in ("auto", "mtcnn", "scrfd") or (":" in self.detector) != bool(pack):
            raise UsageError(
                f"unknown detector {self.detector!r}; choose one of {', '.join(CHOICES)}"
            )
        if pack and kind != "scrfd":
            raise UsageError(f"{self.detector!r}: only scrfd comes in packs")
        if not 0 <= self.min_face < float("inf"):
            raise UsageError(f"the smallest face is a number of pixels, not {self.min_face}")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise UsageError(f"a minimum score lies between 0 and 1, not at {self.min_score}")


@dataclass(frozen=True)
class KeyframeOptions:
    """How often whole pictures are searched.

    Attributes:
        detect_every: frames in a block, of which the last one is searched; 1 searches every picture.
    """

    detect_every: int = 6

    def __post_init__(self) -> None:
        if self.detect_every < 1:
            raise UsageError(
                f"whole pictures are searched every 1 or more frames, not every {self.detect_every}"
            )


@dataclass(frozen=True)
class TrackingOptions:
    """When faces are one person.

    Attributes:
        max_missed_seconds: a person not seen for longer is somebody new.
        max_distance: farthest that a face may lie from where it is expected, in face sizes.
        max_growth: largest ratio of sizes from one sight to the next.
        min_frames: a track with fewer detections is a flash, and dropped, if besides none of them
            reaches the score that the detector gives to faces it is sure of.
    """

    max_missed_seconds: float = 5.0
    max_distance: float = 0.8
    max_growth: float = 1.8
    min_frames: int = 8


Person = Literal["largest", "left", "right", "center"]


PERSONS: Final[tuple[str, ...]] = get_args(Person)


@dataclass(frozen=True)
class FacePipelineOptions:
    """How faces are followed.

    Attributes:
        tracking: when two faces are one person.
        decoding: where videos are decoded.
        search: how often whole pictures are searched for faces.
        batch_size: frames that go through the detector together where every picture is searched.
        start_seconds: frames before this time are left out; None means from the beginning.
        end_seconds: frames from this time on are left out; None means to the end.
        fps: frames a second to assume where a video's times tell nothing.
    """

    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    search: KeyframeOptions = field(default_factory=KeyframeOptions)
    batch_size: int = 16
    start_seconds: float | None = None
    end_seconds: float | None = None
    fps: float = 30.0

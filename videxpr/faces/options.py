"""What a user can choose about faces; annotate, crops make and benchmark share it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from videxpr.core.errors import UsageError
from videxpr.core.option import option, options
from videxpr.video.options import DecodingOptions, TimeRange

CHOICES: Final = ("auto", "mtcnn", "scrfd", "scrfd:PACK")
Person = Literal["largest", "left", "right", "center"]
PANEL: Final = "Faces and people"


@options(PANEL)
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

    detector: str = option(
        "auto", "auto (SCRFD if a pack is installed, else MTCNN), mtcnn, scrfd, or scrfd:PACK."
    )
    root: Path | None = option(
        None,
        "insightface's root, with packs under models/.",
        flag="detector-dir",
        default_text="~/.insightface",
        changes_results=False,
    )
    min_face: float = option(40.0, "Smallest face, shorter side.", metavar="PIXELS", least=0)
    min_score: float | None = option(
        None,
        "Least confidence of a face.",
        least=0,
        most=1,
        default_text="0.5 with scrfd, 0.9 with mtcnn",
    )
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


@options(PANEL)
class KeyframeOptions:
    """How often faces are detected in the full frame, and how many.

    Attributes:
        detect_every: frames in a block, of which the last one is a keyframe; with 1 all are.
        max_faces: in a frame that has more, those with the least scores are left out.
    """

    detect_every: int = option(
        6,
        "Detect faces in the full frame every so many frames, and where a face is lost; in between, "
        "refine each face near where it was. 1 detects in every frame.",
        metavar="FRAMES",
        least=1,
    )
    max_faces: int = option(
        100,
        "Most faces of a frame; of more, those of which the detector is surest are kept.",
        metavar="N",
        least=1,
    )


@dataclass(frozen=True)
class TrackingOptions:
    """When faces are one track, and when tracks of a shot are one person.

    A face has been missed from the frame in which it was last seen to the last one in which it was not:
    for no time at all if it is seen in the next frame, whatever the clock says of the two.

    Attributes:
        bridge_seconds: a gap in a track that is no longer is bridged by holding features.
        search_seconds: who was missed for no longer and is back in the same place is the same, on the
            same track.
        same_place_seconds: who was missed for no longer and is back in the same place is the same.
        max_distance: farthest that a face may lie from where it is expected, in face sizes.
        max_growth: largest ratio of sizes from one frame to the next.
        min_frames: somebody with fewer detections is a flash, and dropped, if besides none of them
            reaches the score that the detector gives to faces it is sure of.
    """

    bridge_seconds: float = 0.534
    search_seconds: float = 5.0
    same_place_seconds: float = 15.0
    max_distance: float = 0.8
    max_growth: float = 1.8
    min_frames: int = 8


@options(PANEL)
class FaceOptions:
    """How faces are detected and tracked in a video.

    Attributes:
        detection: which detector, and which faces count.
        keyframes: how often faces are detected in the full frame.
        tracking: when two faces are one person.
        person: who is the main person of a shot.
        decoding: where videos are decoded.
        time_range: which part of a video is looked at.
        batch_size: frames that go through the detector and the backbone together.
        crop_fps: frames a second to assume where a source's times tell nothing.
    """

    detection: DetectionOptions = field(default_factory=DetectionOptions)
    keyframes: KeyframeOptions = field(default_factory=KeyframeOptions)
    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    person: Person = option("largest", "Who is the main person of each shot.")
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    time_range: TimeRange = field(default_factory=TimeRange)
    batch_size: int = option(
        16,
        "Frames that go through the networks together.",
        least=1,
        panel="Running",
        changes_results=False,
    )
    crop_fps: float = option(
        30.0,
        "Frames a second of crop folders, which have no times.",
        above=0,
        panel="Time and model",
    )

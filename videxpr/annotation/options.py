"""What a user can choose about an annotation; defaults are here and nowhere else."""

import math
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

from videxpr.core.errors import UsageError
from videxpr.faces.options import (
    PERSONS,
    DetectionOptions,
    KeyframeOptions,
    Person,
    TrackingOptions,
)
from videxpr.formats.frame_labels import Missing
from videxpr.model.options import STARTER
from videxpr.temporal.options import WindowOptions
from videxpr.video.options import DecodingOptions

Format = Literal["aff-wild2", "predictions", "parquet", "csv", "features"]
FORMATS: Final[tuple[str, ...]] = get_args(Format)
ALL_FORMATS: Final = ("aff-wild2", "predictions", "parquet", "csv")
"""What ``all`` means: features are large, and only for those who ask for them."""

DEFAULT_MODEL: Final = STARTER
DEFAULT_FORMATS: Final = ("aff-wild2", "predictions", "parquet")

LONGEST_BRIDGE_FRAMES: Final = 16
"""A gap in a track of up to this many frames is bridged by holding features."""


@dataclass(frozen=True)
class AnnotateOptions:
    """Everything that decides what is written about a video, besides the model.

    Attributes:
        detection: which detector, and which faces count.
        decoding: where videos are decoded.
        search: how often whole pictures are searched for faces.
        tracking: when two faces are one person.
        windows: how sequences are cut.
        smooth_seconds: span of the moving mean of probabilities; 0 is off.
        logit_adjustment: strength of logit adjustment, which raises expressions that were rare among
            the training labels, before anything is smoothed; 0 is off.
        person: who is the main person of a shot.
        people: how many persons of a shot are annotated; None means all.
        missing: whether text formats fill frames without a face, or write -1.
        nearest_crop: the authors' way with a test video: a frame without a crop gets the features of
            the nearest crop, and the whole video is one sequence, so that all of its features are in
            memory at its end (3.5 kB a frame, three times).
        batch_size: frames that go through the detector and the backbone together.
        start_seconds: frames before this time are not annotated; None means from the beginning.
        end_seconds: frames from this time on are not annotated; None means to the end.
        crop_fps: frames a second assumed for folders of crops, which have no times of their own.
        keep_features: whether an annotation holds the features and logits of every row; of one model
            only, and all of a video's are in memory at its end (3.6 kB a row).
    """

    detection: DetectionOptions = field(default_factory=DetectionOptions)
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    search: KeyframeOptions = field(default_factory=KeyframeOptions)
    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    windows: WindowOptions = field(default_factory=WindowOptions)
    smooth_seconds: float = 0.5
    logit_adjustment: float = 0.0
    person: Person = "largest"
    people: int | None = 1
    missing: Missing = "fill"
    nearest_crop: bool = False
    batch_size: int = 16
    start_seconds: float | None = None
    end_seconds: float | None = None
    crop_fps: float = 30.0
    keep_features: bool = False

    def __post_init__(self) -> None:
        if self.person not in PERSONS:
            raise UsageError(f"unknown person {self.person!r}; choose one of {', '.join(PERSONS)}")
        if self.missing not in get_args(Missing):
            raise UsageError(f"unknown way {self.missing!r} with missing faces; fill or none")
        if self.people is not None and self.people < 1:
            raise UsageError(f"the number of people is at least 1, not {self.people}")
        if self.batch_size < 1 or not (
            0 <= self.smooth_seconds < math.inf and 0 < self.crop_fps < math.inf
        ):
            raise UsageError("batch size and frame rate are above 0, and smoothing is not below 0")
        if not 0 <= self.logit_adjustment < math.inf:
            raise UsageError(
                f"the strength of logit adjustment is 0 or more, not {self.logit_adjustment}"
            )
        if (math.inf if self.end_seconds is None else self.end_seconds) <= (
            self.start_seconds or 0
        ):
            raise UsageError(
                f"the end ({self.end_seconds} s) must come after the start ({self.start_seconds} s)"
            )

    def as_text(self) -> dict[str, str]:
        """Every choice that can change a result, resolved, as text; for an output's metadata."""
        nested = (self.detection, self.search, self.tracking, self.windows)
        flat = {key: value for part in nested for key, value in vars(part).items()}
        flat |= {key: value for key, value in vars(self).items() if value not in nested}
        silent = {
            "root",
            "device",
            "threads",
            "batch_size",
            "decoding",
            "detector",
            "keep_features",
        }
        return {key: str(value) for key, value in sorted(flat.items()) if key not in silent}


def paper_preset(options: AnnotateOptions, window: int) -> AnnotateOptions:
    """The options with which the authors' code treats a test video (Phan et al., 2022)."""
    return replace(
        options,
        windows=WindowOptions(stride=window, tail="padded"),
        smooth_seconds=0.0,
        nearest_crop=True,
    )

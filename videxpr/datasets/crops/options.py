"""What a user can choose about crops; defaults are here and nowhere else."""

from dataclasses import dataclass, field
from typing import Final

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import UsageError
from videxpr.faces.options import PERSONS, KeyframeOptions, Person
from videxpr.video.options import DecodingOptions

SMALLEST: Final = 32
LARGEST: Final = 1024
"""Sides of a crop in pixels; models want 112."""


@dataclass(frozen=True)
class CropOptions:
    """Everything that decides which faces are cut out of a video, and how.

    Attributes:
        template: geometry of the crops.
        person: who is the main person of a shot.
        people: how many persons of a shot are cut out, 1 or 2: Aff-Wild2 has names for no more.
        quality: of the JPEG files, 1 to 100.
        decoding: where videos are decoded.
        search: how often whole pictures are searched for faces.
        batch_size: frames that go through the detector together where every picture is searched.
        start_seconds: frames before this time get no crops; None means from the beginning.
        end_seconds: frames from this time on get no crops; None means to the end.
    """

    template: CropTemplate = ARCFACE
    person: Person = "largest"
    people: int = 1
    quality: int = 95
    decoding: DecodingOptions = field(default_factory=DecodingOptions)
    search: KeyframeOptions = field(default_factory=KeyframeOptions)
    batch_size: int = 16
    start_seconds: float | None = None
    end_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.person not in PERSONS:
            raise UsageError(f"unknown person {self.person!r}; choose one of {', '.join(PERSONS)}")
        if self.people not in (1, 2):
            raise UsageError(f"crops are made of 1 or 2 people of a shot, not of {self.people}")
        if not 1 <= self.quality <= 100:
            raise UsageError(f"JPEG's quality is a number from 1 to 100, not {self.quality}")
        if self.batch_size < 1:
            raise UsageError(f"the batch size is 1 or more, not {self.batch_size}")
        start, end = self.start_seconds or 0.0, self.end_seconds
        if end is not None and end <= start:
            raise UsageError(f"the end ({end} s) must come after the start ({start} s)")
        if not SMALLEST <= self.template.size <= LARGEST:
            raise UsageError(
                f"crops have a side of {SMALLEST} to {LARGEST} pixels, not {self.template.size}"
            )


@dataclass(frozen=True)
class MeasureOptions:
    """How crops are measured.

    Attributes:
        sample: number of crops, drawn evenly from all folders.
        seed: of the drawing.
        name: what the measured template is called.
    """

    sample: int = 1000
    seed: int = 0
    name: str = "measured"

    def __post_init__(self) -> None:
        if self.sample < 1:
            raise UsageError(f"a sample has at least 1 crop, not {self.sample}")
        if not self.name.strip() or not self.name.isprintable():
            raise UsageError(f"a template needs a name, not {self.name!r}")

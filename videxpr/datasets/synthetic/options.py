"""What can be chosen about synthetic sequences; defaults are here and nowhere else."""

import math
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from videxpr.core.errors import UsageError
from videxpr.core.option import check_ranges, option, options
from videxpr.datasets.options import FOLDER_LABELS_ALONE, folder_labels_option, votes_option

SHORTEST_SIDE: Final = 16
"""Pixels below which nothing of a face is left."""

WHAT, HOW = "What is written", "Sequences"

Range = tuple[float, ...]
IntRange = tuple[int, ...]
"""A lower and a higher value, both possible."""


def _detail(default: Any, help: str, **more: Any) -> Any:
    """Declare what only a configuration file sets."""
    return option(default, help, config_only=True, panel=HOW, **more)


def _share(default: float, help: str, **more: Any) -> Any:
    return _detail(default, help, least=0, most=1, **more)


def _check_rising(options: Any, *names: str) -> None:
    for name in names:
        values = getattr(options, name)
        if len(values) != 2 or values[0] > values[1]:
            shown = ", ".join(f"{value:g}" for value in values)
            raise UsageError(f"{name} must be a lower and a higher value, not {shown}")


@dataclass(frozen=True)
class Jitter:
    """How a tracked face wanders in its crop: standard deviations of smooth random walks."""

    shift: float = _share(0.015, "Shift along each axis, as a share of the crop's side.")
    scale: float = _share(0.03, "Relative change of size.")
    rotation_degrees: float = _detail(
        3.0, "In the picture's plane, in degrees.", flag="rotation", least=0, most=90
    )
    gain: float = _share(0.04, "Relative change of the brightness.")
    blur: float = _share(0.006, "As a share of the side; a walk below 0 leaves the picture sharp.")
    memory_seconds: Range = _detail(
        (0.1, 0.5),
        "Time constants of the walks, log-uniform between these.",
        flag="memory",
        least=1e-3,
    )
    white: float = _share(
        0.15, "Noise from frame to frame on top of each walk, as a share of its deviation."
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        _check_rising(self, "memory_seconds")

    @property
    def deviations(self) -> tuple[float, ...]:
        """Of the walks, in the order of `script.WALKS`; rotation in radians."""
        rotation = math.radians(self.rotation_degrees)
        return (self.shift, self.shift, self.scale, rotation, self.gain, self.blur)


@options(HOW)
class SynthesisOptions:
    """What sequences are like; what each field does is said in its help."""

    seconds: float = option(20.0, "Length of a sequence.", above=0, most=86400)
    fps: float = option(30.0, "Frames a second; annotate takes crops for 30.", above=0, most=1000)
    size: int = _detail(112, "Side of the crops in pixels.", least=SHORTEST_SIDE)
    neutral: float = _share(
        1 / 3, "Share of the segments that are Neutral, if there are such images."
    )
    balance: float = _share(
        0.5,
        "The other labels are drawn by their number of images to 1 minus this: 0 takes them as they "
        "come, 0.5 as training on images weights them, 1 all alike.",
    )
    segment_seconds: Range = _detail(
        (0.3, 5.0), "Length of a segment, log-uniform between these.", least=1e-3
    )
    change_within: float = _share(
        0.5, "Probability that a segment of changes-from or more shows several images."
    )
    changes_from: float = _detail(1.0, "Seconds.", least=0)
    same_person: float = _share(
        0.6, "Probability that the next image is of the same person, where one is known."
    )
    one_person: float = option(
        0.0,
        "Share of the sequences that show one person throughout, as videos do; needs --person.",
        metavar="SHARE",
        least=0,
        most=1,
    )
    fades: float = _share(0.5, "Share of the changes that are cross-fades; the others are hard.")
    fade_frames: IntRange = _detail((2, 8), "Length of a cross-fade.", least=1)
    missing: float = _share(0.015, "Share of the frames that have no crop, in runs.")
    missing_frames: IntRange = _detail((1, 10), "Length of such a run.", least=1)
    occluded: float = _share(
        0.015, "Share of the frames in which something is before the face, in runs."
    )
    occluded_frames: IntRange = _detail((3, 30), "Length of such a run.", least=1)
    resolution: Range = _detail(
        (24.0, 112.0),
        "Pixels that a video gives to the crop's side, log-uniform between these.",
        least=SHORTEST_SIDE,
    )
    quality: IntRange = _detail((40, 95), "Of JPEG at that resolution.", least=1, most=100)
    light: float = _share(
        0.25, "Largest relative change of brightness and of contrast, for a whole sequence."
    )
    noise: float = _detail(
        4.0, "Largest deviation of a pixel's noise in a sequence, of 255.", least=0, most=255
    )
    color: bool = option(False, "Keep colors; without it, crops are gray.")
    jitter: Jitter = field(default_factory=Jitter)
    seed: int = option(0, "Of everything that is drawn.", least=0)

    def __post_init__(self) -> None:
        _check_rising(self, "segment_seconds", "fade_frames", "missing_frames", "occluded_frames",
                      "resolution", "quality")  # fmt: skip
        if self.frames < 1:
            raise UsageError(
                f"{self.seconds:g} s at {self.fps:g} frames a second are no frame; a sequence has at "
                "least one"
            )

    @property
    def frames(self) -> int:
        """Of a sequence."""
        return round(self.seconds * self.fps)


@options()
class SynthesizeCommand:
    """Make labeled sequences of single face crops, to train an encoder without labeled videos.

    A sequence is a row of expressions of 0.3 to 5 s, each shown by one or several images that move as
    a tracked face does, with hard and soft changes, missing and occluded faces, noise and compression.
    It is laid out like Aff-Wild2; nothing is overwritten.

    Exit code: 0 if all went well, 1 if writing failed, 2 for wrong usage.

    Examples:
        videxpr synthesize faces/ --split split.csv -o synthetic
        videxpr train clips synthetic --backbone-weights mine.safetensors --freeze block4
    """

    faces: Path = option(
        MISSING,
        "Folder of aligned crops in one folder an expression (anger/, happiness/, ...), as videxpr "
        "train images takes it.",
        metavar="FOLDER",
        positional=True,
    )
    output: Path = option(
        Path("synthetic"),
        "The new folder: EXPR_Set/, cropped_aligned/ and synthesis.json.",
        short="o",
        metavar="FOLDER",
        panel=WHAT,
        changes_results=False,
        writes="folder",
    )
    split: Path | None = option(
        None,
        "CSV with the columns image,split (train, validation, test).",
        metavar="FILE.csv",
        default_text="a tenth is drawn for validation, copies of an image together",
        panel=WHAT,
    )
    votes: Path | None = votes_option(panel=WHAT)
    folder_labels: str | None = folder_labels_option(panel=WHAT)
    part: Literal["validation", "test"] | None = option(
        None,
        "Make a Validation_Set of this part and no Train_Set, for measuring.",
        default_text="both sets, of the parts train and validation",
        panel=WHAT,
    )
    videos: int = option(
        400, "Sequences of the Train_Set; not used with --part.", least=1, panel=WHAT
    )
    validation_videos: int = option(100, "Sequences of the Validation_Set.", least=1, panel=WHAT)
    person: str | None = option(
        None,
        "Who is on an image, by its file's name: the pattern's first group. The next segment then "
        "often shows the same person.",
        metavar="REGEX",
        default_text="nobody is known",
        panel=HOW,
    )
    synthesis: SynthesisOptions = field(default_factory=SynthesisOptions)
    quiet: bool = option(False, "Say nothing but errors.", short="q", changes_results=False)

    def __post_init__(self) -> None:
        if self.folder_labels and self.votes is None:
            raise UsageError(FOLDER_LABELS_ALONE)
        if self.synthesis.one_person and self.person is None:
            raise UsageError("--one-person needs --person, which tells who is on an image")
        if self.part == "test" and self.split is None:
            raise UsageError(
                "only a split file tells which images are for the test; name it with --split"
            )

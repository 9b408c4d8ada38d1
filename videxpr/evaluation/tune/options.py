"""What is tried, and what one try is; defaults are here and nowhere else."""

from collections.abc import Collection
from dataclasses import MISSING, dataclass, field
from itertools import product
from pathlib import Path
from typing import Final

from videxpr.core.option import option, options
from videxpr.core.options import RunOptions
from videxpr.model.options import METAVAR

TRIED: Final = "What is tried"


@options()
class TuneOptions:
    """What is tried; the settings of the annotation itself always are.

    Attributes:
        spans: of the moving mean, in seconds; 0 is off. On Aff-Wild2 the best mean was found over
            about three and a half.
        strengths: of logit adjustment; 0 is off.
        strides: frames between the starts of two windows; only where features and model are given.
        folds: parts of the source videos for cross-validation.
    """

    spans: tuple[float, ...] = option(
        (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0),
        "Spans of the moving mean; 0 is off.",
        flag="smooth",
        metavar="SECONDS,...",
        least=0,
        panel=TRIED,
    )
    strengths: tuple[float, ...] = option(
        (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5),
        "Strengths of logit adjustment, for models that know how often each expression stood in their "
        "training labels.",
        flag="logit-adjustment",
        metavar="TAU,...",
        least=0,
        panel=TRIED,
    )
    strides: tuple[int, ...] = option(
        (4, 8, 16, 32, 64),
        "Frames between the starts of two windows; only with --model.",
        flag="stride",
        metavar="FRAMES,...",
        least=1,
        panel=TRIED,
    )
    folds: int = option(
        5,
        "Parts of the source videos for cross-validation: settings are chosen on all but one and "
        "scored on that one.",
        least=2,
    )


@options()
class TuneCommand:
    """Choose smoothing, logit adjustment and stride on labeled videos, without decoding again.

    Every combination is scored on all frames, which flatters the best one. What choosing is worth is
    therefore measured on source videos that had no part in the choice; where it gains nothing, the
    settings of the Parquet files are kept.

    Exit code: 0, 1 if writing fails, 2 if files are missing, broken, or do not belong together, or the
    settings cannot be written; then none are.

    Examples:
        videxpr tune annotations/ EXPR_Set/Validation_Set -o tuned.toml
        videxpr tune annotations/ labels/ -m mine.safetensors --stride 8,16,32
        videxpr annotate videos/ --config tuned.toml

    Attributes:
        predictions: a folder of Parquet files.
        labels: a folder of annotation files, or one file.
        output: the configuration that is written.
        overwrite: whether a file that is there already is replaced.
        tuning: what is tried.
        model: that made the Parquet files; None tries their own stride only.
        run: where the model computes, and what is said.
    """

    predictions: Path = option(
        MISSING,
        "Folder of Parquet files that videxpr annotate wrote, all with one model and the same options.",
        positional=True,
    )
    labels: Path = option(
        MISSING,
        "Annotation files of Aff-Wild2, e.g. .../Validation_Set; never those that the model was "
        "trained on.",
        positional=True,
    )
    output: Path = option(
        Path("tuned.toml"),
        "Where the settings go, for videxpr annotate --config.",
        short="o",
        metavar="FILE.toml",
        writes="file",
        changes_results=False,
    )
    overwrite: bool = option(False, "Replace a file that is there already.", changes_results=False)
    tuning: TuneOptions = field(default_factory=TuneOptions)
    model: str | None = option(
        None,
        "The model that made the Parquet files: windows are cut anew from the .features.npz beside "
        "them (videxpr annotate -f parquet,features).",
        short="m",
        metavar=METAVAR,
        default_text="one stride only",
        panel=TRIED,
    )
    run: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True)
class Setting:
    """One try: stride in frames, strength of logit adjustment, span of the moving mean in seconds."""

    stride: int
    logit_adjustment: float
    smooth_seconds: float

    @property
    def options(self) -> dict[str, float]:
        """Options of annotate that mean this setting, by name."""
        return {
            "stride": self.stride,
            "smooth": self.smooth_seconds,
            "logit-adjustment": self.logit_adjustment,
        }


def grid(
    options: TuneOptions, current: Setting, strides: Collection[int], shares_known: bool
) -> tuple[Setting, ...]:
    """Return all settings to try, the plainer ones first, the current one among them.

    Args:
        options: what to try.
        current: the settings of the annotation.
        strides: others that can be tried.
        shares_known: whether the model says what logit adjustment wants to know.
    """
    strengths = options.strengths if shares_known else ()
    axes = (
        sorted({current.stride, *strides}, reverse=True),  # a longer stride is less work
        sorted({current.logit_adjustment, *strengths}),
        sorted({current.smooth_seconds, *options.spans}),
    )
    return tuple(Setting(*values) for values in product(*axes))

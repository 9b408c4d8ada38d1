"""What a user can choose about this wing; defaults are here and nowhere else."""

from typing import Any, Final, Literal, get_args

from videxpr.core.option import option, options

Placement = Literal["non-overlapping", "sliding", "random"]

Part = Literal["train", "validation", "test"]
"""Of a folder of labeled images."""
PARTS: Final[tuple[Part, ...]] = get_args(Part)

Corruption = Literal["small", "compressed", "dark", "misaligned", "motion-blurred"]
"""What video does to a face; `datasets.image_dataset` does it."""

PANEL: Final = "Windows"


FOLDER_LABELS_ALONE: Final = "--folder-labels is of images without votes; name a file with --votes"


def votes_option(**more: Any) -> Any:
    """Declare a file of votes."""
    return option(
        None,
        "CSV with the column image and one a class, any of contempt, unknown, nf beside: how many "
        "people named each expression. The majority is then an image's label.",
        metavar="FILE.csv",
        default_text="the folder is the label",
        **more,
    )


def folder_labels_option(**more: Any) -> Any:
    """Declare which images without votes are used."""
    return option(
        None,
        "Images without votes whose names match keep their folder's label, e.g. 'web_*'.",
        metavar="PATTERN",
        default_text="images without votes are left out",
        **more,
    )


@options(PANEL)
class SamplingOptions:
    """Which windows an epoch of training has; what each field does is said in its help."""

    placement: Placement = option(
        "non-overlapping",
        "Where training windows lie: one after another (the paper's way), every --stride frames, or as "
        "many as non-overlapping has, drawn anew in every epoch.",
        flag="windows",
    )
    stride: int = option(
        32, "Frames between the starts of sliding windows.", metavar="FRAMES", least=1
    )
    balance: float = option(
        0.0,
        "Exponent of the class counts: 0 takes every window once, 1 draws windows so that classes "
        "come about evenly.",
        least=0,
        most=1,
    )
    batch_size: int = option(16, "Windows a step, those of all devices together.", least=1)
    shortest: int | None = option(
        None,
        "Cut the windows of each step to a length drawn log-uniformly between this and the whole, so "
        "that the encoder learns to answer on few frames too.",
        flag="shortest-window",
        metavar="FRAMES",
        least=1,
        default_text="never cut",
    )

"""What a user can choose about training on clips: the paper's recipe, and the authors' code's."""

import re
from collections.abc import Mapping
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

from videxpr.core.config import preset_values, with_values
from videxpr.core.errors import UsageError
from videxpr.core.option import option, options
from videxpr.datasets.options import PANEL as WINDOWS
from videxpr.datasets.options import SamplingOptions
from videxpr.model.options import BACKBONES, Position, Variant
from videxpr.temporal.options import WindowOptions
from videxpr.training.options import (
    AUGMENTATION,
    DATA,
    MODEL,
    RECIPE,
    SMALLEST_SIZE,
    Augmentation,
    CheckpointOptions,
    Machine,
    seed_option,
)

LOSS: Final = "Loss"
WINDOW: Final = 64
"""Frames of a window, as in the paper."""

FLIP_AND_JITTER: Final = replace(
    Augmentation(**dict.fromkeys((one.name for one in fields(Augmentation)), 0.0)),
    flip=0.5,
    brightness=0.5,
    contrast=0.25,
    saturation=0.25,
)
"""Horizontal flip and color jitter, as far as the authors' code goes."""


@options(LOSS)
class LossOptions:
    """What a mistake costs."""

    alpha: float = option(0.9, "Factor of the focal loss.", above=0)
    gamma: float = option(
        2.0,
        "How much the focal loss plays down frames that are predicted well already; 0 is "
        "cross-entropy.",
        least=0,
    )
    label_smoothing: float = option(
        0.0,
        "Share of each label spread over the classes.",
        least=0,
        below=1,
        presets={"authors": 0.1},
    )
    divergence: float = option(
        0.0,
        "Share of the loss that is the Kullback-Leibler divergence from the smoothed label; the focal "
        "loss has the rest.",
        flag="kl-weight",
        least=0,
        most=1,
        presets={"authors": 0.2},
    )


@options(RECIPE)
class ClipTrainingOptions:
    """How a model is trained on windows of frames; what each field does is said in its help.

    The defaults are what Phan et al. (2022) say. What the paper does not say (flip and jitter, frozen
    stages) is as in the authors' code, but drawn once a window.
    """

    variant: Variant = option(
        "transformer",
        "Encoder beside the backbone. In the authors' code: only_trans, only_att, combine, "
        "no_att_trans.",
        panel=MODEL,
    )
    backbone: str = option(
        "regnet_y_1_6gf",
        f"{', '.join(BACKBONES)} (Table 2's baseline).",
        metavar="NAME",
        panel=MODEL,
    )
    position: Position = option(
        "none",
        "none: the encoder sees a window as a set, as in the paper; learned: it knows each frame's "
        "place (videxpr's own).",
        panel=MODEL,
    )
    backbone_weights: str = option(
        "imagenet",
        "What the backbone begins with: torchvision's download, random weights, a .pth file "
        "(torchvision's names or VGGFACE's), or a videxpr model: starter, another name, a checkpoint.",
        metavar="imagenet|none|PATH|MODEL",
        panel=MODEL,
    )
    freeze: str = option(
        "block1",
        "Last stage of the backbone that is not trained: none, stem, block1 ... block4 (block5 of "
        "vgg16). With the whole of it frozen and --augment none, features are computed once. "
        "BatchNorm's statistics move unless the whole is frozen.",
        metavar="STAGE",
        panel=MODEL,
    )
    input_size: int | None = option(
        None,
        "Side to which crops are brought; smaller is faster.",
        flag="size",
        metavar="PIXELS",
        least=SMALLEST_SIZE,
        default_text="that of the backbone's weights, else the crops' own",
        panel=MODEL,
    )
    optimizer: Literal["adam", "adamw"] = option("adam", "Which.", presets={"authors": "adamw"})
    learning_rate: float | None = option(
        None,
        "Of the optimizer.",
        above=0,
        below=1,
        default_text="found by Lightning",
        presets={"authors": 1e-3},
    )
    weight_decay: float = option(0.0, "Of the optimizer.", least=0, presets={"authors": 5e-5})
    plateau: bool = option(
        False,
        "Let the rate fall to a tenth after 10 epochs without a better F1.",
        default_text="off",
        presets={"authors": True},
    )
    loss: LossOptions = field(default_factory=LossOptions)
    dropout: float = option(0.5, "Of the fused features before the head.", least=0, below=1)
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    augment_per: Literal["per-window", "per-frame", "none"] = option(
        "per-window",
        "Whether crops change once a window, or for every frame, as in the authors' code: windows then "
        "flicker.",
        flag="augment",
        presets={"authors": "per-frame"},
        panel=AUGMENTATION,
    )
    augmentation: Augmentation = FLIP_AND_JITTER
    feature_noise: float = option(
        0.0,
        "With a frozen backbone: move its features by so much of what faces of one expression differ "
        "by, so that the encoder does not trust a backbone that knows the training faces by heart; "
        "0.7, say.",
        metavar="STRENGTH",
        least=0,
        most=10,
    )
    single_frames: float = option(
        0.0,
        "Weight of a loss that keeps predictions of single frames those of the model without encoder "
        "that --backbone-weights names.",
        metavar="WEIGHT",
        least=0,
        most=1000,
    )
    validation_stride: int = option(
        WINDOW,
        "Frames between the starts of validation windows; fewer than 64 overlap and are averaged, as "
        "annotate does by default.",
        metavar="FRAMES",
        least=1,
        most=WINDOW,
        panel=WINDOWS,
    )
    epochs: int = option(30, "Passes over the training windows.", least=1)
    patience: int | None = option(
        None, "Epochs without a better F1 after which training ends.", least=1, default_text="never"
    )
    seed: int = seed_option()

    @property
    def validation(self) -> WindowOptions:
        """How validation videos are cut into windows: as the authors do, unless they overlap."""
        overlap = self.validation_stride < WINDOW
        return WindowOptions(self.validation_stride, "aligned" if overlap else "padded")


RECIPES: Final[Mapping[str, ClipTrainingOptions]] = {
    name: with_values(ClipTrainingOptions(), preset_values(ClipTrainingOptions, name))
    for name in ("paper", "authors")
}
"""``paper`` is what Phan et al. (2022) say, ``authors`` what their code does where it differs."""


def parse_folds(text: str) -> tuple[int, int]:
    """Return which fold of how many, from ``K/N``."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise UsageError(f"--folds must be K/N, e.g. 1/5 for the first of five, not {text!r}")
    return int(match[1]), int(match[2])


@options(DATA)
class TrainClipsCommand:
    """Train backbone and encoder on windows of frames, from Aff-Wild2's folders.

    The epoch with the best validation macro F1 is kept. Each default is what the paper says; a second
    one is what --recipe authors gives.

    Exit code: 0 if training came to its end, 1 if it could not go on, 2 for wrong usage, such as a
    folder that is not there, 130 after Ctrl-C and 143 after SIGTERM (whole epochs are kept, --resume
    goes on from there).

    Examples:
        videxpr train clips Aff-Wild2/ --geometry affwild2.json -o mine.safetensors
        videxpr train clips Aff-Wild2/ --recipe authors --variant attention -o theirs.safetensors
        videxpr train clips Aff-Wild2/ --folds 1/5 --freeze block4 --augment none
    """

    root: Path | None = option(
        None,
        "Aff-Wild2's folder: annotations (EXPR_...) and crops (cropped_aligned...) are found below it.",
        metavar="DATA",
        positional=True,
    )
    annotations: Path | None = option(
        None, "Folder with Train_Set and Validation_Set.", default_text="found below DATA"
    )
    crops: tuple[Path, ...] = option(
        (), "Folder with one folder of crops a name; repeatable.", default_text="found below DATA"
    )
    folds: tuple[int, int] | None = option(
        None,
        "Part both sets anew, by source video, and validate on fold K of N.",
        metavar="K/N",
        parse=parse_folds,
        show=lambda folds: folds and f"{folds[0]}/{folds[1]}",
        default_text="the organizers' sets",
    )
    geometry: Path | None = option(
        None,
        "Geometry of the crops, as videxpr crops measure writes it.",
        default_text="the crop_geometry.json beside the crops, else unverified",
    )
    checkpoint: CheckpointOptions = field(default_factory=CheckpointOptions)
    recipe: Literal["paper", "authors"] = option(
        "paper", "What the paper says, or what the authors' code does.", panel=RECIPE
    )
    training: ClipTrainingOptions = field(default_factory=ClipTrainingOptions)
    machine: Machine = field(default_factory=Machine)


def recipe_base(command: TrainClipsCommand, given: Mapping[str, Any]) -> TrainClipsCommand:
    """Return the options of a recipe, over which others are chosen."""
    return replace(command, training=RECIPES[given.get("recipe", "paper")])

"""Options of ``videxpr train`` that change a recipe, field by field."""

from typing import Annotated, Final, Literal

import typer

PANEL: Final = "Recipe (what --recipe says, field by field)"

Recipe = Annotated[
    Literal["paper", "authors"] | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="paper: Adam, rate from Lightning's finder, focal loss; authors: what their code "
        "does.  \\[default: paper]",
    ),
]

Epochs = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="Passes over the data; with --stills 0 only calibrates what --initial gives.  "
        "\\[default: 30; 12 with --stills]",
    ),
]

BatchSize = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="Windows a step, on all devices together, or stills.  \\[default: 16; 64 stills]",
    ),
]

Optimizer = Annotated[
    Literal["adam", "adamw"] | None, typer.Option(rich_help_panel=PANEL, help="Which.")
]

LearningRate = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="A rate; with --stills the highest of the one-cycle.  \\[default: paper: found; "
        "authors: 0.001]",
    ),
]

WeightDecay = Annotated[float | None, typer.Option(rich_help_panel=PANEL, help="Of the optimizer.")]

Alpha = Annotated[
    float | None, typer.Option(rich_help_panel=PANEL, help="Factor of the focal loss.")
]

Gamma = Annotated[
    float | None, typer.Option(rich_help_panel=PANEL, help="Focus of the focal loss.")
]

LabelSmoothing = Annotated[
    float | None,
    typer.Option(rich_help_panel=PANEL, help="Share of a label spread over the classes."),
]

Divergence = Annotated[
    float | None,
    typer.Option(rich_help_panel=PANEL, help="Share of the Kullback-Leibler term in the loss."),
]

Dropout = Annotated[float | None, typer.Option(rich_help_panel=PANEL, help="Before the head.")]

Mixup = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="With --stills: parameter of the beta distribution by which crops are mixed.  "
        "\\[default: 0, not mixed]",
    ),
]

Teaching = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="Share of a label that is what the --teacher models answer.  \\[default: 0.7]",
    ),
]

Windows = Annotated[
    Literal["non_overlapping", "sliding", "random"] | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="Training windows: not overlapping (the paper), every --stride frames, or drawn anew "
        "in every epoch.  \\[default: apart]",
    ),
]

Stride = Annotated[
    int | None,
    typer.Option(rich_help_panel=PANEL, help="Frames between windows that slide."),
]

ShortestWindow = Annotated[
    int | None,
    typer.Option(
        metavar="FRAMES",
        rich_help_panel=PANEL,
        help="Cut the windows of each step to a length drawn between this and the whole, so that "
        "the encoder learns to answer on few frames too.  \\[default: never cut]",
    ),
]

FeatureNoise = Annotated[
    float | None,
    typer.Option(
        metavar="STRENGTH",
        rich_help_panel=PANEL,
        help="With a frozen backbone: move its features by so much of what faces of one expression "
        "differ by, so that encoder and head do not trust a backbone that knows the training faces by "
        "heart; 0.7, say.  \\[default: 0]",
    ),
]

SingleFrames = Annotated[
    float | None,
    typer.Option(
        metavar="WEIGHT",
        rich_help_panel=PANEL,
        help="Keep answers to single frames those of the model without encoder that "
        "--backbone-weights names; weight of that part of the loss.  \\[default: 0]",
    ),
]

Balance = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="0 takes data as they come, 1 draws all classes evenly, 0.5 in between.",
    ),
]

Favour = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN=FACTOR",
        rich_help_panel=PANEL,
        help="With --stills: draw images of such file names so many times as often ('web_*=5'), when "
        "sources are of different size; repeatable.",
        show_default=False,
    ),
]

Augment = Annotated[
    Literal["per-window", "per-frame", "none"] | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="Whether flip and color change once a window, or for every frame as in the authors' "
        "code.  \\[default: per-window]",
    ),
]

Flip = Annotated[
    float | None, typer.Option(rich_help_panel=PANEL, help="Probability of a mirror image.")
]

Jitter = Annotated[
    str | None,
    typer.Option(
        metavar="B,C,S",
        rich_help_panel=PANEL,
        help="Changes of brightness, contrast, saturation.  \\[default: 0.5,0.25,0.25]",
    ),
]

Shift = Annotated[
    float | None,
    typer.Option(rich_help_panel=PANEL, help="Crop shift, as a share of the side."),
]

GrayShare = Annotated[
    float | None, typer.Option(rich_help_panel=PANEL, help="Probability of losing color.")
]

Blur = Annotated[
    float | None,
    typer.Option(rich_help_panel=PANEL, help="Probability of a detour through a smaller size."),
]

Patience = Annotated[
    int | None,
    typer.Option(rich_help_panel=PANEL, help="Stop after so many epochs without a better F1."),
]

ValidationStride = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=PANEL,
        help="Frames between validation windows; less than 64 overlaps and averages them, as "
        "annotate does by default.  \\[default: 64]",
    ),
]

Seed = Annotated[int | None, typer.Option(rich_help_panel=PANEL, help="Of all that is drawn.")]

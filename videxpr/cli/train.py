"""``videxpr train``: a checkpoint from Aff-Wild2's folders, or from single face crops."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

DATA, MODEL, RECIPE, RUNNING = (
    "Data",
    "Model",
    "Recipe (what --recipe says, field by field)",
    "Running",
)


def train(
    root: Annotated[
        Path | None,
        typer.Argument(
            help="Aff-Wild2's folder: annotations (EXPR_...) and crops (cropped_aligned...) are found "
            "below it.",
            show_default=False,
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=DATA,
            help="Folder with Train_Set and Validation_Set.  \\[default: found below ROOT]",
        ),
    ] = None,
    crops: Annotated[
        list[Path] | None,
        typer.Option(
            rich_help_panel=DATA,
            help="Folder with one folder of crops a name; repeatable.  \\[default: found below ROOT]",
        ),
    ] = None,
    folds: Annotated[
        str | None,
        typer.Option(
            metavar="K/N",
            rich_help_panel=DATA,
            help="Part both sets anew, by source video, and validate on fold K of N.  "
            "\\[default: the organisers' sets]",
        ),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=DATA,
            help="Geometry of the crops, as 'videxpr crops measure' wrote it.  \\[default: the "
            "crop_template.json beside the crops, else unverified]",
        ),
    ] = None,
    stills: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=DATA,
            help="Instead of ROOT: folder of aligned face crops, one folder a class (names of the "
            "eight expressions, any case). Trains backbone and head.",
        ),
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=DATA,
            help="With --stills: CSV with the columns image,split (train, validation, test); without "
            "one, a tenth is drawn for validation, copies of an image on one side.",
        ),
    ] = None,
    data: Annotated[
        str,
        typer.Option(
            rich_help_panel=DATA,
            help="What the crops are, for the model's card.  \\[default: the folder]",
        ),
    ] = "",
    licence: Annotated[
        str, typer.Option(rich_help_panel=DATA, help="Under which terms the weights may be used.")
    ] = "unspecified",
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            rich_help_panel=RUNNING,
            help="The checkpoint to write (.safetensors). With ROOT, .training.json (to read) and .run "
            "(to resume, and for TensorBoard) come beside it.",
        ),
    ] = Path("model.safetensors"),
    variant: Annotated[
        Literal["transformer", "attention", "both", "backbone"] | None,
        typer.Option(
            rich_help_panel=MODEL,
            help="Encoder beside the backbone. In the authors' code: only_trans, only_att, combine, "
            "no_att_trans.  \\[default: transformer]",
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=MODEL,
            help="regnet_y_400mf, 800mf, 1_6gf, 3_2gf (all regnet_y_...), or vgg16, Table 2's "
            "baseline.  \\[default: regnet_y_1_6gf]",
        ),
    ] = None,
    position: Annotated[
        Literal["none", "learned"] | None,
        typer.Option(
            rich_help_panel=MODEL,
            help="none: the encoder sees a window as a set, as in the paper; learned: it knows each "
            "frame's place (videxpr's own).  \\[default: none]",
        ),
    ] = None,
    backbone_weights: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=MODEL,
            metavar="imagenet|none|PATH",
            help="What the backbone begins with: torchvision's download, random weights, a .pth file "
            "(torchvision's names or VGGFACE's), or a videxpr checkpoint.  \\[default: imagenet]",
        ),
    ] = None,
    freeze: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=MODEL,
            help="Last stage of the backbone that is not trained: none, stem, block1 ... block4. With "
            "block4 and --augment none, features are computed once.  \\[default: block1]",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            rich_help_panel=MODEL,
            help="Side to which crops are brought; smaller is faster.  \\[default: the crops' own]",
        ),
    ] = None,
    grey: Annotated[
        bool,
        typer.Option(
            "--grey",
            rich_help_panel=MODEL,
            help="With --stills: take colour away, in training and ever after, for data in which "
            "colour gives the class away.",
        ),
    ] = False,
    initial: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=MODEL, help="With --stills: checkpoint to start from, head included."
        ),
    ] = None,
    recipe: Annotated[
        Literal["paper", "authors"] | None,
        typer.Option(
            rich_help_panel=RECIPE,
            help="paper: Adam, rate from Lightning's finder, focal loss; authors: what their code "
            "does.  \\[default: paper]",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RECIPE, help="Passes over the data.  \\[default: 30; 12 with --stills]"
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RECIPE,
            help="Windows a step, on all devices together, or stills.  \\[default: 16; 64 stills]",
        ),
    ] = None,
    optimizer: Annotated[
        Literal["adam", "adamw"] | None, typer.Option(rich_help_panel=RECIPE, help="Which.")
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=RECIPE,
            help="A rate; with --stills the highest of the one-cycle.  \\[default: paper: found; "
            "authors: 0.001]",
        ),
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(rich_help_panel=RECIPE, help="Of the optimizer.")
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(rich_help_panel=RECIPE, help="Factor of the focal loss.")
    ] = None,
    gamma: Annotated[
        float | None, typer.Option(rich_help_panel=RECIPE, help="Focus of the focal loss.")
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(rich_help_panel=RECIPE, help="Share of a label spread over the classes."),
    ] = None,
    divergence: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=RECIPE, help="Share of the Kullback-Leibler term in the loss."
        ),
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(rich_help_panel=RECIPE, help="Before the head.")
    ] = None,
    windows: Annotated[
        Literal["apart", "sliding", "random"] | None,
        typer.Option(
            rich_help_panel=RECIPE,
            help="Training windows: not overlapping (the paper), every --stride frames, or drawn anew "
            "in every epoch.  \\[default: apart]",
        ),
    ] = None,
    stride: Annotated[
        int | None,
        typer.Option(rich_help_panel=RECIPE, help="Frames between windows that slide."),
    ] = None,
    balance: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=RECIPE,
            help="0 takes data as they come, 1 draws all classes evenly, 0.5 in between.",
        ),
    ] = None,
    augment: Annotated[
        Literal["per-window", "per-frame", "none"] | None,
        typer.Option(
            rich_help_panel=RECIPE,
            help="Whether flip and colour change once a window, or for every frame as in the authors' "
            "code.  \\[default: per-window]",
        ),
    ] = None,
    flip: Annotated[
        float | None, typer.Option(rich_help_panel=RECIPE, help="Probability of a mirror image.")
    ] = None,
    jitter: Annotated[
        str | None,
        typer.Option(
            metavar="B,C,S",
            rich_help_panel=RECIPE,
            help="Changes of brightness, contrast, saturation.  \\[default: 0.5,0.25,0.25]",
        ),
    ] = None,
    shift: Annotated[
        float | None,
        typer.Option(rich_help_panel=RECIPE, help="Crop shift, as a share of the side."),
    ] = None,
    grey_share: Annotated[
        float | None, typer.Option(rich_help_panel=RECIPE, help="Probability of losing colour.")
    ] = None,
    blur: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=RECIPE, help="Probability of a detour through a smaller size."
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(rich_help_panel=RECIPE, help="Stop after so many epochs without a better F1."),
    ] = None,
    validation_stride: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RECIPE,
            help="Frames between validation windows; less than 64 overlaps and averages them, as "
            "annotate does by default.  \\[default: 64]",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(rich_help_panel=RECIPE, help="Of all that is drawn.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel=RUNNING,
            help="Go on after the last whole epoch of an earlier run, if there is one.",
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", rich_help_panel=RUNNING, help="Begin an earlier run anew."),
    ] = False,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        typer.Option(rich_help_panel=RUNNING, help="Kind of device; auto takes a GPU if it can."),
    ] = "auto",
    devices: Annotated[
        int, typer.Option(rich_help_panel=RUNNING, help="GPUs (or CPU processes) on each node.")
    ] = 1,
    nodes: Annotated[
        int, typer.Option(rich_help_panel=RUNNING, help="Computers that train together.")
    ] = 1,
    precision: Annotated[
        Literal["32-true", "bf16-mixed", "16-mixed"] | None,
        typer.Option(
            rich_help_panel=RUNNING,
            help="Lightning's; bf16-mixed is faster on processors that have it.  \\[default: 16-mixed "
            "on a GPU, else 32-true]",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=RUNNING,
            help="Processes that read crops.  \\[default: the cores, with a GPU; else 0]",
        ),
    ] = None,
) -> None:
    """Train on Aff-Wild2's folders (ROOT), or on single face crops (--stills).

    Exit code: 0 if training came to its end, 1 if it could not go on, 2 for wrong usage.
    """
    given = dict(locals())
    if not sys.stderr.isatty():
        os.environ["TQDM_DISABLE"] = "1"  # read when Lightning is imported
    from videxpr.cli.train_options import TrainRequest
    from videxpr.cli.train_run import run

    run(TrainRequest(**given))

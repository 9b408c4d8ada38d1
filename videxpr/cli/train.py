"""``videxpr train``: a checkpoint from Aff-Wild2's folders, or from single face crops."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from videxpr.cli import recipe_options as of_recipe

DATA, MODEL, RUNNING = "Data", "Model", "Running"


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
            "\\[default: the organizers' sets]",
        ),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=DATA,
            help="Geometry of the crops, as 'videxpr crops measure' wrote it.  \\[default: the "
            "crop_geometry.json beside the crops, else unverified]",
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
    license: Annotated[
        str, typer.Option(rich_help_panel=DATA, help="Under which terms the weights may be used.")
    ] = "unspecified",
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            rich_help_panel=RUNNING,
            help="The checkpoint to write (.safetensors). A folder .run (to resume) comes beside it; "
            "with ROOT also .training.json (to read) and TensorBoard's logs.",
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
            "(torchvision's names or VGGFACE's), or, without --stills, a videxpr checkpoint.  "
            "\\[default: imagenet; none with --stills]",
        ),
    ] = None,
    freeze: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=MODEL,
            help="Last stage of the backbone that is not trained: none, stem, block1 ... block4. With "
            "block4 and --augment none, features are computed once.  \\[default: block1; none with "
            "--stills]",
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
    first_size: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            rich_help_panel=MODEL,
            help="With --stills: side at which training begins, to grow to --size.  "
            "\\[default: --size]",
        ),
    ] = None,
    gray: Annotated[
        bool,
        typer.Option(
            "--gray",
            rich_help_panel=MODEL,
            help="With --stills: take color away, in training and ever after, for data in which "
            "color gives the class away.",
        ),
    ] = False,
    initial: Annotated[
        list[Path] | None,
        typer.Option(
            rich_help_panel=MODEL,
            help="With --stills: checkpoint to start from, head included; its encoder is left out. "
            "Repeatable: the mean of all their weights.",
            show_default=False,
        ),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            rich_help_panel=MODEL,
            help="With --stills: checkpoint whose answers the labels are mixed with; repeatable.",
            show_default=False,
        ),
    ] = None,
    recipe: of_recipe.Recipe = None,
    epochs: of_recipe.Epochs = None,
    batch_size: of_recipe.BatchSize = None,
    optimizer: of_recipe.Optimizer = None,
    learning_rate: of_recipe.LearningRate = None,
    weight_decay: of_recipe.WeightDecay = None,
    alpha: of_recipe.Alpha = None,
    gamma: of_recipe.Gamma = None,
    label_smoothing: of_recipe.LabelSmoothing = None,
    divergence: of_recipe.Divergence = None,
    dropout: of_recipe.Dropout = None,
    mixup: of_recipe.Mixup = None,
    distillation_weight: of_recipe.Teaching = None,
    windows: of_recipe.Windows = None,
    stride: of_recipe.Stride = None,
    shortest_window: of_recipe.ShortestWindow = None,
    feature_noise: of_recipe.FeatureNoise = None,
    single_frames: of_recipe.SingleFrames = None,
    balance: of_recipe.Balance = None,
    oversample: of_recipe.Favour = None,
    augment: of_recipe.Augment = None,
    flip: of_recipe.Flip = None,
    jitter: of_recipe.Jitter = None,
    shift: of_recipe.Shift = None,
    gray_share: of_recipe.GrayShare = None,
    blur: of_recipe.Blur = None,
    patience: of_recipe.Patience = None,
    validation_stride: of_recipe.ValidationStride = None,
    seed: of_recipe.Seed = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel=RUNNING,
            help="Go on after the last whole epoch of an earlier run, if there is one; with the same "
            "options, models and data.",
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
    store: Annotated[
        Literal["float16", "float32"] | None,
        typer.Option(
            rich_help_panel=RUNNING,
            help="How the checkpoint holds its weights.  \\[default: float32, with --stills float16]",
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

    Exit code: 0 if training came to its end, 1 if it could not go on, 2 for wrong usage, such as a
    folder that is not there.
    """
    given = dict(locals())
    if not sys.stderr.isatty():
        os.environ["TQDM_DISABLE"] = "1"  # read when Lightning is imported
    from videxpr.cli.train_options import TrainRequest
    from videxpr.cli.train_run import run

    run(TrainRequest(**given))

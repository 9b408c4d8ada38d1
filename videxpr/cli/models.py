"""``videxpr models``: which models there are and what they are; downloads and imports."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

if TYPE_CHECKING:
    from videxpr.catalogue import ListedModel
    from videxpr.checkpoint import ModelCard
    from videxpr.downloads import Progress
    from videxpr.model import ModelConfig
    from videxpr.structures import CropTemplate

app: Final = typer.Typer(
    name="models",
    help="List, show, download and import models: for expressions, and for finding faces.",
    no_args_is_help=True,
)

HEADER: Final = ("NAME", "FOR", "STATE", "SIZE", "LICENCE", "NOTE", "FILE")
"""The file, a long path, goes below the table on a terminal."""

DetectorDir = Annotated[
    Path | None,
    typer.Option(
        "--detector-dir",
        metavar="PATH",
        help="Insightface's root, with packs under models/; ~/.insightface if not given.",
        show_default=False,
    ),
]


@app.command("list")
def list_models(detector_dir: DetectorDir = None) -> None:
    """List the expression model in the package and all detectors, installed or not."""
    from videxpr.catalogue import listing

    _print_table([_row(model) for model in listing(detector_dir)])


@app.command("show")
def show_model(
    name: Annotated[
        str, typer.Argument(help="starter, mtcnn, a detector pack, or the path of a model's file.")
    ],
    detector_dir: DetectorDir = None,
) -> None:
    """Show what a model is, how it came about, its licence and its hash."""
    if name == "starter" or name.endswith(".safetensors"):
        from videxpr.checkpoint import read_card

        _print_facts(_expression_facts(read_card(name)))
    else:
        from videxpr.catalogue import find_detector

        _print_facts(_detector_facts(find_detector(name, detector_dir)))


@app.command("download")
def download_model(
    name: Annotated[str, typer.Argument(help="A detector pack, e.g. buffalo_l.")],
    detector_dir: DetectorDir = None,
) -> None:
    """Download one of insightface's detector packs; its hash is checked.

    The packs are for non-commercial research only.
    """
    from videxpr.catalogue import PACK_LICENCE, PACK_TERMS, PACKS, download_pack

    if name in PACKS:
        typer.echo(f"{name}: {PACK_LICENCE}, see {PACK_TERMS}")
    with _progress_bar(name) as progress:
        done = download_pack(name, detector_dir, progress)
    if done.files:
        typer.echo(f"{name}: SHA-256 {done.pack.sha256} as published")
        typer.echo(f"{name}: {', '.join(file.name for file in done.files)}")
        typer.echo(f"{name}: installed in {done.model.parent}")
    else:
        typer.echo(f"{name}: already installed, {done.model} is as published")


@app.command("import")
def import_model(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="AUTHORS.ckpt",
            help="A checkpoint of the method's authors (Lightning's format).",
        ),
    ],
    output: Annotated[
        Path, typer.Argument(metavar="OUT.safetensors", help="The checkpoint to write.")
    ],
    template: Annotated[
        Path | None,
        typer.Option(
            help="The template of the crops that it was trained on, from videxpr crops measure.  "
            "\\[default: ArcFace's, unverified]",
            show_default=False,
        ),
    ] = None,
    dtype: Annotated[
        Literal["float32", "float16"], typer.Option(help="In which the weights are stored.")
    ] = "float32",
) -> None:
    """Turn a checkpoint of the method's authors into one of videxpr.

    Only tensors and plain values are unpickled; a file with other objects is refused, and the error
    says how to strip it. The variant is found from the parameters' names.
    """
    import torch

    from videxpr.authors import import_checkpoint
    from videxpr.errors import UsageError
    from videxpr.formats.crop_template import read_crop_template
    from videxpr.structures import UNVERIFIED

    if output.suffix != ".safetensors":
        raise UsageError(f"{output} must end in .safetensors: videxpr writes no other weights")
    crop = UNVERIFIED if template is None else read_crop_template(template)
    done = import_checkpoint(source, output, crop, getattr(torch, dtype))
    for name in done.dropped:
        typer.echo(f"dropped: {name}, which no prediction depends on")
    typer.echo(f"variant: {_variant(done.config)}")
    typer.echo(f"crop:    {_crop(done.config.crop)}")
    typer.echo(f"{output}: written; videxpr models show {output} tells all of it")


def _row(model: "ListedModel") -> tuple[str, ...]:
    """The fields of `HEADER`."""
    size, file = _megabytes(model.size_bytes), str(model.path or "")
    return model.name, model.kind, model.state, size, model.licence, model.note, file


def _expression_facts(card: "ModelCard") -> Iterator[tuple[str, str]]:
    config, training = card.config, card.training
    yield "name", card.name
    yield "for", "expressions"
    yield "file", str(card.path)
    yield "size", _megabytes(card.path.stat().st_size)
    yield "SHA-256", card.sha256
    yield "licence", card.licence
    yield "variant", _variant(config)
    yield "backbone", config.backbone
    yield "position", _position(config)
    yield "window", f"{config.window} frames"
    yield "trained", ", ".join(config.trained_expressions)
    yield "untrained", ", ".join(config.untrained_expressions) or "none"
    if config.class_shares:
        shares = zip(config.expressions, config.class_shares, strict=True)
        yield "shares", ", ".join(f"{each} {share:.1%}" for each, share in shares)
    if config.logit_adjustment:
        yield "adjustment", f"{config.logit_adjustment:g} was best; applied only when asked for"
    yield "crop", _crop(config.crop)
    kind = "in colour" if config.colour else "in grey"
    yield "input", f"{config.input_size} x {config.input_size} pixels, {kind}"
    yield "landmarks", ", ".join(f"({x:g}, {y:g})" for x, y in config.crop.landmarks)
    yield "data", training.data
    yield "recipe", training.recipe
    epochs = f", {training.epochs} epochs" if training.epochs else ""
    yield "images", f"{training.images or 'not stated'}{epochs}"
    yield "accuracy", _figure(training.validation_accuracy)
    yield "macro F1", _figure(training.validation_macro_f1)


def _detector_facts(model: "ListedModel") -> Iterator[tuple[str, str]]:
    from videxpr.catalogue import PACK_LICENCE, PACK_TERMS

    yield "name", model.name
    yield "for", "finding faces"
    yield "state", model.state
    if model.state == "not installed":
        yield "get it by", f"videxpr models download {model.name}"
    if model.path:
        yield "file", str(model.path)
    if model.size_bytes:
        yield "size", _megabytes(model.size_bytes)
    if model.sha256:
        yield "SHA-256", model.sha256
    yield "note", model.note
    yield "licence", model.licence
    if model.licence == PACK_LICENCE:
        yield "terms", PACK_TERMS


def _variant(config: "ModelConfig") -> str:
    from videxpr.model.config import AUTHORS_NAMES

    theirs = {ours: name for name, ours in AUTHORS_NAMES.items()}
    return f"{config.variant} ({theirs[config.variant]} in the authors' code)"


def _position(config: "ModelConfig") -> str:
    if config.variant == "backbone":
        return "none: every frame is judged by itself"
    known = {
        "none": "none: a window is a set of frames, as in the paper",
        "learned": "learned: the order of frames counts",
    }
    return known[config.position]


def _crop(crop: "CropTemplate") -> str:
    from videxpr.structures import UNVERIFIED

    size = f"{crop.size} x {crop.size} pixels"
    if crop.name == UNVERIFIED.name:
        return f"unverified, {size}: nobody measured the crops, ArcFace's template is assumed"
    return f"{crop.name}, {size}"


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.1f} MB"


def _figure(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f} on the validation part"


def _print_facts(facts: Iterable[tuple[str, str]]) -> None:
    for label, value in facts:
        typer.echo(f"{label + ':':<11}{value}")


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """A table on a terminal, otherwise lines with tabs between the fields."""
    if _on_terminal():
        _print_rich_table(rows)
        return
    for row in (HEADER, *rows):
        typer.echo("\t".join(row))


def _print_rich_table(rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for title in HEADER[:-1]:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(field) for field in row[:-1]))
    Console().print(table)
    for row in rows:
        if row[-1]:
            typer.echo(f"{row[0]}: {row[-1]}")


def _on_terminal() -> bool:
    return sys.stdout.isatty()


@contextmanager
def _progress_bar(label: str) -> "Iterator[Progress]":
    """A bar on standard error while a block runs, if that is a terminal."""
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True)
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.DownloadColumn())
    speed = (bars.TransferSpeedColumn(), bars.TimeRemainingColumn())
    hidden = not console.is_terminal
    with bars.Progress(*columns, *speed, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(label, total=None)

        def update(completed: int, total: int | None) -> None:
            bar.update(task, completed=completed, total=total)

        yield update

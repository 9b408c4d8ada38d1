"""``videxpr models``: which models there are and what they are; downloads, imports, packing."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from videxpr.cli.model_choice import chosen_model, download_bar
from videxpr.model.options import FORMS

app: Final = typer.Typer(
    name="models",
    help="List, show, download, import and pack models: for expressions, and for finding faces.",
    no_args_is_help=True,
)

HEADER: Final = ("NAME", "FOR", "STATE", "SIZE", "LICENSE", "NOTE", "FILE")
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
    """List the expression models of the package's registry and of yours, and all detectors."""
    from videxpr.cli.models_facts import listed_row
    from videxpr.model.catalog import listing

    _print_table([listed_row(model) for model in listing(detector_dir)])


@app.command("show")
def show_model(
    name: Annotated[
        str, typer.Argument(help=f"{FORMS}; or mtcnn, or a detector pack, by name or path.")
    ],
    detector_dir: DetectorDir = None,
) -> None:
    """Show what a model is, how it came about, its license and its hash.

    A model of the Hub is downloaded first.
    """
    from videxpr.cli.models_facts import absent_facts, detector_facts, expression_facts
    from videxpr.model.catalog import absent_model, find_detector, is_expression_model

    if not is_expression_model(name):
        _print_facts(detector_facts(find_detector(name, detector_dir)))
    elif (absent := absent_model(name)) is not None:
        _print_facts(absent_facts(absent))
    else:
        from videxpr.model.header import read_card

        _print_facts(expression_facts(read_card(chosen_model(name))))


@app.command("download")
def download_model(
    name: Annotated[
        str,
        typer.Argument(
            help="A detector pack, e.g. buffalo_l; a model of your registry; or hf:OWNER/REPO."
        ),
    ],
    detector_dir: DetectorDir = None,
) -> None:
    """Download a model, so that no network is needed later; its hash is checked.

    The detector packs, insightface's, are for non-commercial research only.
    """
    from videxpr.model.catalog import is_downloaded

    if is_downloaded(name):
        _download_expressions(name)
    else:
        _download_pack(name, detector_dir)


def _download_expressions(name: str) -> None:
    file = chosen_model(name)
    from videxpr.model.header import read_card

    card = read_card(file)
    typer.echo(f"{name}: {card.license}")
    typer.echo(f"{name}: from {card.origin}, SHA-256 {card.sha256}")
    typer.echo(f"{name}: installed, {card.path}")


def _download_pack(name: str, detector_dir: Path | None) -> None:
    from videxpr.faces.detection.packs import PACKS
    from videxpr.model.catalog import PACK_LICENSE, PACK_TERMS, download_pack

    if name in PACKS:
        typer.echo(f"{name}: {PACK_LICENSE}, see {PACK_TERMS}")
    with download_bar(name) as progress:
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

    from videxpr.core.crop_template import UNVERIFIED
    from videxpr.core.errors import UsageError
    from videxpr.datasets.crops.geometry_file import read_crop_geometry
    from videxpr.model.import_paper import import_checkpoint
    from videxpr.model.publish.describe import describe_crop, describe_variant

    if output.suffix != ".safetensors":
        raise UsageError(f"{output} must end in .safetensors: videxpr writes no other weights")
    crop = UNVERIFIED if template is None else read_crop_geometry(template)
    done = import_checkpoint(source, output, crop, getattr(torch, dtype))
    for name in done.dropped:
        typer.echo(f"dropped: {name}, which no prediction depends on")
    typer.echo(f"variant: {describe_variant(done.config)}")
    typer.echo(f"crop:    {describe_crop(done.config.crop)}")
    typer.echo(f"{output}: written; videxpr models show {output} tells all of it")


@app.command("pack")
def pack_model(
    checkpoint: Annotated[str, typer.Argument(metavar="CHECKPOINT", help=f"{FORMS}.")],
    output_dir: Annotated[
        Path,
        typer.Option(
            "--output-dir", "-o", metavar="DIR", help="The folder to make.", show_default=False
        ),
    ],
    report: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Figures for the card: what videxpr evaluate wrote with --json, of this model; "
            "repeatable.  \\[default: none]",
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace files that are there.  \\[default: off]"),
    ] = False,
) -> None:
    """Make a folder fit for the Hugging Face Hub: weights, configuration and a model card.

    The card is filled from what the checkpoint says of itself; read it, and add what only you know,
    before you share it. The folder works as -m DIR too.
    """
    from videxpr.model.publish.export import pack
    from videxpr.training.recipes import RECIPES

    model, paper = chosen_model(checkpoint), RECIPES["paper"].as_text()
    packed = pack(model, output_dir, tuple(report or ()), overwrite, paper)
    for file in packed.files:
        typer.echo(f"{file}: written")
    for note in packed.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"share it: hf upload OWNER/REPO {output_dir}, then -m hf:OWNER/REPO")


def _print_facts(facts: Iterable[tuple[str, str]]) -> None:
    for label, value in facts:
        typer.echo(f"{label + ':':<12}{value}")


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

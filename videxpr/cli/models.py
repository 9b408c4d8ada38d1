"""``videxpr models``: which models there are and what they are; downloads, imports, packing."""

import sys
from collections.abc import Mapping, Sequence
from typing import Final

import typer

from videxpr.cli.model_choice import chosen_model, download_bar
from videxpr.core.crop_template import UNVERIFIED
from videxpr.core.errors import CheckpointError, UsageError
from videxpr.datasets.crops.geometry_file import read_crop_geometry
from videxpr.faces.detection.packs import PACKS
from videxpr.model.catalog import (
    PACK_LICENSE,
    PACK_TERMS,
    ListedModel,
    absent_model,
    download_pack,
    find_detector,
    is_downloaded,
    is_expression_model,
    list_models,
)
from videxpr.model.header import ModelCard, read_card
from videxpr.model.hub.resolve import A_FILE
from videxpr.model.options import (
    ModelsDownloadCommand,
    ModelsImportCommand,
    ModelsListCommand,
    ModelsPackCommand,
    ModelsShowCommand,
)
from videxpr.model.publish.describe import (
    config_facts,
    describe_crop,
    describe_variant,
    training_facts,
)
from videxpr.model.publish.training_data import stated_data

HEADER: Final = ("NAME", "FOR", "STATE", "SIZE", "LICENSE", "NOTE", "FILE")
SHORT: Final = 4
"""The first fields are short; the others go below the table on a terminal."""


def list_(command: ModelsListCommand, given: frozenset[str]) -> int:
    """Print all models: a table on a terminal, otherwise lines with tabs between the fields."""
    rows = [_row(model) for model in list_models(command.detector_dir)]
    if _on_terminal():
        _print_table(rows)
    else:
        for row in (HEADER, *rows):
            typer.echo("\t".join(row))
    return 0


def show(command: ModelsShowCommand, given: frozenset[str]) -> int:
    """Print what is known of a model, a line a fact."""
    name = command.name
    if not is_expression_model(name):
        facts = _listed_facts(find_detector(name, command.detector_dir))
    elif (absent := absent_model(name)) is not None:
        facts = _listed_facts(absent)
    else:
        facts = _expression_facts(read_card(chosen_model(name)))
    for label, value in facts.items():
        if value:
            typer.echo(f"{label + ':':<11} {value}")
    return 0


def download(command: ModelsDownloadCommand, given: frozenset[str]) -> int:
    """Download a model, and print its license, its hash and where it is."""
    name = command.name
    if is_downloaded(name):
        card = read_card(chosen_model(name))
        typer.echo(f"{name}: {card.license}")
        typer.echo(f"{name}: from {card.origin}, SHA-256 {card.sha256}")
        typer.echo(f"{name}: installed, {card.path}")
        return 0
    if name in PACKS:
        typer.echo(f"{name}: {PACK_LICENSE}, see {PACK_TERMS}")
    with download_bar(name) as progress:
        done = download_pack(name, command.detector_dir, progress)
    if done.files:
        typer.echo(f"{name}: SHA-256 {done.pack.sha256} as published")
        typer.echo(f"{name}: {', '.join(file.name for file in done.files)}")
        typer.echo(f"{name}: installed in {done.model.parent}")
    else:
        typer.echo(f"{name}: already installed, {done.model} is as published")
    return 0


def import_(command: ModelsImportCommand, given: frozenset[str]) -> int:
    """Write a checkpoint of the method's authors as one of videxpr."""
    output = command.output
    if output.suffix != ".safetensors":
        raise UsageError(f"{output} must end in .safetensors: videxpr writes no other weights")
    if not command.source.is_file():
        raise CheckpointError(
            f"no checkpoint {str(command.source)!r}; give the path of a .ckpt file"
        )
    crop = UNVERIFIED if command.geometry is None else read_crop_geometry(command.geometry)
    import torch

    from videxpr.model.pretrained import import_checkpoint

    dropped = import_checkpoint(command.source, output, crop, getattr(torch, command.dtype))
    config = read_card(output).config
    for name in dropped:
        typer.echo(f"dropped: {name}, which no prediction depends on")
    typer.echo(f"variant: {describe_variant(config)}")
    typer.echo(f"crop:    {describe_crop(config.crop)}")
    typer.echo(f"{output}: written; videxpr models show {output} shows all of it")
    return 0


def pack(command: ModelsPackCommand, given: frozenset[str]) -> int:
    """Write the folder, and print what it holds and what its owner should know."""
    model = chosen_model(command.checkpoint)
    trained_on = command.trained_on or _ask_for_data(read_card(model))
    from videxpr.model.publish.export import pack as write_folder
    from videxpr.training.clips.options import RECIPES
    from videxpr.training.options import as_text

    folder, paper = command.output_dir, as_text(RECIPES["paper"])
    packed = write_folder(model, folder, command.reports, command.overwrite, paper, trained_on)
    for file in packed.files:
        typer.echo(f"{file}: written")
    for note in packed.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"share it: hf upload OWNER/REPO {folder}, then -m hf:OWNER/REPO")
    return 0


def _ask_for_data(card: ModelCard) -> str:
    """Ask in a terminal what a model was trained on, if its checkpoint does not say it."""
    if stated_data(card.training) or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    own = f" (the checkpoint says only: {card.training.data})" if card.training.data else ""
    question = (
        f"What was {card.name} trained on{own}? Name all data, those of the weights that it began with "
        "included"
    )
    try:
        return str(typer.prompt(question, err=True))
    except typer.Abort:  # the end of the input: Ctrl-D
        return ""


def _expression_facts(card: ModelCard) -> Mapping[str, str]:
    """Return what a checkpoint says of itself."""
    return {
        "name": card.name,
        "for": "expressions",
        "from": "" if card.origin == A_FILE else card.origin,
        "file": str(card.path),
        "size": _megabytes(card.path.stat().st_size),
        "SHA-256": card.sha256,
        "license": card.license,
        **config_facts(card.config),
        **training_facts(card.config, card.training),
    }


def _listed_facts(model: ListedModel) -> Mapping[str, str]:
    """Return what is known of a detector, or of a model that nobody downloaded yet."""
    absent = model.state == "not installed"
    return {
        "name": model.name,
        "for": "expressions" if model.kind == "expressions" else "finding faces",
        "state": model.state,
        "get it by": f"videxpr models download {model.name}" if absent else "",
        "from": model.url,
        "file": str(model.path or ""),
        "size": _megabytes(model.size_bytes),
        "SHA-256": model.sha256 or "",
        "note": model.note,
        "license": model.license,
        "terms": PACK_TERMS if model.license == PACK_LICENSE else "",
        "registry": str(model.registry or ""),
    }


def _row(model: ListedModel) -> tuple[str, ...]:
    """Return the fields of the table of all models."""
    size, file = _megabytes(model.size_bytes), str(model.path or "")
    return model.name, model.kind, model.state, size, model.license, model.note, file


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.1f} MB"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from videxpr.cli.message import show as show_line

    console, table = Console(highlight=False), Table()
    for title in HEADER[:SHORT]:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(field) for field in row[:SHORT]))
    console.print(table)
    for row in rows:
        show_line(console, f"{row[0]}: {'; '.join(filter(None, row[SHORT:]))}")


def _on_terminal() -> bool:
    return sys.stdout.isatty()

"""A checkpoint as a folder that can be shared, and used by ``-m DIR``."""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Final

from videxpr.core.errors import OutputError, UsageError
from videxpr.core.files import atomic_write
from videxpr.core.version import VERSION
from videxpr.model.header import ModelCard, header_of, read_card
from videxpr.model.hub.huggingface import WEIGHTS
from videxpr.model.hub.resolve import A_FILE, IN_PACKAGE, ModelFile
from videxpr.model.publish.card import LICENSE_FILE, card_text
from videxpr.model.publish.report import Report, read_report

CONFIG: Final = "config.json"
CARD: Final = "README.md"


@dataclass(frozen=True)
class Packed:
    """What was written, and what its owner should know of it, one sentence each."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def pack(
    file: ModelFile,
    folder: Path,
    reports: Sequence[Path] = (),
    overwrite: bool = False,
    paper: Mapping[str, str] | None = None,
) -> Packed:
    """Write weights, configuration and card, each whole or not at all; other files stay.

    The model is built before anything is written, so that nobody gets a folder that cannot be used.
    A ``WEIGHTS_LICENSE`` beside the weights goes along.

    Args:
        file: the checkpoint.
        folder: where the files go; made if it is not there.
        reports: what ``videxpr evaluate --json`` wrote of this model.
        overwrite: whether files that are there already are replaced.
        paper: options of the recipe ``paper`` for windows; the card lists those that differ.

    Raises:
        CheckpointError: the checkpoint cannot be read.
        FormatError: a report is none.
        UsageError: a report is of another model.
        OutputError: a file is there already, or cannot be written; or there are terms of others.
    """
    card = read_card(file)
    figures = [_own(path, card) for path in reports]
    terms = file.path.with_name(LICENSE_FILE)
    copies = {WEIGHTS: file.path} | ({LICENSE_FILE: terms} if terms.is_file() else {})
    texts = {
        CONFIG: _config(card),
        CARD: card_text(card, figures, LICENSE_FILE in copies, paper),
    }
    if LICENSE_FILE not in copies:
        _check_terms(folder / LICENSE_FILE, file)
    _check_free(folder, [*copies, *texts], overwrite)
    from videxpr.model.checkpoint import load_checkpoint  # torch: what is wrong has been said

    load_checkpoint(file)
    for name, source in copies.items():
        with atomic_write(folder / name) as temporary:
            copyfile(source, temporary)
    for name, text in texts.items():
        with atomic_write(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    files = tuple(folder / name for name in (*copies, *texts))
    return Packed(files, (*_notes(card, figures), *_notes_on_terms(file, copies)))


def _own(path: Path, card: ModelCard) -> Report:
    """Read a report, if it is not another model's."""
    report = read_report(path)
    if report.model not in (None, card.sha256[:12]):
        raise UsageError(
            f"{path} is a report on the model with SHA-256 {report.model}..., and "
            f"{card.name} has {card.sha256[:12]}...; evaluate this one"
        )
    return report


def _check_terms(terms: Path, file: ModelFile) -> None:
    """Refuse to leave terms beside weights that came without any: they are another model's."""
    if terms.exists():
        raise OutputError(
            f"{terms} would be taken for the terms of {file.name}, which came without any; remove it, "
            "or pack a folder that holds these weights and their own"
        )


def _check_free(folder: Path, names: Sequence[str], overwrite: bool) -> None:
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise OutputError(
            f"{folder / there[0]} is there already; --overwrite replaces it, another --output-dir "
            "keeps both"
        )


def _config(card: ModelCard) -> str:
    """Return what the weights say of themselves, for people and programs that read no safetensors."""
    content = {
        "library_name": "videxpr",
        "videxpr_version": VERSION,
        **header_of(card.config, card.training, card.license),
        "weights_sha256": card.sha256,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _notes(card: ModelCard, reports: Sequence[Report]) -> Iterator[str]:
    if card.license.strip() in ("", "unspecified"):
        yield (
            "the checkpoint states no license, so nobody knows what they may do with it; videxpr train "
            "--license states one, or write it into README.md"
        )
    if not reports:
        yield "the card has no figures of an evaluation; --report FILE adds them"
    remarks = sum(report.remarks for report in reports)
    if remarks:
        yield (
            f"remarks of the reports, {remarks} in all, may name your files and videos, and are not in "
            'the card; read them ("notes" in the JSON), and add what its readers must know'
        )
    if any(report.model is None for report in reports):
        yield (
            "a report on predictions does not say which model made them; be sure that it was this one"
        )


def _notes_on_terms(file: ModelFile, copied: Container[str]) -> Iterator[str]:
    if file.origin not in (A_FILE, IN_PACKAGE) and LICENSE_FILE not in copied:
        yield (
            f"of {file.origin} the weights alone were fetched: if it has a {LICENSE_FILE}, its terms "
            "are not in this folder; fetch both into one folder, and pack that"
        )

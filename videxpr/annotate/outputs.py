"""Where results go: files of a video, and the two files of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.annotate.options import DEFAULT_FORMATS, FORMATS, Format
from videxpr.annotate.template import TemplateMatch, match_template
from videxpr.annotation import Annotation
from videxpr.errors import FormatError, UsageError
from videxpr.formats.affwild2 import read_labels, write_labels
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import Block, read_predictions, write_predictions
from videxpr.formats.tables import merge_summary, write_csv
from videxpr.labelling import Missing, padded_labels, second_side
from videxpr.sources import Source

PREDICTIONS: Final = "predictions.txt"
SUMMARY: Final = "summary.csv"
SIDES: Final = ("left", "right")
SUFFIXES: Final[dict[str, str]] = {"aff-wild2": ".txt", "parquet": ".parquet", "csv": ".csv"}


@dataclass(frozen=True)
class OutputOptions:
    """What is written and where.

    Attributes:
        directory: under which the sources' relative folders are kept.
        formats: any of `FORMATS`.
        overwrite: whether sources whose files are there already are done again.
        template: the organisers' rows, for ``predictions.txt``; None without one.
        template_force: cut or pad whatever the difference in frames.
    """

    directory: Path
    formats: tuple[Format, ...] = DEFAULT_FORMATS
    overwrite: bool = False
    template: tuple[Block, ...] | None = None
    template_force: bool = False

    def __post_init__(self) -> None:
        unknown = [one for one in self.formats if one not in FORMATS]
        if unknown or not self.formats:
            raise UsageError(f"unknown formats {unknown}; choose from {', '.join(FORMATS)}, all")
        if self.template is not None and "predictions" not in self.formats:
            raise UsageError("a template shapes predictions.txt; add --format predictions")


class Outputs:
    """The files of one run."""

    def __init__(self, options: OutputOptions, missing: Missing) -> None:
        self.options = options
        self.missing = missing
        self._blocks = self._existing_blocks()
        self._summary: list[dict[str, str | int | float]] = []

    def is_done(self, source: Source) -> bool:
        """Whether all files of a source are there and need not be made again."""
        if self.options.overwrite:
            return False
        if not self._suffixes() or not all(
            self._path(source, s).is_file() for s in self._suffixes()
        ):
            return False
        return "predictions" not in self.options.formats or self._recall(source)

    def write(self, source: Source, annotation: Annotation) -> list[str]:
        """Write the files of one source; what there is to say about its names and frame counts.

        Raises:
            OutputError: a file cannot be written.
            FormatError: the template asks for other frames than there are.
        """
        matches, notes = self._matches(source, annotation)
        if "aff-wild2" in self.options.formats:
            self._write_text(source, annotation, matches)
        if "parquet" in self.options.formats:
            write_parquet(self._path(source, ".parquet"), annotation)
        if "csv" in self.options.formats:
            write_csv(self._path(source, ".csv"), annotation)
        if "predictions" in self.options.formats:
            for match in matches:
                block, note = match.block(annotation, self.missing, self.options.template_force)
                self._blocks[block.name] = block
                notes += note
        return notes

    def summarise(self, row: dict[str, str | int | float]) -> None:
        """Keep a line for the summary."""
        self._summary.append(row)

    def finish(self) -> list[str]:
        """Write the files of the run; what is missing from them, one sentence each.

        Rows of other videos that are there already stay, so that a folder can be annotated in parts.
        """
        notes: list[str] = []
        if "predictions" in self.options.formats and self._blocks:
            blocks = self._blocks
            if self.options.template is not None:
                wanted = [block.name for block in self.options.template]
                notes = [
                    f"the template wants {n}, which was not annotated"
                    for n in wanted
                    if n not in blocks
                ]
                blocks = {name: blocks[name] for name in wanted if name in blocks}
            write_predictions(self.options.directory / PREDICTIONS, blocks.values())
        if self._summary:
            merge_summary(self.options.directory / SUMMARY, self._summary)
        return notes

    def _write_text(
        self, source: Source, annotation: Annotation, matches: Sequence[TemplateMatch]
    ) -> None:
        base = self._path(source, ".txt")
        for match in matches:
            path = base.with_name(f"{base.stem}{match.side}.txt" if match.side else base.name)
            write_labels(path, padded_labels(annotation, match.rank, self.missing))

    def _matches(
        self, source: Source, annotation: Annotation
    ) -> tuple[list[TemplateMatch], list[str]]:
        """Which person is written under which name."""
        side = second_side(annotation) if annotation.people == 2 else None
        if self.options.template is None:
            people = [TemplateMatch(source.name, 0, "", None)]
            if side is not None:
                people.append(TemplateMatch(f"{source.name}_{side}", 1, f"_{side}", None))
            return people, []
        return match_template(source.name, self.options.template, side)

    def _suffixes(self) -> list[str]:
        return [suffix for name, suffix in SUFFIXES.items() if name in self.options.formats]

    def _path(self, source: Source, suffix: str) -> Path:
        folder = self.options.directory / source.relative.parent
        return folder / f"{source.stem}{suffix}"

    def _existing_blocks(self) -> dict[str, Block]:
        path = self.options.directory / PREDICTIONS
        if "predictions" not in self.options.formats or not path.is_file():
            return {}
        return {block.name: block for block in read_predictions(path)}

    def _recall(self, source: Source) -> bool:
        """Whether the rows of a source are known, from the run's file or from its text files."""
        if source.name in self._blocks or any(f"{source.name}_{s}" in self._blocks for s in SIDES):
            return True
        if self.options.template is not None:
            return False
        recalled = list(self._text_blocks(source))
        self._blocks |= {block.name: block for block in recalled}
        return bool(recalled)

    def _text_blocks(self, source: Source) -> Iterator[Block]:
        base = self._path(source, ".txt")
        for side in ("", *(f"_{side}" for side in SIDES)):
            path = base.with_name(f"{base.stem}{side}.txt")
            try:
                labels = read_labels(path) if path.is_file() else None
            except FormatError:
                labels = None  # not one of ours: the source is annotated again
            if labels is not None:
                yield Block(source.name + side, np.arange(len(labels)), labels)

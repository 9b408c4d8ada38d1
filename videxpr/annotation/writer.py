"""Where results go: files of a video, and the two files of a run."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.annotation.options import OutputOptions
from videxpr.core.errors import FormatError, OutputError
from videxpr.datasets.affwild2.template import TemplateMatch, match_template
from videxpr.formats.affwild2 import read_labels
from videxpr.formats.csv_tables import merge_summary
from videxpr.formats.frame_labels import second_side
from videxpr.formats.predictions import (
    PREDICTIONS,
    Block,
    read_predictions,
    read_template,
    write_predictions,
)
from videxpr.formats.record import Annotation
from videxpr.formats.writers import FORMATS, Format, chosen_formats
from videxpr.video.sources import Source

SUMMARY: Final = "summary.csv"
RESERVED: Final = ("predictions", "summary")
"""Videos of these names would be written over the run's own files."""

SIDES: Final = ("", "_left", "_right")


class Outputs:
    """The files of one run.

    Raises:
        OutputError: the folder cannot be made or written to.
        FormatError: it holds a ``predictions.txt`` or ``summary.csv`` that is not videxpr's.
    """

    def __init__(self, options: OutputOptions) -> None:
        self.options = options
        self.formats = chosen_formats(options.formats)
        self.missing = options.missing
        self.template = None if options.template is None else read_template(options.template)
        _check_writable(options.directory)
        merge_summary(options.directory / SUMMARY, [])
        self._earlier = self._existing_blocks()
        self._mine: dict[str, Block] = {}
        self._redone: set[str] = set()

    def is_done(self, source: Source) -> bool:
        """Return whether all files of a source are there and need not be made again."""
        if self.options.overwrite:
            return False
        paths = [self._path(source, one.suffix) for one in self.formats if one.scope != "run"]
        if not paths or not all(path.is_file() for path in paths):
            return False
        return "predictions" not in self.options.written or self._recall(source)

    def write(self, source: Source, annotation: Annotation) -> list[str]:
        """Write the files of one source; return what there is to say of names, counts and kept files.

        Files that are there already stay as they are, unless they are to be overwritten.

        Raises:
            OutputError: a file cannot be written.
            FormatError: the template asks for other frames than there are.
        """
        self._redone |= self._names(source)
        matches, notes = self._matches(source, annotation)
        if any(match.rank == 1 for match in matches):
            seen = len(annotation.faces.of_rank(1))
            notes.append(f"the second person was seen in {seen} of {len(annotation)} frames")
        blocks = []
        if "predictions" in self.options.written:  # first, as a template may refuse the video
            for match in matches:
                block, note = match.block(annotation, self.missing, self.options.template_force)
                blocks.append(block)
                notes += note
        for one in self.formats:
            if one.scope == "person":
                notes += self._write_people(one, source, annotation, matches)
            elif one.scope == "video" and self._may_write(source, one.suffix, notes):
                one.write(self._path(source, one.suffix), annotation)
        self._mine |= {block.name: block for block in blocks}
        return notes

    def summarize(self, row: Mapping[str, str | int | float]) -> None:
        """Write a video's line of the summary; lines of other videos stay."""
        merge_summary(self.options.directory / SUMMARY, [dict(row)])

    def finish(self) -> list[str]:
        """Write the run's predictions; return what is missing from them, one sentence each.

        Rows of other videos that are there already stay, so that a folder can be annotated in parts.
        """
        if "predictions" not in self.options.written:
            return []
        earlier = self._existing_blocks()  # read again: another run may have added to it
        blocks = {name: block for name, block in earlier.items() if name not in self._redone}
        blocks |= self._mine
        notes: list[str] = []
        if self.template is not None:
            wanted = self.template
            notes = [
                f"the template wants {one.name}, which was not annotated, or not with these frames"
                for one in wanted
                if not _fits(blocks.get(one.name), one)
            ]
            blocks = {
                one.name: blocks[one.name] for one in wanted if _fits(blocks.get(one.name), one)
            }
        if blocks:
            write_predictions(self.options.directory / PREDICTIONS, blocks.values())
        return notes

    def _write_people(
        self,
        wanted: Format,
        source: Source,
        annotation: Annotation,
        matches: Sequence[TemplateMatch],
    ) -> list[str]:
        """Write a file of each person, and remove those of people who are no longer there."""
        notes: list[str] = []
        for match in matches:
            ending = match.side + wanted.suffix
            if self._may_write(source, ending, notes):
                wanted.write(self._path(source, ending), annotation, match.rank, self.missing)
        if self.options.overwrite:
            for side in set(SIDES[1:]) - {match.side for match in matches}:
                if not self._is_another_video(source, side):
                    self._path(source, side + wanted.suffix).unlink(missing_ok=True)
        return notes

    def _matches(
        self, source: Source, annotation: Annotation
    ) -> tuple[list[TemplateMatch], list[str]]:
        """Return which person is written under which name, and what there is to say about it."""
        side = second_side(annotation) if annotation.people == 2 else None
        if self.template is None:
            people = [TemplateMatch(source.name, 0, "", None)]
            if side is not None:
                people.append(TemplateMatch(f"{source.name}_{side}", 1, f"_{side}", None))
            return people, []
        return match_template(source.name, self.template, side)

    def _may_write(self, source: Source, ending: str, notes: list[str]) -> bool:
        path = self._path(source, ending)
        if self.options.overwrite or not path.exists():
            return True
        notes.append(f"{path.name} was there and is kept (--overwrite replaces it)")
        return False

    def _path(self, source: Source, ending: str) -> Path:
        return self.options.directory / source.relative.parent / f"{source.stem}{ending}"

    def _names(self, source: Source) -> set[str]:
        """Return the names under which earlier runs may have written rows of a source."""
        sides = [side for side in SIDES if not (side and self._is_another_video(source, side))]
        return {name + side for name in (source.name, source.stem) for side in sides}

    def _is_another_video(self, source: Source, side: str) -> bool:
        """Return whether ``<stem>_left`` is the result of a video of that name, no second person."""
        endings = [one.suffix for one in FORMATS if one.scope == "video"]
        return any(self._path(source, side + ending).exists() for ending in endings)

    def _existing_blocks(self) -> dict[str, Block]:
        path = self.options.directory / PREDICTIONS
        if "predictions" not in self.options.written or not path.is_file():
            return {}
        return {block.name: block for block in read_predictions(path)}

    def _recall(self, source: Source) -> bool:
        """Return whether a source's rows are known, from the run's file or from its text files."""
        if self.template is not None:
            names = self._names(source)
            wanted = [block for block in self.template if block.name in names]
            return all(_fits(self._earlier.get(block.name), block) for block in wanted)
        if self._names(source) & set(self._earlier):
            return True
        recalled = {block.name: block for block in self._text_blocks(source)}
        self._mine |= recalled
        return bool(recalled)

    def _text_blocks(self, source: Source) -> Iterator[Block]:
        for side in SIDES:
            path = self._path(source, f"{side}.txt")
            if not path.is_file() or (side and self._is_another_video(source, side)):
                continue
            try:
                labels = read_labels(path)
            except FormatError:
                continue  # not one of ours: the source is annotated again
            yield Block(source.name + side, np.arange(len(labels)), labels)


def _fits(block: Block | None, wanted: Block) -> bool:
    """Return whether rows are there, and are those that a template wants."""
    if block is None or wanted.frames is None:
        return block is not None
    return np.array_equal(block.frames, wanted.frames)  # type: ignore[arg-type]


def _check_writable(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutputError(f"cannot write into {directory}: {exc.strerror or exc}") from exc
    if not os.access(directory, os.W_OK):
        raise OutputError(f"cannot write into {directory}: no permission")

"""Where results go: files of a video, and the two files of a run."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from videxpr.annotation.options import OutputOptions
from videxpr.core.errors import FormatError, OutputError
from videxpr.datasets.affwild2.template import TemplateMatch, match_template
from videxpr.formats.csv_tables import merge_summary
from videxpr.formats.frame_labels import second_side
from videxpr.formats.parquet import read_annotation
from videxpr.formats.predictions import (
    PREDICTIONS,
    Block,
    read_predictions,
    read_template,
    write_predictions,
)
from videxpr.formats.record import Annotation
from videxpr.formats.writers import FORMATS, Format, chosen_formats
from videxpr.video.jobs import Row
from videxpr.video.sources import Source

SUMMARY: Final = "summary.csv"
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
        blocks = self._fitted_blocks(matches, annotation, notes)  # it may refuse the video
        for one in self.formats:
            notes += self._write_files(one, source, annotation, matches)
        self._mine |= blocks
        return notes

    def summarize(self, rows: Sequence[Row]) -> None:
        """Write a video's lines of the summary; lines of other videos stay."""
        merge_summary(self.options.directory / SUMMARY, rows)

    def finish(self) -> list[str]:
        """Write the run's predictions; return what is missing from them, one sentence each.

        Rows of other videos that are there already stay, so that a folder can be annotated in parts.
        """
        if "predictions" not in self.options.written:
            return []
        earlier = self._existing_blocks()  # read again: another run may have added to it
        blocks = {name: block for name, block in earlier.items() if name not in self._redone}
        blocks |= self._mine
        wanted = self.template or list(blocks.values())
        fitting = {one.name: blocks[one.name] for one in wanted if _fits(blocks.get(one.name), one)}
        if fitting:
            write_predictions(self.options.directory / PREDICTIONS, fitting.values())
        return [
            f"the template wants {one.name}, which was not annotated, or not with these frames"
            for one in wanted
            if one.name not in fitting
        ]

    def _fitted_blocks(
        self, matches: Sequence[TemplateMatch], annotation: Annotation, notes: list[str]
    ) -> dict[str, Block]:
        """Return all persons' rows for the run's file, by name; note what was done to fit them."""
        if "predictions" not in self.options.written:
            return {}
        fits = [one.block(annotation, self.missing, self.options.template_force) for one in matches]
        notes += [note for _, more in fits for note in more]
        return {block.name: block for block, _ in fits}

    def _write_files(
        self,
        wanted: Format,
        source: Source,
        annotation: Annotation,
        matches: Sequence[TemplateMatch],
    ) -> list[str]:
        """Write a video's files of one format, and remove those of people who are no longer there."""
        notes: list[str] = []
        files: dict[str, tuple[Any, ...]] = {"": ()} if wanted.scope == "video" else {}
        if wanted.scope == "person":
            files = {match.side: (match.rank, self.missing) for match in matches}
        for side, person in files.items():
            path = self._path(source, side + wanted.suffix)
            if self.options.overwrite or not path.exists():
                wanted.write(path, annotation, *person)
            else:
                notes.append(f"{path.name} was there and is kept (--overwrite replaces it)")
        if self.options.overwrite and wanted.scope == "person":
            for side in set(SIDES[1:]) - set(files):
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
        """Return whether a source's rows are known, from the run's file or from its Parquet file."""
        names = self._names(source)
        if self.template is not None:
            wanted = [block for block in self.template if block.name in names]
            return all(_fits(self._earlier.get(block.name), block) for block in wanted)
        if names & set(self._earlier):
            return True
        try:
            annotation = read_annotation(self._path(source, ".parquet"))
        except FormatError:
            return False  # there is none, or not one of ours: the source is annotated again
        self._mine |= self._fitted_blocks(self._matches(source, annotation)[0], annotation, [])
        return True


def _fits(block: Block | None, wanted: Block) -> bool:
    """Return whether rows are there, and are those that a template wants."""
    if block is None or wanted.frames is None or block.frames is None:
        return block is not None
    return np.array_equal(block.frames, wanted.frames)


def _check_writable(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutputError(f"cannot write into {directory}: {exc.strerror or exc}") from exc
    if not os.access(directory, os.W_OK):
        raise OutputError(f"cannot write into {directory}: no permission")

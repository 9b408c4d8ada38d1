"""A submission's files: what is sent, and a report of what was changed, which is not."""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from videxpr.core.errors import FormatError, OutputError, UsageError
from videxpr.core.files import atomic_write
from videxpr.core.image_names import image_name
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.csv_cells import guarded
from videxpr.formats.predictions import PREDICTIONS, Block, write_predictions
from videxpr.submission.build import ChangedFrames, Submission
from videxpr.submission.editions import Edition

FOLDER: Final = "predictions"
ARCHIVE: Final = "predictions.zip"
REPORT: Final = "changes.csv"
REPORT_HEADER: Final = ("video", "change", "first_image", "last_image", "frames")
SOME_TIME: Final = (2000, 1, 1, 0, 0, 0)
"""Stamped on every file in the archive, so that the same labels give the same bytes."""


@dataclass(frozen=True)
class Target:
    """Where a submission goes.

    Attributes:
        directory: that takes its files.
        edition: decides which files these are.
    """

    directory: Path
    edition: Edition

    @property
    def main(self) -> Path:
        """The file to send, or the folder with the text files."""
        return self.directory / (PREDICTIONS if self.edition.one_file else FOLDER)

    @property
    def report(self) -> Path:
        """Every frame that was padded, cut or filled."""
        return self.directory / REPORT


def check_target(target: Target, template: Sequence[Block], sources: Sequence[Path]) -> None:
    """Refuse to write over what a submission is made from, or into a folder with other files.

    Args:
        target: where the submission goes.
        template: names of its videos.
        sources: the annotations and the template's file.

    Raises:
        UsageError: the directory is that of the annotations, or one of them would be written over.
        FormatError: a video's name leads out of the folder.
        OutputError: the folder of the text files has other files.
    """
    directory = target.directory.resolve()
    for source in sources:
        inside = source.is_dir() and directory.is_relative_to(source.resolve())
        if inside or target.main.resolve() == source.resolve():
            raise UsageError(
                f"{target.directory} is where {source} is; give another folder by --output-dir"
            )
    if target.edition.one_file:
        return
    names = [PurePosixPath(f"{block.name}.txt") for block in template]
    odd = next((name for name in names if name.is_absolute() or ".." in name.parts), None)
    if odd is not None:
        raise FormatError(f"the template's video {odd.with_suffix('')} would be outside the folder")
    mine = {target.main / name for name in names}
    others = sorted(path for path in target.main.rglob("*") if path.is_file() and path not in mine)
    if others:
        raise OutputError(
            f"{target.main} holds {len(others)} files of something else, e.g. {others[0].name}; a "
            "submission is one file a video, so move them away or give another folder"
        )


def write_submission(submission: Submission, target: Target) -> list[Path]:
    """Write the files, each whole or not at all.

    Returns:
        What was written: the file, or the folder and the archive, and then the report.

    Raises:
        OutputError: a file cannot be written.
    """
    if target.edition.one_file:
        write_predictions(target.main, submission.blocks)
        written = [target.main]
    else:
        texts = list(_write_texts(submission, target.main))
        archive = target.directory / ARCHIVE
        _write_archive(archive, target.main, texts)
        written = [target.main, archive]
    _write_report(target.report, submission.changes)
    return [*written, target.report]


def _write_texts(submission: Submission, folder: Path) -> Iterator[Path]:
    for block in submission.blocks:
        if block.labels is None:
            raise ValueError(f"{block.name} has no labels to write")
        path = folder / f"{block.name}.txt"
        write_labels(path, block.labels, submission.edition.text_header)
        yield path


def _write_archive(archive: Path, folder: Path, texts: Sequence[Path]) -> None:
    with atomic_write(archive) as temporary, zipfile.ZipFile(temporary, "w") as out:
        for path in texts:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), SOME_TIME)
            entry.external_attr = 0o644 << 16
            out.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def _write_report(path: Path, changes: Sequence[ChangedFrames]) -> None:
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(REPORT_HEADER)
        for one in changes:
            first, last = image_name(one.first), image_name(one.first + one.frames - 1)
            rows.writerow([guarded(one.name), one.change, first, last, one.frames])

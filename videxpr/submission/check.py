"""Whether a submission is what the organizers' template asks for: all that is wrong, by line."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from videxpr.core.errors import FormatError, UsageError
from videxpr.formats.predictions import PREDICTIONS, Block
from videxpr.submission.check_predictions import check_predictions
from videxpr.submission.check_texts import check_texts, read_files
from videxpr.submission.editions import EDITIONS, Edition, find_edition
from videxpr.submission.violations import CheckReport, text_lines

LATEST_TEXTS: Final = 3
LATEST_PREDICTIONS: Final = 10


def check_submission(
    path: Path, template: Sequence[Block], edition: int | None = None
) -> CheckReport:
    """Find everything that is wrong with a submission.

    Args:
        path: a ``predictions.txt`` or the folder that it is in; or a folder or zip file with a text
            file a video.
        template: what it must have, from `formats.predictions.read_template`.
        edition: of the challenge; without it a folder or a zip file is taken for edition 3 and
            another file for edition 10.

    Raises:
        UsageError: no such edition, or one that wants the other kind of submission.
        FormatError: the file cannot be read at all.
    """
    if not path.exists():
        raise FormatError(f"cannot read {path}: no such file or folder")
    path = _meant(path, edition)
    several = path.is_dir() or zipfile.is_zipfile(path)
    asked = _edition(path, several, edition)
    if several:
        return check_texts(read_files(path), template, asked)
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise FormatError(f"cannot read {path}: {exc.strerror or exc}") from exc
    return check_predictions(text_lines(str(path), content), template, asked)


def _meant(path: Path, edition: int | None) -> Path:
    """The predictions file in a folder, unless an edition that wants text files is asked for."""
    inside = path / PREDICTIONS
    wanted = edition is None or find_edition(edition).one_file
    return inside if wanted and inside.is_file() else path


def _edition(path: Path, several: bool, number: int | None) -> Edition:
    if number is None:
        return EDITIONS[LATEST_TEXTS if several else LATEST_PREDICTIONS]
    edition = find_edition(number)
    if edition.one_file and several:
        raise UsageError(
            f"edition {number} wants one predictions.txt, but {path} is a folder or a zip file; give "
            "the file in it"
        )
    if not edition.one_file and not several:
        raise UsageError(
            f"edition {number} wants a text file a video, but {path} is a single file; give the "
            "folder or the zip file"
        )
    return edition

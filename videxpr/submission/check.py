"""Whether a submission is what the organizers' template asks for: all that is wrong, by line."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from videxpr.core.errors import FormatError, UsageError
from videxpr.core.names import respelled
from videxpr.formats.predictions import PREDICTIONS, Block
from videxpr.submission.check_predictions import check_predictions
from videxpr.submission.editions import Edition, find_edition
from videxpr.submission.violations import (
    INTEGER,
    OTHER_SPELLING,
    UNCOUNTED,
    CheckReport,
    Violation,
    check_header,
    label_problem,
    line_problem,
    merge,
    read_text_lines,
)

LATEST_TEXTS: Final = 3
LATEST_PREDICTIONS: Final = 10
MOST_BYTES: Final = 1 << 30
"""Of the files in a ZIP; Aff-Wild2's labels of all videos have a hundredth of it."""

ENDING: Final = ".txt"


def check_submission(
    path: Path, template: Sequence[Block], edition: int | None = None
) -> CheckReport:
    """Find everything that is wrong with a submission.

    Args:
        path: a ``predictions.txt`` or the folder that it is in; or a folder or zip file with a text
            file a video.
        template: what it must have, from `formats.predictions.read_template`; of names alone, counts
            are not checked.
        edition: of the challenge; without it a folder or a zip file is taken for edition 3 and
            another file for edition 10.

    Raises:
        UsageError: no such edition, or one that wants the other kind of submission.
        FormatError: the submission cannot be read at all.
    """
    if not path.exists():
        raise FormatError(f"cannot read {path}: no such file or folder")
    inside = path / PREDICTIONS
    if inside.is_file() and (edition is None or find_edition(edition).one_file):
        path = inside
    several = path.is_dir() or zipfile.is_zipfile(path)
    latest = LATEST_TEXTS if several else LATEST_PREDICTIONS
    chosen = find_edition(latest if edition is None else edition)
    if chosen.one_file == several:
        wanted = "one predictions.txt" if several else "a text file a video"
        given = "a folder or a zip file" if several else "a single file"
        give = "the file in it" if several else "the folder or the zip file"
        raise UsageError(f"edition {edition} wants {wanted}, but {path} is {given}; give {give}")
    try:
        if several:
            return _check_texts(path, template, chosen)
        return check_predictions(str(path), path.read_bytes(), template, chosen)
    except (OSError, EOFError, LookupError, RuntimeError, zipfile.BadZipFile, zlib.error) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else None
        raise FormatError(f"cannot read {path}: {reason or exc}") from exc


def _check_texts(place: Path, template: Sequence[Block], edition: Edition) -> CheckReport:
    """Compare the text files in a folder or a zip file with a template, file by file."""
    files = list(_zipped(place) if place.is_file() else _in_folder(place))
    texts = [(path, content) for path, content in files if path.suffix.lower() == ENDING]
    if not texts:
        raise FormatError(f"{place} holds no text file; there should be one NAME.txt a video")
    tops = {path.parts[0] if len(path.parts) > 1 else "" for path, _ in texts}
    around = tops.pop() if len(tops) == 1 else ""  # one folder around all of them is taken off
    names = [path.relative_to(around).with_suffix("").as_posix() for path, _ in texts]
    contents = dict(zip(names, (content for _, content in texts), strict=True))
    wanted = {block.name: block for block in template}
    spelled = respelled(contents, wanted)
    contents = {spelled[name]: content for name, content in contents.items()}
    of_whole_files = {
        "the file is missing": [name for name in wanted if name not in contents],
        "the template has no such video": [name for name in contents if name not in wanted],
        f"{OTHER_SPELLING}; rename the file": [
            name for name, own in spelled.items() if own != name
        ],
        f"stands in {place} twice": [name for name, count in Counter(names).items() if count > 1],
    }
    violations = [
        Violation(f"{name}{ENDING}", 0, text)
        for text, found in of_whole_files.items()
        for name in found
    ]
    others = (path for path, _ in files if path.suffix.lower() != ENDING)
    warnings = [Violation(str(path), 0, "is no text file; leave it out") for path in others]
    if any(block.frames is None for block in template):
        warnings.append(Violation(str(place), 0, UNCOUNTED))
    rows = 0
    for name in (name for name in wanted if name in contents):
        one = _check_text(f"{name}{ENDING}", contents[name], wanted[name], edition)
        violations += one.violations
        warnings += one.warnings
        rows += one.rows
    return CheckReport(len(template), rows, tuple(violations), tuple(warnings))


def _check_text(file: str, content: bytes, wanted: Block, edition: Edition) -> CheckReport:
    """Compare a video's file with what a template wants of it."""
    lines, warnings = read_text_lines(file, content)
    first, problems = check_header(lines, edition.text_header, INTEGER)
    problems += [
        (problem, number)
        for number, line in enumerate(lines[first - 1 :], first)
        if (problem := line_problem(line) or label_problem(line, edition))
    ]
    found = list(merge(file, problems))
    labels = [number for number, line in enumerate(lines, 1) if line.strip()][first - 1 :]
    count = len(labels) if wanted.frames is None else int(wanted.frames.max()) + 1
    if len(labels) < count:
        end = "" if content.endswith(b"\n") else "; is the file cut off?"
        what = f"the file ends after {len(labels)} of {count} labels{end}"
        found.append(Violation(file, len(lines) + 1, what))
    if len(labels) > count:
        more = len(labels) - count
        what = f"{more} more than the {count} labels that the template wants"
        found.append(Violation(file, labels[count], what, more))
    found.sort(key=lambda one: one.line)
    return CheckReport(1, max(len(lines) - 1, 0), tuple(found), tuple(warnings))


def _zipped(place: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    with zipfile.ZipFile(place) as archive:
        files = [member for member in archive.infolist() if not member.is_dir()]
        if (size := sum(member.file_size for member in files)) > MOST_BYTES:
            raise FormatError(f"{place} would unpack to {size:,} bytes; it should hold labels only")
        for member in files:
            path = PurePosixPath(member.filename)
            yield path, archive.read(member) if path.suffix.lower() == ENDING else b""


def _in_folder(place: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    for path in sorted(place.rglob("*")):
        if path.is_file():
            content = path.read_bytes() if path.suffix.lower() == ENDING else b""
            yield PurePosixPath(path.relative_to(place).as_posix()), content

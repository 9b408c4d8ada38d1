"""Every defect of a folder or zip file with one text file a video."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from videxpr.core.errors import FormatError
from videxpr.formats.predictions import Block
from videxpr.submission.editions import Edition
from videxpr.submission.violations import (
    CheckReport,
    TextLines,
    Violation,
    label_problem,
    line_problem,
    merged,
    quoted,
    text_lines,
)

ENDING: Final = ".txt"


@dataclass(frozen=True)
class TextFiles:
    """The files of a submission.

    Attributes:
        place: the folder or zip file.
        contents: bytes of the text files, by their path in it without the ending.
        others: paths of files that are no text files.
        doubles: paths that a zip file has more than once.
    """

    place: str
    contents: Mapping[str, bytes]
    others: tuple[str, ...]
    doubles: tuple[str, ...]


def read_files(place: Path) -> TextFiles:
    """All text files in a folder or a zip file; one folder around all of them is taken off.

    Raises:
        FormatError: it cannot be read, or holds no text file.
    """
    try:
        files = list(_zipped(place) if place.is_file() else _in_folder(place))
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as exc:
        raise FormatError(f"cannot read {place}: {exc}") from exc
    texts = [(path, content) for path, content in files if path.suffix.lower() == ENDING]
    if not texts:
        raise FormatError(f"{place} holds no text file; there should be one NAME.txt a video")
    tops = {path.parts[0] for path, _ in texts if len(path.parts) > 1}
    around = tops.pop() if len(tops) == 1 and all(len(p.parts) > 1 for p, _ in texts) else "."
    names = [path.relative_to(around).with_suffix("").as_posix() for path, _ in texts]
    return TextFiles(
        place=str(place),
        contents=dict(zip(names, (content for _, content in texts), strict=True)),
        others=tuple(str(path) for path, _ in files if path.suffix.lower() != ENDING),
        doubles=tuple(name for n, name in enumerate(names) if name in names[:n]),
    )


def check_texts(files: TextFiles, template: Sequence[Block], edition: Edition) -> CheckReport:
    """Compare text files with a template, file by file and line by line.

    Args:
        files: of the submission.
        template: the organizers' rows, or names alone: then counts are not checked.
        edition: decides the header and which labels there are.
    """
    wanted = {block.name: block for block in template}
    violations = [
        Violation(f"{name}{ENDING}", 0, "the file is missing")
        for name in wanted
        if name not in files.contents
    ]
    violations += _unasked(files, wanted)
    warnings = [Violation(path, 0, "is no text file; leave it out") for path in files.others]
    if any(block.frames is None for block in template):
        note = "the template only lists names: how many rows a video needs was not checked"
        warnings.append(Violation(files.place, 0, note))
    rows = 0
    for name in (name for name in wanted if name in files.contents):
        text = text_lines(f"{name}{ENDING}", files.contents[name])
        warnings += text.warnings
        violations += _file_defects(text, _count(wanted[name]), edition)
        rows += max(len(text.lines) - 1, 0)
    return CheckReport(len(template), rows, tuple(violations), tuple(warnings))


def _zipped(place: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    with zipfile.ZipFile(place) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield PurePosixPath(member.filename), archive.read(member)


def _in_folder(place: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    for path in sorted(place.rglob("*")):
        if path.is_file():
            text = path.suffix.lower() == ENDING
            yield (
                PurePosixPath(path.relative_to(place).as_posix()),
                path.read_bytes() if text else b"",
            )


def _unasked(files: TextFiles, wanted: Mapping[str, Block]) -> Iterator[Violation]:
    for name in files.contents:
        if name not in wanted:
            yield Violation(f"{name}{ENDING}", 0, "the template has no such video")
    for name in files.doubles:
        yield Violation(f"{name}{ENDING}", 0, f"stands in {files.place} twice")


def _count(block: Block) -> int | None:
    """Lines of labels that a template wants of a video; None if it does not say."""
    return None if block.frames is None else int(block.frames.max()) + 1


def _file_defects(text: TextLines, count: int | None, edition: Edition) -> list[Violation]:
    """What is wrong with a video's file.

    Args:
        text: the file.
        count: frames that it should have, or None.
        edition: decides the header and which labels there are.
    """
    first, problem = _header(text, edition)
    violations = [Violation(text.file, 1, problem)] if problem else []
    violations += merged(text.file, _line_problems(text, first, edition))
    filled = [number for number, line in enumerate(text.lines, 1) if line.strip()][first - 1 :]
    found = len(filled)
    if count is not None and found < count:
        end = "; is the file cut off?" if text.cut_off else ""
        what = f"the file ends after {found} of {count} labels{end}"
        violations.append(Violation(text.file, len(text.lines) + 1, what))
    if count is not None and found > count:
        what = f"{found - count} more than the {count} labels that the template wants"
        violations.append(Violation(text.file, filled[count], what, found - count))
    return sorted(violations, key=lambda violation: violation.line)


def _header(text: TextLines, edition: Edition) -> tuple[int, str | None]:
    """The line in which labels begin, and what is wrong with the header."""
    found, header = text.lines[0] if text.lines else "", edition.text_header
    if found == header:
        return 2, None
    if not text.lines:
        return 2, f"the file is empty; its first line should be {header!r}"
    if label_problem(found.strip(), edition) is None or found.strip() == "-1":
        return 1, f"the header is missing; the first line should be {header!r}"
    return 2, f"the header should be {header!r}, not {quoted(found)}"


def _line_problems(text: TextLines, first: int, edition: Edition) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.lines[first - 1 :], first):
        problem = line_problem(line) or label_problem(line, edition)
        if problem:
            yield number, problem

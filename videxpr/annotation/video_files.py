"""The files of one video, written aside: each format from its record."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from videxpr.annotation.folder import OutputFolder, naming
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.run_log import WrittenFile
from videxpr.core.errors import FormatError
from videxpr.core.files import sha256_of, sync
from videxpr.core.remote import Location
from videxpr.datasets.affwild2.template import TemplateMatch
from videxpr.formats.intervals import IntervalSettings, path_from
from videxpr.formats.record import Annotation
from videxpr.formats.writers import Format, chosen_formats
from videxpr.video.sources import Source


def write_video_files(
    source: Source,
    annotation: Annotation,
    people: Sequence[TemplateMatch],
    options: OutputOptions,
    folder: OutputFolder,
    staging: Path,
) -> tuple[dict[str, WrittenFile], dict[str, str]]:
    """Write the files of a video aside, but those of formats that cannot hold it.

    Args:
        source: the video, or a folder of crops.
        annotation: of it.
        people: who has a file of their own, in formats of one file a person.
        options: what is written.
        folder: in which the files will be.
        staging: the folder in which they are written.

    Returns:
        Each file with its path below the output folder; and why formats cannot hold it, by name.

    Raises:
        OutputError: a file cannot be written.
    """
    files: dict[str, WrittenFile] = {}
    refused: dict[str, str] = {}
    for one in chosen_formats(options.formats):
        if one.name in refused:  # it has several files, which need each other
            continue
        contents = _contents(one, source, people, options, folder.directory)
        try:
            files |= _write_format(one, annotation, contents, source.key, folder, staging)
        except FormatError as exc:
            refused[one.name] = str(exc)
    return files, refused


def _contents(
    one: Format,
    source: Source,
    people: Sequence[TemplateMatch],
    options: OutputOptions,
    directory: Path | None,
) -> dict[str, tuple[Any, ...]]:
    """Return what each file of a format is written from besides the record, by what its name adds."""
    match one.scope:
        case "video":
            return {"": ()}
        case "intervals":
            media = _media(source.path, source.key, directory)
            return {"": (IntervalSettings(options.intervals, media),)}
        case "person":
            return {each.side: (each.rank, options.missing) for each in people}
        case "run":
            return {}


def _media(path: Location, key: str, directory: Path | None) -> str:
    """Return where a video is, seen from its files; nothing if one of them is not on this machine."""
    if directory is None or not isinstance(path, Path):
        return ""
    return path_from(path, (directory / key).parent)


def _write_format(
    one: Format,
    annotation: Annotation,
    contents: Mapping[str, tuple[Any, ...]],
    key: str,
    folder: OutputFolder,
    staging: Path,
) -> dict[str, WrittenFile]:
    """Write the files of a format aside; return each with its path below the output folder."""
    files: dict[str, WrittenFile] = {}
    for side, content in contents.items():
        file = f"{key}{side}{one.suffix}"
        path = staging / Path(file).name
        with naming(folder.shown(file)):
            one.write(path, annotation, *content)
            sync(path)
            files[file] = WrittenFile(one.name, path.stat().st_size, sha256_of(path))
    return files

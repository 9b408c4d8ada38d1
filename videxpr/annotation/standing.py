"""What is there of a source before a run: whether it is done, and if not, why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from videxpr.annotation.fingerprint import Setup, differences, path_of, size_and_time
from videxpr.annotation.folder import OutputFolder
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog, WrittenFile
from videxpr.core.errors import OutputError, UsageError
from videxpr.datasets.affwild2.template import SIDES
from videxpr.formats.writers import Format, chosen_formats
from videxpr.video.sources import Source

LASTING: Final = frozenset({"SourceError", "CrashError", "StallError", "MemoryLimitError"})
"""Errors that lie in a video, so that the same video fails again: others lie in disks and rights."""

NO_SETUP: Final = Setup("", "", "", "", "", "", {})


@dataclass(frozen=True)
class Standing:
    """What is there of a source.

    Attributes:
        is_done: whether nothing need be made.
        refusal: why formats that are wanted cannot hold what is done; empty if all do.
        failure: how it failed before, if it would fail again.
        reason: why it is made again, in words; empty if nothing was there.
        differences: in words, how what is there was made, and not as is wanted now.
    """

    is_done: bool = False
    refusal: str = ""
    failure: Outcome | None = None
    reason: str = ""
    differences: tuple[str, ...] = ()


def find_standing(
    source: Source, folder: OutputFolder, log: RunLog, options: OutputOptions, setup: Setup
) -> Standing:
    """Return what is there of a source.

    Args:
        source: one that is there.
        folder: for results.
        log: of that folder.
        options: what is to be written.
        setup: what matters of it for sources of this kind; `NO_SETUP` takes any.

    Raises:
        OutputError: files under its name are another video's, or not videxpr's.
        OSError: the source cannot be read.
    """
    key, formats = source.key, chosen_formats(options.formats)
    there = log.done.get(key)
    if failure := _failure(source, log, options, setup):
        return Standing(failure=failure)
    if there is None or there.setup is None:
        check_owners(possible_files(key, formats, setup), key, folder, log)
        return Standing()
    is_other = check_name(source, there, folder, options)
    check_owners(possible_files(key, formats, setup), key, folder, log)
    if is_other:
        return Standing(reason=f"its files take the place of those of {_short(there.source.path)}")
    if options.overwrite:
        return Standing()
    if not there.source.fits(source, read=options.verify):
        return Standing(reason=f"made again, as it has changed since {there.minute}")
    if setup is not NO_SETUP and (found := tuple(differences(there.setup, setup))):
        reason = f"made again, as it was made {'; '.join(found)}"
        return Standing(reason=reason, differences=found)
    if folder.is_staged(key, there.staging):  # its process was killed, or is just at it
        with log.locked():  # which such a process holds until it has ended
            folder.rescue(there.staging, there.files)
    if lost := _lost_files(there, formats, folder, options):
        return Standing(reason=f"made again, as {', '.join(lost)} was not as written")
    refusal = there.refusal([one.name for one in formats])
    if refusal and options.retry_failed:
        return Standing(reason="made again, as not all formats could hold it")
    return Standing(is_done=_holds(there, formats), refusal=refusal)


def check_name(
    source: Source, there: Outcome, folder: OutputFolder, options: OutputOptions
) -> bool:
    """Return whether a source may take the place of another video, which had its name before.

    Raises:
        OutputError: it may not.
    """
    is_other = there.source.is_another(source)
    if is_other and not options.overwrite and _is_kept(there, folder):
        raise OutputError(
            f"{there.key} here belongs to {_short(there.source.path)}: choose another -o, or give "
            "both folders in one call"
        )
    return is_other


def check_setups(standings: Sequence[Standing], options: OutputOptions) -> None:
    """Refuse a run that would leave results of different setups side by side.

    Raises:
        UsageError: it counts what differs.
    """
    if options.overwrite or options.redo_changed:
        return
    counts = Counter(text for standing in standings for text in standing.differences)
    if not counts:
        return
    (first, times), *others = counts.most_common()
    each = [f"{times} of {len(standings)} were made {first}"]
    each += [f"{number} {text}" for text, number in others]
    raise UsageError(f"{'; '.join(each)}: --redo-changed does them again")


def possible_files(key: str, formats: Sequence[Format], setup: Setup) -> Iterator[str]:
    """Yield the files, below the output folder, that a source may get."""
    for one in formats:
        if one.scope != "run":
            has_second = one.scope == "person" and setup.options.get("people") == "2"
            sides = SIDES if has_second else SIDES[:1]
            yield from (f"{key}{side}{one.suffix}" for side in sides)


def check_owners(files: Iterator[str], key: str, folder: OutputFolder, log: RunLog) -> None:
    """Refuse to write over what another program or another video's annotation has written.

    Raises:
        OutputError: it names the file.
    """
    for file in files:
        owner = log.owners.get(file)
        if owner == key or folder.size(file) < 0:
            continue
        if owner is None:
            raise OutputError(
                f"{file} is not videxpr's ({RUN_LOG} does not know it): move it, or choose another -o"
            )
        raise OutputError(
            f"{file} here belongs to {log.done[owner].video}: rename a video, or choose another -o"
        )


def _is_kept(there: Outcome, folder: OutputFolder) -> bool:
    """Return whether anything that was written is still there."""
    return any(folder.size(file) >= 0 for file in there.files) or not there.files


def _failure(source: Source, log: RunLog, options: OutputOptions, setup: Setup) -> Outcome | None:
    """Return how a source failed before, if nothing has changed since that could help it."""
    last = log.last_of(source.key, path_of(source))
    if last is None or last.event != "failed" or last.error_class not in LASTING:
        return None
    if options.retry_failed or options.overwrite or last.setup is None:
        return None
    same = (last.source.size, last.source.modified_ns) == size_and_time(source)
    is_as_wanted = setup is NO_SETUP or not any(differences(last.setup, setup))
    return last if same and is_as_wanted else None


def _lost_files(
    there: Outcome, formats: Sequence[Format], folder: OutputFolder, options: OutputOptions
) -> list[str]:
    """Return files of some formats that are gone, or are not as they were written."""
    names = {one.name for one in formats}
    return [
        Path(file).name
        for file, written in there.files.items()
        if written.format in names and not _is_as_written(folder, file, written, options.verify)
    ]


def _is_as_written(folder: OutputFolder, file: str, written: WrittenFile, verify: bool) -> bool:
    """Return whether a file has the size, and if it is to be read the content, that were written."""
    if folder.size(file) != written.size:
        return False
    return not verify or folder.sha256(file) == written.sha256


def _holds(there: Outcome, formats: Sequence[Format]) -> bool:
    """Return whether all formats were written that can hold it."""
    made = {one.format for one in there.files.values()} | set(there.refused)
    return all(
        one.name in made or (one.scope == "run" and there.labels is not None) for one in formats
    )


def _short(path: str) -> str:
    """Return a path as a user would type it."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path

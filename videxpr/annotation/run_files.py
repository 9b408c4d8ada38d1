"""The two files of a run, made from its log: ``summary.csv`` and ``predictions.txt``."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from videxpr.annotation.folder import OutputFolder
from videxpr.annotation.log_file import Append
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog, now
from videxpr.annotation.summary import COLUMNS, SEGMENT, with_segment
from videxpr.core.errors import FormatError
from videxpr.core.files import sha256_of
from videxpr.core.names import composed
from videxpr.core.version import VERSION
from videxpr.datasets.affwild2.template import SIDES, TemplateMatch, match_template, spelled_as
from videxpr.formats.label_runs import TextLabels
from videxpr.formats.predictions import PREDICTIONS, Block, read_template, write_predictions
from videxpr.formats.summary import write_summary
from videxpr.video.jobs import Row
from videxpr.video.segments import name_with_segment

SUMMARY: Final = "summary.csv"

SUMMARY_BEGINNING: Final = b"video,"
"""Of summaries, also those of versions that kept no log."""


@dataclass(frozen=True)
class Template:
    """What shapes ``predictions.txt``; without blocks, every video has its rows.

    Attributes:
        blocks: the organizers' rows, by name, in their order.
        sha256: of their file.
        force: whether labels are cut or padded whatever the difference in frames.
    """

    blocks: Mapping[str, Block]
    sha256: str = ""
    force: bool = False

    def spelled(self, names: Collection[str]) -> dict[str, str]:
        """Return videos' names as the template has them, however Unicode spells them."""
        return spelled_as(self.blocks, names) if self.blocks else {name: name for name in names}

    def matches(self, name: str, labels: TextLabels) -> tuple[list[TemplateMatch], list[str]]:
        """Return which person is written under which name, and what there is to say about it."""
        if not self.blocks:
            people = [TemplateMatch(name, 0, "", None)]
            if labels.side is not None:
                people.append(TemplateMatch(f"{name}_{labels.side}", 1, f"_{labels.side}", None))
            return people, []
        own = [self.blocks[name + side] for side in SIDES if name + side in self.blocks]
        return match_template(name, own, labels.side)


@dataclass(frozen=True)
class RunFiles:
    """The files of a run, while nobody else writes them.

    Attributes:
        folder: for them.
        log: of that folder.
        append: adds a line to it.
    """

    folder: OutputFolder
    log: RunLog
    append: Append

    def update(self, name: str, made_for: Mapping[str, Any], write: Callable[[Path], None]) -> None:
        """Write a file unless it is up to date; the log knows it before it has its name."""
        there = self.log.run_files.get(name)
        if there is not None and name not in self.log.changed:
            same = {key: there.get(key) for key in made_for} == made_for
            if same and self.folder.size(name) == there["size"]:
                return
        with self.folder.replacing(name) as temporary:
            write(temporary)
            line = {"event": "written", "time": now(), "videxpr_version": VERSION, "file": name}
            size, digest = temporary.stat().st_size, sha256_of(temporary)
            self.append({**line, "size": size, "sha256": digest, **made_for})


def open_template(path: Path | None, force: bool) -> Template:
    """Read the organizers' template; None is one without blocks.

    Raises:
        FormatError: the file is no template.
    """
    if path is None:
        return Template({})
    return Template({block.name: block for block in read_template(path)}, sha256_of(path), force)


def check_run_files(folder: OutputFolder, log: RunLog, with_predictions: bool) -> None:
    """Refuse to write over files of the run's names that the log does not know.

    Args:
        folder: for them.
        log: of that folder.
        with_predictions: whether predictions are wanted besides the summary.

    Raises:
        FormatError: there is one.
    """
    for name in (SUMMARY, PREDICTIONS) if with_predictions else (SUMMARY,):
        if name in log.run_files or folder.size(name) < 0:
            continue
        if name == SUMMARY and folder.begins_with(name, SUMMARY_BEGINNING):
            raise FormatError(
                f"{folder} holds results without a {RUN_LOG}: move them, or choose another -o"
            )
        raise FormatError(
            f"{folder.shown(name)} is not videxpr's ({RUN_LOG} does not know it): move it, or choose "
            "another -o"
        )


def write_run_files(
    folder: OutputFolder, log: RunLog, template: Template, with_predictions: bool
) -> list[str]:
    """Write the files of a run as the log has it now; return what a template lacks, in sentences.

    What was written from the same outcomes is left alone.

    Args:
        folder: for them.
        log: of that folder.
        template: that shapes the predictions.
        with_predictions: whether predictions are wanted besides the summary.

    Raises:
        OutputError: a file cannot be written.
    """
    log.refresh()
    if not log.outcomes:
        return _lacking(template, {}) if with_predictions else []
    with log.locked() as append:
        files = RunFiles(folder, log, append)
        has_segments = any(one.segment for one in log.outcomes)
        columns = with_segment(COLUMNS) if has_segments else COLUMNS
        files.update(SUMMARY, {}, lambda path: write_summary(path, columns, rows(log)))
        return _update_predictions(files, template) if with_predictions else []


def rows(log: RunLog) -> Iterator[Row]:
    """Yield the lines of the summary, by path."""
    for outcome in log.outcomes:
        video = outcome.video.removesuffix(name_with_segment("", outcome.segment))
        failed: Row = {"video": video, SEGMENT: outcome.segment, "error": outcome.error}
        first, *more = (failed,) if outcome.event == "failed" else outcome.summary
        refusal = outcome.refusal(outcome.refused)
        yield {**first, "error": refusal} if refusal else first
        yield from more


def _update_predictions(files: RunFiles, template: Template) -> list[str]:
    """Write the predictions, if there are any; return what the template lacks."""
    log = files.log
    fitting = _blocks(log, template) if template.blocks else {}
    if fitting or (not template.blocks and any(one.labels for one in log.done.values())):
        made_for = {"template_sha256": template.sha256, "template_force": template.force}

        def write(path: Path) -> None:
            write_predictions(path, (fitting or _blocks(log, template)).values())

        files.update(PREDICTIONS, made_for, write)
    return _lacking(template, fitting)


def _lacking(template: Template, found: Mapping[str, Block]) -> list[str]:
    return [
        f"the template wants {name}, which was not annotated, or not with these frames"
        for name in template.blocks
        if name not in found
    ]


def _blocks(log: RunLog, template: Template) -> dict[str, Block]:
    """Return the rows of all persons by name, those that a template wants in its order."""
    outcomes = [one for one in log.annotated if one.labels]
    stems = Counter(composed(PurePosixPath(one.key).name) for one in outcomes)
    names = {one.key: PurePosixPath(one.key).name for one in outcomes}
    names = {key: name if stems[composed(name)] == 1 else key for key, name in names.items()}
    spelled = template.spelled(set(names.values()))
    found: dict[str, Block] = {}
    for one in outcomes:
        for block in _fitting(one, spelled[names[one.key]], template):
            found[block.name] = block
    if not template.blocks:
        return found
    return {name: found[name] for name in template.blocks if name in found}


def _fitting(outcome: Outcome, name: str, template: Template) -> Iterator[Block]:
    """Yield a video's rows that fit the template."""
    assert outcome.labels is not None, "predictions were asked for"
    for match in template.matches(name, outcome.labels)[0]:
        try:
            yield match.fit(outcome.labels, template.force, outcome.kind == "crops").block
        except FormatError:
            continue  # of other frames than the template's

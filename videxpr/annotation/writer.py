"""Where results go: the files of each video, the run's own two, and the log that knows them all."""

import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from videxpr.annotation.collisions import Destination, find_unwritable
from videxpr.annotation.fingerprint import (
    OF_FILES,
    Setup,
    SourceState,
    differences,
    modified_ns,
    path_of,
    segment_record,
    setup_in,
    size_and_time,
)
from videxpr.annotation.folder import OutputFolder, open_folder
from videxpr.annotation.leases import Held
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.run_files import check_run_files, open_template, write_run_files
from videxpr.annotation.run_log import (
    Outcome,
    now,
    run_lines,
    started_line,
)
from videxpr.annotation.standing import (
    NO_SETUP,
    Standing,
    check_name,
    check_owners,
    check_setups,
    find_standing,
)
from videxpr.annotation.summary import main_people, summary_rows
from videxpr.annotation.video_files import write_video_files
from videxpr.core.config import record
from videxpr.core.errors import FormatError, OutputError, VidexprError
from videxpr.core.memory import peak_memory_bytes
from videxpr.datasets.affwild2.template import TemplateMatch
from videxpr.formats.label_runs import TextLabels, text_labels
from videxpr.formats.record import Annotation
from videxpr.formats.writers import chosen_formats
from videxpr.video.sources import Source


@dataclass(frozen=True)
class Written:
    """What was written of a source.

    Attributes:
        notes: what there is to say of names, counts and other files.
        refusal: why formats that were asked for cannot hold it; empty if all do.
    """

    notes: tuple[str, ...] = ()
    refusal: str = ""


class Outputs:
    """The files of one run.

    Attributes:
        options: what is written, and where.
        folder: for the files.
        log: what was written so far, by this run and by others.
    """

    def __init__(self, options: OutputOptions, setup: Setup = NO_SETUP) -> None:
        """Look at the output folder; nothing is made yet.

        Args:
            options: what is written, and where.
            setup: with which annotations are made; without it, what is there fits whatever made it.

        Raises:
            OutputError: the folder cannot be written to.
            FormatError: it holds a ``run.jsonl``, ``summary.csv`` or ``predictions.txt`` that is not
                videxpr's, or the template is none.
        """
        self.options = options
        self._formats = chosen_formats(options.formats)
        self._setups = {"video": NO_SETUP, "crops": NO_SETUP}
        if setup is not NO_SETUP:
            stated = replace(setup, options={**setup.options, **self._stated})
            self._setups = {kind: stated.for_source(kind) for kind in self._setups}
        self._template = open_template(options.template, options.template_force)
        self._standings: dict[Source, Standing | Exception] = {}
        self.folder = open_folder(options.directory)
        self.folder.check_writable()
        self.log = self.folder.open_log()
        check_run_files(self.folder, self.log, "predictions" in options.written)

    @property
    def _stated(self) -> dict[str, Any]:
        """Options of output that change what is written of a video."""
        has_text = self.options.written & {"aff-wild2", "predictions"}
        stated = {"missing": self.options.missing} if has_text else {}
        if any(one.scope == "intervals" for one in self._formats):
            stated |= record(self.options.intervals)
        return stated

    def check(self, sources: Sequence[Source]) -> None:
        """Look at what is there of the sources of a run.

        Raises:
            UsageError: some of it was made with another model or other options.
        """
        for source in sources:
            if source.kind != "missing":
                try:
                    self._standings[source] = self._look(source)
                except (OSError, OutputError, FormatError) as exc:
                    self._standings[source] = exc  # that source's failure, when its turn comes
        found = [one for one in self._standings.values() if isinstance(one, Standing)]
        check_setups(found, self.options)

    def unwritable(self, sources: Sequence[Source], people: int | None) -> dict[Source, str]:
        """Return the sources that cannot have files of their own, and why; None means all people."""
        names = self._template.blocks.keys()
        destination = Destination(self.folder.directory, self._formats, names, people)
        return find_unwritable(sources, destination)

    def standing(self, source: Source) -> Standing:
        """Return what is there of a source by now: other runs may have written besides.

        Raises:
            OutputError: files under its name are another video's or not videxpr's, or another run
                made them meanwhile, and not as is wanted.
            FormatError: the template asks for other frames than there are.
            OSError: it cannot be read.
        """
        known = self._standings.get(source)
        if isinstance(known, Exception):
            raise known
        if known is not None and known.is_done:
            return known
        self.log.refresh(source.key)
        self.folder.look(source.key)
        found = self._look(source)
        if found.differences and not (self.options.overwrite or self.options.redo_changed):
            raise OutputError(f"meanwhile it was made {'; '.join(found.differences)}")
        return found

    def _look(self, source: Source) -> Standing:
        standing = find_standing(
            source, self.folder, self.log, self.options, self._setup_of(source)
        )
        there = self.log.done.get(source.key)
        if standing.is_done and there is not None:
            if there.labels is not None and self._template.blocks:
                self._people(source, there.labels)
            path, modified = path_of(source), modified_ns(source)
            if (path, modified) != (there.source.path, there.source.modified_ns):
                state = replace(there.source, path=path, modified_ns=modified)
                # else it would be read in every run
                self.log.append(replace(there, event="skipped", source=state))
        return standing

    def write(
        self,
        source: Source,
        annotation: Annotation,
        modified_ns: int,
        seconds: float = 0.0,
        lease: Held | None = None,
    ) -> Written:
        """Write the files of a source, but those of formats that cannot hold it.

        They are written aside; the log knows them before they get their names.

        Args:
            source: what was annotated.
            annotation: of it.
            modified_ns: when it had been modified last, before it was read.
            seconds: that it took.
            lease: that must still be held when the files get their names.

        Raises:
            LeaseLostError: another run has taken the source over.
            OutputError: a file cannot be written, or is not this source's.
            FormatError: the template asks for other frames than there are.
        """
        labels = text_labels(annotation, self.options.missing)
        people, notes = self._people(source, labels)
        if any(match.rank == 1 for match in people):
            seen = len(annotation.faces.of_rank(1))
            notes.append(f"the second person was seen in {seen} of {len(annotation)} frames")
        with self.folder.staging(source.key) as staging:
            files, refused = write_video_files(
                source, annotation, people, self.options, self.folder, staging
            )
            main = main_people(annotation)
            outcome = Outcome(
                event="done",
                time=now(),
                video=source.printable,
                key=source.key,
                source=_state(source, annotation, modified_ns),
                kind=source.kind,
                segment=source.segment_name,
                setup=self._made_with(source, annotation),
                files=files,
                labels=labels if "predictions" in self.options.written else None,
                summary=tuple(
                    summary_rows(annotation, (*annotation.warnings, *notes), self.options.missing)
                ),
                frames=len(annotation),
                coverage=round(sum(one.frames for one in main) / len(annotation), 4),
                seconds=seconds,
                device=annotation.provenance.get("device", ""),
                peak_memory_bytes=peak_memory_bytes(),
                staging=self.folder.staged_at(staging),
                refused=refused,
            )
            notes += self._commit(source, outcome, staging, lease)
        return Written(tuple(notes), outcome.refusal(refused))

    def begin(self, sources: Sequence[Source], shard: str = "") -> None:
        """Log that a run begins, and with which sources.

        Raises:
            OutputError: the log cannot be written.
        """
        self.log.append(*run_lines(sources, shard, self.log))

    def start(self, source: Source, attempt: int) -> None:
        """Log that a source is begun.

        Args:
            source: which.
            attempt: from 1.

        Raises:
            OutputError: the log cannot be written.
        """
        self.log.append(started_line(source, attempt))

    def clear(self, source: Source) -> None:
        """Remove what a process that was ended has left of a source that nobody else works on."""
        left = self.folder.leftovers(source.key)
        if left and source.kind != "missing":
            self.log.refresh(source.key)
            with suppress(OSError, VidexprError):
                self._look(source)  # which gives files their names that are done
        for one in left:
            shutil.rmtree(one, ignore_errors=True)

    def fail(self, source: Source, error: str, error_class: str = "", seconds: float = 0.0) -> None:
        """Log that a source failed.

        Args:
            source: which.
            error: why.
            error_class: of the error.
            seconds: that it took.

        Raises:
            OutputError: the log cannot be written.
        """
        size, modified = size_and_time(source)
        outcome = Outcome(
            event="failed",
            time=now(),
            video=source.printable,
            key=source.key,
            source=SourceState(path_of(source), size, modified, ""),
            kind=source.kind,
            segment=source.segment_name,
            setup=None if source.kind == "missing" else self._setup_of(source),
            seconds=seconds,
            error=error,
            error_class=error_class,
        )
        self.log.append(outcome)

    def finish(self) -> list[str]:
        """Write the run's own files from the log; return what the template lacks, in sentences.

        Raises:
            OutputError: they cannot be written.
        """
        with_predictions = "predictions" in self.options.written
        missing = write_run_files(self.folder, self.log, self._template, with_predictions)
        self.log.compact()
        return missing

    def _commit(
        self, source: Source, outcome: Outcome, staging: Path, lease: Held | None
    ) -> list[str]:
        """Log what was made, give the files their names, and remove what they take the place of.

        A process that is killed in between leaves files without their names, which the next one gives
        them.
        """
        key, files = outcome.key, outcome.files
        with self.log.locked(key, lease) as append:
            self.folder.look(key)
            check_owners(iter(files), key, self.folder, self.log)
            before = self.log.done.get(key)
            if before is not None:
                # another run may have been quicker
                check_name(source, before, self.folder, self.options)
            formats = {one.name for one in self._formats}
            outcome, notes = _with_earlier(outcome, before, formats, self.folder)
            append(outcome.line())
            self.folder.publish(staging, files)
            for file, one in before.files.items() if before is not None else ():
                is_own = self.log.owners[file] == key
                if is_own and file not in files and one.format in formats:
                    self.folder.remove(file)  # of who is no longer there
        return notes

    def _made_with(self, source: Source, annotation: Annotation) -> Setup:
        """Return what the log says of how a source was annotated."""
        setup = setup_in(annotation.provenance).for_source(source.kind)
        options = {name: value for name, value in setup.options.items() if name not in OF_FILES}
        if source.kind == "video" and (np.diff(annotation.pts_seconds) > 0).all():
            options.pop("crop-fps", None)  # its own times told everything
        return replace(setup, options=options | self._stated)

    def _setup_of(self, source: Source) -> Setup:
        """Return with what a source is annotated."""
        setup = self._setups[source.kind]
        if setup is NO_SETUP or not (own := segment_record(source)):
            return setup
        return replace(setup, options={**setup.options, **own})

    def _people(self, source: Source, labels: TextLabels) -> tuple[list[TemplateMatch], list[str]]:
        """Return which person is written under which name, and what there is to say about it.

        Raises:
            FormatError: the template asks for other frames than there are.
        """
        name = self._template.spelled([source.name])[source.name]
        people, notes = self._template.matches(name, labels)
        if "predictions" in self.options.written:
            for match in people:
                fit = match.fit(labels, self._template.force, source.kind == "crops")
                notes = [*notes, *fit.notes]
        return people, notes


def _with_earlier(
    outcome: Outcome, before: Outcome | None, formats: Collection[str], folder: OutputFolder
) -> tuple[Outcome, list[str]]:
    """Let an outcome take over files of other formats that were made alike; name the others."""
    if before is None or before.setup is None or outcome.setup is None:
        return outcome, []
    kept = {
        file: one
        for file, one in before.files.items()
        if one.format not in formats and folder.size(file) >= 0
    }
    alike = before.source.sha256 == outcome.source.sha256
    if not alike or any(differences(before.setup, outcome.setup)):
        notes = [f"{', '.join(Path(file).name for file in kept)} stays as it was before"]
        return outcome, notes if kept else []
    options = {**before.setup.options, **outcome.setup.options}
    return replace(
        outcome,
        files={**kept, **outcome.files},
        refused={
            **{name: text for name, text in before.refused.items() if name not in formats},
            **outcome.refused,
        },
        labels=outcome.labels or before.labels,
        setup=replace(outcome.setup, options=options),
    ), []


def _state(source: Source, annotation: Annotation, modified_ns: int) -> SourceState:
    made = annotation.provenance
    size, sha256 = int(made.get("source_bytes", 0)), made.get("source_sha256", "")
    return SourceState(path_of(source), size, modified_ns, sha256)

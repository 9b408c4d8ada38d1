"""Runs without a model: a source is a small file, and what it shows is what its bytes say."""

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from records import face_rows, record_of

from videxpr.annotation.batch.run import annotate_sources
from videxpr.annotation.fingerprint import Setup, SourceState, setup_of
from videxpr.annotation.options import AnnotationOptions, OutputOptions
from videxpr.annotation.provenance import fingerprint
from videxpr.annotation.run_log import Outcome, RunLog, now
from videxpr.annotation.writer import Outputs
from videxpr.core.config import with_values
from videxpr.core.errors import SourceError
from videxpr.formats.record import Annotation
from videxpr.video.search import find_sources
from videxpr.video.sources import Source

FRAMES = 3


@dataclass(frozen=True)
class StubWeights:
    """A model or a detector, as far as a setup knows it."""

    name: str = "starter"
    sha256: str = "ab" * 32
    min_score: float = 0.5

    @property
    def weights_sha256(self) -> str:
        return self.sha256


@dataclass(frozen=True)
class StubAnnotator:
    """Says of every frame what a source's first letter says: ``4`` is happy, ``x`` an error."""

    model: StubWeights = StubWeights()
    detector: StubWeights = StubWeights("mtcnn", "cd" * 32)
    recognizer: StubWeights = StubWeights("own", "01" * 32)
    options: AnnotationOptions = field(default_factory=AnnotationOptions)

    @cached_property
    def setup(self) -> Setup:
        return setup_of([self.model], self.detector, self.recognizer, self.options)

    def annotate(self, source: Source, progress: Any = None) -> Annotation:
        path = source.path if source.kind == "video" else min(source.path.iterdir())
        first = path.read_text()[0]
        if first == "x":
            raise SourceError("no video")
        second = self.options.people == 2
        frames, ranks = np.arange(FRAMES).repeat(1 + second), [0, 1][: 1 + second] * FRAMES
        faces = face_rows(frames.tolist(), ranks, [False] * len(ranks))
        faces.smoothed[:] = np.eye(8)[int(first)]
        faces.bbox[:] = np.array(ranks)[:, None] * 100 + [0, 0, 9, 9]
        size, digest = fingerprint(source)
        setup = self.setup
        return record_of(
            video=source.relative.as_posix(),
            first_frame=0,
            pts_seconds=np.arange(FRAMES) / 25,
            seconds=np.arange(FRAMES) / 25,
            shots=np.zeros(FRAMES, np.int64),
            faces=faces,
            people=self.options.people,
            provenance={
                "model": setup.model,
                "model_sha256": setup.model_sha256,
                "detector": setup.detector,
                "detector_sha256": setup.detector_sha256,
                "recognizer": setup.recognizer,
                "recognizer_sha256": setup.recognizer_sha256,
                "options": json.dumps(setup.options),
                "source_bytes": str(size),
                "source_sha256": digest,
            },
        )


@dataclass(frozen=True)
class StubRun:
    """What became of the sources of a run, by name: ``done``, ``skipped`` or the error."""

    said: dict[str, str]
    warnings: dict[str, str]
    lacking: list[str]


def run(
    out: Path, *arguments: Path, annotator: StubAnnotator | None = None, **options: Any
) -> StubRun:
    """Annotate as the command does; options of annotation and of output by their flags."""
    annotator = annotator or StubAnnotator()
    output = {"formats": ("aff-wild2", "predictions", "csv")} | {
        name: options.pop(name)
        for name in (
            *("overwrite", "redo_changed", "retry_failed", "verify"),
            *("formats", "missing", "template", "intervals"),
        )
        if name in options
    }
    annotator = replace(annotator, options=with_values(annotator.options, options))
    outputs = Outputs(OutputOptions(out, **output), annotator.setup)
    sources = find_sources(map(str, arguments))
    outputs.check(sources)
    reports = list(annotate_sources(annotator, sources, outputs))
    names = [report.source.relative.as_posix() for report in reports]
    errors = [one.error.removeprefix(f"{one.source.path}: ") for one in reports]
    return StubRun(
        {n: error or one.status for n, error, one in zip(names, errors, reports, strict=True)},
        {name: "; ".join(one.warnings) for name, one in zip(names, reports, strict=True)},
        outputs.finish(),
    )


def video(path: Path, content: str = "4") -> Path:
    """A source, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def failed(key: str, path: str = "") -> Outcome:
    state = SourceState(path or f"/{key}.mp4", 0, 0, "")
    return Outcome("failed", now(), f"{key}.mp4", key, state, "video", error="no video")


def append_many(path: Path, who: str, count: int) -> None:
    log = RunLog(path)
    for number in range(count):
        log.append(failed(f"{who}{number}"))


def run_list(out: Path, listing: Path) -> None:
    run(out, Path(f"@{listing}"), formats=("aff-wild2", "predictions"))

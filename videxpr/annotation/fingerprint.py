"""The fingerprint of an annotation: what is there is done only if source and setup are as they were.

All of it is known before torch is loaded, so that a run with nothing to do says so at once.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from videxpr.annotation.options import (
    PAPER_WINDOW,
    STORED,
    AnnotateCommand,
    AnnotationOptions,
    paper_preset,
)
from videxpr.core.config import record
from videxpr.core.errors import UsageError
from videxpr.core.option import option_fields
from videxpr.core.remote import RemoteFile, full_path
from videxpr.faces.options import FaceOptions
from videxpr.formats.record import JOINT
from videxpr.formats.schema import SCHEMA_VERSION
from videxpr.model.config import ModelConfig
from videxpr.temporal.options import IntervalOptions
from videxpr.video.sources import Source

OF_VIDEOS: Final = (frozenset(option_fields(FaceOptions)) | {"people"}) - {"crop-fps"}
"""Options that change nothing where crops are given, beside the detector's."""

OF_THE_RUN: Final = frozenset({"template", "template-force"})
"""Options that shape ``predictions.txt`` alone, which every run makes anew."""

OF_FILES: Final = frozenset({"missing", *option_fields(IntervalOptions)})
"""Options that shape the files of some formats alone."""

SOMETIMES: Final = frozenset({"crop-fps"}) | OF_FILES
"""Options that are stated of a video only if they mattered: it has no times, there are such files."""


TIMED_CROPS: Final = 64
"""Crops of a folder whose times are looked at: millions on a network's disk would take minutes."""


class Weights(Protocol):
    """A file of weights: its name, and its SHA-256."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def sha256(self) -> str: ...  # noqa: D102


class Finder(Protocol):
    """A detector, chosen or loaded, as far as an annotation names it."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def weights_sha256(self) -> str: ...  # noqa: D102

    @property
    def min_score(self) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class Setup:
    """What decides an annotation besides the source.

    Attributes:
        model, model_sha256: of the models, in their order, as Parquet names them.
        detector, detector_sha256: the resolved detector; empty for crops.
        recognizer, recognizer_sha256: what tells people apart; empty for crops.
        options: those that change this annotation, by their flags.
        schema_version: of the columns.
    """

    model: str
    model_sha256: str
    detector: str
    detector_sha256: str
    recognizer: str
    recognizer_sha256: str
    options: Mapping[str, Any]
    schema_version: int = SCHEMA_VERSION

    def for_source(self, kind: str) -> "Setup":
        """Return what of it matters for a source of this kind."""
        ignored = OF_THE_RUN | {"detector"}
        if kind == "crops":
            kept = self._without(ignored | OF_VIDEOS)
            kept = replace(kept, detector="", detector_sha256="")
            return replace(kept, recognizer="", recognizer_sha256="")
        return self._without(ignored)

    def _without(self, names: frozenset[str]) -> "Setup":
        kept = {name: value for name, value in self.options.items() if name not in names}
        return replace(self, options=kept)


def setup_of(
    models: Sequence[Weights], detector: Finder, recognizer: Weights, options: AnnotationOptions
) -> Setup:
    """Return what a run makes annotations with.

    Args:
        models: that answer together.
        detector: that was chosen.
        recognizer: that was chosen.
        options: with nothing left to the models (`resolve_options`).
    """
    return Setup(
        model=JOINT.join(one.name for one in models),
        model_sha256=JOINT.join(one.sha256 for one in models),
        detector=detector.name,
        detector_sha256=detector.weights_sha256,
        recognizer=recognizer.name,
        recognizer_sha256=recognizer.sha256,
        options=resolved_record(options, detector),
    )


def setup_in(provenance: Mapping[str, str]) -> Setup:
    """Return what an annotation was made with, from its provenance."""
    return Setup(
        model=provenance.get("model", ""),
        model_sha256=provenance.get("model_sha256", ""),
        detector=provenance.get("detector", ""),
        detector_sha256=provenance.get("detector_sha256", ""),
        recognizer=provenance.get("recognizer", ""),
        recognizer_sha256=provenance.get("recognizer_sha256", ""),
        options=json.loads(provenance.get("options", "{}")),
    )


def resolved_record(options: AnnotationOptions, detector: Finder) -> dict[str, Any]:
    """Return the options that change a result, with what the detector decided.

    They stand in the same order whether or not the user chose them, or a run that is repeated by
    ``videxpr config`` would give other bytes.
    """
    chosen = record(options, results_only=True)
    chosen.pop("min-score", None)
    resolved = {
        "detector": detector.name,
        "min-score": detector.min_score,
        "tail": options.windows.tail,
    }
    return chosen | resolved


def segment_record(source: Source) -> dict[str, Any]:
    """Return what the options of one source say of its stretch; nothing of a whole one."""
    segment = source.segment
    return {"start": segment.start_seconds, "end": segment.end_seconds} if segment else {}


def resolve_options(
    options: AnnotationOptions, models: Mapping[str, ModelConfig]
) -> AnnotationOptions:
    """Take from the models what options leave to them: strength and the preset's window.

    Args:
        options: what a user chose.
        models: by their names.

    Raises:
        UsageError: the models do not say, or say different things.
    """
    if options.logit_adjustment == STORED:
        options = replace(options, logit_adjustment=_stored_strength(models))
    if options.preset != "paper":
        return options
    windows = sorted({config.window for config in models.values()})
    if len(windows) > 1:
        raise UsageError(
            f"--preset paper sets the stride to the window, and the models' windows have "
            f"{' and '.join(map(str, windows))} frames; run each model by itself"
        )
    if options.windows.stride not in (PAPER_WINDOW, windows[0]):
        raise UsageError("--preset paper sets the stride to the window; leave out --stride")
    return paper_preset(options, windows[0])


def _stored_strength(models: Mapping[str, ModelConfig]) -> float:
    stored = {name: config.logit_adjustment for name, config in models.items()}
    if not all(config.class_shares for config in models.values()):
        raise UsageError(
            f"nothing is stored for logit adjustment in {' or '.join(stored)}: the share of each "
            "expression among the training labels is unknown; leave out --logit-adjustment"
        )
    if len(set(stored.values())) > 1:
        each = ", ".join(f"{name} {value:g}" for name, value in stored.items())
        raise UsageError(f"the models store different strengths ({each}); give a number")
    return next(iter(stored.values()))


def differences(there: Setup, wanted: Setup) -> Iterator[str]:
    """Yield in words how a setup differs from the one that is wanted: "with --smooth 0, not 2"."""
    if there.schema_version != wanted.schema_version:
        versions = f"schema_version {there.schema_version}, not {wanted.schema_version}"
        yield f"by another version of videxpr ({versions})"
    if there.model_sha256 != wanted.model_sha256:
        yield f"with another model ({_named(there.model, there.model_sha256)})"
    other_detector = there.detector_sha256 != wanted.detector_sha256
    if other_detector:
        yield f"with another detector ({_named(there.detector, there.detector_sha256)})"
    elif there.recognizer_sha256 != wanted.recognizer_sha256:
        named = _named(there.recognizer, there.recognizer_sha256)
        yield f"with another recognition model ({named})"
    names = there.options.keys() | wanted.options.keys()
    for name in sorted(n for n in names if there.options.get(n) != wanted.options.get(n)):
        if name in SOMETIMES and not (name in there.options and name in wanted.options):
            continue
        if name == "min-score" and other_detector:
            continue  # each has its own
        # an option that an earlier version did not know had its default's effect
        made, now = (one.options.get(name, _defaults().get(name)) for one in (there, wanted))
        if made != now:
            yield _difference(name, made, now)


@lru_cache(maxsize=1)
def _defaults() -> Mapping[str, Any]:
    return record(AnnotateCommand(()), results_only=True)


def _named(names: str, digests: str) -> str:
    """Return weights with the beginning of their hashes."""
    pairs = zip(names.split(JOINT), digests.split(JOINT), strict=False)
    return JOINT.join(f"{name} {digest[:12]}" for name, digest in pairs)


def _difference(name: str, made: Any, now: Any) -> str:
    texts = [_text(one) for one in (made, now)]
    if not texts[0]:
        return f"without --{name}" + (f", not with --{name} {texts[1]}" if now is not True else "")
    if made is True:
        return f"with --{name}"
    return f"with --{name} {texts[0]}, not {texts[1] or 'without it'}"


def _text(value: Any) -> str:
    """Return an option's value as it is typed; nothing for one that was not given."""
    if value is None or value is False:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class SourceState:
    """The bytes of a source.

    Attributes:
        path: where it is, absolute.
        size: in bytes; of all crops together.
        modified_ns: when it was modified last, as `modified_ns` finds it.
        sha256: of the file, or of all crops of a video in their order; of what is read from a store,
            ``etag:`` and the store's own name for these bytes, if it has one.
    """

    path: str
    size: int
    modified_ns: int
    sha256: str

    def is_another(self, source: Source) -> bool:
        """Return whether these are of another video than a source, which only has its name.

        One that is no longer where it was is taken for the same if its bytes are.

        Raises:
            OSError: it cannot be read.
        """
        if self.path == path_of(source):
            return False
        with suppress(OSError):  # it was moved, or its disk is elsewhere now
            if isinstance(source.path, Path):
                return not source.path.samefile(self.path)
        return not self.fits(source)

    def fits(self, source: Source, read: bool = False) -> bool:
        """Return whether a source still has these bytes.

        Args:
            source: in the place of the one that was read.
            read: whether they are read in any case, and not only if its time differs.

        Raises:
            OSError: it cannot be read.
        """
        if isinstance(source.path, RemoteFile) and source.path.identity:
            return (source.path.size, source.path.identity) == (self.size, self.sha256)
        if read:
            pass
        elif source.kind == "video":
            status = source.path.stat()
            if status.st_size != self.size or status.st_mtime_ns == self.modified_ns:
                return status.st_size == self.size
        elif modified_ns(source) == self.modified_ns:
            return True
        from videxpr.annotation.provenance import fingerprint  # here, as it reads images

        return fingerprint(source) == (self.size, self.sha256)


def path_of(source: Source) -> str:
    """Return a source's full path or address; a link is a name of its own."""
    return full_path(source.path)


def size_and_time(source: Source) -> tuple[int, int]:
    """Return the size in bytes, of crops 0, and the time of modification; zeros if unreadable."""
    try:
        size = source.path.stat().st_size if source.kind == "video" else 0
        return size, modified_ns(source)
    except OSError:
        return 0, 0


def modified_ns(source: Source) -> int:
    """Return when a file was modified last; of crops, the folders and some of the images in them.

    Raises:
        OSError: it cannot be read.
    """
    if source.kind == "video" or isinstance(source.path, RemoteFile):
        return source.path.stat().st_mtime_ns
    paths = [path for folder in source.folders for path in (folder, *_some_of(folder))]
    return max(path.stat().st_mtime_ns for path in paths)


def _some_of(folder: Path) -> list[Path]:
    """Return files from all over a folder: all of a small one."""
    files = sorted(folder.iterdir())
    return files[:: len(files) // TIMED_CROPS + 1]

"""Annotation from Python: one video, or many, with the models and detector loaded once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.load import load_annotator
from videxpr.annotation.options import AnnotateCommand, AnnotationOptions, preset_base
from videxpr.core.config import read_values, with_values
from videxpr.core.device import resolve_device
from videxpr.core.errors import SourceError
from videxpr.core.threads import stage_threads
from videxpr.faces.pipeline import Progress
from videxpr.formats.record import Annotation
from videxpr.model.hub.resolve import check_distinct, resolve_model
from videxpr.model.options import STARTER
from videxpr.video.search import find_sources
from videxpr.video.sources import Source

Options = AnnotationOptions | Mapping[str, Any]
Models = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Result:
    """What became of one source.

    Attributes:
        source: which.
        annotation: what was found; None if it failed.
        error: why it failed; None if it did not.
    """

    source: Source
    annotation: Annotation | None
    error: Exception | None


def annotate(
    source: str | Path,
    options: Options | None = None,
    *,
    model: Models = STARTER,
    device: str | int = "auto",
    progress: Progress | None = None,
) -> Annotation:
    """Annotate one video, or one folder of aligned crops.

    Args:
        source: its path.
        options: options of ``videxpr annotate`` by their names, such as ``{"people": 2, "smooth": 1.0,
            "detector": "mtcnn"}``, or an `AnnotationOptions`.
        model: a name, a path, or ``hf:OWNER/REPO``; several answer as one.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``N`` (the same) or ``mps``.
        progress: called with the frames done so far and the number expected (0 if unknown).

    Raises:
        SourceError: it is missing, is no single source, cannot be opened, or gives no frame.
        UsageError: there is no such option, its value makes no sense, or a model is given twice.
        CheckpointError, DetectorError, DeviceError: a model, the detector or the device is not usable.
    """
    found = find_sources(source)
    if len(found) != 1:
        raise SourceError(f"{source} holds {len(found)} videos; give them to annotate_many")
    return _annotator(options, model, device).annotate(found[0], progress)


def annotate_many(
    sources: str | Path | Iterable[str | Path],
    options: Options | None = None,
    *,
    model: Models = STARTER,
    device: str | int = "auto",
) -> Iterator[Result]:
    """Annotate videos one after another; one that fails does not stop the others.

    All of it happens in this process, which a decoder that crashes takes with it: `videxpr annotate`
    works in processes that it watches.

    Args:
        sources: one or several: videos, folders (searched recursively), globs, ``@list.txt``, folders
            of crops.
        options: as in `annotate`.
        model: as in `annotate`.
        device: as in `annotate`.

    Yields:
        A result a source, in order, as it comes.

    Raises:
        UsageError, CheckpointError, DetectorError, DeviceError: nothing can begin.
    """
    annotator = _annotator(options, model, device)
    return (_result(annotator, source) for source in find_sources(sources))


def _result(annotator: Annotator, source: Source) -> Result:
    try:
        return Result(source, annotator.annotate(source), None)
    except Exception as error:  # whatever it is, it is this video's
        return Result(source, None, error)


def _annotator(options: Options | None, model: Models, device: str | int) -> Annotator:
    names = [model] if isinstance(model, str | Path) else model
    files = [resolve_model(name) for name in names]
    check_distinct(files)
    return load_annotator(
        files,
        _chosen(options or {}),
        str(resolve_device(device)),
        stage_threads(),
    )


def _chosen(options: Options) -> AnnotationOptions:
    if isinstance(options, AnnotationOptions):
        return options
    values = read_values(options, AnnotationOptions, "annotate")
    base: AnnotationOptions = preset_base(AnnotateCommand(()), values).annotation
    return with_values(base, values)

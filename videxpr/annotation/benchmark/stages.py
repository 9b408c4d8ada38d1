"""Each stage of the pipeline by itself, on what the stage before it makes of the video."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.benchmark.figures import Speed, StageFigures, StageName
from videxpr.annotation.benchmark.measuring import measured
from videxpr.annotation.benchmark.sample import Sample
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.streaming import PersonStream, StreamTools
from videxpr.annotation.writer import Outputs
from videxpr.core.crop_template import CropTemplate
from videxpr.core.structures import Face, Floats, Image
from videxpr.faces.align import aligned_crop
from videxpr.faces.keyframes import KeyframeDetector
from videxpr.formats.record import Annotation
from videxpr.video.options import DecodingOptions
from videxpr.video.reader import Video
from videxpr.video.sources import Source

STRETCH_BLOCKS: Final = 8
"""Where faces are followed, a stretch of the sample has so many blocks: a face that is new is searched
and learned once in a while, not in every block."""

CLASSIFIED_FRAMES: Final = 4096
"""Of a longer video the first frames' persons are classified, so that memory does not grow."""

Blocks = Sequence[Sequence[Image]]
"""Pictures by block and by frame."""

Found = Sequence[Sequence[Sequence[Face]]]
"""Faces by block and by frame."""


def measure_stages(
    source: Source,
    sample: Sample,
    annotation: Annotation,
    tools: Annotator,
    runs: int,
    begin: Callable[[StageName], None],
) -> tuple[StageFigures, ...]:
    """Measure every stage, in the order of the pipeline.

    Args:
        source: the video.
        sample: of its frames, for the stages from detection to embedding.
        annotation: of it, for the stages after them.
        tools: what the stages are made of.
        runs: of each, after a warm-up.
        begin: called with each stage that begins.
    """
    ensemble, size = tools.ensemble, tools.options.faces.batch_size

    begin("decode")
    decoded = measured(lambda: _decode(source.path, tools.options.faces.decoding), runs)
    begin("detect")
    found = measured(lambda: _found(sample, tools), runs)
    faces = sum(len(one) for batch in found.made for one in batch)
    begin("align")
    blocks = _blocks(sample, tools)
    crops = measured(lambda: _aligned(blocks, found.made, ensemble.templates), runs)
    begin("embed")
    features = measured(lambda: [ensemble.embed(batch, size) for batch in crops.made], runs)
    begin("classify")
    frames = min(len(annotation), CLASSIFIED_FRAMES)
    pool = np.concatenate(features.made)
    people = _people(annotation, len(pool), annotation.first_frame + frames)
    classified = measured(lambda: _classify(people, pool, annotation, tools), runs)
    rows = sum(len(person.frames) for person in people)
    begin("write")
    with tempfile.TemporaryDirectory(prefix="videxpr-") as folder:
        fresh = (Path(folder) / str(number) for number in count())
        written = measured(lambda: write_results(source, annotation, next(fresh)), runs)
    return (
        _figures("decode", sample.frames, sample.frames, decoded.seconds),
        _figures("detect", sample.images, sample.images, found.seconds),
        _figures("align", sample.images, faces, crops.seconds),
        _figures("embed", sample.images, faces, features.seconds),
        _figures("classify", frames, rows, classified.seconds),
        _figures("write", len(annotation), len(annotation), written.seconds),
    )


def _figures(name: StageName, frames: int, items: int, seconds: tuple[float, ...]) -> StageFigures:
    speed = Speed(frames, seconds) if items else None
    per_face = name in ("align", "embed", "classify")
    return StageFigures(name, "face" if per_face else "frame", items, speed)


def _decode(path: Path, decoding: DecodingOptions) -> None:
    with Video(path, decoding) as video:
        for _ in video:
            pass


def stretch_length(tools: Annotator) -> int:
    """How many successive frames a sample needs for faces to be followed as in a whole video."""
    follows = tools.detector.roi is not None and tools.options.faces.keyframes.detect_every > 1
    return _block_length(tools) * (STRETCH_BLOCKS if follows else 1)


def _block_length(tools: Annotator) -> int:
    return _searcher(tools).block_length(tools.options.faces.batch_size)


def _searcher(tools: Annotator) -> KeyframeDetector:
    return KeyframeDetector(tools.detector, tools.options.faces.keyframes)


def _blocks(sample: Sample, tools: Annotator) -> list[Sequence[Image]]:
    """The sample in the blocks in which the pipeline works."""
    return [block for stretch in sample.stretches for block in _parts(stretch, tools)]


def _parts(stretch: Sequence[Image], tools: Annotator) -> list[Sequence[Image]]:
    length = _block_length(tools)
    return [stretch[first : first + length] for first in range(0, len(stretch), length)]


def _found(sample: Sample, tools: Annotator) -> list[list[list[Face]]]:
    """Faces by block and by frame, each stretch a shot of its own."""
    searcher, found = _searcher(tools), []
    for stretch in sample.stretches:
        searcher.begin_shot()
        found += [searcher.faces(block) for block in _parts(stretch, tools)]
    return found


def _aligned(
    blocks: Blocks, found: Found, templates: Sequence[CropTemplate]
) -> list[list[list[Image]]]:
    """Crops by block and by template, as the annotator cuts them."""
    return [
        [
            [
                aligned_crop(image, face.landmarks, template)
                for image, faces in zip(images, faces_of_block, strict=True)
                for face in faces
            ]
            for template in templates
        ]
        for images, faces_of_block in zip(blocks, found, strict=True)
    ]


@dataclass(frozen=True)
class _Person:
    """The frames in which somebody was detected, and of each the place of its features in a pool."""

    frames: list[int]
    places: list[int]


def _people(annotation: Annotation, pool: int, end_frame: int) -> list[_Person]:
    """The annotated persons up to a frame, as the annotator classified them; their features, which it
    did not keep, are those of the sample's `pool` faces, over and over."""
    rows = annotation.faces
    people = []
    for number in np.unique(rows.track) if pool else ():
        own = np.flatnonzero((rows.track == number) & ~rows.bridged & (rows.frame < end_frame))
        if len(own):
            places = np.arange(len(own)) % pool
            people.append(_Person(rows.frame[own].tolist(), places.tolist()))
    return people


def _classify(
    people: Sequence[_Person], features: Floats, annotation: Annotation, tools: Annotator
) -> None:
    options = tools.options
    made_with = StreamTools(
        begin=lambda: tools.ensemble.stream(options.windows),
        times=lambda frames: frames / annotation.fps,
        smooth_seconds=options.smooth_seconds,
    )
    for person in people:
        stream = PersonStream(made_with)
        for frame, place in zip(person.frames, person.places, strict=True):
            stream.add(frame, features[place])
        stream.finish()


def write_results(source: Source, annotation: Annotation, folder: Path) -> None:
    """Write what `annotate` writes by default, into a folder without earlier results."""
    outputs = Outputs(OutputOptions(folder))
    outputs.write(source, annotation)
    outputs.finish()

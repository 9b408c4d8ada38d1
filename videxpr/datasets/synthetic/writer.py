"""Whole trees of synthetic sequences.

<root>/EXPR_Set/{Train_Set,Validation_Set}/<name>.txt, and <name>.shares.csv if people voted
<root>/cropped_aligned/<name>/00001.jpg
<root>/crop_geometry.json
<root>/synthesis.json
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import atomic_write
from videxpr.core.image_names import image_name
from videxpr.core.version import VERSION
from videxpr.datasets.crops.geometry_file import CROP_GEOMETRY, write_crop_geometry
from videxpr.datasets.image_folder import LabeledImage
from videxpr.datasets.options import PARTS, Part
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.render import render_sequence
from videxpr.datasets.synthetic.sampler import image_sampler
from videxpr.datasets.synthetic.script import Script, write_script
from videxpr.formats.affwild2 import HEADER, SEVEN_CLASS_HEADER, write_labels
from videxpr.formats.shares import shares_file, write_shares

ANNOTATIONS: Final = "EXPR_Set"
CROPS: Final = "cropped_aligned"
RECORD: Final = "synthesis.json"
KINDS: Final = (*EXPRESSIONS, "voters disagree")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SetSpec:
    """What one set of a tree is made of.

    Attributes:
        folder: ``Train_Set`` or ``Validation_Set``.
        part: of the split.
        videos: number of sequences.
    """

    folder: str
    part: Part
    videos: int


@dataclass(frozen=True)
class SetSummary:
    """One set that was written.

    Attributes:
        spec: what it is made of.
        images: (9,) number of images of each of `KINDS` that it was drawn from.
        segments: (9,) number of segments of each.
        frames: (9,) number of frames of each.
        crops: frames that have a crop.
        size_bytes: of all crops.
    """

    spec: SetSpec
    images: tuple[int, ...]
    segments: tuple[int, ...]
    frames: tuple[int, ...]
    crops: int
    size_bytes: int


@dataclass(frozen=True)
class _Sequence:
    """A sequence that was written."""

    spec: SetSpec
    name: str
    script: Script
    crops: int
    size_bytes: int


def synthesize(
    root: Path,
    parts: Mapping[Part, Sequence[LabeledImage]],
    specs: Sequence[SetSpec],
    options: SynthesisOptions,
    *,
    people: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> list[SetSummary]:
    """Write a tree that training, `annotate` and `evaluate` read as any other; whole or not at all.

    What a sequence holds depends on the images of its part, the options (the seed is one) and its
    number alone.

    Args:
        root: the new folder.
        parts: images of each part of a split.
        specs: the sets to make.
        options: what sequences are like.
        people: who is on an image, by its name; they may stay from one segment to the next.
        sources: where the images came from, by what it is called; for the record.
        progress: called with the frames done and all frames.

    Returns:
        What was made, a summary a set.

    Raises:
        UsageError: there is something at `root`, or a part has no images.
        SourceError: an image cannot be read.
        OutputError: the folder cannot be written.
    """
    _check(root, parts, specs)
    report = progress or (lambda completed, total: None)
    total = options.frames * sum(spec.videos for spec in specs)
    written: list[_Sequence] = []
    with atomic_write(root.absolute()) as building:
        building.mkdir()
        for spec in specs:
            sampler = image_sampler(parts[spec.part], people or {}, options)
            for number in range(spec.videos):
                script = write_script(sampler, options, _generator(options.seed, spec.part, number))
                written.append(_write(building, spec, number, script, options))
                report(options.frames * len(written), total)
        summaries = [_summary(spec, parts[spec.part], written) for spec in specs]
        # images are aligned as `videxpr.training.images.fit` takes them to be
        write_crop_geometry(building / CROP_GEOMETRY, ARCFACE.resized(options.size))
        _write_record(building / RECORD, options, sources or {}, summaries, written)
    return summaries


def _check(
    root: Path, parts: Mapping[Part, Sequence[LabeledImage]], specs: Sequence[SetSpec]
) -> None:
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise UsageError(f"{root} is there already, and nothing is overwritten; name a new folder")
    for spec in specs:
        if spec.videos < 1:
            raise UsageError(f"a {spec.folder} has 1 video or more, not {spec.videos}")
        if not parts.get(spec.part):
            raise UsageError(f"there are no {spec.part} images to make the {spec.folder} of")


def _generator(seed: int, part: Part, number: int) -> np.random.Generator:
    return np.random.default_rng((seed, PARTS.index(part), number))


def _write(
    root: Path, spec: SetSpec, number: int, script: Script, options: SynthesisOptions
) -> _Sequence:
    """Write labels and crops of one sequence."""
    name = f"{spec.part}_{number + 1:04d}"
    labels = script.labels
    has_other = labels.max() == len(EXPRESSIONS) - 1
    header = HEADER if has_other else SEVEN_CLASS_HEADER
    annotations = root / ANNOTATIONS / spec.folder / f"{name}.txt"
    write_labels(annotations, labels, header)
    if script.voted:
        write_shares(shares_file(annotations), script.shares)
    folder = root / CROPS / name
    folder.mkdir(parents=True)
    sizes = [
        (folder / image_name(frame)).write_bytes(content)
        for frame, content in render_sequence(script, options)
    ]
    return _Sequence(spec, name, script, len(sizes), sum(sizes))


def _summary(
    spec: SetSpec, images: Sequence[LabeledImage], written: Sequence[_Sequence]
) -> SetSummary:
    mine = [one for one in written if one.spec == spec]
    segments = np.array([segment.label for one in mine for segment in one.script.segments])
    frames = np.concatenate([one.script.labels for one in mine])
    return SetSummary(
        spec,
        _count(np.array([image.label for image in images])),
        _count(segments),
        _count(frames),
        sum(one.crops for one in mine),
        sum(one.size_bytes for one in mine),
    )


def _count(labels: NDArray[np.int64]) -> tuple[int, ...]:
    """Return how many labels there are of each of `KINDS`."""
    counts = np.bincount(labels % len(KINDS), minlength=len(KINDS))  # -1 is the last one
    return tuple(counts.tolist())


def _write_record(
    path: Path,
    options: SynthesisOptions,
    sources: Mapping[str, str],
    summaries: Sequence[SetSummary],
    written: Sequence[_Sequence],
) -> None:
    """Write how the tree was made: a line a sequence, so that it can be read and compared."""
    facts = {
        "videxpr": VERSION,
        "sources": dict(sources),
        "options": asdict(options),
        "sets": [_set_facts(summary) for summary in summaries],
    }
    lines = [f"  {json.dumps(one.name)}: {json.dumps(_facts(one.script))}" for one in written]
    text = json.dumps(facts, indent=1)[:-2] + ',\n "sequences": {\n' + ",\n".join(lines)
    path.write_text(f"{text}\n }}\n}}\n", encoding="utf-8")


def _set_facts(summary: SetSummary) -> dict[str, Any]:
    return {
        **asdict(summary.spec),
        "crops": summary.crops,
        **{
            name: dict(zip(KINDS, getattr(summary, name), strict=True))
            for name in ("images", "segments", "frames")
        },
    }


def _facts(script: Script) -> dict[str, Any]:
    """Return segments as label, first frame, end; images as name, first frame, end, mirrored, fade."""
    return {
        "appearance": asdict(script.appearance),
        "segments": [[one.label, one.first, one.end] for one in script.segments],
        "images": [
            [one.image.name, one.first, one.end, one.mirrored, one.fade] for one in script.spans
        ],
        "missing": np.flatnonzero(script.missing).tolist(),
        "occluded": [[one.first, one.end] for one in script.occlusions],
    }

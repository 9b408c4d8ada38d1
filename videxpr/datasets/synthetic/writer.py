"""Whole trees of stitched sequences.

<root>/EXPR_Set/{Train_Set,Validation_Set}/<name>.txt
<root>/cropped_aligned/<name>/00001.jpg
<root>/crop_geometry.json
<root>/stitching.json
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import OutputError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.image_names import image_name
from videxpr.core.version import VERSION
from videxpr.datasets.crops.geometry_file import CROP_GEOMETRY, write_crop_geometry
from videxpr.datasets.image_folder import LabeledImage, class_counts
from videxpr.datasets.options import PARTS, Part
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.render import render_sequence
from videxpr.datasets.synthetic.sampler import image_sampler
from videxpr.datasets.synthetic.script import Script, write_script
from videxpr.formats.affwild2 import HEADER, SEVEN_CLASS_HEADER, write_labels

ANNOTATIONS: Final = "EXPR_Set"
CROPS: Final = "cropped_aligned"
RECORD: Final = "stitching.json"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Share:
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
        share: what it is made of.
        stills: number of stills of each expression that it was drawn from.
        segments: number of segments of each expression.
        frames: number of frames of each expression.
        crops: frames that have a crop.
        size_bytes: of all crops.
    """

    share: Share
    stills: tuple[int, ...]
    segments: tuple[int, ...]
    frames: tuple[int, ...]
    crops: int
    size_bytes: int


@dataclass(frozen=True)
class _Sequence:
    """A sequence that was written."""

    share: Share
    name: str
    plan: Script
    crops: int
    size_bytes: int


def synthesize(
    root: Path,
    parts: Mapping[Part, Sequence[LabeledImage]],
    shares: Sequence[Share],
    options: SynthesisOptions,
    *,
    people: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> list[SetSummary]:
    """Make a tree that training, `annotate` and `evaluate` read as any other; whole or not at all.

    What a sequence holds depends on the stills of its part, the options (the seed is one) and its
    number alone.

    Args:
        root: the new folder.
        parts: stills of each part of a split.
        shares: the sets to make.
        options: what sequences are like.
        people: who is on a still, by its name; they may stay from one segment to the next.
        sources: where the stills came from, by what it is called; for the record.
        progress: called with the frames done and all frames.

    Returns:
        What was made, a summary a set.

    Raises:
        UsageError: there is something at `root`, or a part has no stills.
        SourceError: a still cannot be read.
        OutputError: the folder cannot be written.
    """
    _check(root, parts, shares)
    told = progress or (lambda completed, total: None)
    total = options.frames * sum(share.videos for share in shares)
    made: list[_Sequence] = []
    with _new_folder(root) as building:
        for share in shares:
            sampler = image_sampler(parts[share.part], people or {}, options)
            for number in range(share.videos):
                plan = write_script(sampler, options, _generator(options.seed, share.part, number))
                made.append(_write(building, share, number, plan, options))
                told(options.frames * len(made), total)
        summaries = [_summary(share, parts[share.part], made) for share in shares]
        # stills are aligned as `videxpr.training.images.fit` takes them to be
        write_crop_geometry(building / CROP_GEOMETRY, ARCFACE.resized(options.size))
        _write_record(building / RECORD, options, sources or {}, summaries, made)
    return summaries


def _check(
    root: Path, parts: Mapping[Part, Sequence[LabeledImage]], shares: Sequence[Share]
) -> None:
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise UsageError(f"{root} is there already, and nothing is overwritten; name a new folder")
    for share in shares:
        if share.videos < 1:
            raise UsageError(f"a {share.folder} has 1 video or more, not {share.videos}")
        if not parts.get(share.part):
            raise UsageError(f"there are no {share.part} stills to make the {share.folder} of")


def _generator(seed: int, part: Part, number: int) -> np.random.Generator:
    return np.random.default_rng((seed, PARTS.index(part), number))


@contextmanager
def _new_folder(root: Path) -> Iterator[Path]:
    """A folder beside `root`, renamed to it when the block ends without an error, else removed."""
    building = root.absolute().with_name(f".{root.absolute().name}.{os.getpid()}.part")
    try:
        building.mkdir(parents=True)
        yield building
        os.replace(building, root)
    except OSError as exc:
        raise OutputError(f"cannot write {root}: {exc.strerror or exc}") from exc
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write(
    root: Path, share: Share, number: int, plan: Script, options: SynthesisOptions
) -> _Sequence:
    """Labels and crops of one sequence."""
    name = f"{share.part}_{number + 1:04d}"
    labels = plan.labels
    has_other = labels.max() == len(EXPRESSIONS) - 1
    header = HEADER if has_other else SEVEN_CLASS_HEADER
    write_labels(root / ANNOTATIONS / share.folder / f"{name}.txt", labels, header)
    folder = root / CROPS / name
    folder.mkdir(parents=True)
    sizes = [
        (folder / image_name(frame)).write_bytes(content)
        for frame, content in render_sequence(plan, options)
    ]
    return _Sequence(share, name, plan, len(sizes), sum(sizes))


def _summary(share: Share, stills: Sequence[LabeledImage], made: Sequence[_Sequence]) -> SetSummary:
    mine = [one for one in made if one.share == share]
    segments = [segment.label for one in mine for segment in one.plan.segments]
    frames = np.concatenate([one.plan.labels for one in mine])
    return SetSummary(
        share,
        tuple(class_counts(stills)),
        tuple(np.bincount(segments, minlength=len(EXPRESSIONS)).tolist()),
        tuple(np.bincount(frames, minlength=len(EXPRESSIONS)).tolist()),
        sum(one.crops for one in mine),
        sum(one.size_bytes for one in mine),
    )


def _write_record(
    path: Path,
    options: SynthesisOptions,
    sources: Mapping[str, str],
    summaries: Sequence[SetSummary],
    made: Sequence[_Sequence],
) -> None:
    """How the tree was made: a line a sequence, so that it can be read and compared."""
    facts = {
        "videxpr": VERSION,
        "sources": dict(sources),
        "options": asdict(options),
        "sets": [_set_facts(summary) for summary in summaries],
    }
    lines = [f"  {json.dumps(one.name)}: {json.dumps(_facts(one.plan))}" for one in made]
    text = json.dumps(facts, indent=1)[:-2] + ',\n "sequences": {\n' + ",\n".join(lines)
    path.write_text(f"{text}\n }}\n}}\n", encoding="utf-8")


def _set_facts(summary: SetSummary) -> dict[str, Any]:
    share = summary.share
    return {
        "folder": share.folder,
        "part": share.part,
        "videos": share.videos,
        "crops": summary.crops,
        **{
            name: dict(zip(EXPRESSIONS, getattr(summary, name), strict=True))
            for name in ("stills", "segments", "frames")
        },
    }


def _facts(plan: Script) -> dict[str, Any]:
    """Segments as label, first frame, end; stills as name, first frame, end, mirrored, fade."""
    return {
        "look": asdict(plan.look),
        "segments": [[one.label, one.first, one.end] for one in plan.segments],
        "stills": [
            [one.still.name, one.first, one.end, one.mirrored, one.fade] for one in plan.spans
        ],
        "missing": np.flatnonzero(plan.missing).tolist(),
        "covered": [[one.first, one.end] for one in plan.covers],
    }

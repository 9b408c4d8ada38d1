"""Which model finds the beginnings of expressions best at equal flicker? A table, and a curve a model.

    python examples/steadiness.py synthetic/ backbone.safetensors fusion.safetensors -o steadiness.png
    python examples/steadiness.py --marks examples/onsets.csv backbone/ fusion/ -o clips.png

The first compares models on the Validation_Set of a tree in Aff-Wild2's layout, as `videxpr synthesize`
makes it; the second compares annotations of clips (`videxpr annotate --smooth 0 -o backbone`) whose
onsets are marked. Each model's probabilities are smoothed by moving means of several spans. A longer
one gives fewer label changes a second (flicker) and later or fewer events; a curve joins what the spans
give. Of two models the one with the higher curve is the better one. Definitions:
videxpr/evaluation/events.py.
"""

import argparse
import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from videxpr.annotation.streaming import TrackStream
from videxpr.core.device import cpu_threads, resolve_device, use_cpu_threads
from videxpr.core.errors import VidexprError
from videxpr.core.expressions import EXPRESSIONS, NEUTRAL, NOT_ANNOTATED
from videxpr.core.structures import Face, Floats
from videxpr.datasets.affwild2.layout import find_layout
from videxpr.datasets.affwild2.videos import LabeledVideo, read_affwild2
from videxpr.datasets.clips import read_crops
from videxpr.evaluation.events import EventCounts, count_events, f1_at_flicker, no_events
from videxpr.evaluation.metrics import confusion_matrix, macro_f1
from videxpr.evaluation.tune.tune import smooth_tracks
from videxpr.faces.subjects import Subject, rank_tracks
from videxpr.faces.track import Track
from videxpr.formats.affwild2 import read_labels
from videxpr.formats.frame_labels import frame_labels, with_smoothed
from videxpr.formats.parquet import read_annotation
from videxpr.model.checkpoint import load_checkpoint
from videxpr.model.engine.engine import Embedder, build_embedder
from videxpr.model.ensemble import Predictions, PredictionStream
from videxpr.model.inference import logit_stream, probabilities
from videxpr.model.network import ExpressionModel
from videxpr.temporal.interpolation import interpolate_missing
from videxpr.temporal.options import WindowOptions
from videxpr.temporal.smoothing import moving_mean

SPANS = (0.0, 0.1, 0.2, 0.33, 0.5, 0.75, 1.0, 1.5, 2.0)
FLICKER = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
RESAMPLES = 1000
BRIDGED_FRAMES = 16.0

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class PersonPredictions:
    """One sequence: true labels (T,), times (T,), and a model's labels (T,) by span of smoothing."""

    truth: Labels
    seconds: NDArray[np.float64]
    found: tuple[Labels, ...]


def names_of(paths: Sequence[Path]) -> list[str]:
    """What models are called in tables: the end of their paths, as long as it must be to differ."""
    for parts in range(1, 9):
        names = ["/".join(path.with_suffix("").parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise SystemExit("a model is named twice")


# ---- trees: the models predict here


def backbone_of(model: ExpressionModel) -> str:
    """What decides the features, as a hash: models that share it share their features."""
    config = model.config
    facts = (config.backbone, config.crop.size, config.input_size, config.color, config.mean)
    digest = hashlib.sha256(repr((*facts, config.std)).encode())
    for name, values in sorted(model.backbone.state_dict().items()):
        digest.update(name.encode() + values.float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def features_of(embedder: Embedder, size: int, video: LabeledVideo, kept: Path | None) -> Floats:
    """Features (N, F) of a video's crops, from the folder `kept` if they are there."""
    file = None if kept is None else kept / f"{video.name}.npy"
    if file is not None and file.exists():
        return np.load(file)
    pieces = [
        embedder.embed(read_crops(video, first, min(64, len(video) - first), size), 32)
        for first in range(0, len(video), 64)
    ]
    features = np.concatenate(pieces)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, features)
    return features


def predict(model: ExpressionModel, features: Floats, video: LabeledVideo) -> Floats:
    """Probabilities (T, 8) as annotate has them: short gaps held, longer ones part the sequence."""

    def begin() -> PredictionStream:
        return PredictionStream(
            [logit_stream(model, WindowOptions())],
            (),
            lambda logits: Predictions(probabilities(logits[0]), logits[0]),
        )

    def times(frames: NDArray[np.int64]) -> NDArray[np.float64]:
        return frames.astype(np.float64)

    stream = TrackStream(begin, times, BRIDGED_FRAMES, 0.0)
    nowhere = np.full((5, 2), np.nan, np.float32)  # a crop does not say where its face was
    track, face = Track(1, shot=0), Face(np.full(4, np.nan, np.float32), nowhere, np.nan)
    for frame, row in zip(video.frames.tolist(), features, strict=True):
        track.add(frame, float(frame), face)
        stream.add(frame, row)
    (alone,) = rank_tracks([Subject((track,))], times, BRIDGED_FRAMES)
    found = stream.finish(alone)
    rows = np.full((video.lines, len(EXPRESSIONS)), np.nan, np.float32)
    rows[found.frame] = found.probabilities
    return rows


def smoothed_labels(rows: Floats, seconds: NDArray[np.float64], span: float) -> Labels:
    """Labels (T,) after a moving mean over the frames that have a prediction."""
    known = np.flatnonzero(~np.isnan(rows).all(axis=1))
    smooth = np.full_like(rows, np.nan)
    smooth[known] = moving_mean(rows[known], seconds[known], span)
    shots = np.zeros(len(rows), np.int64)
    return np.asarray(np.nanargmax(interpolate_missing(smooth, seconds, shots), axis=1))


def read_tree(arguments: argparse.Namespace) -> dict[str, list[PersonPredictions]]:
    """Every model's predictions of the Validation_Set."""
    use_cpu_threads(cpu_threads())
    device = resolve_device(arguments.device)
    layout = find_layout(arguments.tree)
    videos = [video for video in read_affwild2(layout).videos["validation"] if len(video)]
    models = [load_checkpoint(str(path), device).model for path in arguments.models]
    keys = [backbone_of(model) for model in models]
    embedders = {key: build_embedder(model) for key, model in zip(keys, models, strict=True)}
    predictions: dict[str, list[PersonPredictions]] = {
        name: [] for name in names_of(arguments.models)
    }
    for number, video in enumerate(videos, 1):
        truth = read_labels(layout.annotations / "Validation_Set" / f"{video.name}.txt")
        seconds = np.arange(video.lines) / arguments.fps
        shared: dict[str, Floats] = {}
        for name, model, key in zip(predictions, models, keys, strict=True):
            if key not in shared:
                kept = arguments.features and arguments.features / key
                size = model.config.crop.size
                shared[key] = features_of(embedders[key], size, video, kept)
            rows = predict(model, shared[key], video)
            found = tuple(smoothed_labels(rows, seconds, span) for span in SPANS)
            predictions[name].append(PersonPredictions(truth, seconds, found))
        print(f"\r{number} of {len(videos)} sequences", end="", flush=True)
    print()
    return predictions


# ---- clips: annotate has predicted


def read_clips(arguments: argparse.Namespace) -> dict[str, list[PersonPredictions]]:
    """Predictions in folders of annotations to the clips that are marked."""
    with arguments.marks.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    predictions: dict[str, list[PersonPredictions]] = {
        name: [] for name in names_of(arguments.models)
    }
    for name, folder in zip(predictions, arguments.models, strict=True):
        for clip in sorted({row["clip"] for row in rows}):
            annotation = read_annotation(folder / f"{Path(clip).stem}.parquet")
            mine = [row for row in rows if row["clip"] == clip]
            truth = marked_labels(mine, annotation.pts_seconds)
            plain = annotation.faces.probabilities
            spans = [smooth_tracks(annotation, plain, span) for span in SPANS]
            found = [frame_labels(with_smoothed(annotation, one), 0, "fill") for one in spans]
            predictions[name].append(PersonPredictions(truth, annotation.seconds, tuple(found)))
    return predictions


def marked_labels(rows: Sequence[dict[str, str]], seconds: NDArray[np.float64]) -> Labels:
    """Labels (T,) of marks: Neutral between them; Other, which no model here knows, is -1."""
    labels = np.full(len(seconds), NEUTRAL)
    for row in rows:
        onset, offset = float(row["onset_seconds"]), float(row["offset_seconds"])
        inside = (seconds > onset - 1e-3) & (seconds < offset - 1e-3)
        label = EXPRESSIONS.index(row["expression"])
        labels[inside] = NOT_ANNOTATED if label == len(EXPRESSIONS) - 1 else label
    return labels


# ---- what came out


def counts_of(predictions: Sequence[PersonPredictions]) -> list[list[EventCounts]]:
    """For each span the counts of each sequence."""
    return [
        [count_events(one.truth, one.found[number], one.seconds) for one in predictions]
        for number in range(len(SPANS))
    ]


def total(counts: Sequence[EventCounts]) -> EventCounts:
    """Of all sequences."""
    return sum(counts, no_events())


def frame_f1(predictions: Sequence[PersonPredictions], number: int) -> float:
    """Macro F1 of frames over eight classes, with the span of that number."""
    matrices = [
        confusion_matrix(one.truth[one.truth >= 0], one.found[number][one.truth >= 0])
        for one in predictions
    ]
    return float(macro_f1(np.sum(matrices, axis=0)))


def difference_interval(
    one: list[list[EventCounts]], other: list[list[EventCounts]], rates: Sequence[float]
) -> NDArray[np.float64]:
    """(2, R) bounds of 95 % of the differences of F1 when sequences are drawn again, with returning."""
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        taken = generator.integers(len(one[0]), size=len(one[0])).tolist()
        curves = [
            f1_at_flicker([total([span[n] for n in taken]) for span in model], rates)
            for model in (one, other)
        ]
        drawn.append(curves[1] - curves[0])
    bounds = np.full((2, len(rates)), np.nan)
    known = np.mean(np.isfinite(drawn), axis=0) > 0.95
    bounds[:, known] = np.nanpercentile(np.array(drawn)[:, known], (2.5, 97.5), axis=0)
    return bounds


def lines_of(predictions: dict[str, list[PersonPredictions]]) -> Iterator[str]:
    """The tables."""
    counts = {name: counts_of(those) for name, those in predictions.items()}
    truths = [(one.truth, one.seconds) for one in next(iter(predictions.values()))]
    true = total([count_events(labels, labels, seconds) for labels, seconds in truths])
    yield f"{len(truths)} sequences, {true.true.sum()} true events, {true.flicker:.3f} changes/s"
    heads = f"{'span s':>6} {'changes/s':>9} {'P':>6} {'R':>6} {'event F1':>8} {'frame F1':>8}"
    yield f"{'model':24} {heads}"
    for name, spans in counts.items():
        for number, (span, those) in enumerate(zip(SPANS, spans, strict=True)):
            c = total(those)
            yield (
                f"{name:24} {span:6.2f} {c.flicker:9.3f} {c.precision:6.3f} {c.recall:6.3f} "
                f"{c.f1:8.3f} {frame_f1(predictions[name], number):8.3f}"
            )
    plain = [total(spans[0]).flicker for spans in counts.values()]
    yield from lines_at(counts, sorted({*FLICKER, true.flicker, *plain}))


def lines_at(counts: dict[str, list[list[EventCounts]]], rates: list[float]) -> Iterator[str]:
    """Event F1 of each model at equal flicker, and how far later models are above the first one."""
    yield "event F1 at equal flicker; among it the truth's, and each model's without smoothing"
    yield f"{'changes/s':24} " + " ".join(f"{rate:6.3f}" for rate in rates)
    for name, spans in counts.items():
        curve = f1_at_flicker([total(those) for those in spans], rates)
        yield f"{name:24} " + " ".join(f"{value:6.3f}" for value in curve)
    (first, base), *others = counts.items()
    for name, spans in others if len(base[0]) > 2 else ():
        yield f"{name} less {first}: 95 % of the draws of sequences"
        for end, values in zip(
            ("from", "to"), difference_interval(base, spans, rates), strict=True
        ):
            yield f"{end:24} " + " ".join(f"{value:+6.3f}" for value in values)


def draw(predictions: dict[str, list[PersonPredictions]], picture: Path) -> None:
    """A curve a model: flicker to the right, event F1 upwards; the spans are written at the points."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="label changes a second", ylabel="event F1")
    axes.set_xscale("symlog", linthresh=0.1)  # a clip may have no change at all
    axes.set_xticks(FLICKER)
    axes.xaxis.set_major_formatter("{x:g}")
    for name, those in predictions.items():
        points = [total(counts) for counts in counts_of(those)]
        axes.plot([p.flicker for p in points], [p.f1 for p in points], marker="o", label=name)
        for span, point in zip(SPANS, points, strict=True):
            axes.annotate(f"{span:g} s", (point.flicker, point.f1), fontsize=7)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(picture, dpi=150)


def main() -> None:
    """Read the arguments, compare, print, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path, nargs="?", help="in Aff-Wild2's layout")
    parser.add_argument("models", type=Path, nargs="*", help="checkpoints, or with --marks folders")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the picture")
    parser.add_argument("--marks", type=Path, help="CSV as examples/onsets.csv")
    parser.add_argument("--features", type=Path, help="folder in which features are kept")
    parser.add_argument("--fps", type=float, default=30.0, help="of the tree")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    read: Callable[[argparse.Namespace], dict[str, list[PersonPredictions]]] = read_tree
    if arguments.marks is not None:
        arguments.models, read = [arguments.tree, *arguments.models], read_clips
    if not arguments.models or arguments.models[0] is None:
        parser.error("name at least one model, or folder of annotations")
    try:
        predictions = read(arguments)
    except VidexprError as exc:
        raise SystemExit(f"error: {exc}") from None
    for line in lines_of(predictions):
        print(line)
    draw(predictions, arguments.output)


if __name__ == "__main__":
    main()

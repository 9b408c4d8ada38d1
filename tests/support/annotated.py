"""Made-up annotations of labeled videos, for the tests of what is tuned on them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from records import record_of

from videxpr.formats.affwild2 import write_labels
from videxpr.formats.parquet import write_parquet
from videxpr.formats.record import Annotation, FaceRows
from videxpr.model.logit_adjustment import adjusted
from videxpr.temporal.smoothing import moving_mean

FPS = 25
SHARES = (0.30, 0.05, 0.04, 0.04, 0.20, 0.15, 0.07, 0.15)
EVEN = (0.125,) * 8


def segments(frames: int, length: int, seed: int, shares: Sequence[float] = EVEN) -> np.ndarray:
    """Labels that stay the same for about so many frames, drawn by their shares."""
    drawn = np.random.default_rng(seed)
    labels: list[int] = []
    while len(labels) < frames:
        count = 1 if length == 1 else 1 + int(drawn.exponential(length))
        labels += [int(drawn.choice(8, p=np.array(shares) / sum(shares)))] * count
    return np.array(labels[:frames])


def guessed(
    labels: np.ndarray,
    seed: int,
    noise: float = 1.0,
    lead: float = 1.5,
    shares: Sequence[float] = EVEN,
    bias: float = 0.0,
) -> np.ndarray:
    """Noisy probabilities of labels; with a bias, expressions win as they are frequent."""
    logits = np.random.default_rng(seed).normal(0, noise, (len(labels), 8))
    logits[np.arange(len(labels)), labels] += lead
    logits += bias * np.log(np.array(shares) / sum(shares))
    weights = np.exp(logits)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def annotation(
    name: str,
    probabilities: np.ndarray,
    *,
    seen: np.ndarray | None = None,
    shots: np.ndarray | None = None,
    shares: Sequence[float] = (),
    smooth: float = 0.5,
    strength: float = 0.0,
    **options: object,
) -> Annotation:
    """The annotation of one person whom these unsmoothed, unadjusted probabilities were guessed for."""
    count = len(probabilities)
    shots = np.zeros(count, np.int64) if shots is None else shots
    frames = np.arange(count) if seen is None else np.flatnonzero(seen)
    times = np.arange(count) / FPS
    rows = adjusted(probabilities[frames], shares, strength)
    smoothed = rows.copy()
    for shot in np.unique(shots[frames]):
        own = np.flatnonzero(shots[frames] == shot)
        smoothed[own] = moving_mean(rows[own], times[frames[own]], smooth)
    faces = FaceRows(
        frame=frames,
        track=shots[frames] + 1,
        person=np.ones(len(frames), np.int64),
        rank=np.zeros(len(frames), np.int64),
        bbox=np.tile(np.array([10, 10, 90, 90], np.float32), (len(frames), 1)),
        landmarks=np.ones((len(frames), 10), np.float32),
        score=np.full(len(frames), 0.9, np.float32),
        bridged=np.zeros(len(frames), bool),
        probabilities=rows,
        smoothed=smoothed,
    )
    stated = {"stride": 16, "tail": "aligned", "missing": "fill"}
    stated |= {"smooth": smooth, "logit-adjustment": strength} | options
    return record_of(
        video=f"{name}.mp4",
        first_frame=0,
        pts_seconds=times,
        seconds=times,
        shots=shots,
        faces=faces,
        provenance={
            "model": "made up",
            "model_sha256": "ab" * 32,
            "class_shares": json.dumps(list(shares)),
            "options": json.dumps(stated),
        },
    )


def write_video(folder: Path, annotation: Annotation, labels: np.ndarray) -> None:
    """Its Parquet file in ``predictions``, its labels in ``labels``."""
    name = annotation.video.removesuffix(".mp4")
    write_parquet(folder / "predictions" / f"{name}.parquet", annotation)
    write_labels(folder / "labels" / f"{name}.txt", labels)

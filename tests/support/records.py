"""What tests of records share."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.record import Annotation, FaceRows
from videxpr.video.timeline import monotonic_seconds

nan = float("nan")


UNTRAINED = EXPRESSIONS.index("Other")


def face_rows(frames: list[int], ranks: list[int], bridged: list[bool], seed: int = 0) -> FaceRows:
    """Rows of random numbers; no box where bridged, no probability of the untrained class."""
    random = np.random.default_rng(seed)
    count = len(frames)
    gap = np.array(bridged, dtype=bool)
    probabilities = random.dirichlet(np.ones(8), count).astype(np.float32).reshape(count, 8)
    probabilities[:, UNTRAINED] = nan
    smoothed = random.dirichlet(np.ones(8), count).astype(np.float32).reshape(count, 8)
    smoothed[:, UNTRAINED] = nan
    return FaceRows(
        frame=np.array(frames, np.int64),
        track=np.array(ranks, np.int64) + 1,
        rank=np.array(ranks, np.int64),
        bbox=np.where(gap[:, None], nan, random.uniform(-9, 999, (count, 4))).astype(np.float32),
        landmarks=np.where(gap[:, None], nan, random.uniform(0, 999, (count, 10))).astype("f4"),
        score=np.where(gap, nan, random.random(count)).astype(np.float32),
        bridged=gap,
        probabilities=probabilities,
        smoothed=smoothed,
    )


def annotation() -> Annotation:
    """Frames 5 to 9: one face, two, nobody, one bridged without a time, nobody in a new shot."""
    return Annotation(
        video="folder/clip.mp4",
        first_frame=5,
        pts_seconds=np.array([0.2, 0.24, 0.28, nan, 0.36]),
        seconds=monotonic_seconds(np.array([0.2, 0.24, 0.28, nan, 0.36]), 30.0),
        shots=np.array([0, 0, 0, 0, 1]),
        faces=face_rows([5, 6, 6, 8], [0, 0, 1, 0], [False, False, False, True]),
        people=2,
        provenance={"videxpr_version": "1", "model": "starter", "detector": "mtcnn"},
    )


def nobody() -> Annotation:
    return replace(annotation(), faces=face_rows([], [], []))


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    count = draw(st.integers(1, 12))
    first = draw(st.integers(0, 100_000))
    people = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    pairs = [(first + n, rank) for n, seen in enumerate(people) for rank in range(seen)]
    bridged = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    frames, ranks = [frame for frame, _ in pairs], [rank for _, rank in pairs]
    times = st.one_of(st.just(nan), st.floats(0, 1e5))
    pts_seconds = np.array(draw(st.lists(times, min_size=count, max_size=count)))
    return Annotation(
        video=draw(st.text("ab ,\"'é/.", min_size=1)),
        first_frame=first,
        pts_seconds=pts_seconds,
        seconds=monotonic_seconds(pts_seconds, 30.0),
        shots=np.arange(count) // 5,
        faces=face_rows(frames, ranks, bridged, draw(st.integers(0, 1000))),
        people=None,
    )

"""What tests of records share."""

import dataclasses
from typing import Any

import numpy as np
from hypothesis import strategies as st

from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Times
from videxpr.formats.frame_labels import fill_labels
from videxpr.formats.record import Annotation, FaceRows
from videxpr.video.timeline import Timeline

nan = float("nan")


UNTRAINED = EXPRESSIONS.index("Other")


def record_of(**fields: Any) -> Annotation:
    """An annotation of these fields, its frames filled as annotate fills them."""
    names = ("faces", "first_frame", "seconds", "shots")
    paper = fields.get("paper_probabilities")
    labels = fill_labels(*(fields[name] for name in names), paper)
    return Annotation(**fields, filled_labels=labels)


def changed(annotation: Annotation, **fields: Any) -> Annotation:
    """The annotation with other fields, its frames filled anew."""
    own = {one.name: getattr(annotation, one.name) for one in dataclasses.fields(annotation)}
    del own["filled_labels"]
    return record_of(**own | fields)


def rows_of_probabilities(count: int, seed: int) -> np.ndarray:
    """Random rows that sum to 1, none of the untrained class."""
    rows = np.random.default_rng(seed).dirichlet(np.ones(7), count).astype(np.float32)
    return np.insert(rows.reshape(count, 7), UNTRAINED, nan, axis=1)


def face_rows(frames: list[int], ranks: list[int], bridged: list[bool], seed: int = 0) -> FaceRows:
    """Rows of random numbers; no box where bridged, no probability of the untrained class."""
    random = np.random.default_rng(seed)
    count = len(frames)
    gap = np.array(bridged, dtype=bool)
    return FaceRows(
        frame=np.array(frames, np.int64),
        track=np.array(ranks, np.int64) + 1,
        person=np.array(ranks, np.int64) + 1,
        rank=np.array(ranks, np.int64),
        bbox=np.where(gap[:, None], nan, random.uniform(-9, 999, (count, 4))).astype(np.float32),
        landmarks=np.where(gap[:, None], nan, random.uniform(0, 999, (count, 10))).astype("f4"),
        score=np.where(gap, nan, random.random(count)).astype(np.float32),
        bridged=gap,
        probabilities=rows_of_probabilities(count, seed),
        smoothed=rows_of_probabilities(count, seed + 1),
    )


def clock(pts_seconds: Times) -> Times:
    """The seconds of frames with these times."""
    timeline = Timeline()
    return np.array([timeline.add(n, pts, 0, (1, 1)) for n, pts in enumerate(pts_seconds.tolist())])


def annotation() -> Annotation:
    """Frames 5 to 9: one face, two, nobody, one bridged without a time, nobody in a new shot."""
    return record_of(
        video="folder/clip.mp4",
        first_frame=5,
        pts_seconds=np.array([0.2, 0.24, 0.28, nan, 0.36]),
        seconds=clock(np.array([0.2, 0.24, 0.28, nan, 0.36])),
        shots=np.array([0, 0, 0, 0, 1]),
        faces=face_rows([5, 6, 6, 8], [0, 0, 1, 0], [False, False, False, True]),
        people=2,
        decode_errors=3,
        container_start_seconds=0.25,
        last_frame_seconds=0.04,
        warnings=('3 damaged packets, or "frames"',),
        provenance={"videxpr_version": "1", "model": "starter", "detector": "mtcnn"},
    )


def nobody() -> Annotation:
    return changed(annotation(), faces=face_rows([], [], []))


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    count = draw(st.integers(1, 12))
    first = draw(st.integers(0, 100_000))
    people = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    pairs = [(first + n, rank) for n, seen in enumerate(people) for rank in range(seen)]
    bridged = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    frames, ranks = [frame for frame, _ in pairs], [rank for _, rank in pairs]
    times = st.one_of(st.just(nan), st.floats(0, 1e5))
    texts, seed = st.text("ab ,\"'é/."), draw(st.integers(0, 1000))
    pts_seconds = np.array(draw(st.lists(times, min_size=count, max_size=count)))
    return record_of(
        video=draw(st.text("ab ,\"'é/.", min_size=1)),
        first_frame=first,
        pts_seconds=pts_seconds,
        seconds=clock(pts_seconds),
        shots=np.arange(count) // 5,
        faces=face_rows(frames, ranks, bridged, seed),
        paper_probabilities=rows_of_probabilities(count, seed) if draw(st.booleans()) else None,
        people=draw(st.sampled_from([1, 2, None])),
        decode_errors=draw(st.integers(0, 9)),
        container_start_seconds=draw(st.floats(0, 1e5)),
        last_frame_seconds=draw(st.none() | st.floats(1e-3, 10)),
        warnings=tuple(draw(st.lists(st.text(max_size=5), max_size=2))),
        provenance=draw(st.dictionaries(st.sampled_from(["model", "é"]), texts)),
    )

"""People classified as they come, against their whole sequences; a made-up model answers."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.annotation import streaming
from videxpr.annotation.streaming import (
    MainFaces,
    ShotStreams,
    TrackStream,
    merge_rows,
    nearest_crop_rows,
    track_rows,
)
from videxpr.core.structures import Face, Floats
from videxpr.faces.people import Identity
from videxpr.faces.subjects import RankedTrack, Subject, rank_tracks
from videxpr.faces.track import Track
from videxpr.formats.record import FaceRows
from videxpr.model.ensemble import Predictions, PredictionStream
from videxpr.model.inference import probabilities
from videxpr.temporal.options import WindowOptions
from videxpr.temporal.smoothing import moving_mean
from videxpr.temporal.windows import LogitStream, sliding_logits

WIDTH = 9
WINDOWS = WindowOptions(stride=2)
WINDOW = 8
FPS = 25
BRIDGE_SECONDS = 16.5 / FPS
BRIDGED = 16
"""Frames in the longest gap that is bridged."""


def classify(windows: Floats) -> Floats:
    """Predictions that depend on the frame and on the whole window."""
    return (windows[..., :8] + windows.mean(axis=(1, 2), keepdims=True)).astype(np.float32)


def together(logits: list[Floats]) -> Predictions:
    return Predictions(probabilities(logits[0]), logits[0])


def begin() -> PredictionStream:
    return PredictionStream([LogitStream(classify, WINDOW, WINDOWS)], [], together)


def new_track(smooth: float = 0.3, keep: bool = False) -> TrackStream:
    return TrackStream(begin, lambda frames: frames / FPS, BRIDGE_SECONDS, smooth, keep)


def features_of(frames: list[int]) -> Floats:
    return np.random.default_rng(len(frames)).standard_normal((len(frames), WIDTH)).astype("f4")


def track_of(number: int, frames: list[int]) -> Track:
    """A track whose faces lie at 100 times its number plus the frame."""
    track = Track(number, shot=0)
    for frame in frames:
        corner = 100.0 * number + frame
        box = np.array([corner, 0, corner + 1, 1], np.float32)
        track.add(frame, frame / FPS, Face(box, np.full((5, 2), corner, np.float32), 0.75))
    return track


def ranked(track: Track) -> RankedTrack:
    """The track of somebody alone."""
    (alone,) = rank_tracks([Subject((track,))], lambda frames: frames / FPS, BRIDGE_SECONDS)
    return alone


def answered(frames: list[int], stream: TrackStream) -> FaceRows:
    for frame, row in zip(frames, features_of(frames), strict=True):
        stream.add(frame, row)
    return stream.finish(ranked(track_of(1, frames)))


def plainly(frames: list[int], smooth: float) -> FaceRows:
    """The same from all features at once: each sequence whole, everything smoothed at the end."""
    features, pieces, buffered, logits = features_of(frames), [], [], []
    sequences = np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) > 17) + 1)
    for places in sequences:
        known = np.array(frames)[places]
        every = np.arange(known[0], known[-1] + 1)
        last = places[np.searchsorted(known, every, side="right") - 1]
        pieces.append(every)
        buffered.append(features[last])
        logits.append(sliding_logits(features[last], classify, WINDOW, WINDOWS))
    rows, every = probabilities(np.concatenate(logits)), np.concatenate(pieces)
    smoothed = moving_mean(rows, every / FPS, smooth)
    plain = track_rows(ranked(track_of(1, frames)), rows, smoothed)
    np.testing.assert_array_equal(plain.frame, every)
    return replace(plain, features=np.concatenate(buffered), logits=np.concatenate(logits))


steps = st.lists(st.one_of(st.just(1), st.integers(1, 22)), max_size=150)
"""From each detection to the next, in frames."""


@given(steps, st.integers(0, 10_000), st.sampled_from([0.0, 0.3, 2.0]))
def test_who_is_answered_as_they_come_is_answered_as_a_whole_to_the_bit(
    steps: list[int], first: int, smooth: float
) -> None:
    frames = (first + np.cumsum([0, *steps])).tolist()
    found, expected = answered(frames, new_track(smooth, keep=True)), plainly(frames, smooth)
    for name, values in vars(expected).items():
        np.testing.assert_array_equal(getattr(found, name), values, err_msg=name)


def test_features_and_logits_are_left_out_unless_they_are_kept() -> None:
    plain = answered([1, 2, 5], new_track())
    assert plain.features is None and plain.logits is None
    assert plain.frame.tolist() == [1, 2, 3, 4, 5]


def test_who_came_once_is_one_row() -> None:
    found = answered([7], new_track())
    assert found.frame.tolist() == [7]
    assert found.probabilities.shape == found.smoothed.shape == (1, 8)


def test_a_person_is_over_when_the_gap_is_too_long_to_be_bridged() -> None:
    stream = new_track()
    stream.add(10, features_of([10])[0])
    assert not stream.is_over(10 + BRIDGED + 1)
    assert stream.is_over(10 + BRIDGED + 2)
    assert not stream.is_over(3)  # a face that waited comes late
    assert stream.buffered == 1
    stream.end_sequence()
    assert stream.buffered == 0


def walk_on(people: int, frames: int) -> ShotStreams:
    """A shot through which people walk one after another, each seen in so many frames."""
    streams = ShotStreams(new_track)
    for person in range(people):
        track = walker(person, frames)
        for frame, row in zip(track.frames, features_of([0] * frames), strict=True):
            streams.add(track, frame, row)
    return streams


def walker(person: int, frames: int) -> Track:
    return track_of(person, [person * (frames + 20) + number for number in range(frames)])


def test_people_who_have_gone_are_classified_only_when_many_features_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = walk_on(people=12, frames=10)
    assert waiting.buffered == 12 * 10
    monkeypatch.setattr(streaming, "BUFFERED_ROWS", 35)
    few = walk_on(people=12, frames=10)
    assert few.buffered <= 35 + 10
    for person in range(12):
        track = ranked(walker(person, 10))
        one, other = waiting.finish(track), few.finish(track)
        np.testing.assert_array_equal(one.smoothed, other.smoothed)
    assert waiting.buffered == few.buffered == 0


def test_who_was_classified_as_gone_can_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BUFFERED_ROWS", 0)
    frames, rows = [0, 1, 40, 41], features_of([0, 1, 40, 41])
    streams, track = ShotStreams(new_track), track_of(1, frames[:2])
    for frame, row in zip(frames[:2], rows[:2], strict=True):
        streams.add(track, frame, row)
    streams.add(track_of(2, [30]), 30, rows[0])
    assert streams.buffered == 1
    for frame, row in zip(frames[2:], rows[2:], strict=True):
        streams.add(track, frame, row)
    assert streams.buffered == 3
    found, expected = streams.finish(ranked(track_of(1, frames))), plainly(frames, 0.3)
    np.testing.assert_array_equal(found.smoothed, expected.smoothed)
    streams.clear()
    assert streams.buffered == 0


def test_a_track_of_which_faces_are_on_their_way_is_not_taken_for_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streaming, "BUFFERED_ROWS", 0)
    frames = list(range(20))
    streams, track, rows = ShotStreams(new_track), track_of(1, frames), features_of(frames)
    for frame, row in zip(frames[:5], rows[:5], strict=True):
        streams.add(track, frame, row)
    streams.add(track_of(2, [90]), 90, rows[0])  # the others waited, and come after it
    for frame, row in zip(frames[5:], rows[5:], strict=True):
        streams.add(track, frame, row)
    found = streams.finish(ranked(track))
    np.testing.assert_array_equal(found.smoothed, plainly(frames, 0.3).smoothed)


def test_no_batch_of_features_is_held_for_the_sake_of_one_of_its_rows() -> None:
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    stream = new_track()
    for frame in range(20):
        batch = np.zeros((1000, WIDTH), np.float32)
        stream.add(frame, batch[0])
        del batch
    assert tracemalloc.get_traced_memory()[0] - before < 30_000
    tracemalloc.stop()


def test_memory_grows_by_rows_and_not_by_features() -> None:
    """A hundred thousand frames of one person, each with 888 features (355 MB in all)."""
    pool = np.random.default_rng(0).standard_normal((500, 888)).astype(np.float32)
    face = Face(np.ones(4, np.float32), np.ones((5, 2), np.float32), 0.9)

    def longer() -> TrackStream:
        stream = LogitStream(classify, 64, WindowOptions())
        return TrackStream(
            lambda: PredictionStream([stream], [], together),
            lambda frames: frames / FPS,
            BRIDGE_SECONDS,
            0.5,
        )

    tracemalloc.start()
    streams, track, buffered = ShotStreams(longer), Track(1, 0), []
    for frame in range(100_000):
        track.add(frame, frame / FPS, face)
        streams.add(track, frame, pool[frame % 500])
        if frame % 10_000 == 9_999:
            buffered.append(tracemalloc.get_traced_memory()[0])
    growth = (buffered[-1] - buffered[0]) / 90_000
    peak_of_features = tracemalloc.get_traced_memory()[1] - buffered[-1]
    rows = merge_rows([streams.finish(ranked(track))], {1: Identity(1, 1)})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rows) == 100_000
    assert growth < 180  # bytes a row: 76 of the face, 72 of the answers, and room to grow
    assert peak_of_features < 20e6
    assert peak < 100_000 * 500


def person(number: int, rank: int, frames: list[int], bridged: tuple[int, ...] = ()) -> FaceRows:
    """Rows whose answers are the number of the track and, smoothed, the frame."""
    detected = [frame for frame in frames if frame not in bridged]
    answers = np.full((len(frames), 8), number, np.float32)
    smoothed = np.repeat(np.array(frames, np.float32)[:, None], 8, axis=1)
    ranks = np.full(len(frames), rank)
    return track_rows(
        RankedTrack(track_of(number, detected), rank, np.array(frames), ranks), answers, smoothed
    )


WHO = {1: Identity(1, 1), 2: Identity(2, 2), 3: Identity(3, 1)}


def test_rows_are_by_frame_and_then_by_rank_with_their_own_numbers() -> None:
    people = [person(2, 0, [3, 4, 5]), person(1, 1, [2, 3, 4]), person(3, 0, [8, 9])]
    rows = merge_rows(people, WHO)
    assert rows.frame.tolist() == [2, 3, 3, 4, 4, 5, 8, 9]
    assert rows.rank.tolist() == [1, 0, 1, 0, 1, 0, 0, 0]
    assert rows.track.tolist() == [1, 2, 1, 2, 1, 2, 3, 3]
    assert rows.person.tolist() == [1, 2, 1, 2, 1, 2, 1, 1]
    np.testing.assert_array_equal(rows.bbox[:, 0], 100 * rows.track + rows.frame)
    np.testing.assert_array_equal(rows.landmarks, np.repeat(rows.bbox[:, :1], 10, axis=1))
    np.testing.assert_array_equal(rows.probabilities[:, 0], rows.track)
    np.testing.assert_array_equal(rows.smoothed[:, 7], rows.frame)
    assert (rows.score == 0.75).all() and not rows.bridged.any()
    assert rows.features is None and rows.logits is None


def test_bridged_frames_have_answers_and_no_face() -> None:
    one = person(1, 0, [4, 5, 6, 7, 8], bridged=(5, 6))
    rows = merge_rows([one], WHO)
    assert rows.bridged.tolist() == [False, True, True, False, False]
    assert rows.score[[0, 3, 4]].tolist() == [0.75] * 3
    assert rows.bbox[[0, 3, 4], 0].tolist() == [104, 107, 108]
    for values in (rows.bbox, rows.landmarks, rows.score):
        assert np.isnan(values[1:3]).all() and not np.isnan(values[[0, 3, 4]]).any()
    assert (rows.probabilities == 1).all()


def test_a_video_without_anybody_has_no_rows() -> None:
    rows = merge_rows([], {})
    assert len(rows) == 0 and rows.bbox.shape == (0, 4)


def test_the_authors_way_answers_for_all_frames_and_has_rows_of_detected_ones() -> None:
    def predict(features: Floats) -> Predictions:
        return Predictions(np.repeat(features, 8, axis=1), -np.repeat(features, 8, axis=1))

    mains = [
        MainFaces(ranked(track_of(number, frames)), np.array(frames, np.float32)[:, None])
        for number, frames in ((1, [11, 12]), (2, [16, 18]))
    ]
    people, every = nearest_crop_rows(mains, 10, 10, predict, keep_features=True)
    assert every is not None
    assert every[:, 0].tolist() == [11, 11, 12, 12, 12, 16, 16, 16, 18, 18]
    rows = merge_rows(people, WHO)
    assert rows.frame.tolist() == rows.probabilities[:, 0].tolist() == [11, 12, 16, 18]
    assert rows.features is not None and rows.logits is not None
    assert rows.features[:, 0].tolist() == (-rows.logits[:, 3]).tolist() == [11, 12, 16, 18]
    assert nearest_crop_rows([], 0, 5, predict) == ([], None)

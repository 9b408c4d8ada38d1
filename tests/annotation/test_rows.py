"""Rows of a video from made-up tracks and answers."""

import numpy as np

from videxpr.annotation.rows import merge_rows, nearest_crop_rows, person_rows
from videxpr.annotation.streaming import PersonPredictions
from videxpr.core.structures import Face, Floats
from videxpr.faces.track import Track
from videxpr.formats.record import FaceRows
from videxpr.model.ensemble import Predictions


def track_of(number: int, frames: list[int]) -> Track:
    """A track whose faces lie at 100 times its number plus the frame."""
    track = Track(number, shot=0)
    for frame in frames:
        corner = 100.0 * number + frame
        box = np.array([corner, 0, corner + 1, 1], np.float32)
        track.add(frame, frame / 25, Face(box, np.full((5, 2), corner, np.float32), 0.75))
    return track


def person(number: int, rank: int, frames: list[int], bridged: tuple[int, ...] = ()) -> FaceRows:
    """Rows whose answers are the number of the track and, smoothed, the frame."""
    detected = [frame for frame in frames if frame not in bridged]
    answers = np.full((len(frames), 8), number, np.float32)
    smoothed = np.repeat(np.array(frames, np.float32)[:, None], 8, axis=1)
    return person_rows(
        track_of(number, detected), rank, PersonPredictions(np.array(frames), answers, smoothed)
    )


def test_rows_are_by_frame_and_then_by_rank_with_their_own_numbers() -> None:
    people = [person(2, 0, [3, 4, 5]), person(1, 1, [2, 3, 4]), person(3, 0, [8, 9])]
    rows = merge_rows(people)
    assert rows.frame.tolist() == [2, 3, 3, 4, 4, 5, 8, 9]
    assert rows.rank.tolist() == [1, 0, 1, 0, 1, 0, 0, 0]
    assert rows.track.tolist() == [1, 2, 1, 2, 1, 2, 3, 3]
    np.testing.assert_array_equal(rows.bbox[:, 0], 100 * rows.track + rows.frame)
    np.testing.assert_array_equal(rows.landmarks, np.repeat(rows.bbox[:, :1], 10, axis=1))
    np.testing.assert_array_equal(rows.probabilities[:, 0], rows.track)
    np.testing.assert_array_equal(rows.smoothed[:, 7], rows.frame)
    assert (rows.score == 0.75).all() and not rows.bridged.any()
    assert rows.features is None and rows.logits is None


def test_bridged_frames_have_answers_and_no_face() -> None:
    one = person(1, 0, [4, 5, 6, 7, 8], bridged=(5, 6))
    rows = merge_rows([one])
    assert rows.bridged.tolist() == [False, True, True, False, False]
    assert rows.score[[0, 3, 4]].tolist() == [0.75] * 3
    assert rows.bbox[[0, 3, 4], 0].tolist() == [104, 107, 108]
    for values in (rows.bbox, rows.landmarks, rows.score):
        assert np.isnan(values[1:3]).all() and not np.isnan(values[[0, 3, 4]]).any()
    assert (rows.probabilities == 1).all()


def test_a_video_without_anybody_has_no_rows() -> None:
    rows = merge_rows([])
    assert len(rows) == 0 and rows.bbox.shape == (0, 4)


def test_the_authors_way_answers_for_all_frames_and_has_rows_of_detected_ones() -> None:
    def predict(features: Floats) -> Predictions:
        return Predictions(np.repeat(features, 8, axis=1), -np.repeat(features, 8, axis=1))

    mains = [
        (track_of(number, frames), np.array(frames, np.float32)[:, None])
        for number, frames in ((1, [11, 12]), (2, [16, 18]))
    ]
    people, every = nearest_crop_rows(mains, 10, 10, predict, keep_features=True)
    assert every is not None
    assert every[:, 0].tolist() == [11, 11, 12, 12, 12, 16, 16, 16, 18, 18]
    rows = merge_rows(people)
    assert rows.frame.tolist() == rows.probabilities[:, 0].tolist() == [11, 12, 16, 18]
    assert rows.features is not None and rows.logits is not None
    assert rows.features[:, 0].tolist() == (-rows.logits[:, 3]).tolist() == [11, 12, 16, 18]
    assert nearest_crop_rows([], 0, 5, predict) == ([], None)

"""Videos followed from frame to track, with a scripted detector."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline import FPS, ScriptedDetector, face, picture, write_clip

from videxpr import video
from videxpr.decoding import DecodingOptions
from videxpr.errors import SourceError
from videxpr.following import Follower, FollowingOptions, FrameLog
from videxpr.structures import Frame

BRIGHT = 200
"""Base of the second shot's pictures."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two shots of 20 and 15 frames."""
    pictures = [picture(n) for n in range(20)] + [picture(n, BRIGHT) for n in range(15)]
    return write_clip(tmp_path_factory.mktemp("clip") / "two.mp4", pictures)


def follower(script=lambda number: [face()], **options) -> Follower:
    return Follower(ScriptedDetector(script), FollowingOptions(**options))


def followed(path, script=lambda number: [face()], **options):
    """The shots, the sights that were handed over, and the log."""
    log, sights = FrameLog(), []
    shots = list(follower(script, **options).shots(path, log, sights.extend))
    return shots, sights, log


def test_every_face_is_handed_over_once_with_its_picture_and_track(clip):
    def script(number):
        return [face(), face(x=150)] if number % 2 else [face()]

    shots, sights, log = followed(clip, script, batch_size=7)
    assert [sight.frame.index for sight in sights] == sorted([*range(35), *range(1, 35, 2)])
    bright = [sight.frame.image.mean() > 130 for sight in sights]
    assert bright == [sight.frame.index >= 20 for sight in sights]
    for sight in sights:
        position = sight.track.frames.index(sight.frame.index)
        np.testing.assert_array_equal(sight.track.faces[position].bbox, sight.face.bbox)
    assert log.shots.tolist() == [0] * 20 + [1] * 15
    assert [[track.shot for track in shot.tracks] for shot in shots] == [[0, 0], [1, 1]]
    frames = [track.frames.tolist() for track in shots[1].tracks]
    assert frames == [[*range(20, 35)], [*range(21, 35, 2)]]
    assert {shot.picture for shot in shots} == {(240, 160)}


def test_faces_come_before_their_shot_and_after_the_shot_before(clip):
    events = []
    log = FrameLog()
    take = lambda sights: events.extend(sight.frame.index for sight in sights)  # noqa: E731
    for shot in follower(batch_size=8).shots(clip, log, take):
        events.append(f"end of {shot.tracks[0].shot}")
    assert events == [*range(20), "end of 0", *range(20, 35), "end of 1"]


def test_a_shot_without_faces_has_no_tracks(clip):
    shots, sights, log = followed(clip, lambda number: [])
    assert [shot.tracks for shot in shots] == [[], []]
    assert not sights
    assert len(log) == 35


def test_batches_change_nothing(clip):
    whole, *rest = (followed(clip, batch_size=size) for size in (100, 16, 1))
    for shots, _, log in rest:
        assert log == whole[2]
        for one, other in zip(shots, whole[0], strict=True):
            assert [track.frames for track in one.tracks] == [t.frames for t in other.tracks]


def test_start_and_end_keep_true_numbers_and_times(clip):
    _, sights, log = followed(clip, start_seconds=0.2, end_seconds=0.6)
    assert (log.first_frame, len(log)) == (5, 10)
    assert [sight.frame.index for sight in sights] == list(range(5, 15))
    np.testing.assert_allclose(log.pts_seconds, np.arange(5, 15) / FPS)
    np.testing.assert_allclose(log.seconds, np.arange(10) / FPS)


def test_progress_counts_frames_up_to_what_the_container_says(clip):
    seen = []
    for _ in follower().shots(
        clip, FrameLog(), lambda sights: None, lambda *each: seen.append(each)
    ):
        pass
    assert seen == [(16, 35), (20, 35), (35, 35)]  # batches of 16, never of two shots


def test_no_frame_at_all_is_an_error_that_names_the_file(clip):
    with pytest.raises(SourceError, match=r"two\.mp4"):
        followed(clip, start_seconds=99.0)


def frame(index: int, pts_seconds: float) -> Frame:
    return Frame(index, pts_seconds, np.zeros((4, 6, 3), np.uint8))


@given(
    st.lists(
        st.integers(-(10**9), 10**9).map(lambda ticks: ticks / 90_000) | st.just(math.nan),
        min_size=1,
        max_size=40,
    ),
    st.integers(0, 1000),
)
def test_the_log_has_a_clock_that_always_rises(times, first):
    log = FrameLog(fps=25.0)
    for number, pts_seconds in enumerate(times):
        assert log.add(frame(first + number, pts_seconds), 0) == log.seconds[-1]
    assert log.seconds[0] == 0
    assert (np.diff(log.seconds) > 0).all()
    np.testing.assert_array_equal(log.pts_seconds, times)
    assert log.picture == (6, 4)
    wanted = np.arange(first, first + len(times))[::3]
    np.testing.assert_array_equal(log.times(wanted), log.seconds[::3])


def test_a_frame_without_a_time_comes_a_usual_step_later():
    log = FrameLog(fps=10.0)
    for number, pts_seconds in enumerate([5.0, math.nan, 5.5, 5.75, 6.0, 4.0]):
        log.add(frame(number, pts_seconds), 0)
    # no step is known at the first NaN, and none from NaN to 5.5; then 0.25 twice, and 0.25 assumed
    np.testing.assert_allclose(np.diff(log.seconds), [0.1, 0.1, 0.25, 0.25, 0.25])
    assert log.odd_steps == 3


def test_untimed_frames_have_the_assumed_rate():
    log = FrameLog(fps=20.0)
    log.add_untimed(3)
    assert np.isnan(log.pts_seconds).all()
    assert log.seconds.tolist() == [0.0, 0.05, 0.1]
    assert log.shots.tolist() == [0, 0, 0]


def test_why_a_gpu_does_not_decode_is_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "obstacle", lambda codec: "it is out")
    clip = write_clip(tmp_path / "v.mp4", [picture(n) for n in range(3)])
    options = FollowingOptions(decoding=DecodingOptions("auto", "cuda:0"))
    log = FrameLog()
    list(Follower(ScriptedDetector(lambda n: []), options).shots(clip, log, lambda sights: None))
    assert (len(log), log.decoder_note) == (3, "it is out")

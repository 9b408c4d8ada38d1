"""The faces of videos, from frame to track, with a scripted detector."""

import threading

import numpy as np
import pytest
from chosen import face_options
from pipeline import FPS, ScriptedDetector, face, picture, write_clip

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import SourceError
from videxpr.faces.pipeline import FacePipeline
from videxpr.video import reader as video
from videxpr.video.options import DecodingOptions
from videxpr.video.timeline import Timeline

BRIGHT = 200
"""Base of the second shot's pictures."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two shots of 20 and 15 frames."""
    pictures = [picture(n) for n in range(20)] + [picture(n, BRIGHT) for n in range(15)]
    return write_clip(tmp_path_factory.mktemp("clip") / "two.mp4", pictures)


def pipeline(script=lambda number: [face()], **options) -> FacePipeline:
    return FacePipeline(ScriptedDetector(script), face_options(**options), [ARCFACE])


def tracked_shots(path, script=lambda number: [face()], **options):
    """The shots, the faces that were handed over, and the timeline."""
    timeline, tracked_faces = Timeline(), []
    shots = list(pipeline(script, **options).shots(path, timeline, tracked_faces.extend))
    return shots, tracked_faces, timeline


def test_every_face_is_handed_over_once_with_its_picture_and_track(clip):
    def script(number):
        return [face(), face(x=150)] if number % 2 else [face()]

    shots, tracked_faces, timeline = tracked_shots(clip, script, batch_size=7)
    assert [tracked.frame for tracked in tracked_faces] == sorted([*range(35), *range(1, 35, 2)])
    bright = [tracked.crops[0].mean() > 130 for tracked in tracked_faces]
    assert bright == [tracked.frame >= 20 for tracked in tracked_faces]
    for tracked in tracked_faces:
        position = tracked.track.frames.index(tracked.frame)
        np.testing.assert_array_equal(tracked.track.box(position), tracked.face.bbox)
    assert timeline.shots.tolist() == [0] * 20 + [1] * 15
    assert [[track.shot for track in shot.tracks] for shot in shots] == [[0, 0], [1, 1]]
    frames = [track.frames.tolist() for track in shots[1].tracks]
    assert frames == [[*range(20, 35)], [*range(21, 35, 2)]]
    assert {shot.frame_size for shot in shots} == {(240, 160)}


def test_faces_come_before_their_shot_and_after_the_shot_before(clip):
    events = []
    timeline = Timeline()

    def on_faces(tracked_faces):
        events.extend(tracked.frame for tracked in tracked_faces)

    for shot in pipeline(batch_size=8).shots(clip, timeline, on_faces):
        events.append(f"end of {shot.tracks[0].shot}")
    assert events == [*range(20), "end of 0", *range(20, 35), "end of 1"]


def test_a_shot_without_faces_has_no_tracks(clip):
    shots, tracked_faces, timeline = tracked_shots(clip, lambda number: [])
    assert [shot.tracks for shot in shots] == [[], []]
    assert not tracked_faces
    assert len(timeline) == 35


def test_batches_change_nothing(clip):
    whole, *rest = (tracked_shots(clip, batch_size=size) for size in (100, 16, 1))
    for shots, _, timeline in rest:
        assert timeline == whole[2]
        for one, other in zip(shots, whole[0], strict=True):
            assert [track.frames for track in one.tracks] == [t.frames for t in other.tracks]


def test_start_and_end_keep_true_numbers_and_times(clip):
    _, tracked_faces, timeline = tracked_shots(clip, start_seconds=0.2, end_seconds=0.6)
    assert (timeline.first_frame, len(timeline)) == (5, 10)
    assert [tracked.frame for tracked in tracked_faces] == list(range(5, 15))
    np.testing.assert_allclose(timeline.pts_seconds, np.arange(5, 15) / FPS)
    np.testing.assert_allclose(timeline.seconds, np.arange(10) / FPS)


def test_progress_counts_frames_up_to_what_the_container_says(clip):
    seen = []
    for _ in pipeline().shots(
        clip, Timeline(), lambda tracked_faces: None, lambda *each: seen.append(each)
    ):
        pass
    assert seen == [(16, 35), (20, 35), (35, 35)]  # batches of 16, never of two shots


def test_no_frame_at_all_is_an_error_that_names_the_file(clip):
    with pytest.raises(SourceError, match=r"two\.mp4"):
        tracked_shots(clip, start_seconds=99.0)


def test_why_a_gpu_does_not_decode_is_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "codec_unsupported_reason", lambda codec: "it is out")
    clip = write_clip(tmp_path / "v.mp4", [picture(n) for n in range(3)])
    options = face_options(decoding=DecodingOptions("auto", "cuda:0"))
    timeline = Timeline()
    list(
        FacePipeline(ScriptedDetector(lambda n: []), options, [ARCFACE]).shots(
            clip, timeline, lambda tracked_faces: None
        )
    )
    assert (len(timeline), timeline.decoder_note) == (3, "it is out")


@pytest.mark.parametrize("where", ["detector", "consumer", "reader"])
def test_whatever_fails_no_thread_is_left_and_the_error_is_raised(tmp_path, where):
    clip = write_clip(tmp_path / "v.mp4", [picture(n) for n in range(200)])
    taken = []

    def script(number):
        if where == "detector" and number == 40:
            raise ZeroDivisionError("in the detector")
        return [face()]

    def on_faces(tracked_faces):
        taken.extend(tracked_faces)
        if where == "consumer" and len(taken) > 40:
            raise ZeroDivisionError("in the consumer")

    def progress(done, total):
        if where == "reader" and done > 40:
            raise ZeroDivisionError("in the reader")

    shots = pipeline(script, batch_size=4).shots(clip, Timeline(), on_faces, progress)
    with pytest.raises(ZeroDivisionError, match=where):
        list(shots)
    assert 36 <= len(taken) <= 48  # what came before the error was handed over
    assert not [one for one in threading.enumerate() if one.name.startswith("videxpr-")]

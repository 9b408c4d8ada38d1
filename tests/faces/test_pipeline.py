"""The faces of videos, from frame to track, with a scripted detector."""

import threading
from fractions import Fraction

import numpy as np
import pytest
from chosen import face_options
from pipeline import FPS, ScriptedDetector, face, picture, write_clip
from videos import Recipe, Track, remux, replaced, write_tracks, write_video

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import SourceError
from videxpr.faces.options import KeyframeOptions
from videxpr.faces.pipeline import FacePipeline
from videxpr.video import reader as video
from videxpr.video.options import DecodingOptions, VideoLimits
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


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"start_seconds": 99.0}, "from 99 s on"),
        ({"end_seconds": 20.0}, "before 20 s"),
        ({"start_seconds": 5.0, "end_seconds": 9.5}, "between 5 and 9.5 s"),
    ],
)
def test_a_range_without_a_frame_is_an_error_that_says_when_the_video_runs(tmp_path, asked, where):
    clip = write_video(tmp_path / "v.mkv", range(20_000, 24_000, 40))
    with pytest.raises(SourceError) as caught:
        tracked_shots(clip, **asked)
    assert str(caught.value) == f"{clip}: no frame {where}; the video runs from 20.0 to 24.0 s"


def test_a_bare_stream_begins_and_ends_by_the_rate_that_it_states(tmp_path):
    clip = write_video(tmp_path / "v.h264", range(40), Recipe(time_base=Fraction(1, 20), rate=20))
    _, _, timeline = tracked_shots(clip, start_seconds=0.5, end_seconds=1.5)
    assert (timeline.first_frame, len(timeline)) == (10, 20)
    assert np.isnan(timeline.pts_seconds).all()
    np.testing.assert_allclose(timeline.seconds, np.arange(20) / 20)
    with pytest.raises(SourceError, match=r"on; the video runs from 0\.0 to 2\.0 s"):
        tracked_shots(clip, start_seconds=2.0)


def test_a_video_of_which_nothing_decodes_is_an_error_that_counts(tmp_path):
    clip = write_video(tmp_path / "whole.mp4", range(0, 400, 40))
    spoiled = remux(
        clip, tmp_path / "v.mp4", lambda _, packet: replaced(packet, bytes(packet.size))
    )
    with pytest.raises(
        SourceError, match=r"v\.mp4: none of its frames can be decoded \(10 damaged"
    ):
        tracked_shots(spoiled)


def test_what_the_reader_has_to_say_is_noted(tmp_path):
    stills = Track([0], Recipe(codec="mjpeg", pix_fmt="yuvj420p", time_base=Fraction(1, 25)))
    clip = write_tracks(tmp_path / "v.mkv", stills, Track(range(0, 400, 40)))
    timeline = tracked_shots(clip)[2]
    assert (len(timeline), timeline.stream, timeline.frame_size) == (10, 1, (64, 48))
    assert "--stream 0 takes the other" in timeline.video_warnings[0]
    assert len(tracked_shots(clip, decoding=DecodingOptions("cpu", stream=0))[2]) == 1


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


def test_a_size_that_changes_is_no_cut_and_boxes_stay_in_the_first_one(tmp_path):
    """As in recordings of calls, where the same person is sent larger or smaller."""
    parts = [
        write_video(tmp_path / f"{number}.h264", range(0, 400, 40), Recipe(width, height))
        for number, (width, height) in enumerate([(160, 120), (80, 60), (320, 240)])
    ]
    clip = tmp_path / "call.h264"
    clip.write_bytes(b"".join(part.read_bytes() for part in parts))
    shots, tracked_faces, timeline = tracked_shots(clip)
    assert timeline.shots.tolist() == [0] * 30 and timeline.frame_size == (160, 120)
    assert len(shots) == len(shots[0].tracks) == 1 and len(tracked_faces) == 30
    assert timeline.video_warnings == [
        "the frame's size changes 2 times (160x120, 80x60, 320x240); "
        "all frames are scaled to 160x120"
    ]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (VideoLimits(max_frames=34), "more than 34 frames; --max-frames sets the limit"),
        (VideoLimits(max_seconds=1.35), "lasts longer than 1.35 s; --max-duration sets the limit"),
    ],
)
def test_a_video_that_is_too_long_is_refused_but_for_a_part_of_it(clip, limits, reason):
    decoding = DecodingOptions(limits=limits)
    with pytest.raises(SourceError, match=rf"two\.mp4: it .*{reason}, and --start and --end"):
        tracked_shots(clip, decoding=decoding)
    _, _, timeline = tracked_shots(clip, decoding=decoding, end_seconds=1.36)
    assert len(timeline) == 34


@pytest.mark.parametrize("every", [1, 6])
def test_of_too_many_faces_the_best_are_kept(clip, every):
    def script(number):
        return [face(x=40 * n, size=30, score=0.99 - n / 100) for n in range(5)]

    options = KeyframeOptions(every, max_faces=3)
    _, tracked_faces, timeline = tracked_shots(clip, script, keyframes=options)
    assert {float(tracked.face.bbox[0]) for tracked in tracked_faces} == {0.0, 40.0, 80.0}
    assert len(tracked_faces) == 3 * 35
    assert timeline.video_warnings == [
        "some frames have more than 3 faces, of which the 3 with the best scores are kept; "
        "--max-faces keeps more"
    ]


def test_a_video_without_a_frame_is_an_error_that_says_so(tmp_path):
    path = write_tracks(tmp_path / "v.mkv", Track([], Recipe()), sound=True)
    with pytest.raises(SourceError, match=r"v\.mkv: none of its frames can be decoded \(0 damaged"):
        tracked_shots(path)

"""Overlays of real and made-up videos: frames and times as ffprobe has them, sound, blur, errors."""

import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from conftest import SHARED, needs_shared
from probe import needs_ffprobe, probe
from recorded import Seen, record_video
from records import changed, clock
from videos import Recipe, Track, number_in, write_tracks, write_video

from videxpr.annotation.export.recordings import RecordingFile
from videxpr.annotation.fingerprint import SourceState
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog, now
from videxpr.core.errors import SourceError, UsageError
from videxpr.core.files import sha256_of
from videxpr.formats.record import Annotation
from videxpr.report.overlay.options import SUFFIXES
from videxpr.report.overlay.overlay import (
    CHANGED,
    SILENT,
    OverlayReport,
    OverlaySettings,
    check_recordings,
    write_overlay,
    write_overlays,
)
from videxpr.report.overlay.target import COMMENT
from videxpr.report.overlay.times import cut_sound, overlay_times
from videxpr.video import encoder
from videxpr.video.reader import Video
from videxpr.video.sound import open_sound

CLIPS = SHARED / "data" / "clips"
STEADY = [40 * number for number in range(12)]
OF_TS = Recipe(time_base=Fraction(1, 90000))
UNSTEADY = [120, 160, 190, 290, 291, 400, 700, 1450]


def overlay_of(path: Path, record: Annotation, **options: Any) -> Path:
    target = path.with_name(f"{path.stem}.overlay.mp4")
    write_overlay(target, path, record, OverlaySettings(**options), lambda done, total: None)
    return target


def images_of(path: Path) -> list[np.ndarray]:
    with Video(path) as video:
        return [frame.image for frame in video]


@needs_shared
@needs_ffprobe
@pytest.mark.parametrize(
    "name",
    [
        "man-vfr.mkv",
        "rotated-90.mp4",
        "rotated-180.mp4",
        "man-sar-15-16.mp4",
        "dropped-frames-vfr-start507.mp4",
        "stage-many-people-cuts.mp4",
        "label-anger-cremad-1001.flv",
        "one-missing-frame.mp4",
        "one-frame.mp4",
    ],
)
def test_frames_times_and_shape_are_the_sources(name, tmp_path) -> None:
    source = tmp_path / name
    shutil.copy(CLIPS / name, source)
    record = record_video(source, [Seen(0, (10, 10, 90, 90))])
    made = probe(overlay_of(source, record))
    expected = probe(source)
    assert len(made.times) == len(expected.times) == len(record)
    assert np.abs(np.subtract(made.times, expected.times)).max() < 1.5e-6  # ffprobe's digits
    video = made.stream("video")
    size = f"{video['width']}x{video['height']}"
    assert size == record.provenance["frame_size"]
    assert "side_data_list" not in video and video.get("sample_aspect_ratio", "1:1") == "1:1"
    assert (video["codec_name"], video["has_b_frames"]) == ("h264", 0)
    heard, wanted = made.stream("audio"), expected.stream("audio")
    assert (heard is None) == (wanted is None)
    if wanted:
        assert heard["codec_name"] == wanted["codec_name"]
        assert abs(float(heard["start_time"]) - float(wanted["start_time"])) < 1e-3
        if "duration" in wanted:
            assert abs(float(heard["duration"]) - float(wanted["duration"])) < 0.03


@needs_ffprobe
@pytest.mark.parametrize(
    ("ending", "recipe"),
    [
        ("mkv", Recipe(width=65, height=49, pix_fmt="yuv444p")),
        ("mp4", Recipe(rotation=270, mirrored=True)),
        ("avi", Recipe(codec="mpeg4", time_base=Fraction(1, 25))),
        ("mov", Recipe(time_base=Fraction(1001, 30000), rate=30)),
        ("nut", Recipe(time_base=Fraction(1, 12_000_000))),
    ],
)
def test_each_picture_stays_what_it_is(ending, recipe, tmp_path) -> None:
    ticks = Fraction(1, 25) / recipe.time_base if ending in ("avi", "nut") else 40
    ticks = 1 if ending == "mov" else int(ticks)
    source = write_video(tmp_path / f"a.{ending}", [ticks * n for n in range(12)], recipe)
    record = record_video(source, [])
    # a large frame would hide nothing of its picture below the line, a small one half of it
    made = overlay_of(source, record)
    assert np.abs(np.subtract(probe(made).times, probe(source).times)).max() < 1.5e-6
    before, after = images_of(source), images_of(made)
    height, width = before[0].shape[:2]
    assert after[0].shape == (height + height % 2, width + width % 2, 3)
    for one, other in zip(before, after, strict=True):
        upper = slice(0, height // 3)
        difference = one[upper].astype(int) - other[upper, :width].astype(int)
        assert np.abs(difference).mean() < 12


def test_unsteady_times_are_exact_and_whole_seconds_before_the_start_are_taken_off(
    tmp_path,
) -> None:
    for start in (0, 36_000_000):
        source = write_video(tmp_path / "a.mkv", [start + one for one in UNSTEADY])
        record = record_video(source, [])
        with Video(overlay_of(source, record)) as video:
            times = [frame.pts_seconds for frame in video]
        assert times == pytest.approx([one / 1000 for one in UNSTEADY], abs=1e-9)
        (note,) = overlay_times(record, Fraction(1, 1000)).notes or ("",)
        assert note == ("times are those of the video, less 36000 s" if start else "")


def test_a_stretch_is_shown_alone(tmp_path) -> None:
    source = write_tracks(
        tmp_path / "a.mkv", Track(STEADY, Recipe(width=640, height=480)), sound=True
    )
    whole = record_video(source, [])
    part = changed(
        whole,
        first_frame=4,
        pts_seconds=whole.pts_seconds[4:9],
        seconds=whole.seconds[:5],
        shots=whole.shots[:5],
        provenance=whole.provenance | {"options": '{"start": 0.16, "end": 0.36}'},
    )
    made = overlay_of(source, part)
    assert [number_in(image[:, :]) for image in images_of(made)] == [4, 5, 6, 7, 8]
    with Video(made) as video:
        assert [frame.pts_seconds for frame in video] == pytest.approx(
            [0.16, 0.2, 0.24, 0.28, 0.32]
        )
    with av.open(str(made)) as container:
        sound = container.streams.audio[0]
        times = [float(one.pts * one.time_base) for one in container.demux(sound) if one.size]
    assert times == pytest.approx([0.128, 0.256])  # packets of 1024 samples


def with_sound(path: Path, codec: str, start: int, rate: int = 16000) -> Path:
    """Twelve frames, and half a second of a tone that begins after so many samples."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound: Any = container.add_stream(codec, rate=rate, layout="stereo")
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        tone = (8000 * np.sin(np.arange(rate // 2) / 5)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, 2)[None], "s16", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def sound_onset(path: Path) -> float:
    """When the tone begins, in seconds."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().reshape(-1, 1 if frame.format.is_planar else 2)
            values = np.abs(samples[:, 0] / (1 if samples.dtype.kind == "f" else 32768))
            values = values[: frame.samples]
            if (loud := np.flatnonzero(values > 0.05)).size:
                return float(frame.pts * frame.time_base + loud[0] / frame.sample_rate)
    raise ValueError("it is silent")


@needs_ffprobe
@pytest.mark.parametrize(
    ("codec", "ending", "becomes"),
    [
        ("aac", "mp4", "aac"),
        ("pcm_s16le", "mkv", "aac"),
        ("flac", "mkv", "flac"),
        ("mp2", "ts", "aac"),
    ],
)
def test_sound_is_copied_where_mp4_holds_it_and_keeps_its_place(
    codec, ending, becomes, tmp_path
) -> None:
    source = with_sound(tmp_path / f"a.{ending}", codec, start=1600)
    record = record_video(source, [])
    path = overlay_of(source, record)
    made, expected = probe(path), probe(source)
    assert made.stream("audio")["codec_name"] == becomes
    shift = made.times[0] - expected.times[0]  # whole seconds
    assert shift == pytest.approx(round(shift), abs=1e-6)
    made_onset, onset = sound_onset(path), sound_onset(source)
    assert made_onset - onset == pytest.approx(shift, abs=0.003)
    silent = overlay_of(source, record, sound=False)
    assert probe(silent).stream("audio") is None


@needs_ffprobe
def test_nothing_of_the_source_is_said_but_its_pictures_and_sound(tmp_path) -> None:
    tags = {"title": "Jane Doe", "comment": "secret", "location": "+48.1+011.5/", "artist": "J"}
    recipe = Recipe(tags=tags, name="camera of Jane", muxer={"movflags": "use_metadata_tags"})
    source = write_tracks(tmp_path / "a.mp4", Track(STEADY, recipe), sound=True)
    assert b"Jane" in source.read_bytes()
    made = overlay_of(source, record_video(source, []), blur="faces")
    found = probe(made)
    assert found.form.get("tags", {}).keys() <= {
        "major_brand",
        "minor_version",
        "compatible_brands",
        "comment",
    }
    assert found.form["tags"]["comment"] == COMMENT
    names = {"language", "handler_name", "vendor_id"}
    assert all(one.get("tags", {}).keys() <= names for one in found.streams)
    assert found.chapters == [] and len(found.streams) == 2
    content = made.read_bytes()
    assert not any(word.encode() in content for word in ("Jane", "secret", "+48.1", "Lavf"))


def test_blurred_overlays_show_no_detail_of_a_face(tmp_path) -> None:
    recipe = Recipe(width=640, height=480, grain=63)
    source = write_video(tmp_path / "a.mp4", STEADY, recipe)
    seen = [Seen(2, (160, 120, 480, 360)), Seen(9, (160, 120, 480, 360))]
    record = record_video(source, seen, [0] * 6 + [1] * 6)
    plain = images_of(overlay_of(source, record))
    for blur, whole in (("faces", False), ("all", True)):
        for frame, image in enumerate(images_of(overlay_of(source, record, blur=blur))):
            part = (slice(200, 340), slice(180, 460))
            edges = [
                np.abs(np.diff(one[part].astype(int), axis=1)) for one in (plain[frame], image)
            ]
            assert edges[1].max() < 12
            assert edges[0].max() > 40
            outside = np.abs(np.diff(image[20:100, :80].astype(int), axis=1)).max()
            if frame not in (2, 9) and whole:
                assert outside < 12


@needs_shared
def test_no_face_is_found_in_a_blurred_overlay(tmp_path) -> None:
    from videxpr.faces.detection.mtcnn import Mtcnn
    from videxpr.faces.options import DetectionOptions

    source = tmp_path / "a.mp4"
    shutil.copy(CLIPS / "man-grin.mp4", source)
    detector = Mtcnn(DetectionOptions("mtcnn"))
    (face,) = detector.detect([images_of(source)[40]])[0]
    seen = [Seen(frame, tuple(face.bbox.tolist())) for frame in (30, 40)]
    made = images_of(overlay_of(source, record_video(source, seen), blur="faces"))
    assert not any(detector.detect(made[::13]))
    assert any(detector.detect(images_of(source)[::13]))


def recording(folder: Path, record: Annotation, name: str = "a") -> RecordingFile:
    path = folder / f"{name}.parquet"
    record.save(path)
    return RecordingFile(path, ())


def log_source(one: RecordingFile, source: Path) -> None:
    """Have a folder's log say of which video a recording is."""
    state = SourceState(str(source), 1, 1, "")
    outcome = Outcome("done", now(), source.name, one.path.stem, state, "video")
    RunLog(one.path.parent / RUN_LOG).append(outcome)


def made_of(recordings: Sequence[RecordingFile], **options: Any) -> list[OverlayReport]:
    chosen = OverlaySettings(**options)
    return list(write_overlays(recordings, chosen, lambda done, total: None))


def test_one_that_fails_stops_no_other_and_what_is_there_is_skipped(tmp_path) -> None:
    source = write_video(tmp_path / "a.mp4", STEADY)
    good = recording(tmp_path, record_video(source, []), "good")
    lost = recording(tmp_path, record_video(source, []), "lost")
    (tmp_path / "none.parquet").write_bytes(b"no Parquet")
    broken = RecordingFile(tmp_path / "none.parquet", ())
    failed = made_of([lost, broken])
    assert [one.status for one in failed] == ["failed", "failed"]
    assert "no run.jsonl beside it" in failed[0].error and "--video" in failed[0].error
    (done,) = made_of([good], video=source)
    assert (done.status, done.frames, done.path.name) == ("done", 12, "good.overlay.mp4")
    (again,) = made_of([good], video=source)
    assert again.status == "skipped"
    (again,) = made_of([good], video=source, overwrite=True)
    assert again.status == "done"
    blurred, all_blurred = (
        made_of([good], video=source, blur=blur)[0] for blur in ("faces", "all")
    )
    assert {done.path.name, blurred.path.name, all_blurred.path.name} == {
        f"good{suffix}" for suffix in SUFFIXES.values()
    }
    recording(tmp_path, record_video(source, []), "good")  # annotated anew
    (again,) = made_of([good], video=source)
    assert again.status == "done"


def test_another_video_is_refused_and_nothing_is_left_behind(tmp_path) -> None:
    source = write_video(tmp_path / "a.mp4", STEADY)
    record = record_video(source, [Seen(2)])
    others = {
        "has 11 of the 12 frames": write_video(tmp_path / "b.mp4", STEADY[:11]),
        "goes on after the 12 frames": write_video(tmp_path / "c.mp4", [*STEADY, 480]),
        "96x48 pixels, those of the record 64x48": write_video(
            tmp_path / "d.mp4", STEADY, Recipe(width=96)
        ),
        "frame 3 comes at 0.130 s, in the record at 0.120 s": write_video(
            tmp_path / "e.mp4", [*STEADY[:3], 130, *STEADY[4:]]
        ),
    }
    for error, other in others.items():
        with pytest.raises(SourceError, match=error):
            overlay_of(other, record)
    with pytest.raises(SourceError, match="--people all"):
        overlay_of(source, changed(record, people=1), blur="faces")
    with pytest.raises(SourceError, match="from crops"):
        overlay_of(source, changed(record, provenance={"detector": "none (aligned crops)"}))
    assert not list(tmp_path.glob("*.overlay.mp4")) and not list(tmp_path.glob(".*"))


def test_nothing_is_replaced_but_overlays_that_are_no_sources(tmp_path) -> None:
    source = write_video(tmp_path / "a.mp4", STEADY)
    one = recording(tmp_path, record_video(source, []))
    target = write_video(tmp_path / "a.overlay.mp4", STEADY)
    content = target.read_bytes()
    for overwrite in (False, True):
        (report,) = made_of([one], video=source, overwrite=overwrite)
        assert report.status == "failed" and target.read_bytes() == content
        assert f"{target}: it is no overlay that videxpr wrote" in report.error
    target.unlink()
    (report,) = made_of([one], video=source)
    content = target.read_bytes()
    assert report.status == "done"
    (report,) = made_of([one], video=target, overwrite=True)
    assert "this video was annotated" in report.error and target.read_bytes() == content


def test_a_video_with_other_bytes_is_not_blurred(tmp_path) -> None:
    source = write_video(tmp_path / "a.mp4", STEADY)
    record = record_video(source, [Seen(2)])
    record = changed(record, provenance=record.provenance | {"source_sha256": sha256_of(source)})
    mirrored = write_video(tmp_path / "b.mp4", STEADY, Recipe(grain=9))
    for blur in ("faces", "all"):
        overlay_of(source, record, blur=blur)
        with pytest.raises(SourceError, match=r"b\.mp4: its SHA-256 is not that of the video"):
            overlay_of(mirrored, record, blur=blur)
        of_a_store = changed(record, provenance=record.provenance | {"source_sha256": "etag:1"})
        overlay_of(mirrored, of_a_store, blur=blur)
    target = tmp_path / "c.mp4"
    notes = write_overlay(target, mirrored, record, OverlaySettings(), lambda done, total: None)
    assert notes == (CHANGED,)


def test_a_name_that_is_too_long_stops_no_other(tmp_path) -> None:
    source = write_video(tmp_path / "a.mp4", STEADY)
    recordings = [recording(tmp_path, record_video(source, []), name) for name in ("e" * 245, "f")]
    for one in recordings:
        log_source(one, source)
    failed, done = made_of(recordings)
    assert failed.error == f"cannot write {failed.path}: File name too long; rename the video"
    assert done.status == "done"


def test_times_that_stand_still_are_those_of_the_record(tmp_path) -> None:
    source = write_video(tmp_path / "a.h264", STEADY, Recipe(form="h264"))
    record = record_video(source, [], seconds=np.arange(12) / 25, last_frame_seconds=None)
    assert np.isnan(record.pts_seconds).all()
    with Video(overlay_of(source, record)) as video:
        times = [frame.pts_seconds for frame in video]
    assert times == pytest.approx([0.04 * number for number in range(12)], abs=1e-5)
    (note,) = overlay_times(record, Fraction(1, 90000)).notes
    assert "without rising times" in note


def test_sound_does_not_stand_beside_times_of_the_record(tmp_path) -> None:
    source = write_tracks(tmp_path / "a.mkv", Track(STEADY, Recipe()), sound=True)
    record, target = record_video(source, []), tmp_path / "b.mp4"
    for pts, is_heard in ((record.pts_seconds, True), (record.pts_seconds[::-1], False)):
        times = overlay_times(changed(record, pts_seconds=pts), Fraction(1, 1000))
        with open_sound(source, 0) as sound:
            assert (cut_sound(sound, record, times) is not None) == is_heard
    part = write_tracks(
        tmp_path / "part.ts", Track([3600 * n for n in range(9)], OF_TS), sound=True
    )
    twice = tmp_path / "twice.ts"
    twice.write_bytes(2 * part.read_bytes())
    record = record_video(twice, [], last_frame_seconds=0.04)
    record = changed(record, seconds=clock(record.pts_seconds))
    assert (np.diff(record.pts_seconds) < 0).any()
    notes = write_overlay(target, twice, record, OverlaySettings(), lambda done, total: None)
    assert "without rising times" in notes[0] and notes[1:] == (SILENT,)
    with av.open(str(target)) as container:
        assert not container.streams.audio


def test_without_an_encoder_for_h264_it_is_mpeg4_and_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(encoder, "H264", "no such encoder")
    source = write_video(tmp_path / "a.mkv", UNSTEADY)
    target = tmp_path / "a.overlay.mp4"
    notes = write_overlay(
        target, source, record_video(source, []), OverlaySettings(), lambda done, total: None
    )
    assert "MPEG-4" in notes[0]
    with Video(target) as video:
        assert video.codec == "mpeg4"
        times = [frame.pts_seconds for frame in video]
    assert times == pytest.approx([one / 1000 for one in UNSTEADY], abs=1e-9)


def test_a_video_is_named_for_one_recording_only(tmp_path) -> None:
    several = [RecordingFile(tmp_path / name / "a.parquet", ()) for name in ("p1", "p2")]
    with pytest.raises(UsageError, match="one recording, and there are 2"):
        check_recordings(several, OverlaySettings(video=tmp_path / "a.mp4"))
    check_recordings(several, OverlaySettings())
    with pytest.raises(UsageError, match=r"2 overlays would be .*a.overlay.mp4"):
        check_recordings(several, OverlaySettings(folder=tmp_path))


def test_browsers_find_the_index_first(tmp_path) -> None:
    source = write_video(tmp_path / "a.mkv", STEADY)
    content = overlay_of(source, record_video(source, [])).read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert (
        shutil.which("ffmpeg") is None
        or not subprocess.run(
            ["ffmpeg", "-v", "error", "-i", source.with_name("a.overlay.mp4"), "-f", "null", "-"],
            capture_output=True,
            check=True,
        ).stderr
    )

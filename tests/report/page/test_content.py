from dataclasses import replace

import numpy as np
import pytest
from annotated import annotation as guessed_annotation
from annotated import guessed, segments
from gathered import content_of
from interval_records import recording, two_people
from stub_runs import failed

from videxpr.annotation.run_log import RUN_LOG, RunLog
from videxpr.core.errors import SourceError, UsageError
from videxpr.formats.record import FaceRows
from videxpr.report.page.page import write_page


def test_a_video_has_the_figures_of_its_summary(tmp_path) -> None:
    two_people().save(tmp_path / "talk.parquet")
    content, errors = content_of(tmp_path)
    (video,) = content["videos"]
    assert errors == []
    assert (video["name"], video["frames"], video["seconds"]) == ("talk", 100, 4.0)
    assert (video["people"], video["coverage"]) == (2, 1.0)
    assert video["shares"][:7] == [0.3, 0, 0, 0, 0.7, 0, 0]
    assert video["shares"][7] is None, "the model was never trained on Other"
    first = video["episodes"][0]
    assert first[:4] == [0.0, 1.2, 0, 1]


def test_nobody_has_no_shares(tmp_path) -> None:
    recording({}, 20).save(tmp_path / "empty.parquet")
    (video,) = content_of(tmp_path)[0]["videos"]
    assert (video["shares"], video["people"], video["coverage"]) == ([], 0, 0.0)


def test_a_file_that_cannot_be_read_and_a_video_that_failed_are_said(tmp_path) -> None:
    two_people().save(tmp_path / "p1" / "good.parquet")
    (tmp_path / "p1" / "bad.parquet").write_bytes(b"no Parquet")
    RunLog(tmp_path / RUN_LOG).append(failed("p2/broken", "/videos/p2/broken.mp4"))
    content, errors = content_of(tmp_path)
    assert len(errors) == 1 and "bad.parquet" in errors[0]
    by_name = {video["name"]: video for video in content["videos"]}
    assert "bad.parquet" in by_name["p1/bad"]["error"]
    assert "error" not in by_name["p1/good"]
    (broken,) = (one for name, one in by_name.items() if "broken" in name)
    assert broken["error"] and broken["folders"] == ["p2"]
    assert content["comparison"][0]["groups"][0]["videos"] == 1


def test_logs_below_and_above_tell_of_failures_and_an_old_record_is_called_old(tmp_path) -> None:
    for name in ("p1/a", "p2/b"):
        two_people().save(tmp_path / f"{name}.parquet")
    RunLog(tmp_path / "p1" / RUN_LOG).append(failed("broken"), failed("a"))
    for folder, expected in (
        (tmp_path, {"p1/broken", "p1/a", "p2/b"}),
        (tmp_path / "p1", {"broken", "a"}),
    ):
        content, errors = content_of(folder)
        assert errors == []
        videos = {video["name"]: video for video in content["videos"]}
        assert videos.keys() == expected
        (broken,) = (name for name, one in videos.items() if "error" in one)
        assert broken.endswith("broken")
        (old,) = (one for name, one in videos.items() if name.endswith("a"))
        assert old["warnings"] == ["this is of an earlier run, as the last one failed: no video"]
    RunLog(tmp_path / RUN_LOG).append(failed("p2/far"))
    names = [video["name"] for video in content_of(tmp_path / "p2")[0]["videos"]]
    assert names == ["b", "far"]


def test_the_log_of_another_program_is_an_error_and_the_page_is_there(tmp_path) -> None:
    two_people().save(tmp_path / "talk.parquet")
    (tmp_path / RUN_LOG).write_text("{}")
    content, (error,) = content_of(tmp_path)
    assert "is not videxpr's" in error
    assert len(content["videos"]) == 1


def test_folders_of_one_name_are_told_apart(tmp_path) -> None:
    for name in ("before", "after"):
        two_people().save(tmp_path / name / "annotations" / "talk.parquet")
    content, _ = content_of(*(tmp_path / name / "annotations" for name in ("before", "after")))
    groups = content["comparison"][1]["groups"]
    assert [one["name"] for one in groups] == ["after/annotations", "before/annotations"]


def test_different_settings_are_told_apart(tmp_path) -> None:
    for name, smooth in (("a", 0.5), ("b", 0.5), ("c", 1.0)):
        labels = segments(50, 10, 1)
        record = guessed_annotation(name, guessed(labels, 1), smooth=smooth)
        record.save(tmp_path / f"{name}.parquet")
    content, _ = content_of(tmp_path)
    assert [one["--smooth"] for one in content["setups"]] == ["0.5", "1.0"]
    assert [one["setup"] for one in content["videos"]] == [0, 0, 1]


def test_several_folders_are_groups(tmp_path) -> None:
    for name in ("before", "after"):
        two_people().save(tmp_path / name / "talk.parquet")
    content, _ = content_of(tmp_path / "before", tmp_path / "after", levels="condition")
    _, conditions = content["comparison"]
    assert conditions["level"] == "condition"
    assert [one["name"] for one in conditions["groups"]] == ["after", "before"]
    assert content["title"] == "before, after"


def test_levels_that_do_not_fit_are_refused(tmp_path) -> None:
    two_people().save(tmp_path / "talk.parquet")
    with pytest.raises(UsageError, match="--levels a,b names 2"):
        content_of(tmp_path, levels="a,b")
    with pytest.raises(SourceError, match="no such folder"):
        content_of(tmp_path / "nowhere")


def test_a_long_video_of_many_people_takes_a_tenth_of_a_megabyte(tmp_path) -> None:
    """The promise: 1 MB, and 0.1 MB a video. Everybody changes all the time."""
    frames, people = 5_000, 30
    faces = FaceRows(
        frame=np.repeat(np.arange(frames), people),
        track=np.tile(np.arange(people) + 1, frames),
        person=np.tile(np.arange(people) + 1, frames),
        rank=np.tile(np.arange(people), frames),
        bbox=np.tile(np.float32([10, 10, 90, 90]), (frames * people, 1)),
        landmarks=np.ones((frames * people, 10), np.float32),
        score=np.full(frames * people, 0.9, np.float32),
        bridged=np.zeros(frames * people, bool),
        **dict.fromkeys(
            ("probabilities", "smoothed"),
            np.random.default_rng(1).dirichlet([0.1] * 8, frames * people).astype(np.float32),
        ),
    )
    record = replace(
        recording({}, frames, shots=np.arange(frames) // 100, people=None), faces=faces
    )
    sizes = []
    for count in (1, 2):
        record.save(tmp_path / f"v{count}.parquet")
        content, _ = content_of(tmp_path)
        sizes.append(write_page(tmp_path / "report.html", content))
    assert sizes[1] - sizes[0] < 100_000
    assert sizes[0] < 1_000_000

"""What is there is done only if it is of this source, made like this, and as it was written."""

import json
import os
import shutil

import pytest
from stub_runs import StubAnnotator, StubWeights, run, video

from videxpr.annotation import leases
from videxpr.annotation.batch.run import annotate_sources
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import FormatError, UsageError
from videxpr.formats.affwild2 import read_labels
from videxpr.video.search import find_sources


def labels(path):
    return set(read_labels(path).tolist())


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def talk(tmp_path):
    return video(tmp_path / "in" / "talk.mp4")


def test_what_is_done_is_skipped(out, talk):
    assert run(out, talk).said == {"talk.mp4": "done"}
    assert run(out, talk).said == {"talk.mp4": "skipped"}
    assert run(out, talk, overwrite=True).said == {"talk.mp4": "done"}


def test_videos_of_the_same_name_in_two_runs_fail_by_name(out, tmp_path, monkeypatch):
    video(tmp_path / "day1" / "cam1.mp4", "4")
    video(tmp_path / "day2" / "cam1.mp4", "1")
    video(tmp_path / "day2" / "cam2.mp4", "1")
    monkeypatch.chdir(tmp_path)
    assert run(out, tmp_path / "day1").said == {"cam1.mp4": "done"}
    assert run(out, tmp_path / "day2").said == {
        "cam1.mp4": "cam1 here belongs to day1/cam1.mp4: choose another -o, or give both folders in "
        "one call",
        "cam2.mp4": "done",
    }
    assert labels(out / "cam1.txt") == {4}
    rows = (out / "summary.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["cam1.mp4", "cam1.mp4", "cam2.mp4"]
    assert (out / "predictions.txt").read_text().count("cam1/") == 3
    assert run(out, tmp_path / "day1").said == {"cam1.mp4": "skipped"}


def test_who_then_gives_both_folders_in_one_call_has_a_line_a_video(out, tmp_path):
    for day, shown in (("day1", "4"), ("day2", "1")):
        run(out, video(tmp_path / day / "cam1.mp4", shown))
    days = tmp_path / "day1", tmp_path / "day2"
    assert set(run(out, *days).said.values()) == {"done"}
    rows = (out / "summary.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["day1/cam1.mp4", "day2/cam1.mp4"]
    images = (out / "predictions.txt").read_text().splitlines()[1:]
    assert [image.rpartition("/")[0] for image in images] == ["day1/cam1"] * 3 + ["day2/cam1"] * 3
    assert set(run(out, *days).said.values()) == {"skipped"}
    assert run(out, days[0]).said == {"cam1.mp4": "skipped"}


@pytest.mark.parametrize("others", ["4", "1"], ids=["same bytes", "other bytes"])
@pytest.mark.parametrize("name", ["cam1.mp4", "cam1.avi"])
def test_another_video_is_one_whatever_its_ending_and_its_bytes(out, tmp_path, others, name):
    run(out, video(tmp_path / "day1" / "cam1.mp4"))
    found = run(out, video(tmp_path / "day2" / name, others)).said
    assert "here belongs to" in found[name]


def test_another_video_takes_the_place_only_where_that_is_asked_for(out, tmp_path):
    run(out, video(tmp_path / "day1" / "cam1.mp4"))
    found = run(out, video(tmp_path / "day2" / "cam1.mp4", "1"), overwrite=True)
    assert found.said == {"cam1.mp4": "done"}
    assert "take the place of those of" in found.warnings["cam1.mp4"]
    assert labels(out / "cam1.txt") == {1}
    assert len((out / "summary.csv").read_text().splitlines()) == 2


def test_a_name_is_free_again_once_its_files_are_gone(out, tmp_path):
    run(out, video(tmp_path / "day1" / "cam1.mp4"))
    for name in ("cam1.txt", "cam1.csv"):
        (out / name).unlink()
    assert run(out, video(tmp_path / "day2" / "cam1.mp4", "1")).said == {"cam1.mp4": "done"}


def test_a_video_that_was_moved_is_the_same_video(out, talk, tmp_path):
    run(out, talk)
    (tmp_path / "elsewhere").mkdir()
    moved = shutil.move(talk, tmp_path / "elsewhere" / "talk.mp4")
    assert run(out, moved).said == {"talk.mp4": "skipped"}
    events = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    assert [one["source_path"] for one in events if one["event"] == "skipped"] == [str(moved)]
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert run(out, tmp_path / "link" / "talk.mp4").said == {"talk.mp4": "skipped"}


def test_other_content_at_the_same_path_is_made_again_and_said(out, talk):
    run(out, talk)
    talk.write_text("1")
    os.utime(talk, (1, 1))
    found = run(out, talk)
    assert found.said == {"talk.mp4": "done"}
    assert "it has changed since" in found.warnings["talk.mp4"]
    assert labels(out / "talk.txt") == {1}
    assert "changed" not in (out / "summary.csv").read_text()


def test_another_time_of_the_same_content_is_no_change_and_is_read_once(out, talk):
    run(out, talk)
    os.utime(talk, (1, 1))
    assert run(out, talk).said == {"talk.mp4": "skipped"}
    log = (out / "run.jsonl").read_bytes()
    assert run(out, talk).said == {"talk.mp4": "skipped"}
    assert (out / "run.jsonl").read_bytes() == log


def test_other_options_stop_the_run_with_counts_by_difference(out, tmp_path):
    for number in range(4):
        video(tmp_path / "in" / f"{number}.mp4")
    other = StubAnnotator(StubWeights("mine", "12" * 32))
    run(out, tmp_path / "in" / "0.mp4", smooth=0.0)
    run(out, tmp_path / "in" / "1.mp4", smooth=0.0)
    run(out, tmp_path / "in" / "2.mp4", annotator=other)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(UsageError) as stop:
        run(out, tmp_path / "in", smooth=2.0)
    assert str(stop.value) == (
        "2 of 4 were made with --smooth 0, not 2; 1 with another model (mine 121212121212); "
        "1 with --smooth 0.5, not 2: --redo-changed does them again"
    )
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    found = run(out, tmp_path / "in", smooth=0.5, redo_changed=True)
    assert found.said == {"0.mp4": "done", "1.mp4": "done", "2.mp4": "done", "3.mp4": "done"}
    assert "made again, as it was made with --smooth 0, not 0.5" in found.warnings["0.mp4"]
    again = run(out, tmp_path / "in", smooth=0.5, redo_changed=True)
    assert set(again.said.values()) == {"skipped"}


@pytest.mark.parametrize(
    ("before", "now", "text"),
    [
        ({"people": 2}, {}, "with --people 2, not 1"),
        ({"start": 1.0}, {}, "with --start 1, not without it"),
        ({}, {"end": 5.0}, "without --end, not with --end 5"),
        ({"missing": "none"}, {}, "with --missing none, not fill"),
        ({"person": "left"}, {"person": "right"}, "with --person left, not right"),
    ],
)
def test_a_difference_is_said_as_it_is_typed(out, talk, before, now, text):
    run(out, talk, **before)
    with pytest.raises(UsageError, match=f"1 of 1 were made {text}: --redo-changed"):
        run(out, talk, **now)


def test_options_that_change_nothing_of_a_file_are_none(out, talk, tmp_path):
    run(out, talk)
    assert run(out, talk, **{"crop-fps": 25.0}).said == {"talk.mp4": "skipped"}
    run(tmp_path / "csv", talk, formats=("csv",))
    found = run(tmp_path / "csv", talk, formats=("csv",), missing="none")
    assert found.said == {"talk.mp4": "skipped"}


def test_crops_are_known_by_their_pixels_and_by_options_that_concern_them(out, tmp_path):
    crops = tmp_path / "crops" / "v"
    for number in range(3):
        video(crops / f"{number + 1:05d}.jpg")
    assert run(out, crops).said == {"v": "done"}
    other = StubAnnotator(detector=StubWeights("scrfd:buffalo_l", "ef" * 32))
    assert run(out, crops, annotator=other, person="left").said == {"v": "skipped"}
    with pytest.raises(UsageError, match="with --crop-fps 30, not 25: "):
        run(out, crops, **{"crop-fps": 25.0})
    video(crops / "00004.jpg")
    assert "it has changed since" in run(out, crops).warnings["v"]
    video(crops / "00002.jpg", "5")
    assert "it has changed since" in run(out, crops).warnings["v"]
    assert run(out, crops).said == {"v": "skipped"}


def test_a_file_that_is_gone_or_cut_off_is_made_again_and_said(out, talk):
    run(out, talk)
    (out / "talk.csv").unlink()
    found = run(out, talk)
    assert "made again, as talk.csv was not as written" in found.warnings["talk.mp4"]
    (out / "talk.txt").write_bytes(b"")
    assert run(out, talk).said == {"talk.mp4": "done"}
    assert labels(out / "talk.txt") == {4}


def test_a_format_that_was_not_asked_for_before_is_added(out, talk):
    run(out, talk, formats=("csv",))
    assert run(out, talk, formats=("aff-wild2",)).said == {"talk.mp4": "done"}
    assert run(out, talk, formats=("csv", "aff-wild2")).said == {"talk.mp4": "skipped"}
    assert run(out, talk, formats=("predictions",)).said == {"talk.mp4": "done"}
    assert run(out, talk, formats=("predictions",)).said == {"talk.mp4": "skipped"}
    assert run(out, talk).said == {"talk.mp4": "skipped"}


def test_formats_made_otherwise_are_named_and_made_again_when_asked_for(out, talk):
    run(out, talk)
    found = run(out, talk, formats=("csv",), redo_changed=True, smooth=2.0)
    assert "talk.txt stays as it was before" in found.warnings["talk.mp4"]
    assert run(out, talk, smooth=2.0).said == {"talk.mp4": "done"}
    assert run(out, talk, smooth=2.0).said == {"talk.mp4": "skipped"}


@pytest.mark.parametrize("name", ["talk.csv", "talk.txt"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_another_programs_file_is_named_and_left_alone(out, talk, tmp_path, name, overwrite):
    video(out / name, "time,speaker\n0,Anna\n")
    video(tmp_path / "in" / "more.mp4")
    found = run(out, tmp_path / "in", overwrite=overwrite).said
    assert found["talk.mp4"] == (
        f"{name} is not videxpr's (run.jsonl does not know it): move it, or choose another -o"
    )
    assert found["more.mp4"] == "done"
    assert (out / name).read_text() == "time,speaker\n0,Anna\n"
    assert not (out / ("talk.txt" if name == "talk.csv" else "talk.csv")).exists()
    (out / name).unlink()
    assert run(out, talk).said == {"talk.mp4": "done"}


@pytest.mark.parametrize("name", ["summary.csv", "predictions.txt", "run.jsonl"])
def test_another_programs_files_of_the_run_stop_it(out, talk, name):
    video(out / name, "time,speaker\n0,Anna\n")
    with pytest.raises(FormatError, match=f"{name} is not videxpr's"):
        run(out, talk)
    assert [path.name for path in out.iterdir()] == [name]


def test_results_of_a_time_before_the_log_are_left_alone(out, talk):
    run(out, talk)
    (out / "run.jsonl").unlink()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for overwrite in (False, True):
        with pytest.raises(FormatError, match=r"holds results without a run.jsonl: move them"):
            run(out, talk, overwrite=overwrite)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_second_persons_file_is_not_written_over_a_video_of_that_name(out, tmp_path):
    run(out, video(tmp_path / "in" / "subj_right.mp4", "1"))
    second = run(out, video(tmp_path / "in" / "subj.mp4"), people=2).said
    assert second == {
        "subj.mp4": "subj_right.txt here belongs to subj_right.mp4: rename a video, or choose another "
        "-o"
    }
    assert labels(out / "subj_right.txt") == {1}


def test_a_video_is_not_written_over_the_second_person_of_another(out, tmp_path):
    run(out, video(tmp_path / "in" / "subj.mp4"), people=2)
    assert (out / "subj_right.txt").is_file()
    found = run(out, video(tmp_path / "in" / "subj_right.mp4", "1"), people=2).said
    assert "subj_right.txt here belongs to subj.mp4" in found["subj_right.mp4"]


def test_a_second_person_who_is_no_longer_asked_for_leaves_no_file(out, talk):
    run(out, talk, people=2)
    run(out, talk, redo_changed=True)
    assert not (out / "talk_right.txt").exists()
    assert "talk_right" not in (out / "predictions.txt").read_text()


def test_what_failed_is_tried_again_when_that_is_asked_for_or_something_has_changed(out, talk):
    talk.write_text("x")
    assert run(out, talk).said == {"talk.mp4": "no video"}
    assert "no video (as on " in run(out, talk).said["talk.mp4"]
    for options in ({"retry_failed": True}, {"overwrite": True}, {"people": 2}):
        assert run(out, talk, **options).said == {"talk.mp4": "no video"}
    talk.write_text("4")
    assert run(out, talk).said == {"talk.mp4": "done"}
    assert "no video" not in (out / "summary.csv").read_text()


def test_options_of_earlier_versions_had_the_defaults_effect(out, talk):
    run(out, talk)
    log = (out / "run.jsonl").read_text()
    assert '"detect-every":6,' in log
    (out / "run.jsonl").write_text(log.replace('"detect-every":6,', ""))
    assert run(out, talk).said == {"talk.mp4": "skipped"}
    with pytest.raises(UsageError, match="with --detect-every 6, not 3"):
        run(out, talk, **{"detect-every": 3})


def test_columns_of_another_version_are_made_again_when_asked_for(out, talk):
    run(out, talk)
    log = (out / "run.jsonl").read_text()
    (out / "run.jsonl").write_text(log.replace('"schema_version":', '"schema_version":1'))
    with pytest.raises(UsageError, match="were made by another version of videxpr"):
        run(out, talk)


def test_what_another_run_does_meanwhile_is_seen(out, tmp_path):
    video(tmp_path / "in" / "a.mp4")
    second = video(tmp_path / "in" / "b.mp4")
    annotator, sources = StubAnnotator(), find_sources([str(tmp_path / "in")])
    for other, expected in (({}, "skipped"), ({"smooth": 2.0}, "failed")):
        folder = out / expected
        outputs = Outputs(OutputOptions(folder, ("aff-wild2",)), annotator.setup)
        outputs.check(sources)
        reports = annotate_sources(annotator, sources, outputs)
        assert next(reports).status == "done"
        run(folder, second, formats=("aff-wild2",), **other)
        assert next(reports).status == expected


def test_of_two_runs_at_once_the_quicker_one_has_the_name(out, tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "LEASE_SECONDS", -1.0)  # as if the slow one were away for long
    first, second = (video(tmp_path / day / "cam1.mp4", day[-1]) for day in ("day1", "day2"))

    class Slow(StubAnnotator):
        def annotate(self, source, progress=None):
            run(out, first)
            return super().annotate(source, progress)

    assert "cam1 here belongs to" in run(out, second, annotator=Slow()).said["cam1.mp4"]
    assert labels(out / "cam1.txt") == {1}
    assert not [path for path in out.iterdir() if path.name.startswith(".")]

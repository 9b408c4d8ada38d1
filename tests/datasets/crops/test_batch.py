from pathlib import Path, PurePosixPath

import pandas
import pytest
from chosen import crop_options
from pipeline import ScriptedDetector, face, picture, write_clip

from videxpr.core.crop_template import ARCFACE
from videxpr.datasets.crops.batch import crop_sources
from videxpr.datasets.crops.cropper import Cropper
from videxpr.datasets.crops.writer import CropTree
from videxpr.video.search import find_sources
from videxpr.video.sources import Source


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for name in ("a", "b"):
        write_clip(folder / f"{name}.mp4", [picture(n) for n in range(20)])
    (folder / "broken.mp4").write_bytes(b"no video")
    return folder


def run(sources, root, script=lambda number: [face()], overwrite=False, **options):
    cropper = Cropper(ScriptedDetector(script), crop_options(**options))
    tree = CropTree(root, ARCFACE, overwrite)
    return list(crop_sources(cropper, sources, tree))


def test_one_that_fails_does_not_stop_the_others(clips, tmp_path):
    sources = find_sources([str(clips), str(clips / "nosuch.mp4")])
    reports = run(sources, tmp_path)
    assert [report.status for report in reports] == ["done", "done", "failed", "failed"]
    assert "broken.mp4" in reports[2].error
    assert "no such file" in reports[3].error
    assert not any(report.trace for report in reports)
    assert sorted(path.name for path in (tmp_path / "cropped_aligned").iterdir()) == ["a", "b"]


def test_summary_tells_counts_and_errors(clips, tmp_path):
    def script(number):
        return [] if number < 5 else [face(), face(x=150, size=40)]

    run(find_sources([str(clips / "a.mp4"), str(clips / "broken.mp4")]), tmp_path, script, people=2)
    table = pandas.read_csv(tmp_path / "summary.csv", keep_default_na=False)
    assert table.name.tolist() == ["a", "a_right", ""]
    assert table.person.tolist() == ["main", "second", ""]
    main = table.iloc[0]
    assert (main.frames, main.crops, main.coverage) == ("20", "15", "0.75")
    assert (main.detector, main.geometry) == ("scripted", "arcface")
    assert "broken.mp4" in table.error[2]


def test_what_is_there_is_skipped_until_overwritten(clips, tmp_path):
    sources = find_sources([str(clips / "a.mp4")])
    run(sources, tmp_path)
    assert run(sources, tmp_path)[0].status == "skipped"
    assert pandas.read_csv(tmp_path / "summary.csv").frames.tolist() == [20]
    (again,) = run(sources, tmp_path, lambda n: [face()] if n > 9 else [], overwrite=True)
    assert (again.status, again.folders[0].crops) == ("done", 10)
    assert len(list((tmp_path / "cropped_aligned" / "a").iterdir())) == 10


def test_two_videos_of_one_name_do_not_share_a_folder(clips, tmp_path):
    first, second = (
        Source(clips / f"{name}.mp4", "video", PurePosixPath("x.mp4"), "x") for name in "ab"
    )
    reports = run([first, second], tmp_path)
    assert [report.status for report in reports] == ["failed", "failed"]
    assert all("folder x would be" in report.error for report in reports)


def test_two_persons_of_a_video_and_a_video_of_that_name_do_not_share_a_folder(clips, tmp_path):
    for name in ("x", "x_right"):
        (tmp_path / f"{name}.mp4").write_bytes((clips / "a.mp4").read_bytes())
    sources = find_sources([str(tmp_path)])
    assert [one.status for one in run(sources, tmp_path / "two", people=2)] == ["failed", "failed"]
    assert [one.status for one in run(sources, tmp_path / "one")] == ["done", "done"]


def test_a_name_may_be_as_long_as_there_is_room_for_a_side(clips, tmp_path):
    for length in (249, 251):
        (tmp_path / f"{'x' * length}.mp4").write_bytes((clips / "a.mp4").read_bytes())
    sources = find_sources([str(tmp_path)])
    assert [one.status for one in run(sources, tmp_path / "one")] == ["done", "done"]
    assert [one.status for one in run(sources, tmp_path / "two", people=2)] == ["done", "failed"]


def test_names_in_subfolders_keep_apart(tmp_path):
    for place in ("one", "two"):
        (tmp_path / "in" / place).mkdir(parents=True)
        write_clip(tmp_path / "in" / place / "x.mp4", [picture(n) for n in range(9)])
    reports = run(find_sources([str(tmp_path / "in")]), tmp_path / "out")
    assert [report.folders[0].name for report in reports] == ["one/x", "two/x"]
    assert (tmp_path / "out" / "cropped_aligned" / "two" / "x" / "00009.jpg").is_file()


def test_folders_of_crops_are_no_videos(clips, tmp_path):
    run(find_sources([str(clips / "a.mp4")]), tmp_path)
    (report,) = run(find_sources([str(tmp_path / "cropped_aligned")]), tmp_path / "again")
    assert report.status == "failed"
    assert "holds crops already" in report.error


def test_video_without_a_face_says_so(clips, tmp_path):
    (report,) = run(find_sources([str(clips / "a.mp4")]), tmp_path, lambda number: [])
    assert report.status == "done"
    assert "no face" in report.warnings[0]
    assert report.coverage(report.folders[0]) == 0


def test_name_that_no_summary_can_hold(clips, tmp_path):
    path = Path(str(clips / "a.mp4"))
    odd = Source(path, "video", PurePosixPath("a\nb.mp4"), "a\nb")
    (report,) = run([odd], tmp_path)
    assert "rename it" in report.error


def test_a_bug_is_a_report_with_its_trace(clips, tmp_path):
    def script(number):
        raise ZeroDivisionError("oops")

    reports = run(find_sources([str(clips / "a.mp4"), str(clips / "broken.mp4")]), tmp_path, script)
    assert "ZeroDivisionError: oops" in reports[0].error
    assert "script" in reports[0].trace
    assert len(reports) == 2

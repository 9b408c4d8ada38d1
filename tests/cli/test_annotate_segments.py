"""Stretches of videos are annotated as if each were a video."""

import csv
import io
import re
import shutil

import pandas
import pytest
from conftest import Run
from pipeline import picture, write_clip
from runs import write_small_model

from videxpr.formats.frame_labels import NOT_ANNOTATED

TABLE = """video,start,end,name
talk.mp4,0.4,0:00:01,film A
p1/walk,0,0.2,base
p1/walk,1,9,after
nobody.mp4,0,1,base
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_small_model(tmp_path_factory.mktemp("weights") / "small.safetensors")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Three videos of 1.6 s; pictures of walk, and players of it, begin at 2 s."""
    folder = tmp_path_factory.mktemp("videos")
    (folder / "p1").mkdir()
    pictures = [picture(number) for number in range(40)]
    write_clip(folder / "talk.mp4", pictures)
    write_clip(folder / "p1" / "walk.mkv", pictures, range(50, 90))
    shutil.copy(folder / "talk.mp4", folder / "other.mp4")
    return folder


@pytest.fixture
def annotate(videxpr: Run, videos, weights, tmp_path):
    """Annotates the stretches of a table."""

    def run(table, *words):
        (tmp_path / "s.csv").write_text(table)
        chosen = ("-m", weights, "--detector", "mtcnn", "--missing", "none", "-o", tmp_path / "out")
        return videxpr("annotate", videos, "--segments", tmp_path / "s.csv", *chosen, *words)

    return run


def frames(path):
    return pandas.read_parquet(path)["frame_index"].tolist()


def test_each_stretch_has_files_and_a_line_of_its_own(annotate, videxpr, tmp_path):
    code, _, shown = annotate(TABLE, "-f", "aff-wild2,parquet")
    assert code == 0
    assert "1 video (nobody.mp4) is not among the videos" in shown
    assert "1 video (other.mp4) is without a segment, and left out" in shown
    out = tmp_path / "out"
    assert frames(out / "talk.film A.parquet") == list(range(10, 25))
    assert frames(out / "p1" / "walk.base.parquet") == list(range(5))
    assert frames(out / "p1" / "walk.after.parquet") == list(range(25, 40))
    _, *labels = (out / "talk.film A.txt").read_text().splitlines()
    assert labels == [str(NOT_ANNOTATED)] * 25  # a line a frame from the start of the video
    with (out / "summary.csv").open(newline="") as file:
        rows = [(row["video"], row["segment"], row["frames"]) for row in csv.DictReader(file)]
    expected = [
        ("p1/walk.mkv", "after", "15"),
        ("p1/walk.mkv", "base", "5"),
        ("talk.mp4", "film A", "15"),
    ]
    assert sorted(rows) == expected
    assert not list(out.rglob("other*"))
    code, table, _ = videxpr("export", out, "-o", "-")
    assert code == 0
    found = csv.DictReader(io.StringIO(table))
    assert {(one["video"], one["segment"], one["start"]) for one in found} == {
        ("p1/walk.mkv", "after", "1.0"),
        ("p1/walk.mkv", "base", "0.0"),
        ("talk.mp4", "film A", "0.4"),
    }


def test_a_configuration_repeats_a_stretch(annotate, videxpr, tmp_path):
    assert annotate(TABLE, "-f", "parquet")[0] == 0
    code, printed, _ = videxpr("config", tmp_path / "out" / "p1" / "walk.base.parquet")
    assert code == 0
    own_times = {"start = 2.0", "end = 2.2"}  # which --start and --end take
    assert own_times <= set(printed.splitlines())


def test_a_stretch_that_was_moved_is_made_again_when_that_is_asked_for(annotate, tmp_path):
    assert annotate(TABLE, "-f", "parquet")[0] == 0
    path = tmp_path / "out" / "talk.film A.parquet"
    before = path.stat().st_mtime_ns
    code, shown, _ = annotate(TABLE, "-f", "parquet")
    assert code == 0 and "0 annotated, 3 skipped" in shown
    assert path.stat().st_mtime_ns == before
    moved = TABLE.replace("0:00:01", "0.8")
    code, _, shown = annotate(moved, "-f", "parquet")
    assert code == 2 and "with --end 1, not 0.8" in " ".join(shown.split())
    assert annotate(moved, "-f", "parquet", "--redo-changed")[0] == 0
    assert frames(path) == list(range(10, 20))


def test_a_stretch_outside_of_its_video_fails_alone(annotate, tmp_path):
    code, _, shown = annotate(TABLE.replace("p1/walk,1,9", "p1/walk,8,9"), "-f", "csv")
    assert code == 1
    said = "p1/walk.mkv (after): no frame between 8 and 9 s; the video runs from 0.0 to 1.6 s"
    assert said in " ".join(shown.split())
    assert (tmp_path / "out" / "p1" / "walk.base.csv").exists()


@pytest.mark.parametrize("name", ["nobody.mp4", "p1/wakl.mkv"])  # in the table, and not in it
def test_a_video_that_is_not_there_fails(annotate, videos, tmp_path, name):
    code, shown, said = annotate(TABLE, "-f", "csv", videos / name)
    assert code == 1
    assert re.search(rf"{name}( \(base\))?: no such file", " ".join((shown + said).split()))
    assert (tmp_path / "out" / "p1" / "walk.base.csv").exists()


def test_videos_of_which_none_is_there_fail_as_without_a_table(videxpr, weights, tmp_path):
    (tmp_path / "s.csv").write_text(TABLE)
    table = ("--segments", tmp_path / "s.csv")
    chosen = ("-m", weights, "--detector", "mtcnn", "-o", tmp_path / "out")
    plain, cut = (
        videxpr("annotate", tmp_path / "gone.mp4", *words, *chosen) for words in ((), table)
    )
    assert plain[0] == cut[0] != 0
    assert "no such file" in plain[2] and plain[2] == cut[2]


@pytest.mark.parametrize(
    ("table", "words", "message"),
    [
        (TABLE + "talk,2,3,film A\n", (), "two segments of talk are called 'film A'"),
        (TABLE.replace("film A", "../film"), (), "is called '../film'"),
        (TABLE.replace("film A", ""), (), "is called ''"),
        ("video,start,end,name\nx,1,2,y\n", (), "names none of the videos: its first is 'x'"),
        (TABLE, ("--start", "1"), "leave out --start and --end"),
        (TABLE, ("--template", "t.txt"), "--template wants whole videos"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    annotate, tmp_path, table, words, message
):
    code, _, shown = annotate(table, *words)
    assert code == 2 and message in " ".join(shown.split())
    assert not (tmp_path / "out").exists()

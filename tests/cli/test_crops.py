"""`videxpr crops make` and `videxpr crops measure`, run as users run them."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from pipeline import picture, write_clip
from runs import run_here
from skimage import data

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.datasets.crops.geometry_file import read_crop_geometry, write_crop_geometry


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A still of a face that fills a quarter of the picture, and what is no video."""
    folder = tmp_path_factory.mktemp("clips")
    portrait = np.ascontiguousarray(data.astronaut()[20:260, 120:360])
    write_clip(folder / "face.mp4", [np.roll(portrait, n, axis=1) for n in range(9)])
    write_clip(folder / "nobody.mp4", [picture(n) for n in range(9)])
    (folder / "broken.mp4").write_bytes(b"no video")
    return folder


@pytest.fixture(scope="module")
def tree(clips, tmp_path_factory):
    """Crops of all clips, and the exit code and what was said."""
    root = tmp_path_factory.mktemp("tree")
    options = ("--detector", "mtcnn", "--device", "cpu", "--min-face", 60)
    return root, run_here("crops", "make", clips, "-o", root, *options)


def test_a_folder_of_videos_becomes_a_tree(tree):
    root, (code, _, _) = tree
    assert code == 1  # one is broken
    assert sorted(path.name for path in root.iterdir()) == [
        "crop_geometry.json",
        "cropped_aligned",
        "summary.csv",
    ]
    crops = sorted((root / "cropped_aligned" / "face").iterdir())
    assert [path.name for path in crops] == [f"{number:05d}.jpg" for number in range(1, 10)]
    with Image.open(crops[0]) as image:
        assert (image.size, image.mode, image.format) == ((112, 112), "RGB", "JPEG")
    assert list((root / "cropped_aligned" / "nobody").iterdir()) == []
    assert not (root / "cropped_aligned" / "broken").exists()
    assert read_crop_geometry(root / "crop_geometry.json") == ARCFACE


def test_lines_go_to_one_stream_and_the_table_to_the_other(tree):
    _, (_, out, err) = tree
    assert "9 frames, 9 crops in face" in err
    assert err.count("broken.mp4") == 1
    assert "warning: no face was found" in err
    assert "2 cropped, 0 skipped, 1 failed" in out
    assert "Traceback" not in err


def test_what_is_there_is_skipped(tree, clips, videxpr):
    root, _ = tree
    code, out, err = videxpr(
        "crops", "make", clips / "face.mp4", "-o", root, "--detector", "mtcnn", "--device", "cpu"
    )
    assert code == 0
    assert "skipped, its crops are there" in err
    assert "0 cropped, 1 skipped, 0 failed" in out


@pytest.mark.parametrize("command", [("crops", "make"), ("annotate",)])
def test_nothing_begins_where_no_path_is_there(videxpr, tmp_path, command):
    options = ("-o", tmp_path / "out", "--detector", "mtcnn", "-q")
    code, out, err = videxpr(*command, "nowhere", *options)
    assert (code, out, err) == (2, "", "error: nowhere: no such file or folder\n")
    assert not list(tmp_path.iterdir())


def test_size_and_quality_reach_the_files(clips, videxpr, tmp_path):
    code, out, err = videxpr(
        *("crops", "make", clips / "face.mp4", "-o", tmp_path, "--size", 64, "--quality", 30, "-q"),
        *("--detector", "mtcnn", "--device", "cpu", "--min-face", 60),
    )
    assert (code, out, err) == (0, "", "")
    path = tmp_path / "cropped_aligned" / "face" / "00001.jpg"
    with Image.open(path) as image:
        assert image.size == (64, 64)
    assert path.stat().st_size < 2000
    template = read_crop_geometry(tmp_path / "crop_geometry.json")
    assert (template.name, template.size) == ("arcface at 64", 64)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--quality", "0"], "quality"),
        (["--size", "0"], "--size must be at least 32 and at most 1024"),
        (["--size", "9999"], "1024"),
        (["--batch-size", "0"], "--batch-size must be at least 1"),
        (["--start", "noon"], "noon"),
        (["--start", "0:02", "--end", "1"], "after the start"),
        (["--geometry", "nosuch.json"], "nosuch.json"),
        (["--detector", "yolo"], "unknown detector"),
        (["--device", "abacus"], "unknown device"),
    ],
)
def test_wrong_usage_is_one_line_and_leaves_nothing(clips, videxpr, tmp_path, arguments, said):
    code, out, err = videxpr("crops", "make", clips, "-o", tmp_path / "out", *arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_measure_writes_a_geometry_that_make_takes(tree, clips, videxpr, tmp_path):
    root, _ = tree
    measured = tmp_path / "measured.json"
    options = ("--detector", "mtcnn", "--device", "cpu")
    code, out, _ = videxpr(
        *("crops", "measure", root, "-o", measured, "--plot", tmp_path / "mean.png"), *options
    )
    assert code == 0
    assert "9 crops of 1 folder measured with mtcnn" in out
    assert "one person's face" in out
    assert "agree with ArcFace's geometry" in out
    found = read_crop_geometry(measured)
    np.testing.assert_allclose(found.landmarks, ARCFACE.landmarks, atol=1.5)
    facts = json.loads(measured.read_text())["facts"]
    assert (facts["crops"], facts["without_a_face"], facts["detector"]) == (9, 0, "mtcnn")
    with Image.open(tmp_path / "mean.png") as image:
        assert image.format == "PNG"
    code, _, err = videxpr(
        *("crops", "make", clips / "face.mp4", "-o", tmp_path / "new", "--geometry", measured),
        *options,
    )
    assert code == 0
    assert "geometry measured" in err
    assert read_crop_geometry(tmp_path / "new" / "crop_geometry.json") == found


def test_measure_says_what_cannot_be_measured(videxpr, tmp_path):
    for folder, said in ((tmp_path / "nosuch", "no folder"), (tmp_path, "no image")):
        code, _, err = videxpr(
            "crops", "measure", folder, "-o", tmp_path / "t.json", "--device", "cpu"
        )
        assert code == 2
        assert said in err
        assert len(err.splitlines()) == 1
        assert not (tmp_path / "t.json").exists()


def test_crops_of_two_geometries_do_not_meet(tree, clips, videxpr, tmp_path):
    root, _ = tree
    other = CropTemplate("other", 112, tuple((x + 4, y - 3) for x, y in ARCFACE.landmarks))
    write_crop_geometry(tmp_path / "other.json", other)
    code, _, err = videxpr(
        "crops", "make", clips, "-o", root, "--geometry", tmp_path / "other.json"
    )
    assert code == 2
    assert "another geometry" in err


def test_annotating_the_tree_is_like_annotating_the_video(tree, clips, videxpr, tmp_path):
    root, _ = tree
    options = ("--device", "cpu", "--detector", "mtcnn", "--min-face", 60, "--crop-fps", 25, "-q")
    wanted, found = tmp_path / "video", tmp_path / "crops"
    assert videxpr("annotate", clips / "face.mp4", "-o", wanted, *options)[0] == 0
    assert videxpr("annotate", root / "cropped_aligned", "-o", found, *options)[0] == 0
    assert (found / "face.txt").read_text() == (wanted / "face.txt").read_text()


@pytest.mark.parametrize("words", [["crops", "make"], ["crops", "measure"]])
def test_help_is_complete(words):
    environment = os.environ | {"COLUMNS": "200", "TERM": "dumb"}
    command = [sys.executable, "-m", "videxpr", *words, "--help"]
    text = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    ).stdout
    shared = ["--detector", "--detector-dir", "--device", "--quiet"]
    own = {
        "make": ["--output-dir", "--geometry", "--size", "--quality", "--overwrite", "--person"]
        + ["--people", "--min-face", "--min-score", "--batch-size", "--start", "--end"],
        "measure": ["--output", "--sample", "--seed", "--name", "--plot"],
    }[words[1]]
    for option in shared + own:
        assert option in text
    assert text.count("default:") >= len(shared + own)

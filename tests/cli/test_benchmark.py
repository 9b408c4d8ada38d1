"""`videxpr benchmark`, run as users run it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarked import figures, small_model
from conftest import SHARED, needs_shared
from pipeline import picture, write_clip, write_portrait

from videxpr.cli.benchmark import show_video
from videxpr.core.stage_timer import STAGES

FRAMES = 9
OPTIONS = [
    *("--device", "--detector", "--detector-dir", "--min-face", "--min-score", "--people"),
    *("--model", "--stride", "--batch-size", "--runs", "--json", "--quiet"),
]


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_portrait(folder / "face.mp4", FRAMES)
    (folder / "broken.mp4").write_bytes(b"no video")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("weights") / "m.safetensors").path


@pytest.fixture(scope="module")
def finished(clips, model, tmp_path_factory):
    """A run over a good video, a broken one and one that is not there; its JSON; what it left."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "tmp").mkdir()
    command = [sys.executable, "-m", "videxpr", "benchmark", str(clips), "nowhere.mp4"]
    options = ["--detector", "mtcnn", "--min-face", "60", "--device", "cpu", "-m", str(model)]
    wanted = ["--runs", "1", "--json", str(folder / "new" / "figures.json")]
    done = subprocess.run(
        [*command, *options, *wanted],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TMPDIR": str(folder / "tmp")},
    )
    return done, folder


def test_a_bad_video_is_an_error_and_the_others_are_measured(finished):
    done, _ = finished
    assert done.returncode == 1
    assert done.stderr.count("broken.mp4: ") == 1
    assert done.stderr.count("nowhere.mp4") == 1 and "no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert "face.mp4: 9 frames of 240 x 240, h264, 1.00 faces a frame" in done.stdout
    for name in (*STAGES, "bound", "pipeline", "efficiency", "peak memory of the pipeline"):
        assert name in done.stdout
    assert "detector mtcnn on cpu (torch," in done.stdout
    assert "faces embedded by onnxruntime " in done.stdout


def test_json_has_the_same_figures_as_the_table(finished):
    done, folder = finished
    fields = json.loads((folder / "new" / "figures.json").read_text())
    broken, face, missing = fields["videos"]
    assert "not a video" in broken["error"] and "no such file" in missing["error"]
    assert (face["video"], face["frames"], face["faces_per_frame"]) == ("face.mp4", FRAMES, 1)
    assert f" {face['efficiency']:.2f} " in done.stdout
    assert f" {face['bound']['frames_per_second']:.1f} " in done.stdout
    assert f"{face['peak_memory']['host_bytes'] / 1e6:.0f} MB of the host" in done.stdout
    times = [1 / one["frames_per_second"] for one in face["stages"].values()]
    assert face["bound"]["frames_per_second"] == pytest.approx(1 / sum(times))
    assert fields["in_use"]["detector"] == "mtcnn" and fields["runs"] == 1
    assert fields["in_use"]["model_runtimes"] == ["onnxruntime"]


def test_nothing_is_left_in_the_temporary_folder(finished):
    _, folder = finished
    assert list((folder / "tmp").iterdir()) == []


def test_a_run_that_is_stopped_ends_its_process_and_leaves_nothing(clips, model, tmp_path):
    command = [sys.executable, "-m", "videxpr", "benchmark", str(clips / "face.mp4")]
    options = ["--detector", "mtcnn", "--device", "cpu", "-m", str(model), "--runs", "100000"]
    run = subprocess.Popen(
        command + options,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    while not list(tmp_path.glob("videxpr-*/*")):  # the other process writes results
        assert run.poll() is None
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)  # to the command alone; a cluster does so
    assert run.wait(timeout=60) not in (0, -signal.SIGTERM)
    assert list(tmp_path.glob("videxpr-*")) == []
    for _ in range(100):
        try:
            os.killpg(run.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process is left")


@needs_shared
def test_json_on_standard_output_is_all_that_is_there(videxpr, tmp_path, model):
    path = write_clip(tmp_path / "nobody.mp4", [picture(number) for number in range(5)])
    code, out, err = videxpr(
        *("benchmark", path, "--runs", 1, "--json", "-", "-q", "--device", "cpu", "-m", model),
        *("--detector", "scrfd:buffalo_sc"),
        *("--detector-dir", SHARED / "models" / "insightface"),
    )
    fields = json.loads(out)
    assert (code, err) == (0, "")
    assert fields["in_use"]["providers"][-1] == "CPUExecutionProvider"
    (video,) = fields["videos"]
    assert video["stages"]["embed"] is None and video["faces_per_frame"] == 0
    assert any("no face" in warning for warning in video["warnings"])


def test_it_is_said_when_faces_are_embedded_the_slow_way(videxpr, model, no_graphs, tmp_path):
    (tmp_path / "broken.mp4").write_text("text")
    options = ("--detector", "mtcnn", "-m", model)
    code, out, err = videxpr("benchmark", tmp_path / "broken.mp4", *options)
    assert code == 1
    assert "warning: faces are embedded by torch, which is slower: no graph" in err
    assert "faces embedded by torch," in out


def test_table_says_per_face_what_is_per_face_and_nothing_where_nothing_was_done(capsys):
    show_video("sub/v.mp4", figures())
    rows = {
        line.strip("│ ").split(" ")[0]: [cell.strip() for cell in line.strip("│").split("│")]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("│")
    }
    assert rows["detect"] == ["detect", "40.0", "40.0 to 40.0", "25.00", ""]
    assert rows["embed"] == ["embed", "100.0", "100.0 to 100.0", "10.00", "200.0"]
    assert rows["classify"] == ["classify", "", "nothing to do", "", ""]
    assert rows["write"][1] == "5000"
    assert rows["bound"] == ["bound", "25.8", "1 / sum(1 / stage)", "38.70", ""]
    assert rows["pipeline"] == ["pipeline", "20.0", "12.5 to 25.0", "50.00", ""]
    assert rows["efficiency"][:3] == ["efficiency", "0.77", "pipeline / bound"]


def test_table_of_a_gpu_names_the_stage_that_decides(capsys):
    show_video("v.mp4", figures(overlap=True))
    out = capsys.readouterr().out
    assert "slowest: detect" in out and "1 / sum" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--runs", "0"], "at least 1"),
        (["--batch-size", "0"], "--batch-size must be at least 1"),
        (["--stride", "0"], "stride"),
        (["--stride", "65"], "65"),
        (["--detector", "yolo"], "unknown detector"),
        (["--device", "abacus"], "unknown device"),
        (["--model", "nosuch.safetensors"], "nosuch.safetensors"),
        (["-m", "starter", "-m", "starter"], "given twice"),
        (["--json", "."], "is a folder"),
        (["--json", f"{__file__}/x.json"], "cannot be written"),
    ],
)
def test_wrong_usage_is_one_line(videxpr, clips, arguments, said):
    code, out, err = videxpr("benchmark", clips, "--detector", "mtcnn", *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


def test_help_is_instant_and_complete():
    command = [sys.executable, "-X", "importtime", "-m", "videxpr", "benchmark", "--help"]
    environment = os.environ | {"COLUMNS": "200", "TERM": "dumb"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    for option in OPTIONS:
        assert option in done.stdout
    assert done.stdout.count("default:") >= len(OPTIONS)
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "av", "pandas", "pyarrow", "cv2", "onnxruntime"}


def test_the_page_names_every_option():
    page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
    for option in OPTIONS:
        assert f"`{option}" in page

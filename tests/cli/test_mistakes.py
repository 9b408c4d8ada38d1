"""What a newcomer gets wrong is answered in one line, without torch, and leaves nothing behind."""

import subprocess
import sys

import pytest
from conftest import Run

MISTAKES = {
    "annotate": "name SOURCES: videxpr annotate folder/ -o annotations",
    "annotate nosuch.mp4": "nosuch.mp4: no such file or folder",
    "annotate a.mp4 --detectr mtcnn": "no such option: --detectr; did you mean --detector?",
    "anotate a.mp4": "no such command 'anotate'; did you mean 'annotate'?",
    "annotate a.mp4 --smooth": "option '--smooth' requires an argument",
    "annotate a.mp4 --smooth half": "--smooth must be a number, not 'half'",
    "annotate a.mp4 -f parqet": "--format is not 'parqet'; did you mean 'parquet'?",
    "annotate a.mp4 -f xml": (
        "--format must be one of aff-wild2, predictions, parquet, csv, features, intervals, jsonl, "
        "vtt, srt, eaf, textgrid, boris, boris-paste, label-studio, all, not 'xml'"
    ),
    "annotate a.mp4 --detector yolo": (
        "unknown detector 'yolo'; choose one of auto, mtcnn, scrfd, scrfd:PACK"
    ),
    "annotate a.mp4 --detector-dir nosuch": "--detector-dir nosuch is no folder",
    "annotate a.mp4 --detector scrfd --detector-dir empty": (
        "no SCRFD pack in empty; take --detector mtcnn, or get one: videxpr models download "
        "buffalo_l"
    ),
    "annotate a.mp4 --device gpu": "unknown device 'gpu'; choose auto, cpu, cuda, cuda:N, N or mps",
    "annotate a.mp4 -m nosuch.safetensors": "no model 'nosuch.safetensors': there is no such file",
    "annotate a.mp4 -m startr": "no model 'startr'; did you mean 'starter-1'?",
    "annotate a.mp4 -m text": (
        "text is not a safetensors file (it has no header); 'videxpr models import' makes one of "
        "the authors' checkpoints"
    ),
    "annotate empty": "empty: no video in this folder",
    "annotate a.mp4 -o text": "--output-dir text is a file, not a folder",
    "annotate a.mp4 -o text/out": "--output-dir text/out cannot be written: text is a file",
    "annotate a.mp4 -o /proc/out": (
        "--output-dir /proc/out cannot be written: No such file or directory"
    ),
    "annotate a.mp4 --template no.txt": "cannot read no.txt: No such file or directory",
    "annotate a.mp4 --config no.toml": "--config no.toml cannot be read: No such file or directory",
    "annotate a.mp4 --config bad.toml": (
        "bad.toml: there is no option 'smoth'; did you mean 'smooth'?"
    ),
    "annotate a.mp4 --start 5 --end 2": None,
    "crops make nosuch.mp4": "nosuch.mp4: no such file or folder",
    "crops make a.mp4 -o text": "--output-dir text is a file, not a folder",
    "crops make a.mp4 --geometry text": None,
    "crops make a.mp4 --detector-dir nosuch": "--detector-dir nosuch is no folder",
    "crops measure empty --detector-dir nosuch": "--detector-dir nosuch is no folder",
    "benchmark a.mp4 --detector-dir nosuch": "--detector-dir nosuch is no folder",
    "benchmark nosuch.mp4": "nosuch.mp4: no such file or folder",
    "crops measure nosuch": "no folder nosuch",
    "evaluate nosuch empty": None,
    "evaluate empty empty --json empty": "--json empty is a folder; name a file in it",
    "train images nosuch": None,
    "train clips nosuch": None,
    "tune nosuch nosuch": None,
    "config nosuch.parquet": None,
    "config text": None,
    "models show nosuch": None,
    "submission empty --template text --edition 10": None,
    "train clps": "no such command 'clps'; did you mean 'clips'?",
}
"""The line that answers each call; None stands for any."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a video, a folder, and a text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"\0" * 100)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("hello, this is no table\n")
    (tmp_path / "bad.toml").write_text("smoth = 1\n")
    return tmp_path


@pytest.mark.parametrize("call", MISTAKES)
def test_a_mistake_is_answered_in_a_line(videxpr: Run, here, call):
    before, answer = sorted(here.rglob("*")), MISTAKES[call]
    code, out, err = videxpr(*call.split())
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1
    assert answer is None or err == f"error: {answer}\n"
    assert sorted(here.rglob("*")) == before


def test_none_of_them_needs_torch(here):
    code = (
        "import contextlib, sys, videxpr.cli\n"
        f"for call in {list(MISTAKES)!r}:\n"
        "    sys.argv = ['videxpr', *call.split()]\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        videxpr.cli.main()\n"
        "    if 'torch' in sys.modules: sys.exit(call + ' loads torch')\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=here)
    assert done.returncode == 0, done.stderr.splitlines()[-1]
    assert "Value error" not in done.stderr


def test_what_cannot_be_read_is_said_without_torch(here):
    (here / "notes.mp4").write_text("no video\n")
    (here / "empty.mp4").touch()
    code = (
        "import sys, videxpr.cli\n"
        "sys.argv = ['videxpr', 'annotate', 'notes.mp4', 'empty.mp4', '--device', 'cpu']\n"
        "try:\n"
        "    videxpr.cli.main()\n"
        "finally:\n"
        "    assert 'torch' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=here)
    assert done.returncode == 1
    assert done.stdout == "0 annotated, 0 skipped, 2 failed\n"
    first, second = done.stderr.splitlines()
    assert first.startswith("error: notes.mp4: ") and second.startswith("error: empty.mp4: ")
    assert max(len(first), len(second)) <= 80

"""Runs of the command, here or in a process of its own, and crops that a small model reads quickly."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import torch
from conftest import exit_code_of
from PIL import Image
from pipeline import picture

from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig

FAULTS = Path(__file__).parent / "faults"


def write_small_model(path: Path) -> Path:
    """A model that knows nothing, and takes no time."""
    torch.manual_seed(1)
    config = ModelConfig("backbone", "regnet_y_400mf", input_size=32)
    save_checkpoint(path, ExpressionModel(config), TrainingSummary("", "", 0, 0), "none")
    return path


def write_crops(folder: Path, frames: int = 12, size: tuple[int, int] = (112, 112)) -> Path:
    """A folder of crops that look a little different each."""
    folder.mkdir(parents=True)
    for frame in range(1, frames + 1):
        Image.fromarray(picture(frame, size=size)).save(folder / f"{frame:05d}.png")
    return folder


def run_here(*words: object) -> tuple[int, str, str]:
    """Run a command in this process, where torch is loaded; what the fixture `videxpr` gives."""
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        code = exit_code_of(*words)
    return code, out.getvalue(), error.getvalue()


def start(*words: object, **environment: object) -> "subprocess.Popen[str]":
    """Start the command; with faults if the environment names any."""
    path = os.pathsep.join(filter(None, (str(FAULTS), os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "videxpr", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": path, **{k: str(v) for k, v in environment.items()}},
    )


def results(folder: Path) -> dict[str, bytes]:
    """What a run has written, but for its log, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.jsonl"
    }

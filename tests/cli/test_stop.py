"""A run that is stopped keeps what it has done, says so last, and ends with the code of its signal."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas
import pytest
import torch
from PIL import Image
from pipeline import picture, write_clip
from rich.console import Console

from videxpr.cli.stop import Stopped
from videxpr.cli.train import resumable
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.training.run import EpochReport

SOURCES = 40


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    config = ModelConfig("backbone", "regnet_y_400mf", input_size=32)
    save_checkpoint(path, ExpressionModel(config), TrainingSummary("", "", 0, 0), "none")
    return path


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """Many folders of crops, each of which takes a moment."""
    top = tmp_path_factory.mktemp("crops")
    for number in range(SOURCES):
        folder = top / f"v{number:02d}"
        folder.mkdir()
        for frame in range(1, 13):
            Image.fromarray(picture(frame, size=(112, 112))).save(folder / f"{frame:05d}.png")
    return top


def stopped(words, number, wait):
    """Run a command, and send a signal to it once it has written that; give code, lines and process."""
    command = [sys.executable, "-u", "-m", "videxpr", *map(str, words)]
    run = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    lines = []
    for line in run.stdout:
        lines.append(line)
        if re.search(wait, line):
            break
    run.send_signal(number)
    rest, _ = run.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)
    return run.returncode, "".join(lines) + rest


@pytest.mark.parametrize(
    ("number", "workers", "code"), [(signal.SIGINT, 1, 130), (signal.SIGTERM, 2, 143)]
)
def test_what_is_done_is_kept_and_it_is_said_how_to_go_on(
    crops, weights, tmp_path, number, workers, code
):
    out = tmp_path / "out"
    run = ("annotate", crops, "-o", out, "-m", weights, "--device", "cpu", "-j", workers)
    ended, text = stopped(run, number, rf"\[2/{SOURCES}\]")
    assert ended == code and "Traceback" not in text
    last = re.fullmatch(
        rf"stopped: (\d+) of {SOURCES} videos are done and kept; the same command goes on from there",
        text.splitlines()[-1],
    )
    assert last is not None
    done = int(last[1])
    assert 2 <= done < SOURCES
    assert len(list(out.glob("*.parquet"))) == done
    assert len(pandas.read_csv(out / "summary.csv")) == done
    assert not list(out.glob(".*.part*"))


@pytest.mark.parametrize(
    ("epochs", "last"),
    [
        ((), "stopped: no epoch was finished"),
        ((1, 2), "stopped: epoch 2 of 9 is done and kept; the same command with --resume goes on "),
    ],
)
def test_training_that_is_stopped_says_which_epoch_is_kept(epochs, last):
    whole = [
        EpochReport(epoch=one, epochs=9, loss=0.1, accuracy=0.5, macro_f1=0.5, temperature=1.0)
        for one in epochs
    ]

    def train():
        with resumable(9, Console(file=io.StringIO())) as show_epoch:
            for report in whole:
                show_epoch(report)
            raise Stopped(signal.SIGTERM)

    with pytest.raises(Stopped) as caught:
        train()
    assert caught.value.code == 143 and caught.value.text.startswith(last)


def python(code):
    """Run a program that may be stopped; it prints what it has to say."""
    head = "import os, signal, sys, time\nfrom videxpr.cli.stop import Stopped, stoppable\n"
    return subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True)


def test_a_second_signal_ends_at_once():
    done = python(
        "with stoppable():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(9)\n"
        "    except Stopped as stop:\n"
        "        print(stop.code, stop.text, flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(9)\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "130 stopped\n", "")


def test_a_signal_that_is_ignored_stays_ignored_and_handlers_are_put_back():
    done = python(
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "before = signal.getsignal(signal.SIGTERM)\n"
        "with stoppable():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(0.1)\n"
        "print(signal.getsignal(signal.SIGTERM) == before)\n"
    )
    assert (done.returncode, done.stdout) == (0, "True\n")


@pytest.mark.parametrize("redirect", ["| true", ">&-", ">&- 2>&-"])
def test_output_that_nobody_takes_leaves_no_trace(tmp_path, redirect):
    command = f"{sys.executable} -m videxpr models list --detector-dir {tmp_path} {redirect}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


def test_an_interrupt_of_an_import_leaves_no_trace(tmp_path):
    write_clip(tmp_path / "a.mp4", [picture(number) for number in range(5)])
    command = [sys.executable, "-X", "importtime", "-m", "videxpr", "annotate", "a.mp4"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    for line in run.stderr:
        if re.search(r"\| +videxpr\.annotation\.writer", line):
            break
    run.send_signal(signal.SIGINT)
    rest = run.communicate()[1]
    assert run.returncode == 130 and rest.splitlines()[-1].startswith("stopped")
    assert "Traceback" not in rest
    assert [path.name for path in Path(tmp_path).iterdir()] == ["a.mp4"]

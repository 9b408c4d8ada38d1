"""Whatever happens to a process that annotates, it costs one video, and the parent none of its own."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest
from run_logs import lines
from runs import results, run_here, start, write_crops, write_small_model

pytestmark = pytest.mark.slow

VIDEOS = 12

TELL_WHAT_IS_LOADED = """
import sys
from videxpr.cli import main

try:
    main()
except SystemExit as end:
    code = end.code
print("heavy:", code, *{"torch", "av", "cv2", "pyarrow", "insightface"} & {*sys.modules})
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_small_model(tmp_path_factory.mktemp("weights") / "small.safetensors")


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    top = tmp_path_factory.mktemp("crops")
    for number in range(VIDEOS):
        write_crops(top / f"v{number:02d}", 4 + number)
    return top


@pytest.fixture(scope="module")
def command(weights, crops):
    return "annotate", crops, "-m", weights, "--device", "cpu"


@pytest.fixture(scope="module")
def annotate(command):
    def begin(*words, **environment):
        return start(*command, *words, **environment)

    return begin


@pytest.fixture(scope="module")
def unbroken_run(command, tmp_path_factory):
    """The folder of an unbroken run, and what its parent said."""
    out = tmp_path_factory.mktemp("unbroken") / "out"
    words = [sys.executable, "-c", TELL_WHAT_IS_LOADED, *command, "-o", out]
    return out, subprocess.run(words, capture_output=True, text=True)


@pytest.fixture(scope="module")
def unbroken(unbroken_run):
    """What an unbroken run writes."""
    return results(unbroken_run[0])


def test_the_parent_needs_neither_torch_nor_av(unbroken_run):
    _, done = unbroken_run
    assert done.stdout.splitlines()[-1] == "heavy: 0", done.stderr


@pytest.mark.parametrize("workers", [0, 2])
def test_any_number_of_workers_writes_the_same(command, unbroken, tmp_path, workers):
    code, text, error = run_here(*command, "-o", tmp_path, "-j", workers)
    assert code == 0, error
    assert results(tmp_path) == unbroken
    rows = re.findall(r"^v\d\d  ", text, re.M)  # of the table, in the order of the sources
    assert rows == sorted(rows) and len(rows) == VIDEOS


def test_a_fault_of_any_kind_costs_one_video(annotate, unbroken, tmp_path):
    (tmp_path / "bad.mp4").write_text("no video")
    faults = "segfault:v01,hang:v03,eat:v05,fill:v07"
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)]
    is_small = subprocess.run(mount, capture_output=True).returncode == 0
    if not is_small:
        faults = faults.replace(",fill:v07", "")
    try:
        words = (tmp_path / "bad.mp4", "-o", tmp_path / "out", "-j", 2)
        guards = ("--timeout", 6, "--memory-limit", "1500MB")
        run = annotate(*words, *guards, VIDEXPR_FAULTS=faults, VIDEXPR_SMALL_DISK=disk)
        text, _ = run.communicate(timeout=180)
    finally:
        if is_small:
            subprocess.run(["umount", str(disk)], check=True)
    assert run.returncode == 1, text
    failed = {
        one["key"]: (one["error_class"], one["error"])
        for one in lines(tmp_path / "out" / "run.jsonl")
        if one["event"] == "failed"
    }
    assert failed["bad"][0] == "SourceError"
    assert failed["v01"][0] == "CrashError" and "ended with SIGSEGV, twice" in failed["v01"][1]
    assert failed["v03"][0] == "StallError" and "(--timeout 6)" in failed["v03"][1]
    assert failed["v05"][0] == "MemoryLimitError" and "-j" in failed["v05"][1]
    if is_small:
        assert failed["v07"][0] == "OSError" and "No space left" in failed["v07"][1]
    assert len(failed) == 4 + is_small
    for _, error in failed.values():
        assert f"error: {error}" in text.rpartition("results in")[0]
    own = results(tmp_path / "out")
    good = {name for name in unbroken if re.match(r"v\d\d\.", name) and name[:3] not in failed}
    assert {name: own[name] for name in good} == {name: unbroken[name] for name in good}
    assert set(own) == good | {"summary.csv", "predictions.txt"}


def workers_of(run):
    return [
        child
        for child in psutil.Process(run.pid).children(recursive=True)
        if "serve" in " ".join(child.cmdline())
    ]


def test_a_run_whose_processes_are_killed_ends_as_if_they_had_not_been(
    annotate, unbroken, tmp_path
):
    drawn = random.Random(1)
    for victim in ("parent", "parent", "worker"):
        for path in sorted(tmp_path.glob("v*"))[::3]:
            path.unlink()  # so that there is something to do
        run = annotate("-o", tmp_path, "-j", 1)
        for line in run.stdout:
            if re.search(r"\[\d+/12\] .* frames", line):
                break
        time.sleep(drawn.random() * 0.1)
        children = workers_of(run)
        for process in children if victim == "worker" else [run]:
            process.kill()
        text, _ = run.communicate(timeout=120)
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
    assert run.returncode == 0, text  # the one whose worker was killed has made all good
    assert results(tmp_path) == unbroken
    assert not list(tmp_path.glob(".*"))


def test_ctrl_c_ends_within_three_seconds_and_leaves_no_process(annotate, tmp_path):
    run = annotate("-o", tmp_path, "-j", 2, VIDEXPR_FAULTS="hang:v10,hang:v11")
    for line in run.stdout:
        if "[10/12]" in line:
            break
    children = workers_of(run)
    assert len(children) == 2
    begun = time.monotonic()
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does, to all of them
    rest, _ = run.communicate(timeout=30)
    assert time.monotonic() - begun < 3
    assert run.returncode == 130
    last = rest.splitlines()[-1]
    assert last == "stopped: 10 of 12 videos are done and kept; the same command goes on from there"
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert not list(tmp_path.glob(".*"))

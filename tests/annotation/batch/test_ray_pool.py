"""On Ray a run does what it does here, also where an actor or a machine is lost."""

import os
import re
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from run_logs import lines
from runs import FAULTS, results, run_here, start, write_crops, write_small_model

from videxpr.annotation.batch.worker import Refused

pytestmark = pytest.mark.slow

ray_pool = pytest.importorskip(
    "videxpr.annotation.batch.ray_pool", reason="RAY IS NOT TESTED: pip install '.[test]'"
)

NODE = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": ray_pool.STORE_BYTES}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_small_model(tmp_path_factory.mktemp("weights") / "small.safetensors")


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    top = tmp_path_factory.mktemp("crops")
    for number in range(6):
        write_crops(top / f"v{number}", 4 + number)
    return top


@pytest.fixture(scope="module")
def command(weights, crops):
    return "annotate", crops, "-m", weights, "--device", "cpu"


@pytest.fixture(scope="module")
def annotate(command):
    def begin(out, *words, **environment):
        return start(*command, "-o", out, *words, **environment)

    return begin


@pytest.fixture(scope="module")
def local(command, tmp_path_factory):
    """What a run without Ray writes."""
    out = tmp_path_factory.mktemp("local")
    code, _, error = run_here(*command, "-o", out, "-j", 0)
    assert code == 0, error
    return results(out)


def events(out, kind, run, count=0):
    """The events of a kind in a run's log; waits for so many."""
    deadline = time.monotonic() + 120
    while True:
        found = lines(out / "run.jsonl") if (out / "run.jsonl").exists() else []
        found = [one for one in found if one["event"] == kind]
        if len(found) >= count:
            return found
        if run.poll() is not None or time.monotonic() > deadline:
            run.kill()
            pytest.fail(run.communicate()[0])
        time.sleep(0.1)


@pytest.fixture
def cluster(monkeypatch):
    """A cluster of two machines with a core each; on the second one every video hangs."""
    path = os.pathsep.join(filter(None, (str(FAULTS), os.environ.get("PYTHONPATH", ""))))
    for name, value in {**ray_pool.ENVIRONMENT, "PYTHONPATH": path}.items():
        monkeypatch.setenv(name, value)
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    monkeypatch.setenv("VIDEXPR_FAULTS", ",".join(f"hang:v{number}" for number in range(6)))
    second = cluster.add_node(**NODE)
    monkeypatch.delenv("VIDEXPR_FAULTS")
    yield SimpleNamespace(address=cluster.address, lose=lambda: cluster.remove_node(second, False))
    cluster.shutdown()


def test_the_video_of_a_machine_that_is_lost_is_done_elsewhere(annotate, local, cluster, tmp_path):
    words = ("--executor", "ray", "--ray-address", cluster.address, "-j", 2)
    run = annotate(tmp_path, *words, VIDEXPR_PLACED=5)
    events(tmp_path, "done", run, 5)
    cluster.lose()
    rest, _ = run.communicate(timeout=180)
    assert run.returncode == 0, rest
    assert "[6/6]" in rest and "(raylet)" not in rest
    assert results(tmp_path) == local
    attempts = [
        one["attempt"] for one in lines(tmp_path / "run.jsonl") if one["event"] == "started"
    ]
    assert sorted(attempts) in ([1] * 6 + [2], [1] * 6)  # a slow second machine never begins


def test_a_lost_actor_is_replaced_and_a_stop_leaves_no_process(annotate, local, tmp_path):
    run = annotate(tmp_path, "--executor", "ray", "-j", 2, VIDEXPR_FAULTS="hang:v4,hang:v5")
    events(tmp_path, "started", run, 6)
    started = psutil.Process(run.pid).children(recursive=True)
    actors = [one for one in started if one.cmdline()[0].startswith("ray::_Actor")]
    assert len(actors) == 2
    actors[0].kill()
    assert events(tmp_path, "started", run, 7)[-1]["attempt"] == 2
    started = {*started, *psutil.Process(run.pid).children(recursive=True)}
    begun = time.monotonic()
    os.killpg(run.pid, signal.SIGINT)
    rest, _ = run.communicate(timeout=60)
    assert time.monotonic() - begun < 10  # two seconds, where nothing else runs
    assert run.returncode == 130, rest
    assert rest.splitlines()[-1].startswith("stopped: 4 of 6 videos are done and kept")
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not alive
    own = {name: data for name, data in results(tmp_path).items() if name.startswith("v")}
    assert own == {name: data for name, data in local.items() if re.match(r"v[0-3]\.", name)}


@pytest.mark.parametrize(
    ("nodes", "workers", "expected"),
    [
        ([(8, 0)], None, ray_pool.Shares(1, 8)),
        ([(8, 0)], 3, ray_pool.Shares(3, 2)),
        ([(2, 0)], 3, ray_pool.Shares(3, 1)),
        ([(16, 0), (16, 0), (0, 0)], None, ray_pool.Shares(2, 16)),
        ([(16, 0), (16, 0)], 3, ray_pool.Shares(3, 8)),
        ([(16, 2), (64, 0)], None, ray_pool.Shares(2, 8, 1)),
        ([(16, 2), (12, 2)], 8, ray_pool.Shares(8, 3, 0.5)),
        ([], 2, ray_pool.Shares(2, 1)),
    ],
)
def test_cores_and_gpus_are_shared_out(nodes, workers, expected):
    assert ray_pool.share_out(nodes, workers) == expected


def test_a_folder_that_a_machine_lacks_is_named():
    (told,) = ray_pool._Actor(None, Path("/nowhere/at all")).work(None)
    assert isinstance(told, Refused) and "/nowhere/at all" in str(told.error)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--ray-address", "127.0.0.1:9"], "no Ray cluster can be joined at 127.0.0.1:9: "),
        (["--ray-address", "ray://there:1"], "with HOST:PORT or auto"),
        (["--device", "cuda:1"], "take --device cuda, and Ray gives a GPU to each worker"),
    ],
)
def test_what_cannot_be_is_refused(videxpr, crops, weights, tmp_path, words, expected):
    call = ("annotate", crops, "-o", tmp_path / "out", "-m", weights, "--executor", "ray", "-j", 1)
    code, _, error = videxpr(*call, *words)
    assert code == 2 and expected in error
    assert not (tmp_path / "out").exists()


def test_who_has_no_ray_is_told_what_to_install(videxpr, crops, weights, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "videxpr.annotation.batch.ray_pool")
    monkeypatch.setitem(sys.modules, "ray", None)
    call = ("annotate", crops, "-o", tmp_path / "out", "-m", weights, "--executor", "ray", "-j", 1)
    code, _, error = videxpr(*call)
    assert code == 2 and "pip install videxpr[ray]" in error

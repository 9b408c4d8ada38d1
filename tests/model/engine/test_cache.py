"""Graphs that are kept: found again only by the same model, and only if they are whole."""

import multiprocessing
import os
import pickle
import stat
from pathlib import Path

import pytest
import torch
from embedded import model_of

from videxpr.core.crop_template import ARCFACE
from videxpr.model.engine.cache import graph_file, read_graph, write_graph

GRAPH = bytes(range(256)) * 4096


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "folder" / "a.graph"


def test_a_kept_graph_is_read_again(file):
    assert read_graph(file) is None
    write_graph(file, GRAPH)
    assert read_graph(file) == GRAPH
    assert [one.name for one in file.parent.iterdir()] == ["a.graph"]


def test_a_damaged_or_foreign_file_is_as_good_as_none(file):
    write_graph(file, GRAPH)
    whole = file.read_bytes()
    flipped = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    for content in (b"", whole[:-1], whole + b"x", flipped, GRAPH, pickle.dumps({"a": 1})):
        file.write_bytes(content)
        assert read_graph(file) is None
    file.unlink()
    file.mkdir()
    assert read_graph(file) is None
    write_graph(file, GRAPH)  # a folder is in the way: nothing happens
    assert read_graph(file) is None


def test_a_cache_that_cannot_be_written_to_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    write_graph(tmp_path / "file" / "a.graph", GRAPH)
    write_graph(None, GRAPH)
    assert read_graph(tmp_path / "file" / "a.graph") is read_graph(None) is None


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_cache_is_no_error(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    write_graph(tmp_path / "a.graph", GRAPH)
    assert list(tmp_path.iterdir()) == []


def _write(path: str, content: bytes, times: int) -> None:
    for _ in range(times):
        write_graph(Path(path), content)


def test_a_file_is_whole_at_any_time_while_two_processes_write_it(file):
    ours, theirs = (bytes([number]) * 2_000_000 for number in (1, 2))
    write_graph(file, ours)
    context = multiprocessing.get_context("spawn")
    writer = context.Process(target=_write, args=(str(file), theirs, 50))
    writer.start()
    seen = []
    while writer.is_alive():
        write_graph(file, ours)
        seen.append(read_graph(file))
    assert writer.exitcode == 0
    assert seen.count(ours) + seen.count(theirs) == len(seen) > 0
    assert [one.name for one in file.parent.iterdir()] == ["a.graph"]


def test_a_file_belongs_to_weights_and_geometry():
    models = [
        model_of(),
        model_of(seed=1),
        model_of("regnet_y_800mf"),
        model_of(input_size=64),
        model_of(crop=ARCFACE.resized(96)),
        model_of(color=False),
        model_of(mean=(0.5, 0.5, 0.5)),
        model_of(std=(0.5, 0.5, 0.5)),
    ]
    assert len({graph_file(model) for model in models}) == len(models)
    assert graph_file(model_of()) == graph_file(models[0])
    changed = model_of()
    changed.backbone.stem[0].weight[0, 0, 0, 0] += 1e-6
    assert graph_file(changed) != graph_file(models[0])


def test_what_does_not_change_the_features_does_not_change_the_file():
    assert graph_file(model_of(temperature=2.0, window=8)) == graph_file(model_of())


def test_graphs_lie_in_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDEXPR_CACHE", str(tmp_path))
    path = graph_file(model_of())
    assert path.parent == tmp_path / "graphs" and path.name.startswith("regnet_y_400mf-")


def test_another_processor_has_another_graph(monkeypatch):
    before = graph_file(model_of())
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "another")
    assert graph_file(model_of()) != before


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def homeless():
        raise RuntimeError("could not determine home directory")

    for name in ("VIDEXPR_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert graph_file(model_of()) is None

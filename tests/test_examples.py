"""The scripts in examples/ run as they stand."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
from PIL import Image

from videxpr.expressions import EXPRESSIONS

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, *arguments: object) -> str:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_video_to_table_counts_the_detected_frames():
    lines = run("video_to_table.py").splitlines()
    assert lines[0].startswith("astronaut.mp4: 250 frames")
    counts = [int(line.split()[1]) for line in lines[1:]]
    assert len(counts) == 8
    assert 150 < sum(counts) < 200


def test_crops_to_probabilities_answers_for_each_crop():
    lines = run("crops_to_probabilities.py").splitlines()
    assert len(lines) == 3
    assert all(line.split()[0] in EXPRESSIONS for line in lines)


def test_draw_timeline_draws_a_column_for_each_frame(tmp_path):
    table = pandas.DataFrame(
        {"frame_index": range(30), "main": True, **dict.fromkeys(EXPRESSIONS, 0.1)}
    )
    table.loc[10:19, list(EXPRESSIONS)] = None
    table["Happiness"] = 0.9
    table.to_parquet(tmp_path / "a.parquet")
    run("draw_timeline.py", tmp_path / "a.parquet", tmp_path / "a.png")
    picture = Image.open(tmp_path / "a.png")
    assert picture.size == (90 + 30, 8 * 24)
    assert picture.getpixel((95, 4 * 24 + 12)) < 60


def test_make_astronaut_makes_a_ten_second_video(tmp_path):
    run("make_astronaut.py", tmp_path / "again.mp4")
    assert (tmp_path / "again.mp4").stat().st_size < 600_000


def fusion_shares(task: str, generator: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
    """Shares (8, symbols) of the symbols in each class of a fusion task, and its windows by class."""
    draw = runpy.run_path(str(EXAMPLES / "fusion_tasks.py"))["TASKS"][task]
    windows = [np.stack([draw(label, generator) for _ in range(400)]) for label in range(8)]
    counts = np.stack([np.bincount(one.ravel(), minlength=8) for one in windows])
    return counts / counts.sum(axis=1, keepdims=True), windows


def test_the_mean_of_what_single_frames_tell_cannot_decide_the_set_task():
    shares, windows = fusion_shares("set", np.random.default_rng(0))
    assert [np.count_nonzero(row) for row in shares] == [1, 1, 1, 1, 2, 2, 2, 2]
    told = shares / shares.sum(axis=0).clip(min=1e-9)  # (8, symbols): what a frame tells, at best
    for label, symbols in enumerate(windows):
        answers = told[:, symbols].mean(axis=2).argmax(axis=0)  # (400,)
        assert (answers == label).mean() == (label < 4)


def test_no_frame_of_the_order_task_tells_which_class_of_a_pair_it_is():
    shares, windows = fusion_shares("order", np.random.default_rng(0))
    assert all(np.count_nonzero(np.diff(symbols)) == len(symbols) for symbols in windows)
    np.testing.assert_allclose(shares[::2], shares[1::2], atol=0.08)
    assert (shares.argmax(axis=1) // 2 == np.arange(8) // 2).all()


def test_the_loaders_benchmark_weighs_an_index():
    benchmark = runpy.run_path(str(EXAMPLES / "benchmark_loading.py"))
    assert 1 < benchmark["index_megabytes"](600_000) < 400


def test_expression_shares_are_of_the_frames_with_a_face(tmp_path):
    expressions = ["Neutral"] * 6 + ["Anger"] * 3 + ["Fear"] + ["Surprise"] * 5
    table = pandas.DataFrame(
        {"main": True, "expression": expressions, "source": ["detected"] * 10 + ["filled"] * 5}
    )
    table.loc[len(table)] = [False, "Sadness", "detected"]
    table.to_parquet(tmp_path / "one.parquet")
    last = run("expression_shares.py", tmp_path).splitlines()[-1]
    assert last == "| one | Neutral | Anger | Neutral 60%, Anger 30%, Fear 10% |"

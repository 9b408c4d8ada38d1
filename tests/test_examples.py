"""The scripts in examples/ run as they stand."""

import io
import json
import os
import runpy
import subprocess
import sys
import tracemalloc
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas
import pytest
import records
import torch
from annotated import annotation
from conftest import SHARED, needs_shared
from faces import write_faces
from PIL import Image
from pipeline import FPS, write_portrait
from sklearn.metrics import cohen_kappa_score, f1_score
from small_scrfd import write_small_scrfd

from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.image_folder import find_images, read_split
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.writer import SetSpec, synthesize
from videxpr.formats.affwild2 import read_labels, write_labels
from videxpr.formats.parquet import write_parquet
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.video.reader import Video
from videxpr.video.shots import with_shots

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, *arguments: object) -> str:
    """Run a script as `python` does, but here, where torch is loaded; return what it printed."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr(sys, "argv", [name, *map(str, arguments)])
        patch.syspath_prepend(EXAMPLES)
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return said.getvalue()


def test_video_to_table_counts_the_detected_frames():
    lines = run("video_to_table.py").splitlines()
    assert lines[0].startswith("astronaut.mp4: 250 frames")
    counts = [int(line.split()[1]) for line in lines[1:]]
    assert len(counts) == 8
    assert 150 < sum(counts) < 200


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ((), "required: folder, count"),
        (("x", "many"), "argument count: invalid int value: 'many'"),
        (("nosuch", 3), "3 copies of 0 Parquet files in nosuch make no report"),
    ],
)
def test_report_speed_says_what_it_wants(words, answer, capsys):
    with pytest.raises(SystemExit) as ended:
        run("report_speed.py", *words)
    assert ended.value.code == 2 and answer in capsys.readouterr().err


def test_crops_to_probabilities_answers_for_each_crop():
    lines = run("crops_to_probabilities.py").splitlines()
    assert len(lines) == 3
    assert all(line.split()[0] in EXPRESSIONS for line in lines)


def test_draw_timeline_draws_a_column_for_each_frame(tmp_path):
    table = pandas.DataFrame(
        {"frame_index": range(30), "rank": 0, **dict.fromkeys(EXPRESSIONS, 0.1)}
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
    assert not tracemalloc.is_tracing()  # it would slow all tests after this one


def test_expression_shares_are_of_the_frames_with_a_face(tmp_path):
    expressions = ["Neutral"] * 6 + ["Anger"] * 3 + ["Fear"] + ["Surprise"] * 5
    table = pandas.DataFrame(
        {"rank": 0, "expression": expressions, "source": ["detected"] * 10 + ["filled"] * 5}
    )
    table.loc[len(table)] = [1, "Sadness", "detected"]
    for name in ("one", "day1/interview", "day2/interview"):  # names repeat in folders
        (tmp_path / name).parent.mkdir(exist_ok=True)
        table.to_parquet(tmp_path / f"{name}.parquet")
    lines = run("expression_shares.py", tmp_path).splitlines()[2:]
    shares = "Neutral | Anger | Neutral 60%, Anger 30%, Fear 10% |"
    names = ("day1/interview", "day2/interview", "one")
    assert lines == [f"| {name} | {shares}" for name in names]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Checkpoints of random weights: a backbone, a transformer on it, and a transformer on another."""
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(3)
    made = [
        ExpressionModel(ModelConfig(variant, "regnet_y_400mf", input_size=32)).eval()
        for variant in ("backbone", "transformer", "transformer")
    ]
    made[1].backbone.load_state_dict(made[0].backbone.state_dict())
    paths = [folder / f"{name}.safetensors" for name in ("alone", "fusion", "other")]
    for path, model in zip(paths, made, strict=True):
        save_checkpoint(path, model, TrainingSummary("noise", "none", 0, 0), "none")
    return paths


def test_steadiness_compares_models_on_a_tree(models, tmp_path):
    faces, split = write_faces(tmp_path)
    parts = read_split(split, find_images(faces))
    spec = SetSpec("Validation_Set", "validation", 3)
    synthesize(tmp_path / "tree", parts, [spec], SynthesisOptions(seconds=3))
    options = ("-o", tmp_path / "a.png", "--features", tmp_path / "kept", "--device", "cpu")
    out = run("steadiness.py", tmp_path / "tree", *models, *options)
    rows = [line.split() for line in out.splitlines()]
    assert [sum(row[:1] == [name] for row in rows) for name in ("alone", "fusion", "other")] == [
        *(10, 11, 11),  # a row a span, one at equal flicker, a heading of differences
    ]
    assert "3 sequences, " in out
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (1200, 750)
    kept = sorted(path.parent.name for path in tmp_path.glob("kept/*/*.npy"))
    assert len(kept) == 6 and len(set(kept)) == 2  # features of two backbones, of three models
    assert run("steadiness.py", tmp_path / "tree", *models, *options) == out


def test_steadiness_compares_annotations_with_marks(tmp_path):
    marks = "clip,onset_seconds,offset_seconds,expression,remark\n"
    marks += "a.mp4,1.0,2.0,Happiness,\na.mp4,2.0,3.0,Other,unclear\n"
    (tmp_path / "marks.csv").write_text(marks)
    right = np.full((100, 8), 0.01, np.float32)
    right[:, 0] = 0.5
    right[25:50, 4] = right[50:60, 6] = 0.9  # Surprise, where nothing is marked
    late = np.roll(right, 10, axis=0)
    for name, probabilities in (("right", right), ("late", late)):
        made = annotation("a.mp4", probabilities, smooth=0)
        write_parquet(tmp_path / name / "a.parquet", made)
    folders = (tmp_path / "right", tmp_path / "late", "-o", tmp_path / "a.png")
    out = run("steadiness.py", "--marks", tmp_path / "marks.csv", *folders).splitlines()
    assert out[0] == "1 sequences, 1 true events, 0.758 changes/s"
    found = {line.split()[0]: line.split()[3:6] for line in out if " 0.00 " in line}
    assert found == {"right": ["1.000"] * 3, "late": ["0.000"] * 3}


MARKED = """video,frame_index,label_a,label_b
a.mp4,0,neutral,neutral
a.mp4,1,neutral,neutral
a.mp4,2,happiness,happiness
a.mp4,3,happiness,surprise
a.mp4,4,other,other
b.mp4,9,anger,anger
b.mp4,0,surprise,surprise
b.mp4,1,surprise,surprise
c.mp4,5,neutral,neutral
"""


def write_answers(folder: Path, clip: str, labels: list[int]) -> None:
    """An annotation that ends with these labels, but without smoothing had others; -1 is no face."""
    seen = np.array(labels) >= 0
    made = annotation(clip, np.eye(8, dtype=np.float32)[labels], seen=seen, smooth=0)
    unsmoothed = np.roll(made.faces.probabilities, 1, axis=1)
    faces = replace(made.faces, probabilities=unsmoothed)
    write_parquet(folder / f"{clip}.parquet", replace(made, faces=faces))


def tables(out: str) -> list[dict[str, list[str]]]:
    """The cells of each Markdown table by the first one of their row, its heading among them."""
    found = [[line for line in part.splitlines() if "|" in line] for part in out.split("\n\n")]
    rows = [[line.strip("| ").split(" | ") for line in lines] for lines in found if lines]
    return [{first: rest for first, *rest in table} for table in rows]


def test_marked_frames_are_scored_and_what_has_no_answer_is_wrong(tmp_path):
    """Raters differ on a frame, and agree on Other; one has no face, one no row, a clip no file."""
    (tmp_path / "marks.csv").write_text(MARKED)
    write_answers(tmp_path / "new", "a", [0, 4, 4, 6, 0])
    write_answers(tmp_path / "new" / "more", "b", [6, -1, 6])
    write_answers(tmp_path / "old", "a", [0, 0, 4, 4, 0])
    folders = (tmp_path / "new", "--against", tmp_path / "old")
    out = run("score_marks.py", tmp_path / "marks.csv", *folders)
    assert out.startswith("9 marked frames; of 7 in 3 clips the truth is known\n")
    figures, raters, confusion, _, clips = tables(out)[:5]
    # new has 2 of 3, 1 of 3, 0 of 1 right, old 3, 0, 0; one draw of clips in 27 is of one alone
    new, base, difference = "0.429 (0.000 to 0.667)", "0.429 (0.000 to 1.000)", "-0.333 to +0.333"
    assert figures["accuracy"] == ["7", new, base, f"+0.000 ({difference})"]
    f1 = {"Neutral": 1 / 2, "Happiness": 2 / 3, "Surprise": 2 / 3, "Anger": 0.0, "Fear": 0.0}
    means = {"macro F1 of 7": sum(f1.values()) / 7}
    means["mean F1 of Neutral, Happiness, Surprise, Anger"] = sum(f1.values()) / 4
    for name, value in (f1 | means).items():
        assert figures[name][1].startswith(f"{value:.3f} (")
    assert [figures[name][0] for name in f1] == ["3", "1", "2", "1", "0"]
    assert raters["all marked frames"] == ["9", "0.889", "0.333", "0.444", "0.444", "0.333"]
    assert raters["both say one of 7"] == ["8", "0.875", "0.375", "0.500", "0.500", "0.375"]
    assert confusion["Neutral"] == [*"100010001"]
    assert confusion["Surprise"] == [*"000000101"]
    assert clips["a.mp4"] == ["3", "2", "Neutral as Happiness 1", "3", "-"]
    assert clips["b.mp4"][:3] == ["3", "1", "Surprise as no face 1, Anger as no row 1"]
    assert clips["c.mp4"] == ["1", *["0", "Neutral as no annotation 1"] * 2]
    assert [line for line in out.splitlines() if ".mp4 | no " in line] == [
        "| b.mp4 | no face | 1 | 1 |",
        "| b.mp4 | no row | 1 | 9 |",
        "| c.mp4 | no annotation | 1 | 5 |",
        "| b.mp4 | no annotation | 3 | 0, 1, 9 |",
        "| c.mp4 | no annotation | 1 | 5 |",
    ]


def test_a_folder_without_any_marked_clip_is_refused(tmp_path):
    (tmp_path / "marks.csv").write_text(MARKED)
    write_answers(tmp_path / "new", "d", [0])
    with pytest.raises(SystemExit, match=r"has no annotation \(Parquet\) of any marked clip"):
        run("score_marks.py", tmp_path / "marks.csv", tmp_path / "new")


def test_the_marks_of_clips_follow_each_other_and_name_expressions():
    marks = pandas.read_csv(EXAMPLES / "onsets.csv")
    assert set(marks["expression"]) <= set(EXPRESSIONS[1:])
    for _, clip in marks.groupby("clip"):
        times = clip[["onset_seconds", "offset_seconds"]].to_numpy().ravel()
        assert (np.diff(times) >= 0).all()
        assert (clip["offset_seconds"] > clip["onset_seconds"]).all()


def write_codings(folder: Path) -> None:
    """Two recordings, 25 frames a second, of which the coder has seen four stretches."""
    for name, labels in (("p1/a", [0] * 25 + [4] * 25), ("p2/a", [6] * 50)):
        seen = np.arange(50) >= 5
        made = annotation(name, np.eye(8, dtype=np.float32)[labels], seen=seen, smooth=0)
        write_parquet(folder / "annotated" / f"{name}.parquet", made)
    rows = ["p1/a.mp4;0;0,6;Neutral", "p1/a;0:00:00,6;1,4;happiness", "p2/a;0;1;Surprise"]
    (folder / "coded.csv").write_text("\n".join(["video;start;end;name", *rows, "p2/a;1;1,2;Fear"]))


def test_codings_by_hand_are_compared_where_there_is_a_face(tmp_path):
    write_codings(tmp_path)
    folders = (tmp_path / "annotated", "-o", tmp_path / "labels")
    out = run("score_codings.py", tmp_path / "coded.csv", *folders)
    coder = [0] * 10 + [4] * 20 + [6] * 20 + [3] * 5
    said = [0] * 20 + [4] * 10 + [6] * 25
    lines = out.splitlines()
    assert lines[0] == "2 recordings, 65 coded frames, 10 without a face"
    kappa, same = cohen_kappa_score(coder, said), np.mean(np.equal(coder, said))
    assert lines[1] == f"kappa {kappa:.3f}, the same label in {same:.3f} of 55 frames"
    confusion = tables(out)[0]
    assert confusion["Happiness"] == ["10", *"000", "10", *"0000"]
    assert confusion["Surprise"] == [*"000000", "20", "0", "5"]
    written = read_labels(tmp_path / "labels/p1/a.txt")
    np.testing.assert_array_equal(written, [0] * 15 + [4] * 20 + [-1] * 15)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("Fear", "Joy", "'Joy' is no expression; write one of Neutral"), ("p2/a", "p3", "of p3")],
)
def test_codings_of_what_is_not_there_are_refused(tmp_path, old, new, said):
    write_codings(tmp_path)
    path = tmp_path / "coded.csv"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SystemExit, match=said):
        run("score_codings.py", path, tmp_path / "annotated")


def test_agreement_compares_clip_by_clip(tmp_path):
    made = annotation("a.mp4", np.eye(8, dtype=np.float32)[[0] * 6 + [4] * 6], smooth=0)
    places = np.random.default_rng(0).uniform(0, 90, (12, 10)).astype(np.float32)
    plain = replace(made, faces=replace(made.faces, landmarks=places))
    other = made.faces.smoothed.copy()
    other[:3] = other[6]  # three of twelve frames answered otherwise
    moved = replace(
        made.faces, landmarks=places + np.float32(3), probabilities=other, smoothed=other
    )
    for folder, one in (("plain", plain), ("fast", replace(made, faces=moved))):
        (tmp_path / folder).mkdir()
        write_parquet(tmp_path / folder / "a.parquet", one)
    folders = tmp_path / "plain", tmp_path / "fast"
    table = run("agreement.py", *folders, "--reference", tmp_path / "plain")
    head, _, clip, every = table.splitlines()
    cells = [cell.strip() for cell in clip.strip("|").split("|")]
    assert len(cells) == head.count("|") - 1
    assert cells[:5] == ["a", "12", "0.7500", "1.0000", "1.0000"]
    eyes = np.linalg.norm(places[:, :2] - places[:, 2:4], axis=1).mean()
    assert cells[5] == "0.0000"
    assert abs(float(cells[6]) - 3 * 2**0.5 / eyes) < 1e-3
    assert cells[7] == cells[8]
    assert every.startswith("| all | 12 | 0.7500 |")


def write_votes(folder: Path, generator: np.random.Generator) -> pandas.DataFrame:
    """Votes of ten people on 80 images of two folders, none clear on all; `votes.csv` and its table."""
    columns = [*(name.lower() for name in EXPRESSIONS[:-1]), "unknown"]
    images = [f"{('fear', 'anger')[n % 2]}/{n}.png" for n in range(80)]
    counts = np.stack([generator.multinomial(10, generator.dirichlet([0.5] * 8)) for _ in images])
    table = pandas.DataFrame(counts, pandas.Index(images, name="image"), columns)
    table.to_csv(folder / "votes.csv")
    return table


def test_answers_are_compared_with_votes(tmp_path):
    generator = np.random.default_rng(7)
    votes = write_votes(tmp_path, generator)
    votes[:60].to_csv(tmp_path / "images.csv")
    said = pandas.Series(generator.choice(EXPRESSIONS, 80), votes.index, name="label")
    said.to_csv(tmp_path / "one.csv")
    said[3:].to_csv(tmp_path / "less.csv")  # three images without an answer
    files = (tmp_path / name for name in ("votes.csv", "images.csv", "one.csv", "less.csv"))
    out = run("compare_answers.py", *files).splitlines()
    votes, said = votes[:60], said[:60].str.lower()
    clear = votes.eq(votes.max(axis=1), axis=0).sum(axis=1).eq(1) & (
        votes.idxmax(axis=1) != "unknown"
    )
    true = votes.idxmax(axis=1)[clear]
    assert out[0].startswith(f"60 images with votes; on {clear.sum()} an")
    pairs = votes.iloc[:, :7].stack()  # each image for each class
    seven = {"labels": votes.columns[:7], "average": "macro", "zero_division": 0}
    answers = said[pairs.index.get_level_values(0)]
    expected = [
        (true == said[clear]).mean(),
        f1_score(true, said[clear], **seven),
        f1_score(pairs.index.get_level_values(1), answers, sample_weight=pairs, **seven),
        (said == said.index.str.split("/").str[0]).mean(),
    ]
    one, less, apart = ([cell.strip() for cell in row.strip("|").split("|")] for row in out[4:])
    assert one[:2] == ["one", "0"] and less[:2] == ["less", "3"] and apart[0] == "one less less"
    assert [float(cell.split()[0]) for cell in one[2:]] == pytest.approx(expected, abs=5e-4)
    assert float(less[5].split()[0]) <= expected[3]


def test_crops_are_labeled_by_a_model(models, tmp_path):
    faces, _ = write_faces(tmp_path)
    names = [path.relative_to(faces).as_posix() for path in sorted(faces.rglob("*.png"))[:5]]
    (tmp_path / "images.csv").write_text("\n".join(["image", *names]))
    run("label_crops.py", faces, tmp_path / "images.csv", tmp_path / "a.csv", models[1])
    table = pandas.read_csv(tmp_path / "a.csv", index_col="image")
    assert table.index.tolist() == names
    rows = table[list(EXPRESSIONS[:-1])]
    assert (rows.idxmax(axis=1) == table["label"]).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=4e-4)


def test_a_long_video_is_one_shot_of_frames_a_step_apart_and_can_be_measured(models, tmp_path):
    write_portrait(tmp_path / "clip.mp4", 30)
    run("long_video.py", "make", tmp_path / "clip.mp4", 0.07, tmp_path / "long.mp4")
    with Video(tmp_path / "long.mp4") as video:
        seen = [(one.shot, one.frame.pts_seconds) for one in with_shots(video)]
    assert len(seen) == 2 * 58 and {shot for shot, _ in seen} == {0}
    times = [pts_seconds for _, pts_seconds in seen]
    np.testing.assert_allclose(times, np.arange(116) / FPS, atol=1e-6)
    out = run("long_video.py", "measure", tmp_path / "long.mp4", "-m", models[1]).splitlines()
    assert out[0].startswith("116 frames, a face in 100%")
    assert out[1].startswith("peak memory ")
    assert len(out[2].removeprefix("frames/s by tenths:").split()) == 10


def test_gpu_figures_measures_any_device(models, tmp_path):
    pack = write_small_scrfd(tmp_path / "det_small.onnx")
    options = ("--quick", "--device", "cpu", "--pack", pack, "-m", models[0])
    out = run("gpu_figures.py", EXAMPLES / "astronaut.mp4", *options, "-o", tmp_path / "a.json")
    figures = json.loads((tmp_path / "a.json").read_text())
    tables = figures["tables"]
    assert len(tables) == out.count("\n| --- |") == 6
    assert [row["batch"] for row in tables["detection"] if row["frames/s"] > 0] == [1, 2]
    (beside,) = tables["faces beside ONNX Runtime's"]
    assert beside["pack"] == "det_small"
    assert beside["frames with as many faces"] == beside["frames"] == 4
    assert beside["faces"] >= 4 and beside["scores off by"] < 1e-3
    assert beside["boxes off by px"] < 1
    assert not [row for row in tables["embedding"] if "error" in row]
    exact = [row for row in tables["embedding"] if row["precision"] == "float32"]
    assert max(row.get("features off by", 0) for row in exact) < 1e-4
    decoded = {row["decoder"]: row for row in tables["decoding"]}
    assert decoded["cpu"]["frames"] == 250 and decoded["cpu"]["same times"]
    assert ("error" in decoded["cuda"]) != torch.cuda.is_available()


@needs_shared
def test_made_up_videos_are_scored_by_their_truth(tmp_path):
    script = runpy.run_path(str(EXAMPLES / "made_up_videos.py"))
    truth = script["make"](script["Order"]("fix", "ends", 1), SHARED / "data" / "clips", tmp_path)
    assert truth.cuts == [(3, 3), (48, 48)]
    assert list(truth.visible[0]) == ["single-face"]
    (tmp_path / "truth.json").write_text(json.dumps([asdict(truth)]))
    row = run("score_cuts.py", tmp_path).splitlines()[-1]
    assert row == "| ends | 1 | 2 | 2 | 2 | 1.000 | 1.000 |"


def test_people_of_annotations_are_scored_by_the_truth(tmp_path):
    """One of two people comes back; a frame has a face but nobody is there."""
    who = ["Ann"] * 10 + ["Bob"] * 5 + ["Ann"] * 5 + [None]
    visible = [{name: (50, 60, 40)} if name else {} for name in who]
    truth = {"name": "a.mp4", "kind": "identity", "recipe": "back", "half": "fix"}
    truth |= {"cuts": [(10, 10), (15, 15), (20, 20)], "visible": visible}
    (tmp_path / "truth.json").write_text(json.dumps([truth]))
    rows = records.face_rows([*range(1, 21)], [0] * 20, [False] * 20)
    rows = replace(rows, bbox=np.tile(np.float32([30, 40, 70, 80]), (20, 1)))
    times = np.arange(21) / 25
    for numbers, expected in (
        ([1] * 9 + [2] * 5 + [1] * 6, "1 of 1 | 1.000 of 1 | 0.000 of 2"),
        ([1] * 9 + [2] * 5 + [3] * 6, "0 of 1 | 0.000 of 1 | 0.000 of 2"),
        ([1] * 20, "0 of 1 | 1.000 of 1 | 1.000 of 2"),
    ):
        faces = replace(rows, person=np.array(numbers))
        found = records.changed(
            records.annotation(),
            **{"first_frame": 0, "pts_seconds": times, "seconds": times, "faces": faces},
            shots=np.zeros(21, np.int64),
        )
        write_parquet(tmp_path / "a.parquet", found)
        last = run("who_is_there.py", tmp_path, tmp_path).splitlines()[-1]
        assert last == f"| all | 1 | 0.950 of 20 | 1.000 of 1 | {expected} |"


def test_a_job_array_plans_every_video_once(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(9):
        (tmp_path / "in" / f"v{number}.mp4").touch()
    command = tmp_path / "bin" / "videxpr"  # wherever these tests have it from
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m videxpr "$@"\n')
    command.chmod(0o755)
    script = EXAMPLES / "slurm" / "annotate.sbatch"
    planned = []
    for task in (1, 2, 3):
        done = subprocess.run(
            ["bash", script, tmp_path / "in", tmp_path / "out", "--dry-run"],
            env=os.environ
            | {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
            | {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_MAX": "3"},
            capture_output=True,
            text=True,
            check=True,
        )
        planned += [line for line in done.stdout.splitlines() if line.startswith("v")]
    assert sorted(planned) == [f"v{number}.mp4: annotate" for number in range(9)]


def test_interval_defaults_counts_events(tmp_path):
    labels = np.repeat([0, 4, 0, 6], 25)
    shares = np.full((100, 8), 0.02, np.float32)
    shares[np.arange(100), labels] = 0.86
    write_parquet(tmp_path / "annotated/a.parquet", annotation("a", shares, smooth=0.0))
    truth = tmp_path / "tree/EXPR_Set/Validation_Set/a.txt"
    truth.parent.mkdir(parents=True)
    write_labels(truth, labels)
    lines = run("interval_defaults.py", tmp_path / "tree", tmp_path / "annotated").splitlines()
    assert lines[0] == "1 sequences of 4 s, 2 true events of 0.3 s or more"
    assert [line.split()[2:4] for line in lines[2:]] == [["2", "0"]] * 49

"""The command itself, run as users run it."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pyarrow.parquet
import pytest
import torch
from conftest import SHARED, Run, needs_shared
from hub import stand_in
from PIL import Image
from pipeline import picture, write_clip
from runs import run_here

from videxpr.annotation.options import AnnotateCommand
from videxpr.core.crop_template import UNVERIFIED
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.option import option_fields
from videxpr.formats.affwild2 import HEADER, read_labels
from videxpr.formats.predictions import read_predictions
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.logit_adjustment import adjusted
from videxpr.model.network import ExpressionModel, ModelConfig

EXAMPLE = Path(__file__).parents[2] / "examples" / "astronaut.mp4"
SEEN = tuple(name for name in EXPRESSIONS if name != "Other")
SHARES = (0.4, 0.1, 0.05, 0.05, 0.2, 0.1, 0.1, 0.0)


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "noise.safetensors"
    model = ExpressionModel(ModelConfig(variant="backbone", trained_expressions=SEEN))
    save_checkpoint(path, model, TrainingSummary("noise", "none", 0, 0), "none")
    return path


def light(path, seed, **config):
    """A checkpoint of a small model with random weights that knows its classes' shares."""
    torch.manual_seed(seed)
    chosen = {"trained_expressions": SEEN, "class_shares": SHARES, "logit_adjustment": 0.25}
    chosen |= {"backbone": "regnet_y_400mf", "variant": "backbone", "input_size": 32} | config
    model = ExpressionModel(ModelConfig(**chosen))
    save_checkpoint(path, model, TrainingSummary("noise", "none", 0, 0), "none")
    return path


@pytest.fixture(scope="module")
def lights(tmp_path_factory):
    """Two of them, the second one trained on Other too, on crops that nobody measured."""
    folder = tmp_path_factory.mktemp("lights")
    shares = (*SHARES[:4], 0.1, 0.1, 0.1, 0.1)
    more = {"trained_expressions": EXPRESSIONS, "class_shares": shares, "crop": UNVERIFIED}
    return light(folder / "one.safetensors", 1), light(folder / "two.safetensors", 2, **more)


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """A folder of 30 crops, which need no detection."""
    folder = tmp_path_factory.mktemp("crops") / "v"
    folder.mkdir()
    for number in range(30):
        image = Image.fromarray(picture(number, size=(112, 112)))
        image.save(folder / f"{number + 1:05d}.png")
    return folder


@pytest.fixture(scope="module")
def faceless(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faceless")
    for name in ("a.mp4", "b.avi", "sub/c.mkv"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_clip(folder / name, [picture(n) for n in range(12)])
    (folder / "broken.mp4").write_bytes(b"\0" * 500)
    (folder / "notes.txt").write_text("no video")
    return folder


@pytest.fixture
def videxpr(videxpr: Run, weights):
    """Runs a command, by default with a random model and MTCNN."""

    def run(*words, model=True):
        chosen = ["--model", weights, "--detector", "mtcnn"] if model else []
        return videxpr(*words, *chosen)

    return run


def test_help_is_instant_and_names_every_option():
    command = [sys.executable, "-X", "importtime", "-m", "videxpr", "annotate", "--help"]
    environment = os.environ | {"COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    for name, one in option_fields(AnnotateCommand).items():
        hidden = one.option.positional or one.option.config_only
        assert hidden or f"--{name} " in done.stdout
    assert "<bool>" not in done.stdout
    shown = " ".join(done.stdout.replace("│", " ").split())
    for default in ("16", "0.5", "aff-wild2, predictions, parquet", "the beginning"):
        assert f"[default: {default}]" in shown
    heavy = ("torch", "av", "pandas", "pyarrow", "scipy", "cv2", "insightface", "onnxruntime")
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & set(heavy)


def test_folder_with_a_broken_video_is_done_but_for_that_video(videxpr, faceless, tmp_path):
    code, out, err = videxpr("annotate", faceless, "-o", tmp_path)
    assert code == 1
    assert "broken.mp4" in err
    assert "3 annotated, 0 skipped, 1 failed" in out
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == [
        "a.parquet", "a.txt", "b.parquet", "b.txt", "predictions.txt", "run.jsonl", "sub/c.parquet",
        "sub/c.txt", "summary.csv",
    ]  # fmt: skip
    assert (tmp_path / "a.txt").read_text() == HEADER + "\n" + "0\n" * 12
    assert [block.name for block in read_predictions(tmp_path / "predictions.txt")] == [
        "a",
        "b",
        "c",
    ]
    with (tmp_path / "summary.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["video"] for row in rows] == ["a.mp4", "b.avi", "broken.mp4", "sub/c.mkv"]
    assert "no face" in rows[0]["warnings"]
    assert "broken.mp4" in rows[2]["error"]
    assert rows[0]["detector"] == "mtcnn"


def test_second_run_skips_what_is_there_and_keeps_its_rows(videxpr, faceless, tmp_path):
    assert videxpr("annotate", faceless / "a.mp4", "-o", tmp_path)[0] == 0
    before = (tmp_path / "a.txt").stat().st_mtime_ns
    code, out, _ = videxpr("annotate", faceless / "a.mp4", faceless / "b.avi", "-o", tmp_path)
    assert code == 0
    assert "1 annotated, 1 skipped" in out
    assert (tmp_path / "a.txt").stat().st_mtime_ns == before
    assert [block.name for block in read_predictions(tmp_path / "predictions.txt")] == ["a", "b"]
    assert len(pandas.read_csv(tmp_path / "summary.csv")) == 2
    assert (
        "1 annotated" in videxpr("annotate", faceless / "a.mp4", "-o", tmp_path, "--overwrite")[1]
    )


def test_two_sources_never_write_to_one_file(videxpr, faceless, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("x.mp4", "x.avi"):
        (tmp_path / "in" / name).write_bytes((faceless / "a.mp4").read_bytes())
    code, _, err = videxpr("annotate", tmp_path / "in", "-o", tmp_path / "out")
    assert code == 1
    assert "files x.* would be x.avi's too" in err


def test_missing_none_writes_minus_one(videxpr, faceless, tmp_path):
    videxpr("annotate", faceless / "a.mp4", "-o", tmp_path, "--missing", "none")
    assert set(read_labels(tmp_path / "a.txt")) == {-1}


def test_only_the_formats_asked_for(videxpr, faceless, tmp_path):
    videxpr("annotate", faceless / "a.mp4", "-o", tmp_path, "-f", "csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.csv",
        "run.jsonl",
        "summary.csv",
    ]


def test_template_decides_rows_order_and_frame_counts(videxpr, faceless, tmp_path):
    rows = [f"c/{n:05d}.jpg," for n in range(1, 15)] + [f"a/{n:05d}.jpg," for n in range(1, 12)]
    template = tmp_path / "template.txt"
    header = "image_location," + ",".join(EXPRESSIONS)
    template.write_text("\n".join([header, *rows]) + "\n")
    out = tmp_path / "out"
    code, table, _ = videxpr(
        "annotate", faceless / "a.mp4", faceless / "sub/c.mkv", "-o", out, "--template", template
    )
    assert code == 0
    assert (out / "predictions.txt").read_text() == "\n".join(
        [header, *(r + "0" for r in rows)]
    ) + "\n"
    assert "padded" in table
    assert "cut" in table


def test_template_that_wants_another_length_is_an_error_unless_forced(videxpr, faceless, tmp_path):
    template = tmp_path / "template.txt"
    rows = "".join(f"a/{n:05d}.jpg,0\n" for n in range(1, 31))
    template.write_text("image_location," + ",".join(EXPRESSIONS) + "\n" + rows)
    command = ("annotate", faceless / "a.mp4", "-o", tmp_path / "out", "--template", template)
    code, _, err = videxpr(*command)
    assert code == 1
    assert "wants 30 frames of a, but 12 are annotated" in err
    assert videxpr(*command, "--template-force", "--overwrite")[0] == 0


def test_video_that_the_template_wants_and_nobody_annotated_fails_the_run(
    videxpr, faceless, tmp_path
):
    template = tmp_path / "names.txt"
    template.write_text("a\nnosuch\n")
    code, _, err = videxpr(
        "annotate", faceless / "a.mp4", "-o", tmp_path / "out", "--template", template
    )
    assert code == 1
    assert "nosuch" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--detector", "yolo"], "unknown detector 'yolo'"),
        (["--device", "cuda:99"], "cuda"),
        (["--device", "gpu"], "unknown device 'gpu'"),
        (["-f", "xml"], "--format must be one of aff-wild2, predictions"),
        (["-m", "nosuch.safetensors"], "nosuch.safetensors"),
        (["--stride", "0"], "stride"),
        (["--stride", "65"], "stride"),
        (["--start", "soon"], "'soon' is no time"),
        (["--start", "5", "--end", "2"], "must come after"),
        (["--preset", "paper", "--smooth", "1"], "--preset paper"),
        (["--template", "nosuch.txt"], "nosuch.txt"),
        (["--template-force"], "--template"),
        (["--min-score", "7"], "--min-score must be at least 0 and at most 1, not 7.0"),
        (["--detector", "scrfd:nosuch"], "nosuch"),
        (["--logit-adjustment", "1"], "model noise does not state them"),
        (["--logit-adjustment", "stored"], "nothing is stored for logit adjustment in noise"),
        (["--logit-adjustment", "much"], "--logit-adjustment must be a number of 0 or more"),
        (["--logit-adjustment", "-1"], "--logit-adjustment must be at least 0, not -1.0"),
        (["--config", "nosuch.toml"], "--config nosuch.toml cannot be read"),
        (["-m", "starter", "-m", "starter"], "starter-1 is given twice"),
        (["-m", "starter", "-m", "nosuch"], "nosuch"),
    ],
)
def test_wrong_usage_is_exit_code_two_and_one_line(
    videxpr, weights, faceless, tmp_path, arguments, words
):
    plain = ["-m", weights] if "-m" not in arguments else []
    where = ["--detector-dir", tmp_path] if "scrfd:nosuch" in arguments else []
    code, _, err = videxpr(
        "annotate", faceless / "a.mp4", "-o", tmp_path, *plain, *where, *arguments, model=False
    )
    assert code == 2
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_quiet_says_nothing(videxpr, faceless, tmp_path):
    code, out, err = videxpr("annotate", faceless / "a.mp4", "-o", tmp_path, "--quiet")
    assert (code, out, err) == (0, "", "")


def test_example_has_a_face_but_for_the_stretch_without_one(videxpr, tmp_path):
    code, _, err = videxpr(
        "annotate", EXAMPLE, "-o", tmp_path, "-f", "all", "--detector", "mtcnn", model=False
    )
    assert code == 0
    assert "never trained on Other" in err
    table = pyarrow.parquet.read_table(tmp_path / "astronaut.parquet").to_pandas()
    assert table["frame_index"].tolist() == list(range(250))
    faceless = table["track_id"].isna()
    assert faceless[100:150].all()
    assert not faceless[:86].any()
    assert not faceless[165:].any()
    assert table["expression"][:86].mode()[0] == "Happiness"
    assert len(read_labels(tmp_path / "astronaut.txt")) == 250
    assert list(pandas.read_csv(tmp_path / "astronaut.csv").columns) == list(table.columns)


def provenance_of(path):
    metadata = pyarrow.parquet.read_schema(path).metadata
    return {key.decode(): value.decode() for key, value in metadata.items()}


def options_of(path):
    return json.loads(provenance_of(path)["options"])


def probabilities_of(path):
    table = pandas.read_parquet(path, columns=[f"{name}_unsmoothed" for name in EXPRESSIONS])
    return table.to_numpy(np.float32)


def test_features_are_written_for_those_who_ask_and_are_no_part_of_all(
    videxpr, lights, crops, tmp_path
):
    run = ("annotate", crops, "-o", tmp_path, "-m", lights[0])
    assert videxpr(*run, "-f", "all", model=False)[0] == 0
    assert not list(tmp_path.glob("*.npz"))
    assert videxpr(*run, "-f", "features", "-f", "parquet", model=False)[0] == 0
    with np.load(tmp_path / "v.features.npz") as arrays:
        assert arrays["features"].shape == (30, 440)
        weights = np.exp(arrays["logits"])
        sha256 = str(arrays["model_sha256"])
    expected = (weights / weights.sum(axis=1, keepdims=True))[:, :7]
    np.testing.assert_allclose(probabilities_of(tmp_path / "v.parquet")[:, :7], expected, rtol=1e-5)
    assert sha256 == provenance_of(tmp_path / "v.parquet")["model_sha256"]
    assert "1 skipped" in videxpr(*run, "-f", "features", model=False)[1]


def test_several_models_are_averaged_and_what_only_one_knows_is_said(
    videxpr, lights, crops, tmp_path
):
    for name, chosen in (("one", lights[:1]), ("two", lights[1:]), ("both", lights)):
        models = [part for path in chosen for part in ("-m", path)]
        code, out, err = videxpr("annotate", crops, "-o", tmp_path / name, *models, model=False)
        assert code == 0
    assert "only two was trained on Other" in err
    assert "model one + two" in out.replace("\n", " ")
    one, two, both = (
        probabilities_of(tmp_path / name / "v.parquet") for name in ("one", "two", "both")
    )
    raw = np.column_stack([(one[:, :7] + two[:, :7]) / 2, two[:, 7]])
    np.testing.assert_allclose(both, raw / raw.sum(axis=1, keepdims=True), rtol=1e-5)
    code, _, err = videxpr(
        "annotate", crops, "-o", tmp_path, "-f", "features", *models, model=False
    )
    assert code == 2
    assert "of one model" in err


def test_crops_are_said_to_have_no_times_once_and_no_finder_is_named(
    videxpr, lights, crops, faceless, tmp_path
):
    shutil.copytree(crops, tmp_path / "more" / "w")
    run = ("annotate", crops, tmp_path / "more", "-m", lights[0], "--detector", "mtcnn")
    _, out, err = videxpr(*run, "-o", tmp_path / "one", model=False)
    assert "2 annotated" in out and "detector" not in out + err
    assert (out + err).count("crops have no times: 30 frames a second") == 1
    _, _, err = videxpr(*run, "-o", tmp_path / "two", "--smooth", "0", model=False)
    assert "no times" not in err
    _, out, err = videxpr(*run, faceless / "a.mp4", "-o", tmp_path / "three", model=False)
    assert "detector mtcnn on cpu" in err and "detector mtcnn" in out


def test_a_result_is_the_same_whether_its_graph_was_in_the_cache(
    videxpr, lights, crops, tmp_path, monkeypatch
):
    monkeypatch.setenv("VIDEXPR_CACHE", str(tmp_path / "cache"))
    run = ("annotate", crops, "-m", lights[0], "--device", "cpu", "-f", "parquet", "-o")
    for name in ("cold", "warm"):
        assert videxpr(*run, tmp_path / name, model=False)[0] == 0
        assert len(list((tmp_path / "cache" / "graphs").iterdir())) == 1
    cold, warm = (tmp_path / name / "v.parquet" for name in ("cold", "warm"))
    assert cold.read_bytes() == warm.read_bytes()
    assert provenance_of(cold)["model_runtime"] == "onnxruntime"


def test_where_torch_must_embed_the_answers_are_the_same_and_it_is_said(
    videxpr, lights, crops, tmp_path, request
):
    run = ("annotate", crops, "-m", lights[0], "--device", "cpu", "-f", "parquet", "-o")
    assert videxpr(*run, tmp_path / "usual", model=False)[0] == 0
    request.getfixturevalue("no_graphs")
    code, _, err = videxpr(*run, tmp_path / "torch", model=False)
    assert code == 0
    assert "warning: faces are embedded by torch, which is slower: no graph of it" in err
    usual, by_torch = (tmp_path / name / "v.parquet" for name in ("usual", "torch"))
    assert provenance_of(by_torch)["model_runtime"] == "torch"
    np.testing.assert_allclose(probabilities_of(by_torch), probabilities_of(usual), atol=1e-5)


def test_a_name_in_both_crop_folders_is_annotated_once_with_all_of_its_crops(
    videxpr, lights, crops, tmp_path
):
    for number, image in enumerate(sorted(crops.iterdir())):
        folder = "cropped_aligned" if number < 10 else "cropped_aligned_new_50_vids"
        (tmp_path / "data" / folder / "v").mkdir(parents=True, exist_ok=True)
        shutil.copy(image, tmp_path / "data" / folder / "v")
    model = ("-m", lights[0])
    for name, source in (("one", crops), ("two", tmp_path / "data")):
        code, _, err = videxpr("annotate", source, "-o", tmp_path / name, *model, model=False)
        assert code == 0
    assert "cropped_aligned_new_50_vids/v; of a frame in several, the first one's counts" in err
    one, two = tmp_path / "one" / "v", tmp_path / "two" / "cropped_aligned" / "v"
    assert two.with_suffix(".txt").read_text() == one.with_suffix(".txt").read_text()
    made = [provenance_of(path.with_suffix(".parquet")) for path in (one, two)]
    assert made[0]["source_sha256"] == made[1]["source_sha256"]
    assert made[0]["frames"] == made[1]["frames"] == "30"


def test_a_model_of_the_hub_is_named_with_its_commit_everywhere(lights, crops, tmp_path):
    with stand_in() as hub:
        commit = hub.add("lab/abaw", model_safetensors=lights[0].read_bytes())
        command = [sys.executable, "-m", "videxpr", "annotate", crops, "-o", tmp_path / "out"]
        command += ["-m", "hf:lab/abaw", "-m", lights[1]]
        environment = hub.environment(tmp_path / "home")
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0
    provenance = provenance_of(tmp_path / "out" / "v.parquet")
    assert provenance["model"] == "hf:lab/abaw + two"
    assert provenance["model_origin"] == f"hf:lab/abaw@{commit} + a file"
    digest = provenance["model_sha256"][:12]
    assert f"model hf:lab/abaw ({digest}, hf:lab/abaw@{commit}) + two (" in done.stderr
    assert "ABAW" not in done.stderr


def test_an_entry_of_the_starter_is_said_to_need_another_model_once(videxpr, crops, tmp_path):
    run = ("annotate", crops, "-o", tmp_path, "--overwrite", "-f")
    code, _, err = videxpr(*run, "parquet,predictions", model=False)
    assert code == 0
    assert err.count("an ABAW entry needs a model trained on Aff-Wild2") == 1
    assert provenance_of(tmp_path / "v.parquet")["model_origin"] == "in the package"
    assert "ABAW" not in videxpr(*run, "parquet", model=False)[2]


def test_logit_adjustment_is_the_number_given_or_the_stored_one(videxpr, lights, crops, tmp_path):
    tables = {}
    for strength in ("0", "0.25", "stored"):
        out = tmp_path / strength
        run = ("annotate", crops, "-o", out, "-m", lights[0], "--logit-adjustment", strength)
        assert videxpr(*run, model=False)[0] == 0
        tables[strength] = probabilities_of(out / "v.parquet")
    assert options_of(tmp_path / "stored" / "v.parquet")["logit-adjustment"] == 0.25
    np.testing.assert_array_equal(tables["stored"], adjusted(tables["0"], SHARES, 0.25))
    np.testing.assert_array_equal(tables["stored"], tables["0.25"])


def test_models_that_store_two_strengths_want_a_number(videxpr, lights, crops, tmp_path):
    other = light(tmp_path / "other.safetensors", 3, logit_adjustment=0.5)
    models = ("-m", lights[0], "-m", other)
    run = ("annotate", crops, "-o", tmp_path / "out", *models, "--logit-adjustment")
    code, _, err = videxpr(*run, "stored", model=False)
    assert code == 2
    assert "one 0.25, other 0.5" in err
    assert videxpr(*run, "0.5", model=False)[0] == 0


def test_a_configuration_is_taken_and_the_command_line_wins(videxpr, lights, crops, tmp_path):
    file = tmp_path / "run.toml"
    file.write_text(
        f"model = ['{lights[0]}']\nmodel-sha256 = ['{'ef' * 32}']\n"
        "stride = 8\nsmooth = 2.5\nlogit-adjustment = 0.75\n"
    )
    run = ("annotate", crops, "--config", file)
    code, _, err = videxpr(*run, "-o", tmp_path / "a", model=False)
    assert code == 0
    assert "the configuration was made with SHA-256 efefefef" in err
    options = options_of(tmp_path / "a" / "v.parquet")
    assert [options[key] for key in ("stride", "smooth", "logit-adjustment")] == [8, 2.5, 0.75]
    given = ("--stride", "4", "--smooth", "0", "--logit-adjustment", "0")
    assert videxpr(*run, *given, "-o", tmp_path / "b", model=False)[0] == 0
    options = options_of(tmp_path / "b" / "v.parquet")
    assert [options[key] for key in ("stride", "smooth", "logit-adjustment")] == [4, 0.0, 0.0]


def test_a_configuration_that_contradicts_a_preset_or_is_odd_is_named(
    videxpr, lights, crops, tmp_path
):
    file = tmp_path / "run.toml"
    file.write_text("smooth = 2")
    run = ("annotate", crops, "-m", lights[0], "--config", file, "-o", tmp_path / "out")
    code, _, err = videxpr(*run, "--preset", "paper", model=False)
    assert code == 2
    assert "--preset paper sets stride and smoothing" in err
    file.write_text("smoothing = 2")
    code, _, err = videxpr(*run, model=False)
    assert code == 2
    assert "run.toml: there is no option 'smoothing'; did you mean 'smooth'?" in err


def test_a_printed_configuration_is_the_run_that_printed_it(videxpr, crops, lights, tmp_path):
    given = ("-m", lights[0], "--stride", "8", "--people", "all", "--start", "0:01", "-f", "csv")
    code, printed, _ = videxpr("annotate", *given, "--print-config", model=False)
    assert code == 0
    file = tmp_path / "run.toml"
    file.write_text(printed)
    assert videxpr("annotate", "--config", file, "--print-config", model=False)[1] == printed
    assert {"stride = 8", 'people = "all"', "start = 1.0"} <= set(printed.splitlines())


def test_what_is_done_already_is_said_without_torch(crops, tmp_path):
    words = ("annotate", crops, "-o", tmp_path)
    assert run_here(*words, "-j", 0)[0] == 0
    command = [sys.executable, "-X", "importtime", "-m", "videxpr", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "0 annotated, 1 skipped, 0 failed" in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {"torch", "pyarrow", "pandas", "av", "cv2", "scipy"}


def test_what_was_made_otherwise_stops_the_call_before_anything_is_done(
    videxpr, lights, crops, tmp_path
):
    run = ("annotate", crops, "-o", tmp_path, "-m", lights[0], "-f", "aff-wild2,parquet")
    assert videxpr(*run, "--smooth", "0", model=False)[0] == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for given, difference in (
        (("--smooth", "2"), "with --smooth 0, not 2"),
        (("-m", lights[1], "--smooth", "0"), "with another model (one "),
    ):
        code, out, err = videxpr(*run, *given, model=False)
        assert (code, out) == (2, "")
        assert f"1 of 1 were made {difference}" in err and "--redo-changed" in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    code, out, _ = videxpr(*run, "--smooth", "2", "--redo-changed", model=False)
    assert code == 0 and "1 annotated" in out
    assert options_of(tmp_path / "v.parquet")["smooth"] == 2
    assert "1 skipped" in videxpr(*run, "--smooth", "2", model=False)[1]


def test_a_name_that_is_taken_fails_alone(videxpr, lights, crops, tmp_path):
    for day in ("day1", "day2"):
        shutil.copytree(crops, tmp_path / day / "cam1")
    shutil.copytree(crops, tmp_path / "day2" / "talk")
    out = tmp_path / "out"
    run = ("annotate", "-o", out, "-m", lights[0], "-f", "aff-wild2,csv")
    assert videxpr(*run, tmp_path / "day1", model=False)[0] == 0
    code, said, err = videxpr(*run, tmp_path / "day2", model=False)
    assert code == 1 and "1 annotated, 0 skipped, 1 failed" in said
    assert "cam1 here belongs to" in err and "day1/cam1: choose another -o" in err
    (out / "run.jsonl").write_text("")
    (out / "summary.csv").unlink()
    (out / "talk.csv").write_text("time,speaker\n")
    code, _, err = videxpr(*run, tmp_path / "day2" / "talk", model=False)
    assert code == 1 and "talk.txt is not videxpr's" in err
    (out / "talk.txt").unlink()
    code, _, err = videxpr(*run, tmp_path / "day2" / "talk", "--overwrite", model=False)
    assert code == 1 and "talk.csv is not videxpr's" in err
    assert (out / "talk.csv").read_text() == "time,speaker\n"


def test_crops_that_nobody_measured_are_warned_of_once_and_only_for_raw_video(
    videxpr, lights, crops, faceless, tmp_path
):
    videos = (faceless / "a.mp4", faceless / "b.avi", crops)
    plain = ("--detector", "mtcnn", "-o", tmp_path)
    err = videxpr("annotate", *videos, *plain, "-m", lights[1], model=False)[2]
    assert err.count("nobody measured the crops that two was trained on") == 1
    assert "videxpr crops measure" in err
    assert "--geometry" in err
    again = ("annotate", crops, *plain, "--overwrite", "-m", lights[1])
    assert "nobody measured" not in videxpr(*again, model=False)[2]
    measured = ("annotate", *videos, *plain, "--overwrite", "-m", lights[0])
    assert "nobody measured" not in videxpr(*measured, model=False)[2]


@needs_shared
def test_real_clips_with_scrfd(videxpr, weights, tmp_path):
    clips = SHARED / "data" / "clips"
    names = ["one-frame.mp4", "forty-frames.mp4", "face-then-none-vfr-hevc.mov", "rotated-90.mp4"]
    code, _, err = videxpr(
        "annotate", *(clips / name for name in [*names, "truncated-no-moov.mp4"]), "-o", tmp_path,
        "--detector-dir", SHARED / "models" / "insightface", "-m", weights, model=False,
    )  # fmt: skip
    assert code == 1
    assert "truncated-no-moov.mp4" in err
    assert "scrfd:buffalo_sc" in err
    tables = {
        name: pandas.read_parquet(tmp_path / Path(name).with_suffix(".parquet")) for name in names
    }
    assert [len(table) for table in tables.values()] == [1, 40, 169, 180]
    seen = tables["face-then-none-vfr-hevc.mov"]["source"].notna()
    assert seen[:70].all()
    assert not seen[75:].any()
    for name in ("one-frame.mp4", "forty-frames.mp4", "rotated-90.mp4"):
        assert (tables[name]["source"] == "detected").all()
        assert tables[name]["track_id"].nunique() == 1

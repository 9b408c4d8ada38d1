"""``videxpr models`` as a user types it, with a pack on a server of this machine."""

import contextlib
import hashlib
import io
import json
import os
import pty
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import rich.console
import torch
from conftest import Run
from hub import stand_in
from published import published
from typer.testing import CliRunner

from videxpr.cli import app
from videxpr.core.crop_template import ARCFACE, UNVERIFIED, CropTemplate
from videxpr.core.errors import CheckpointError, DownloadError, FormatError, OutputError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.crops.geometry_file import write_crop_geometry
from videxpr.faces.detection.packs import DetectorPack
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary, read_card
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.model.pretrained import paper_key
from videxpr.training.clips.options import RECIPES
from videxpr.training.options import as_text

DETECTOR = b"detector"


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DetectorPack]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("det_tiny.onnx", DETECTOR)
    with published(tmp_path, buffer.getvalue(), DETECTOR, monkeypatch) as tiny:
        yield tiny


def run(*words: object) -> str:
    """What a command prints; its error is raised as the root command would see it."""
    result = CliRunner().invoke(app, ["models", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_list_is_plain_where_there_is_no_terminal(pack: DetectorPack, tmp_path: Path) -> None:
    lines = [line.split("\t") for line in run("list", "--detector-dir", tmp_path).splitlines()]
    assert lines[0] == ["NAME", "FOR", "STATE", "SIZE", "LICENSE", "NOTE", "FILE"]
    assert [line[0] for line in lines[1:]] == ["starter-1", "mtcnn", "tiny"]
    assert lines[3][1:5] == ["detector", "not installed", "0.0 MB", "non-commercial research only"]


def test_download_then_show_then_list(pack: DetectorPack, tmp_path: Path) -> None:
    where = ("--detector-dir", tmp_path)
    model = tmp_path / "models" / "tiny" / "det_tiny.onnx"
    assert "get it by:  videxpr models download tiny" in run("show", "tiny", *where)
    done = run("download", "tiny", *where)
    assert done.startswith("tiny: non-commercial research only, see https://github.com/")
    assert f"SHA-256 {pack.sha256} as published" in done
    assert f"installed in {model.parent}" in done and "det_tiny.onnx" in done
    shown = run("show", "tiny", *where)
    assert f"file:       {model}" in shown
    assert f"SHA-256:    {pack.model_sha256}" in shown
    assert "license:    non-commercial research only" in shown
    assert "as published in tiny" in shown
    assert str(model) in run("list", *where)
    assert "already installed" in run("download", "tiny", *where)


def test_download_shows_a_bar_on_a_terminal(
    pack: DetectorPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rich.console.Console, "is_terminal", property(lambda self: True))
    result = CliRunner().invoke(
        app, ["models", "download", "tiny", "--detector-dir", str(tmp_path)], catch_exceptions=False
    )
    assert "bytes" in result.stderr and "━" in result.stderr
    assert "━" not in result.stdout


def test_list_is_a_table_on_a_terminal(
    pack: DetectorPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videxpr.cli.models._on_terminal", lambda: True)
    folder = tmp_path / "models" / "[red]odd"
    folder.mkdir(parents=True)
    (folder / "det_a.onnx").write_bytes(b"a")
    printed = run("list", "--detector-dir", tmp_path)
    assert "│" in printed and "[red]odd: " in printed


def test_errors_go_to_the_root_command(pack: DetectorPack, tmp_path: Path) -> None:
    (tmp_path / "site" / "tiny.zip").unlink()
    with pytest.raises(DownloadError, match="answered 404"):
        run("download", "tiny", "--detector-dir", tmp_path)
    with pytest.raises(UsageError, match="no model 'tinier'"):
        run("show", "tinier", "--detector-dir", tmp_path)
    with pytest.raises(UsageError, match="nothing to download"):
        run("download", "starter")
    with pytest.raises(CheckpointError, match="no model"):
        run("show", tmp_path / "none.safetensors")


def test_show_tells_all_of_an_expression_model(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    config = ModelConfig(variant="backbone", trained_expressions=EXPRESSIONS[:7])
    training = TrainingSummary("some faces", "some recipe", 28_709, 12, 0.71234, None)
    save_checkpoint(file, ExpressionModel(config), training, "CC BY 4.0")
    shown = dict(line.split(":", 1) for line in run("show", file).splitlines())
    facts = {label: text.strip() for label, text in shown.items()}
    assert facts.pop("size").endswith(" MB")
    assert facts == {
        "name": "mine",
        "for": "expressions",
        "file": str(file),
        "SHA-256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "license": "CC BY 4.0",
        "variant": "backbone (no_att_trans in the authors' code)",
        "backbone": "regnet_y_1_6gf",
        "position": "none: every frame is judged by itself",
        "window": "64 frames",
        "trained": "Neutral, Anger, Disgust, Fear, Happiness, Sadness, Surprise",
        "untrained": "Other",
        "calibrated": "temperature 1, which changes nothing",
        "crop": "arcface, 112 x 112 pixels",
        "input": "112 x 112 pixels, in color",
        "landmarks": "(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), "
        "(41.5493, 92.3655), (70.7299, 92.2041)",
        "data": "some faces",
        "recipe": "some recipe",
        "images": "28,709",
        "epochs": "12",
        "accuracy": "0.712, on the validation part's images",
        "macro F1": "not measured",
    }


def test_show_tells_what_an_encoder_sees_and_what_nobody_measured(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    shares = (0.3, 0.05, 0.05, 0.05, 0.15, 0.1, 0.05, 0.25)
    config = ModelConfig(
        position="learned",
        crop=UNVERIFIED,
        class_shares=shares,
        logit_adjustment=0.5,
        temperature=1.25,
    )
    training = TrainingSummary("d", "r", 0, 0, None, 0.5)
    save_checkpoint(file, ExpressionModel(config), training, "none")
    facts = dict(line.split(":", 1) for line in run("show", file).splitlines())
    assert facts["variant"].strip() == "transformer (only_trans in the authors' code)"
    assert facts["position"].strip() == "learned: the order of frames counts"
    assert facts["labels"].strip().startswith("Neutral 30.0%, Anger 5.0%")
    assert facts["calibrated"].strip() == "temperature 1.25, fitted on validation; always applied"
    assert facts["adjustment"].strip() == "0.5 was best; applied only when asked for"
    assert "unverified" in facts["crop"] and "ArcFace's template is assumed" in facts["crop"]
    assert facts["frames"].strip() == "not stated"
    assert facts["accuracy"].strip() == "not measured"
    over = "0.500 over all eight expressions, on the validation part's frames"
    assert facts["macro F1"].strip() == over


def test_import_takes_a_crop_template(tmp_path: Path) -> None:
    theirs = {
        paper_key("backbone", name): value
        for name, value in ExpressionModel(ModelConfig(variant="backbone")).state_dict().items()
    }
    torch.save({"state_dict": theirs, "epoch": 3}, tmp_path / "a.ckpt")
    crop = CropTemplate("measured", 112, tuple((x, y + 2) for x, y in ARCFACE.landmarks))
    write_crop_geometry(tmp_path / "crop.json", crop)
    ours = tmp_path / "a.safetensors"
    done = run("import", tmp_path / "a.ckpt", ours, "--geometry", tmp_path / "crop.json")
    assert f"{ours}: written" in done and "measured, 112 x 112" in done
    card = read_card(ours)
    assert card.config == ModelConfig(variant="backbone", crop=crop)
    assert "epochs:     3" in run("show", ours)


def test_import_errors_go_to_the_root_command(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        run("import", tmp_path / "none.ckpt", tmp_path / "a.safetensors")
    with pytest.raises(UsageError, match=r"a.pt must end in .safetensors"):
        run("import", tmp_path / "none.ckpt", tmp_path / "a.pt")


def small_model(file: Path) -> Path:
    config = ModelConfig(
        variant="backbone", backbone="regnet_y_400mf", trained_expressions=EXPRESSIONS[:7]
    )
    save_checkpoint(file, ExpressionModel(config), TrainingSummary("d", "r", 3, 1), "CC BY 4.0")
    return file


def test_a_registered_model_is_listed_shown_and_downloaded(
    pack: DetectorPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = small_model(tmp_path / "site" / "lab.safetensors")
    digest, size = hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size
    url = f"{pack.release}/lab.safetensors"
    entry = f'[lab]\nurl = "{url}"\nsha256 = "{digest}"\nsize = {size}\nlicense = "research"\n'
    (tmp_path / "own.toml").write_text(entry)
    monkeypatch.setenv("VIDEXPR_MODELS", str(tmp_path / "own.toml"))
    monkeypatch.setenv("VIDEXPR_CACHE", str(tmp_path / "cache"))
    lines = [line.split("\t") for line in run("list", "--detector-dir", tmp_path).splitlines()]
    assert lines[2][:3] == ["lab", "expressions", "not installed"] and lines[2][4] == "research"
    shown = run("show", "lab")
    assert "get it by:  videxpr models download lab" in shown and f"from:       {url}" in shown
    assert digest in shown and f"registry:   {tmp_path / 'own.toml'}" in shown
    done = run("download", "lab")
    assert f"lab: from {url}, SHA-256 {digest}" in done and "lab: CC BY 4.0" in done
    assert f"installed, {tmp_path / 'cache'}" in done
    file.unlink()
    shown = run("show", "lab")
    assert "name:       lab" in shown and f"from:       {url}" in shown and "window:" in shown


@pytest.mark.parametrize("command", [("models", "download"), ("annotate", "a.mp4", "-m")])
def test_the_license_of_a_registry_is_told_before_the_download(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, videxpr: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mp4").touch()
    own = tmp_path / "own.toml"
    terms = f'sha256 = "{"ab" * 32}"\nsize = 5\nlicense = "for research only"\n'
    own.write_text(f'[lab]\nurl = "http://127.0.0.1:9/nobody-there"\n{terms}')
    monkeypatch.setenv("VIDEXPR_MODELS", str(own))
    code, _, said = videxpr(*command, "lab")
    terms, error = said.splitlines()
    assert terms == f"downloading model lab; its license, as {own} states it: for research only"
    assert code == 1 and error.startswith("error: model lab: cannot reach")


def test_a_model_of_the_hub_is_downloaded_and_shown_without_a_network(tmp_path: Path) -> None:
    content = small_model(tmp_path / "a.safetensors").read_bytes()

    def videxpr(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "videxpr", "models", *words]
        chosen = hub.environment(tmp_path / "home", **environment)
        return subprocess.run(command, capture_output=True, text=True, env=chosen)

    with stand_in() as hub:
        commit = hub.add("lab/abaw", model_safetensors=content)
        hub.add("lab/other", model_safetensors=b"another")
        done = videxpr("download", "hf:lab/abaw")
        assert (done.returncode, done.stderr) == (0, "")
        assert (
            f"from hf:lab/abaw@{commit}, SHA-256 {hashlib.sha256(content).hexdigest()}"
            in done.stdout
        )
        odd = videxpr("download", "hf:lab/other")
        assert odd.returncode == 2 and odd.stderr.count("\n") == 1
        assert odd.stderr.startswith("error: hf:lab/other (")
        none = videxpr("show", "hf:lab/none")
        assert none.returncode == 1 and none.stderr.count("\n") == 1
    shown = videxpr("show", "hf:lab/abaw", HF_HUB_OFFLINE="1")
    assert shown.returncode == 0
    assert "name:       hf:lab/abaw\n" in shown.stdout
    assert f"from:       hf:lab/abaw@{commit}\n" in shown.stdout


def test_a_packed_folder_is_shown_and_said_how_to_share(tmp_path: Path) -> None:
    file, folder = small_model(tmp_path / "mine.safetensors"), tmp_path / "abaw"
    done = run("pack", file, "-o", folder)
    for name in ("README.md", "config.json", "model.safetensors"):
        assert f"{folder / name}: written" in done
    assert "note: the card has no metrics" in done
    assert f"hf upload OWNER/REPO {folder}" in done
    assert "options unlike" not in (folder / "README.md").read_text()
    assert "name:       abaw" in run("show", folder)
    report = tmp_path / "r.json"
    report.write_text(json.dumps({"macro_f1": 0.5}))
    with pytest.raises(FormatError, match=r"r\.json is no report"):
        run("pack", file, "-o", folder, "--overwrite", "--report", report)
    with pytest.raises(OutputError, match="is there already"):
        run("pack", file, "-o", folder)


def test_options_unlike_the_papers_stand_in_a_packed_card(tmp_path: Path) -> None:
    options = as_text(RECIPES["paper"]) | {"dropout": "0.2", "epochs": "14"}
    training = TrainingSummary("d", "r", 310, 6, 0.6, 0.35, options)
    config = ModelConfig(backbone="regnet_y_400mf", trained_expressions=EXPRESSIONS[:7])
    save_checkpoint(tmp_path / "m.safetensors", ExpressionModel(config), training, "CC BY 4.0")
    run("pack", tmp_path / "m.safetensors", "-o", tmp_path / "packed")
    text = (tmp_path / "packed" / "README.md").read_text()
    assert "| options unlike the recipe paper's | dropout 0.2, epochs 14 |" in text
    shown = run("show", tmp_path / "packed")
    assert "frames:     310\n" in shown and "epochs:     6 of 14" in shown
    assert "0.350 over all eight expressions, 0.400 over the 7 trained ones, on the" in shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [("our lab\n", "data | our lab (9 images of faces) |"), ("\nours\n", "data | ours (9 images")],
)
def test_a_terminal_is_asked_for_the_data(typed: str, said: str, tmp_path: Path) -> None:
    file = unstated_model(tmp_path)
    code, shown = in_a_terminal(["models", "pack", file, "-o", tmp_path / "packed"], typed)
    assert code == 0, shown
    assert "What was m trained on (the checkpoint says only: 9 images of faces)?" in shown
    assert said in (tmp_path / "packed" / "README.md").read_text()


@pytest.mark.parametrize("typed", ["\x04", None])  # Ctrl-D, and no terminal at all
def test_what_nobody_answers_is_an_error_with_the_way_out(
    typed: str | None, tmp_path: Path
) -> None:
    words = ["models", "pack", str(unstated_model(tmp_path)), "-o", str(tmp_path / "packed")]
    if typed is None:
        command = [sys.executable, "-m", "videxpr", *words]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        code, shown = done.returncode, done.stderr
    else:
        code, shown = in_a_terminal(words, typed)
    assert code == 2 and "--trained-on 'NAME, NAME'" in " ".join(shown.split())
    assert "Traceback" not in shown and not (tmp_path / "packed").exists()
    run(*words[1:], "--trained-on", "Aff-Wild2")
    assert "whose agreement restricts" in (tmp_path / "packed" / "README.md").read_text()


def unstated_model(folder: Path) -> Path:
    """A checkpoint of images whose data nobody named."""
    file = folder / "m.safetensors"
    config = ModelConfig(variant="backbone", backbone="regnet_y_400mf")
    training = TrainingSummary("9 images of faces", "r", 9, 1)
    save_checkpoint(file, ExpressionModel(config), training, "MIT")
    return file


def in_a_terminal(words: Sequence[object], typed: str) -> tuple[int, str]:
    """The exit code of a command in a terminal in which this is typed, and all that it shows."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    process = subprocess.Popen(
        [sys.executable, "-m", "videxpr", *map(str, words)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"COLUMNS": "300"},
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # EIO at its end
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    return process.wait(), shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("command", ["show", "pack"])
def test_help_names_every_form_of_a_model(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert "a packed folder, or hf:OWNER/REPO[@REVISION]" in run(command, "--help")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "startr"), "startr"),
        (("import", "none.ckpt", "a.safetensors"), "no checkpoint 'none.ckpt'"),
        (("import", "a.ckpt", "a.pt"), "must end in .safetensors"),
        (("import", "a.ckpt", "a.safetensors", "--geometry", "none.json"), "none.json"),
        (("pack", "startr", "-o", "packed"), "did you mean 'starter-1'?"),
        (("pack", "starter", "-o", "packed", "--report", "none.json"), "none.json"),
        (("pack", "starter", "-o", "full"), "is there already"),
        (("download", "bufalo_l"), "did you mean 'buffalo_l'?"),
    ],
)
def test_what_is_wrong_is_answered_before_torch(
    words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.ckpt").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "README.md").touch()
    code = (
        "import sys, videxpr.cli\n"
        f"sys.argv = ['videxpr', 'models', *{words!r}]\n"
        "try:\n"
        "    videxpr.cli.main()\n"
        "finally:\n"
        "    assert 'torch' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode in (1, 2) and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ") and message in done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, videxpr.cli; "
        "print(*{'torch', 'onnxruntime', 'rich.progress', 'huggingface_hub', 'videxpr.model.catalog'}"
        " & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""

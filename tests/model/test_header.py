"""What a checkpoint says of itself is read without torch, and before anything else."""

import hashlib
import subprocess
import sys

import pytest
from safetensors.numpy import save

from videxpr.core.errors import CheckpointError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.model.header import read_card

HEAVY = ("torch", "safetensors", "av", "pyarrow", "pandas", "onnxruntime", "cv2")


def test_the_starter_is_read_without_anything_heavy():
    code = (
        "import sys\n"
        "from videxpr.cli.model_choice import chosen_models\n"
        "from videxpr.model.header import read_card\n"
        "from videxpr.model.options import ModelOptions\n"
        "(file,) = chosen_models(ModelOptions(('starter',)))\n"
        "print(read_card(file).config.variant)\n"
        f"print(*sorted({set(HEAVY)!r} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["transformer", "", ""]


@pytest.mark.parametrize("words", [("list",), ("show", "starter")])
def test_models_are_listed_and_shown_without_torch(words):
    code = (
        "import sys\n"
        "from videxpr.cli import app\n"
        "try:\n"
        f"    app(['models', *{words!r}])\n"
        "finally:\n"
        f"    print('LOADED', *sorted({set(HEAVY)!r} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "starter" in done.stdout and done.stdout.splitlines()[-1] == "LOADED"


def test_the_starters_card_is_what_its_file_says():
    card = read_card()
    assert (card.name, card.config.backbone, card.config.window) == (
        "starter-1",
        "regnet_y_1_6gf",
        64,
    )
    assert card.config.trained_expressions == EXPRESSIONS[:7]
    assert card.sha256 == hashlib.sha256(card.path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a safetensors file .it is empty"),
        (b"\x80\x04" * 20, "it has no header"),
        ((4).to_bytes(8, "little") + b"[[[[", "is not a safetensors file"),
        ((2).to_bytes(8, "little") + b"[]", "is not a safetensors file"),
        ((12).to_bytes(8, "little") + b'{"a": "odd"}', "is not a safetensors file"),
        (save({}), "says nothing of its classes"),
        (save({}) + b"more", "its header speaks of"),
    ],
)
def test_what_is_no_checkpoint_is_said(tmp_path, content, message):
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_card(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("startr", "no model 'startr'; did you mean 'starter-1'?"),
        ("Starter", "did you mean 'starter-1'?"),
        ("odd", "no model 'odd'; did you mean 'odd.safetensors'?"),
        ("odd.safetensors", "odd.safetensors is not a safetensors file (it has no header)"),
        ("folder", "no model 'folder' (the folder has no model.safetensors)"),
    ],
)
def test_a_wrong_model_is_answered_before_torch(asked, message, tmp_path):
    (tmp_path / "odd.safetensors").write_bytes(b"PK\x03\x04" * 50)
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.mp4").touch()
    code = (
        "import sys, videxpr.cli\n"
        f"sys.argv = ['videxpr', 'annotate', 'x.mp4', '-m', {asked!r}]\n"
        "try:\n"
        "    videxpr.cli.main()\n"
        "finally:\n"
        "    assert 'torch' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert message in done.stderr

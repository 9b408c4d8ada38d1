"""Each thing that videxpr stands on, broken in turn and for real."""

import ctypes
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_scrfd import write_small_scrfd

from videxpr.annotation.doctor import examine as examining
from videxpr.annotation.doctor.examine import examine
from videxpr.annotation.doctor.finding import Finding

ROOT = Path(__file__).parents[3]
DROP, OVERRIDE, READ_SEARCH = 24, 1, 2
"""Of prctl: to take a capability away; those that let root read and write everything."""


def found(name: str, root: Path | None = None) -> dict[str, Finding]:
    """What a check finds, by the name of the thing; of two findings the worse one."""
    rank = ("ok", "warning", "problem").index
    findings = sorted(examine(root, [name]), key=lambda one: rank(one.state))
    return {one.name: one for one in findings}


@pytest.fixture
def hide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a package that does something else in front of the true one."""

    def put(name: str, code: str) -> None:
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "__init__.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path / "packages")

    return put


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_package_that_cannot_be_imported_is_a_line_and_so_is_what_needs_it(hide) -> None:
    hide("torch", "raise ImportError('libfoo.so.1: cannot open\\nshared object file')")
    packages = found("packages")
    assert packages["torch"].state == packages["torchvision"].state == "problem"
    assert "cannot be imported: libfoo.so.1: cannot open shared" in packages["torch"].text
    assert "pytorch.org" in packages["torch"].remedy
    assert packages["numpy"].state == packages["onnxruntime"].state == "ok"
    line = found("devices")["devices"]
    assert (line.state, line.remedy) == ("problem", "see the packages above")
    assert line.text.startswith("cannot be tried: libfoo.so.1")


def test_a_package_that_ends_the_process_is_a_line_and_the_next_check_runs(hide) -> None:
    hide("onnxruntime", "import os; os.abort()")
    lines = list(examine(None, ["ONNX Runtime", "versions"]))
    assert [one.name for one in lines] == ["ONNX Runtime", "videxpr", "Python", "system"]
    assert (lines[0].state, lines[0].text) == ("problem", "ends the process by SIGABRT")
    assert "new environment" in lines[0].remedy


def test_a_check_that_hangs_is_ended(hide, monkeypatch: pytest.MonkeyPatch) -> None:
    hide("onnxruntime", "import time; time.sleep(1000)")
    monkeypatch.setattr(examining, "SECONDS", 3.0)
    (line,) = examine(None, ["ONNX Runtime"])
    assert (line.state, line.text) == (
        "problem",
        "hangs: it said nothing for 3 s, and was ended",
    )


def test_packs_are_tried_and_where_there_is_none_there_is_advice(tmp_path: Path) -> None:
    models = tmp_path / "models"
    write_small_scrfd(models / "good" / "det_1.onnx", side=640)
    (models / "bad").mkdir()
    (models / "bad" / "det_1.onnx").write_bytes(b"no network")
    lines = found("detectors", tmp_path)
    assert lines["scrfd:good"].state == lines["mtcnn"].state == "ok", lines
    assert lines["scrfd:bad"].state == "problem"
    assert "videxpr models download bad" in lines["scrfd:bad"].remedy
    assert found("detectors", tmp_path / "nowhere")["SCRFD"].state == "problem"


def test_a_registry_that_cannot_be_read_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = tmp_path / "models.toml"
    registry.write_text('[lab]\nfile = "nowhere.safetensors"\n')
    monkeypatch.setenv("VIDEXPR_MODELS", str(registry))
    lines = found("registry")
    assert (lines["model lab"].state, lines["registry"].text) == ("problem", "names 1 models")
    registry.write_text("[lab\n")
    broken = found("registry")["registry"]
    assert broken.state == "problem" and "VIDEXPR_MODELS" in broken.remedy


def test_where_a_file_is_in_a_folders_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("VIDEXPR_CACHE", str(file))
    monkeypatch.setenv("TMPDIR", str(file))
    lines = found("folders")
    assert (lines["cache"].state, lines["cache"].text) == ("problem", "is a file, not a folder")
    assert "VIDEXPR_CACHE" in lines["cache"].remedy
    assert lines["temporary folder"].state == "problem"
    assert "is a file, not a folder; others are taken" in lines["temporary folder"].text


def test_where_disks_are_full_or_may_not_be_written_to(
    tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEXPR_CACHE", str(disk / "cache"))
    warning = found("folders")["cache"]
    assert (warning.state, warning.text) == ("warning", "can be written to, 0.0 GB free")
    (disk / "much").write_bytes(bytes(1_500_000))
    full = found("folders")["cache"]
    assert (full.state, full.text) == ("problem", "its disk, or your quota, is full")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    locked = found("folders")["cache"]
    assert (locked.state, locked.text) == ("problem", "cannot be written: Read-only file system")


def test_the_command_tells_all_this_without_paths(tmp_path: Path) -> None:
    """Of a cache that may not be read, without a pack."""
    (tmp_path / "graphs").mkdir()
    (tmp_path / "model.safetensors").touch(0o000)
    (tmp_path / "graphs").chmod(0o000)
    (tmp_path / "home").mkdir()
    own = {"VIDEXPR_CACHE": str(tmp_path), "HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "videxpr", "doctor", "--json", str(tmp_path / "doctor.json")],
        capture_output=True,
        text=True,
        env=os.environ | own | {"PYTHONPATH": str(ROOT)},
        preexec_fn=without_override,
    )
    (tmp_path / "graphs").chmod(0o700)
    assert done.stdout.count("problem cache") == 2, done.stdout
    assert "<path> cannot be read: Permission denied" in done.stdout
    assert "warning SCRFD" in done.stdout
    assert done.stdout.endswith("2 problems and 1 warning; --paths says where things lie\n")
    assert done.returncode == 1 and done.stderr == ""
    written = (tmp_path / "doctor.json").read_text()
    for text in (done.stdout, written):
        assert str(tmp_path) not in text and str(ROOT) not in text
    states = Counter(one["state"] for one in json.loads(written))
    assert (states["problem"], states["warning"]) == (2, 1)


def test_the_command_starts_where_nothing_else_does() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('numpy', 'torch', 'av', 'psutil', 'pandas'))); "
        "import videxpr.cli.doctor"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(ROOT)})


def without_override() -> None:
    """Let permissions hold for root too."""
    libc = ctypes.CDLL(None)
    for capability in (OVERRIDE, READ_SEARCH):
        libc.prctl(DROP, capability, 0, 0, 0)

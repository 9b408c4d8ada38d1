"""The catalog against small packs on a server of this machine."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from published import published

from videxpr.core.errors import CheckpointError, DownloadError, FormatError, UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.faces.detection.packs import PACKS, DetectorPack, find_pack
from videxpr.model.catalog import (
    absent_model,
    download_pack,
    find_detector,
    is_downloaded,
    is_expression_model,
    list_models,
)
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary, read_card
from videxpr.model.hub import registry
from videxpr.model.network import ExpressionModel, ModelConfig

DETECTOR = b"detector" * 500


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pack_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("tiny/det_tiny.onnx", DETECTOR)
        archive.writestr("tiny/recognition.onnx", b"recognition")
        archive.writestr("tiny/readme.txt", b"not a model")
    return buffer.getvalue()


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DetectorPack]:
    with published(tmp_path, pack_zip(), DETECTOR, monkeypatch) as tiny:
        yield tiny


def test_a_pack_is_downloaded_whole_and_found(pack: DetectorPack, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    root = tmp_path / "root"
    done = download_pack("tiny", root, lambda *step: steps.append(step))
    folder = root / "models" / "tiny"
    assert done.model == folder / "det_tiny.onnx"
    assert done.files == (folder / "det_tiny.onnx", folder / "recognition.onnx")
    assert done.model.read_bytes() == DETECTOR
    assert steps[-1] == (pack.size_bytes, pack.size_bytes)
    found = find_pack("tiny", root)
    assert found is not None and found.model == done.model
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_what_is_installed_is_not_downloaded_again(pack: DetectorPack, tmp_path: Path) -> None:
    download_pack("tiny", tmp_path)
    (tmp_path / "site" / "tiny.zip").unlink()
    again = download_pack("tiny", tmp_path)
    assert again.files == () and again.model.read_bytes() == DETECTOR


def test_a_damaged_installation_is_replaced(pack: DetectorPack, tmp_path: Path) -> None:
    download_pack("tiny", tmp_path).model.write_bytes(b"half")
    assert find_detector("tiny", tmp_path).note == "not as published"
    assert download_pack("tiny", tmp_path).model.read_bytes() == DETECTOR


def test_another_file_than_the_published_one_installs_nothing(
    pack: DetectorPack, tmp_path: Path
) -> None:
    other = pack_zip() + b"more"
    (tmp_path / "site" / "tiny.zip").write_bytes(other)
    with pytest.raises(DownloadError, match=f"expected {pack.sha256} but got {sha256(other)}"):
        download_pack("tiny", tmp_path / "root")
    assert not list((tmp_path / "root" / "models").iterdir())


def test_a_zip_file_brought_by_hand_needs_no_network(pack: DetectorPack, tmp_path: Path) -> None:
    (tmp_path / "site" / "tiny.zip").unlink()
    archive = tmp_path / "models" / "tiny.zip"
    with pytest.raises(DownloadError, match=f"copy {pack.url} .* to {archive}"):
        download_pack("tiny", tmp_path)
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(pack_zip()[:-1])
    with pytest.raises(DownloadError, match=f"answered 404 .*to {archive} and run"):
        download_pack("tiny", tmp_path)
    archive.write_bytes(pack_zip())
    assert download_pack("tiny", tmp_path).model.read_bytes() == DETECTOR
    assert archive.is_file()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("starter", "nothing to download"),
        ("mtcnn", "nothing"),
        ("buffalo", "did you mean .* are buffalo_l"),
    ],
)
def test_only_packs_can_be_downloaded(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        download_pack(name, tmp_path)


def test_published_packs_are_told_apart_by_hashes_and_come_from_insightface() -> None:
    assert list(PACKS) == ["buffalo_l", "buffalo_m", "buffalo_s", "buffalo_sc", "antelopev2"]
    assert len({pack.sha256 for pack in PACKS.values()}) == len(PACKS)
    for name, pack in PACKS.items():
        assert len(pack.sha256) == len(pack.model_sha256) == 64
        assert pack.url == (
            f"https://github.com/deepinsight/insightface/releases/download/v0.7/{name}.zip"
        )


def test_the_listing_says_what_is_installed_and_under_which_license(
    pack: DetectorPack, tmp_path: Path
) -> None:
    before = {row.name: row for row in list_models(tmp_path)}
    assert list(before) == ["starter-1", "mtcnn", "tiny"]
    assert before["mtcnn"].state == "in the package"
    assert before["tiny"].state == "not installed" and before["tiny"].path is None
    assert before["tiny"].size_bytes == pack.size_bytes
    download_pack("tiny", tmp_path)
    for name, content in (("renamed", DETECTOR), ("stranger", b"another")):
        (tmp_path / "models" / name).mkdir()
        (tmp_path / "models" / name / "det_a.onnx").write_bytes(content)
    after = {row.name: row for row in list_models(tmp_path)}
    assert after["tiny"].path == tmp_path / "models" / "tiny" / "det_tiny.onnx"
    assert (after["tiny"].size_bytes, after["tiny"].sha256) == (len(DETECTOR), sha256(DETECTOR))
    assert after["tiny"].note == after["renamed"].note == "SCRFD-tiny, as published in tiny"
    assert after["tiny"].license == after["renamed"].license == "non-commercial research only"
    assert (after["stranger"].license, after["stranger"].note) == ("unknown", "unknown to videxpr")


def test_a_detector_is_found_by_name_folder_and_file(pack: DetectorPack, tmp_path: Path) -> None:
    assert find_detector("mtcnn", tmp_path).license == "MIT"
    assert find_detector("tiny", tmp_path).state == "not installed"
    model = download_pack("tiny", tmp_path).model
    for name in ("tiny", str(model.parent), str(model)):
        assert (
            find_detector(name, tmp_path / "elsewhere" if "/" in name else tmp_path).path == model
        )
    for name in ("tinier", ""):
        with pytest.raises(UsageError, match="nown are starter-1, mtcnn, tiny"):
            find_detector(name, tmp_path)


def saved_model(path: Path) -> Path:
    config = ModelConfig(variant="backbone", trained_expressions=EXPRESSIONS[:7])
    training = TrainingSummary("some faces", "some recipe", 28_709, 12, 0.71, None)
    save_checkpoint(path, ExpressionModel(config), training, "CC BY 4.0")
    return path


def packaged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the starter in a package of its own."""
    (folder / "models.toml").write_text("[starter-1]\nfile = 'starter-1.safetensors'\n")
    monkeypatch.setattr(registry, "PACKAGED", folder / "models.toml")
    return folder / "starter-1.safetensors"


def test_the_starter_is_listed_with_what_it_says_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved_model(packaged(tmp_path, monkeypatch))
    card = read_card()
    assert (card.name, card.path, card.sha256) == ("starter-1", file, sha256(file.read_bytes()))
    assert card.config.trained_expressions == EXPRESSIONS[:7]
    starter = list_models(tmp_path)[0]
    assert (starter.name, starter.kind, starter.state) == (
        "starter-1",
        "expressions",
        "in the package",
    )
    assert (starter.path, starter.size_bytes) == (file, file.stat().st_size)
    assert (starter.license, starter.note) == ("CC BY 4.0", "backbone, trained on some faces")


def test_a_starter_that_cannot_be_read_is_listed_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged(tmp_path, monkeypatch).write_text("damaged")
    starter = list_models(tmp_path)[0]
    assert starter.state == "missing" and "not a safetensors file" in starter.note
    with pytest.raises(CheckpointError):
        read_card()


def own_registry(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text)
    monkeypatch.setenv("VIDEXPR_MODELS", str(path))
    monkeypatch.setenv("VIDEXPR_CACHE", str(folder / "cache"))
    return path


def test_registered_models_are_listed_with_what_is_here_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged(tmp_path, monkeypatch)
    own = saved_model(tmp_path / "own.safetensors")
    digest = sha256(own.read_bytes())
    url = f'url = "http://127.0.0.1:9/a"\nsha256 = "{digest}"\nsize = 5000000\nlicense = "free"\n'
    text = f'[far]\n{url}note = "from afar"\n[near]\nfile = "own.safetensors"\n'
    own_registry(tmp_path, monkeypatch, text)
    starter, far, near, *_ = list_models(tmp_path)
    assert starter.state == "missing" and "install videxpr again" in starter.note
    assert (far.name, far.kind, far.state, far.path) == (
        "far",
        "expressions",
        "not installed",
        None,
    )
    assert (far.size_bytes, far.license, far.note) == (5_000_000, "free", "from afar")
    assert (near.state, near.path, near.sha256) == ("installed", own, digest)
    assert (near.license, near.note) == ("CC BY 4.0", "backbone, trained on some faces")
    place = tmp_path / "cache" / "models" / f"far-{digest[:16]}.safetensors"
    place.parent.mkdir(parents=True)
    place.write_bytes(own.read_bytes())
    assert absent_model("far") is None
    far = list_models(tmp_path)[1]
    assert (far.state, far.path, far.license) == ("installed", place, "CC BY 4.0")
    save_checkpoint(place, ExpressionModel(ModelConfig()), TrainingSummary("", "", 0, 0), "")
    far = list_models(tmp_path)[1]
    assert far.state == "not installed" and "is not the registered file" in far.note


def test_names_of_detectors_are_not_given_to_models(
    pack: DetectorPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tiny", "mtcnn"):
        own_registry(tmp_path, monkeypatch, f"[{name}]\nfile = 'a'\n")
        with pytest.raises(FormatError, match=rf"own\.toml: \[{name}\] is the name of a face"):
            list_models(tmp_path)


def test_expression_models_are_told_from_detectors(
    pack: DetectorPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f'url = "http://127.0.0.1:9/a"\nsha256 = "{"ab" * 32}"\nsize = 5\nlicense = "free"\n'
    own_registry(tmp_path, monkeypatch, f'[far]\n{url}[near]\nfile = "own.safetensors"\n')
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "model.safetensors").touch()
    names = ("starter-1", "far", "near", "hf:a/b", "x.safetensors", str(tmp_path / "packed"))
    assert all(map(is_expression_model, names))
    assert not any(map(is_expression_model, ("mtcnn", "tiny", "nosuch", str(tmp_path))))
    assert [name for name in names if is_downloaded(name)] == ["far", "hf:a/b"]
    absent = absent_model("far")
    assert absent is not None and absent.license == "free"
    assert [absent_model(name) for name in ("starter", "near", "hf:a/b")] == [None] * 3
    with pytest.raises(UsageError, match="known are far, tiny, and hf:OWNER/REPO"):
        download_pack("nosuch", tmp_path)
    with pytest.raises(UsageError, match="known are starter-1, far, near, mtcnn, tiny"):
        find_detector("nosuch", tmp_path)

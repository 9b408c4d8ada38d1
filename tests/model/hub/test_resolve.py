"""What a user types, and the file that it means; downloads come from a server on this machine."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from downloads import CONTENT, SHA256, nobody_there, site
from hub import stand_in

from videxpr.core.errors import CheckpointError, DownloadError, FormatError, UsageError
from videxpr.model.hub.registry import find_registered
from videxpr.model.hub.resolve import (
    A_FILE,
    IN_PACKAGE,
    ModelFile,
    cached_file,
    recorded_models,
    resolve_model,
)

__all__ = ["site"]  # a fixture


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's registry, and a cache beside it."""
    monkeypatch.setenv("VIDEXPR_MODELS", str(tmp_path / "models.toml"))
    monkeypatch.setenv("VIDEXPR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "models.toml"


def register(own: Path, url: str, sha256: str = SHA256, name: str = "lab") -> Path:
    """A model with an address; where it would lie."""
    size = f'size = {len(CONTENT)}\nlicense = "free"\n'
    own.write_text(f'[{name}]\nurl = "{url}"\nsha256 = "{sha256}"\n{size}')
    return own.parent / "cache" / "models" / f"{name}-{sha256[:16]}.safetensors"


def test_the_starter_is_in_the_package() -> None:
    found = resolve_model("starter")
    assert (found.name, found.origin) == ("starter-1", IN_PACKAGE)
    assert resolve_model("starter-1") == found
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()


def test_a_file_is_called_by_its_stem_and_a_packed_folder_by_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "packed" / "model.safetensors"
    file.parent.mkdir()
    file.write_bytes(CONTENT)
    assert resolve_model(file) == ModelFile("model", file, SHA256, A_FILE)
    assert resolve_model(file.parent) == ModelFile("packed", file, SHA256, A_FILE)
    monkeypatch.chdir(file.parent)
    assert resolve_model(".").name == "packed"


def test_a_name_wins_over_a_file_that_is_called_the_same(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.write_text("[lab]\nfile = 'other.safetensors'\n")
    (tmp_path / "other.safetensors").write_bytes(CONTENT)
    (tmp_path / "lab").write_bytes(CONTENT[:9])
    monkeypatch.chdir(tmp_path)
    assert resolve_model("lab") == ModelFile("lab", tmp_path / "other.safetensors", SHA256, A_FILE)
    assert resolve_model("./lab").path == Path("lab")


def test_models_of_a_record_are_named_as_annotate_finds_them() -> None:
    made = {"model": "starter + mine", "model_origin": f"in the package + {A_FILE}"}
    assert recorded_models(made) == ["starter", "mine.safetensors"]
    assert recorded_models({"model": "old"}) == ["old"]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("nosuch", "; videxpr models list names some"),
        ("startr", "; did you mean 'starter-1'?"),
        ("no/such.safetensors", ": there is no such file"),
        ("nosuch.safetensors", ": there is no such file"),
        ("", " (the folder has no model.safetensors)"),
        ("https://example.org/a", ": there is no such file"),
    ],
)
def test_what_is_nothing_is_named_with_what_may_have_been_meant(
    asked: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError) as caught:
        resolve_model(asked or tmp_path)
    assert str(caught.value).startswith(f"no model {asked or str(tmp_path)!r}{hint}")


def test_a_folder_without_weights_is_told_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt").write_bytes(CONTENT)
    with pytest.raises(CheckpointError, match=r"the folder has no model\.safetensors"):
        resolve_model(tmp_path)


def test_a_registered_model_is_downloaded_once_and_then_needs_no_network(
    own: Path, site: str
) -> None:
    place = register(own, f"{site}/file")
    steps: list[tuple[int, int | None]] = []
    said: list[str] = []
    found = resolve_model("lab", lambda *step: steps.append(step), said.append)
    assert found == ModelFile("lab", place, SHA256, f"{site}/file")
    assert said == [f"downloading model lab; its license, as {own} states it: free"]
    assert place.read_bytes() == CONTENT and steps[-1] == (len(CONTENT), len(CONTENT))
    register(own, f"{nobody_there()}/file")
    assert resolve_model("lab", None, said.append).path == place and len(said) == 1
    model = find_registered("lab")
    assert model is not None and cached_file(model) == place


@pytest.mark.parametrize(
    ("page", "sha256", "message"),
    [
        ("file", "ab" * 32, f"expected {'ab' * 32} but got {SHA256}. Deleted"),
        ("half", SHA256, r"broke off: .*bytes read.*; try again"),
        ("half-chunked", SHA256, "broke off"),
        ("other", SHA256, "answered 404 Not Found"),
    ],
)
def test_a_bad_download_is_not_kept_and_the_next_one_begins_anew(
    own: Path, site: str, page: str, sha256: str, message: str
) -> None:
    place = register(own, f"{site}/{page}", sha256)
    with pytest.raises(DownloadError, match=message) as caught:
        resolve_model("lab")
    assert str(caught.value).startswith(f"model lab: {site}/{page}")
    assert not list(place.parent.parent.rglob("*.*"))
    register(own, f"{site}/file")
    assert resolve_model("lab").sha256 == SHA256


def test_a_file_that_was_damaged_in_the_cache_is_never_used(own: Path, site: str) -> None:
    place = register(own, f"{site}/file")
    resolve_model("lab")
    place.write_bytes(CONTENT[:-1])
    register(own, f"{nobody_there()}/file")
    with pytest.raises(
        DownloadError, match=r"model lab: cannot reach .*; check the network, or copy"
    ):
        resolve_model("lab")
    register(own, f"{site}/file")
    assert resolve_model("lab").path.read_bytes() == CONTENT


def test_a_new_hash_in_the_registry_is_another_file(own: Path, site: str) -> None:
    register(own, f"{site}/file")
    resolve_model("lab")
    register(own, f"{site}/file", "ab" * 32)
    with pytest.raises(DownloadError, match="expected abab"):
        resolve_model("lab")


def test_what_is_secret_in_an_address_is_not_told(own: Path, site: str) -> None:
    host = site.removeprefix("http://")
    register(own, f"http://{host}/file?token=secret#part")
    own.parent.joinpath("cache", "models").mkdir(parents=True)
    model = find_registered("lab")
    assert model is not None
    cached_file(model).write_bytes(CONTENT)
    assert resolve_model("lab").origin == f"http://{host}/file"
    register(own, f"http://me:secret@{host}/file")
    assert resolve_model("lab").origin == f"http://{host}/file"


def test_a_registered_file_must_be_there_and_the_right_one(own: Path, tmp_path: Path) -> None:
    own.write_text(f"[lab]\nfile = 'a.safetensors'\nsha256 = '{SHA256}'\n")
    with pytest.raises(CheckpointError, match=f"model lab lacks its file {tmp_path}.*see .*models"):
        resolve_model("lab")
    (tmp_path / "a.safetensors").write_bytes(CONTENT[:-1])
    with pytest.raises(CheckpointError, match=f"has SHA-256 .*, not {SHA256} as .*models.toml"):
        resolve_model("lab")
    (tmp_path / "a.safetensors").write_bytes(CONTENT)
    assert resolve_model("lab").sha256 == SHA256


def test_a_broken_registry_spoils_names_only(own: Path, tmp_path: Path) -> None:
    own.write_text("[")
    (tmp_path / "a.safetensors").write_bytes(CONTENT)
    assert resolve_model("starter").origin == IN_PACKAGE
    assert resolve_model(tmp_path / "a.safetensors").origin == A_FILE
    with pytest.raises(FormatError):
        resolve_model("lab")


def test_a_detectors_name_gives_nobodys_file(own: Path, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(CONTENT)
    own.write_text("[buffalo_l]\nfile = 'a.safetensors'\n")
    with pytest.raises(FormatError, match=r"\[buffalo_l\] is the name of a face detector; give"):
        resolve_model("buffalo_l")


def test_the_hub_is_asked_for_what_begins_with_hf(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'hf:lab' names nothing on the Hub"):
        resolve_model("hf:lab")
    code = (
        "import json, sys; from videxpr.model.hub.resolve import resolve_model; "
        "found = resolve_model(sys.argv[1]); "
        "print(json.dumps([found.name, found.sha256, found.origin, str(found)]))"
    )
    with stand_in() as hub:
        commit = hub.add("lab/abaw", model_safetensors=CONTENT)
        hub.repositories["lab/abaw"].revisions["v1"] = commit
        command = [sys.executable, "-c", code, "hf:lab/abaw@v1"]
        environment = hub.environment(tmp_path)
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    name, sha256, origin, text = json.loads(done.stdout)
    assert (name, sha256, origin) == ("hf:lab/abaw@v1", SHA256, f"hf:lab/abaw@{commit}")
    assert text.startswith("hf:lab/abaw@v1 (") and commit in text


def test_importing_asks_for_no_client(tmp_path: Path) -> None:
    code = "import sys, videxpr.model.hub.resolve; print('huggingface_hub' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

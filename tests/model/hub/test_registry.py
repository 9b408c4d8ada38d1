"""Registries as people write them, right and wrong."""

from importlib import resources
from pathlib import Path

import pytest

from videxpr.core.errors import FormatError
from videxpr.model.hub.registry import (
    PACKAGED,
    RegisteredModel,
    find_registered,
    read_registry,
    registered_models,
    users_registry,
)
from videxpr.model.options import STARTER

SHA256 = "0123456789abcdef" * 4
ENTRY = f"""
[lab-abaw]
url = "https://example.org/abaw.safetensors"
sha256 = "{SHA256.upper()}"
size = 20822876
license = "research only"
note = "trained on Aff-Wild2"
"""


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_package_names_the_starter_and_nothing_else() -> None:
    models = read_registry(PACKAGED)
    assert list(models) == [STARTER]
    file = models[STARTER].file
    assert file is not None and file.is_file() and not models[STARTER].url
    assert file == Path(str(resources.files("videxpr") / "weights" / "starter-1.safetensors"))


def test_an_entry_has_all_that_a_download_needs(tmp_path: Path) -> None:
    path = written(tmp_path / "models.toml", ENTRY)
    assert read_registry(path) == {
        "lab-abaw": RegisteredModel(
            name="lab-abaw",
            registry=path,
            url="https://example.org/abaw.safetensors",
            sha256=SHA256,
            size_bytes=20_822_876,
            license="research only",
            note="trained on Aff-Wild2",
        )
    }


def test_a_file_on_this_machine_needs_no_more_and_lies_beside_the_registry(tmp_path: Path) -> None:
    text = f"\ufeff[near]\nfile = 'sub/a.safetensors'\n[far]\nfile = '{tmp_path}/b.safetensors'\n"
    models = read_registry(written(tmp_path / "models.toml", text))
    assert models["near"].file == tmp_path / "sub" / "a.safetensors"
    assert models["far"].file == tmp_path / "b.safetensors"


def without(key: str) -> str:
    return "\n".join(line for line in ENTRY.splitlines() if not line.startswith(key))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a", "cannot read the registry of models"),
        ('a = "https://example.org"', r"write a table, \[a\]"),
        ('["a/b"]', r"\[a/b\] is no name"),
        ('["hf:a"]', r"\[hf:a\] is no name"),
        ("[a]", "one of url and file"),
        (ENTRY + 'file = "a"', "one of url and file"),
        (ENTRY + "revision = 1", "unknown key 'revision'; known are url, file"),
        (without("sha256"), r"\[lab-abaw\] has a url and no sha256"),
        (without("size"), "no size"),
        (without("license"), "no license"),
        (ENTRY.replace(SHA256.upper(), "abc"), "sha256 is 'abc'; it has 64"),
        (ENTRY.replace("20822876", '"20 MB"'), "size is '20 MB'; it is the file's number of bytes"),
        (ENTRY.replace("20822876", "true"), "size is True"),
        (ENTRY.replace("20822876", "0"), "size is 0"),
        (ENTRY.replace('"research only"', "1"), "license is 1; write text"),
        (ENTRY.replace("https://example.org/abaw.safetensors", " "), "url is ' '"),
    ],
)
def test_a_wrong_entry_is_named_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path / "models.toml", text)
    with pytest.raises(FormatError, match=message) as caught:
        read_registry(path)
    assert str(path) in str(caught.value)


def test_a_registry_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match=r"models\.toml"):
        read_registry(tmp_path / "models.toml")


def test_the_users_registry_is_named_or_lies_in_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIDEXPR_MODELS")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert users_registry() == tmp_path / ".config" / "videxpr" / "models.toml"
    assert list(registered_models()) == [STARTER]  # nothing is there
    written(users_registry(), ENTRY)
    assert list(registered_models()) == [STARTER, "lab-abaw"]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert users_registry() == tmp_path / "xdg" / "videxpr" / "models.toml"
    monkeypatch.setenv("VIDEXPR_MODELS", "~/mine.toml")
    assert users_registry() == tmp_path / "mine.toml"
    with pytest.raises(FormatError, match="cannot read the registry"):
        registered_models()  # what was named must be there


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        (STARTER, "a model that comes with videxpr"),
        ("mtcnn", "a face detector"),
        ("antelopev2", "a face detector"),
    ],
)
def test_a_name_is_not_given_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, whose: str
) -> None:
    path = written(tmp_path / "m.toml", ENTRY.replace("lab-abaw", name))
    monkeypatch.setenv("VIDEXPR_MODELS", str(path))
    with pytest.raises(FormatError, match=rf"m\.toml: \[{name}\] is the name of {whose}; give"):
        registered_models()


def test_the_home_of_nobody_is_named_with_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "m.toml", "[lab]\nfile = '~nosuchuser/a.safetensors'\n")
    message = r"m\.toml: \[lab\] file is '~nosuchuser/a\.safetensors', .* write the whole path"
    with pytest.raises(FormatError, match=message):
        read_registry(path)
    monkeypatch.setenv("VIDEXPR_MODELS", "~nosuchuser/m.toml")
    with pytest.raises(FormatError, match="variable VIDEXPR_MODELS is '~nosuchuser/m.toml'"):
        find_registered("lab")


def test_a_name_is_found_and_the_starter_whatever_the_users_registry_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEXPR_MODELS", str(written(tmp_path / "m.toml", ENTRY)))
    found = find_registered("lab-abaw")
    assert found is not None and found.sha256 == SHA256
    assert find_registered("lab-abaw2") is None
    monkeypatch.setenv("VIDEXPR_MODELS", str(written(tmp_path / "bad.toml", "[")))
    starter = find_registered(STARTER)
    assert starter is not None and starter.registry == PACKAGED
    assert find_registered("./lab-abaw") is None
    with pytest.raises(FormatError, match=r"bad\.toml"):
        find_registered("lab-abaw")

"""Folders for the Hub: written whole, used like any model."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from publish_cards import CONFIG, TRAINING
from publish_reports import ON_IMAGES, ON_VIDEOS, written

from videxpr.core.errors import CheckpointError, FormatError, OutputError, UsageError
from videxpr.model.checkpoint import load_checkpoint, save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.hub.resolve import resolve_model
from videxpr.model.network import ExpressionModel
from videxpr.model.publish.export import pack

NAMES = ["README.md", "config.json", "model.safetensors"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_checkpoint(path, ExpressionModel(CONFIG), TRAINING, "CC BY 4.0")
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_packed_folder_is_used_as_the_checkpoint_was(saved: Path, tmp_path: Path) -> None:
    packed = pack(resolve_model(saved), tmp_path / "new" / "abaw")
    assert names_in(tmp_path / "new" / "abaw") == NAMES
    assert sorted(file.name for file in packed.files) == NAMES
    assert packed.notes == ("the card has no metrics of an evaluation; --report FILE adds them",)
    before, after = load_checkpoint(saved), load_checkpoint(tmp_path / "new" / "abaw")
    assert (after.name, after.sha256, after.training) == ("abaw", before.sha256, TRAINING)
    theirs = after.model.state_dict()
    assert all(
        torch.equal(value, theirs[name]) for name, value in before.model.state_dict().items()
    )


def test_the_configuration_can_be_read_without_the_weights(saved: Path, tmp_path: Path) -> None:
    pack(resolve_model(saved), tmp_path / "abaw")
    content = json.loads((tmp_path / "abaw" / "config.json").read_text())
    assert (content["library_name"], content["format"]) == ("videxpr", 2)
    assert content["config"]["backbone"] == "regnet_y_400mf" and content["config"]["window"] == 32
    assert content["config"]["crop"]["landmarks"][0] == [38.2946, 51.6963]
    assert content["training"]["images"] == 28_709 and content["license"] == "CC BY 4.0"
    assert content["weights_sha256"] == resolve_model(saved).sha256


def test_nothing_is_replaced_unasked_and_other_files_stay(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"README\.md is there already; --overwrite replaces it"):
        pack(resolve_model(saved), tmp_path)
    assert names_in(tmp_path) == ["README.md", "notes.txt"]
    pack(resolve_model(saved), tmp_path, overwrite=True)
    assert names_in(tmp_path) == [*NAMES, "notes.txt"]
    assert (
        (tmp_path / "README.md")
        .read_text()
        .startswith("---\nlibrary_name: videxpr\nlicense: cc-by-4.0\n")
    )
    pack(resolve_model(tmp_path), tmp_path, overwrite=True)  # its own folder
    assert resolve_model(tmp_path).sha256 == resolve_model(saved).sha256


def test_terms_beside_the_weights_travel_with_them(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "m.safetensors").write_bytes(saved.read_bytes())
    (tmp_path / "a" / "WEIGHTS_LICENSE").write_text("terms")
    pack(resolve_model(tmp_path / "a" / "m.safetensors"), tmp_path / "b")
    assert (tmp_path / "b" / "WEIGHTS_LICENSE").read_text() == "terms"
    assert "terms are in `WEIGHTS_LICENSE`" in (tmp_path / "b" / "README.md").read_text()


def test_terms_of_another_model_are_not_left_beside_the_weights(
    saved: Path, tmp_path: Path
) -> None:
    (tmp_path / "WEIGHTS_LICENSE").write_text("terms of another")
    for overwrite in (False, True):
        with pytest.raises(
            OutputError, match=r"WEIGHTS_LICENSE would be .* terms of mine, .*remove"
        ):
            pack(resolve_model(saved), tmp_path, overwrite=overwrite)
    assert names_in(tmp_path) == ["WEIGHTS_LICENSE"]


def test_terms_that_were_not_fetched_are_spoken_of(saved: Path, tmp_path: Path) -> None:
    fetched = replace(resolve_model(saved), origin="hf:lab/abaw@" + "0" * 40)
    notes = pack(fetched, tmp_path / "a").notes
    assert "the weights alone were fetched: if it has a WEIGHTS_LICENSE" in notes[-1]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "m.safetensors").write_bytes(saved.read_bytes())
    (tmp_path / "b" / "WEIGHTS_LICENSE").write_text("terms")
    both = replace(fetched, path=tmp_path / "b" / "m.safetensors")
    assert not any("fetched" in note for note in pack(both, tmp_path / "c").notes)


def test_metrics_come_from_reports_of_this_model_only(saved: Path, tmp_path: Path) -> None:
    own = replace(ON_IMAGES, predictions=f"model mine ({resolve_model(saved).sha256[:12]})")
    reports = [written(tmp_path / "s.json", own), written(tmp_path / "v.json", ON_VIDEOS)]
    packed = pack(resolve_model(saved), tmp_path / "a", reports)
    warnings, stranger = packed.notes
    count = len(own.warnings) + len(ON_VIDEOS.warnings)
    assert warnings.startswith(f"warnings of the reports, {count} in all, may name your files")
    assert "be sure that it was this one" in stranger
    text = (tmp_path / "a" / "README.md").read_text()
    assert "### my faces" in text and "### labels" in text
    other = written(tmp_path / "o.json", ON_IMAGES)
    with pytest.raises(UsageError, match=r"o\.json is a report on the model with SHA-256 01234567"):
        pack(resolve_model(saved), tmp_path / "b", [other])
    with pytest.raises(FormatError, match=r"none\.json"):
        pack(resolve_model(saved), tmp_path / "b", [tmp_path / "none.json"])
    assert not (tmp_path / "b").exists()


def test_what_cannot_be_used_is_not_packed(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "half.safetensors").write_bytes(saved.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="is not a safetensors file"):
        pack(resolve_model(tmp_path / "half.safetensors"), tmp_path / "a")
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        pack(resolve_model(saved), tmp_path / "file")


def test_a_license_that_nobody_stated_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    save_checkpoint(file, ExpressionModel(CONFIG), TrainingSummary("", "", 0, 0), "unspecified")
    notes = pack(resolve_model(file), tmp_path / "a", trained_on="ours").notes
    assert any("states no license" in note for note in notes)


def test_what_nobody_says_is_not_packed_and_what_the_owner_says_is_in_both_files(
    tmp_path: Path,
) -> None:
    file = tmp_path / "m.safetensors"
    training = replace(TRAINING, data="9 videos, 310 frames, of EXPR_Set")
    save_checkpoint(file, ExpressionModel(CONFIG), training, "MIT")
    with pytest.raises(UsageError, match=r"m does not say .*\(only '9 videos.*--trained-on"):
        pack(resolve_model(file), tmp_path / "a")
    assert not (tmp_path / "a").exists()
    notes = pack(resolve_model(file), tmp_path / "a", trained_on="our lab").notes
    said = "our lab (9 videos, 310 frames, of EXPR_Set)"
    assert json.loads((tmp_path / "a" / "config.json").read_text())["training"]["data"] == said
    card = (tmp_path / "a" / "README.md").read_text()
    assert f"| data | {said} |" in card and "Aff-Wild2" not in card
    assert notes[0].startswith("the data lay in a folder of Aff-Wild2's layout")


def test_who_may_get_a_model_of_affwild2_is_said_in_the_card_and_to_its_owner(
    saved: Path, tmp_path: Path
) -> None:
    notes = pack(resolve_model(saved), tmp_path, trained_on="Aff-Wild2, FER2013").notes
    card = (tmp_path / "README.md").read_text()
    assert (
        "## License\n\nCC BY 4.0\n\nIt was trained on Aff-Wild2, whose agreement restricts" in card
    )
    assert card.endswith("databases/aff-wild2\n") and notes[0].endswith("the card says so too")

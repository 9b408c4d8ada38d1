"""The weights in the package: what they say of themselves, and that they know faces not seen before."""

import csv
from importlib import resources
from pathlib import Path
from zipfile import ZipFile

from conftest import SHARED, needs_shared

from videxpr.core.crop_template import ARCFACE
from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.images import evaluate_images
from videxpr.evaluation.options import ImageOptions
from videxpr.model.checkpoint import load_checkpoint
from videxpr.model.header import read_card

WEIGHTS = Path(str(resources.files("videxpr"))) / "weights"
STARTER = WEIGHTS / "starter-1.safetensors"


def test_the_starter_states_its_geometry_its_classes_and_its_terms() -> None:
    card = read_card(STARTER)
    assert card.config.crop == ARCFACE  # else annotate warns of crops that nobody measured
    assert (card.config.variant, card.config.input_size) == ("transformer", 112)
    assert card.config.trained_expressions == EXPRESSIONS[:7]
    assert card.config.color is False and card.config.temperature != 1
    for terms in (card.license, (WEIGHTS / "WEIGHTS_LICENSE").read_text()):
        assert all(one in terms for one in ("FER2013", "muxspace/facial_expressions", "Apache"))
    assert STARTER.stat().st_size <= 25e6


@needs_shared
def test_the_starter_knows_validation_faces(tmp_path: Path) -> None:
    """Every twelfth of the validation part, by its voters' majority; of the whole 0.73 are right. A
    wrong normalization, size or order of classes would leave little of that."""
    with (SHARED / "data" / "split.csv").open(newline="") as file:
        rows = [row["image"] for row in csv.DictReader(file) if row["split"] == "validation"]
    with ZipFile(SHARED / "data" / "faces.zip") as archive:
        inside = {name.partition("faces/")[2]: name for name in archive.namelist()}
        for row in rows[::12]:
            archive.extract(inside[row.partition("faces/")[2]], tmp_path)
    votes = ImageOptions(votes=SHARED / "data" / "ferplus.csv", folder_labels="web_*")
    found = evaluate_images(load_checkpoint(STARTER), tmp_path, votes)
    assert len(rows[::12]) == 288 and found.frames > 250  # the others have no majority
    assert found.scores.accuracy > 0.68  # two standard errors below
    assert found.agreement is not None and found.agreement.curve.expected_error < 0.12

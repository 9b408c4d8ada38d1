import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from videxpr.annotation.options import AnnotateCommand
from videxpr.core.errors import OutputError
from videxpr.core.option import read_config
from videxpr.core.version import VERSION
from videxpr.evaluation.metrics import Difference, Interval
from videxpr.evaluation.tune.cross_validation import CrossValidation
from videxpr.evaluation.tune.options import Setting
from videxpr.evaluation.tune.report import Trial, TuneReport, write_config

CURRENT = Trial(Setting(16, 0.0, 0.5), 0.38)
BEST = Trial(Setting(8, 0.75, 4.0), 0.42)


def report_of(gain: float) -> TuneReport:
    difference = Difference(gain, Interval(gain - 0.01, gain + 0.01), 0.9)
    return TuneReport(
        predictions=Path("val"),
        labels=Path("labels"),
        model="mine",
        model_sha256="ab" * 32,
        sources=("a", "b"),
        frames=900,
        trials=(CURRENT, BEST),
        current=CURRENT,
        best=BEST,
        validation=CrossValidation((), 0.38 + gain, 0.38, difference),
        notes=(),
    )


def written(folder: Path, gain: float, *models: str) -> tuple[str, dict[str, object]]:
    write_config(folder / "tuned.toml", report_of(gain), models)
    text = (folder / "tuned.toml").read_text()
    return text, tomllib.loads(text)


def test_the_best_setting_is_written_where_choosing_gains(tmp_path):
    text, options = written(tmp_path, 0.02)
    assert options == {
        "stride": 8,
        "smooth": 4.0,
        "logit-adjustment": 0.75,
        "model": ["mine"],
        "model-sha256": ["ab" * 32],
    }
    comments = [line for line in text.splitlines() if line.startswith("# ")]
    assert comments[0] == f"# videxpr tune {VERSION}, predictions 'val', labels 'labels'"
    assert comments[1] == "# 2 source videos, 900 labeled frames"
    assert "macro F1 0.4200, before 0.3800" in comments[2]
    assert comments[3] == "# cross-validated gain +0.0200"


@pytest.mark.parametrize("gain", [0.0, -0.01])
def test_where_it_gains_nothing_the_current_setting_is(tmp_path, gain):
    text, options = written(tmp_path, gain)
    assert (options["stride"], options["smooth"], options["logit-adjustment"]) == (16, 0.5, 0.0)
    assert "macro F1 0.3800, before 0.3800" in text


def test_annotate_reads_it(tmp_path):
    written(tmp_path, 0.02, "./mine.safetensors")
    found = read_config(tmp_path / "tuned.toml", AnnotateCommand)
    assert found == {
        "stride": 8,
        "smooth": 4.0,
        "logit-adjustment": 0.75,
        "model": ("./mine.safetensors",),
        "model-sha256": ("ab" * 32,),
    }


def test_models_of_an_ensemble_are_listed(tmp_path):
    report = replace(report_of(0.02), model="a + b", model_sha256="cd + ef")
    write_config(tmp_path / "tuned.toml", report)
    options = tomllib.loads((tmp_path / "tuned.toml").read_text())
    assert (options["model"], options["model-sha256"]) == (["a", "b"], ["cd", "ef"])


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_config(tmp_path / "file" / "tuned.toml", report_of(0.02))

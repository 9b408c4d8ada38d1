"""``videxpr config``, and the run that it repeats."""

import tomllib

import pytest
from benchmarked import small_model
from pipeline import write_portrait

from videxpr.formats.affwild2 import read_labels
from videxpr.formats.parquet import read_annotation

CASES = {
    "plain": (),
    "people": ("--people", "all", "--person", "left", "--missing", "none"),
    "paper": ("--preset", "paper"),
    "numbers": ("--stride", "8", "--smooth", "0.1", "--start", "0.08", "--detect-every", "2"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_is_repeated_from_what_it_wrote(videxpr, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    small_model(tmp_path / "mine.safetensors")
    write_portrait(tmp_path / "a.mp4", 12)
    call = ("annotate", "a.mp4", "--device", "cpu", "-q")
    plain = ("-m", "mine.safetensors", "--detector", "mtcnn", "--min-face", "50", "-o", "first")
    assert videxpr(*call, *plain, *CASES[case]) == (0, "", "")
    code, printed, _ = videxpr("config", "first/a.parquet")
    assert code == 0
    file = tmp_path / "run.toml"
    file.write_text(printed)
    chosen = tomllib.loads(printed)
    assert (chosen["detector"], chosen["model"]) == ("mtcnn", ["mine.safetensors"])
    assert len(chosen["model-sha256"][0]) == 64 and chosen["min-face"] == 50.0
    assert videxpr(*call, "--config", "run.toml", "-o", "second") == (0, "", "")
    first, second = (read_labels(tmp_path / name / "a.txt") for name in ("first", "second"))
    assert first.tolist() == second.tolist()
    one, two = (read_annotation(tmp_path / name / "a.parquet") for name in ("first", "second"))
    assert one.to_pandas().equals(two.to_pandas())
    assert one.options == two.options


def test_it_is_written_where_it_is_wanted(videxpr, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_portrait(tmp_path / "a.mp4", 3)
    assert videxpr("annotate", "a.mp4", "--detector", "mtcnn", "-q", "-o", ".")[0] == 0
    assert videxpr("config", "a.parquet", "-o", "run.toml") == (0, "", "")
    assert tomllib.loads((tmp_path / "run.toml").read_text())["model"] == ["starter-1"]


def test_what_is_no_annotation_is_wrong_usage(videxpr, tmp_path):
    code, _, err = videxpr("config", tmp_path / "nosuch.parquet")
    assert code == 2 and "nosuch.parquet" in err and len(err.splitlines()) == 1

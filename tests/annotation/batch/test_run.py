"""A batch goes on whatever one source does, and never loses what was there."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pandas
import pytest
from chosen import annotation_options
from pipeline import ScriptedDetector, face, picture, write_clip

from videxpr.annotation.annotator import Annotator
from videxpr.annotation.batch.run import annotate_sources
from videxpr.annotation.options import OutputOptions
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import FormatError, OutputError
from videxpr.datasets.labels import read_label_sets
from videxpr.formats.affwild2 import read_labels, write_labels
from videxpr.formats.predictions import Block, read_predictions, write_predictions
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.video.search import find_sources

FRAMES = 12


@pytest.fixture(scope="module")
def checkpoint():
    model = ExpressionModel(ModelConfig(variant="backbone")).requires_grad_(False).eval()
    return Checkpoint("random", "f" * 64, model, TrainingSummary("noise", "none", 0, 0), "none")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for name in ("a.mp4", "b.mp4"):
        write_clip(folder / name, [picture(n) for n in range(FRAMES)])
    return folder


@pytest.fixture
def run(checkpoint, tmp_path):
    """Annotate; status of each source by name, and what is missing at the end."""

    def annotate(*arguments, script=lambda number: [], people=1, missing="fill", **output):
        output = {"directory": tmp_path / "out", **output}
        outputs = Outputs(OutputOptions(**output, missing=missing))
        options = annotation_options(people=people)
        annotator = Annotator(checkpoint, ScriptedDetector(script), options)
        sources = find_sources(map(str, arguments))
        reports = list(annotate_sources(annotator, sources, outputs))
        return {report.source.relative.name: report for report in reports}, outputs.finish()

    return annotate


def blocks(folder: Path) -> dict[str, int]:
    return {one.name: len(one.frames) for one in read_predictions(folder / "predictions.txt")}


def test_bug_in_one_video_is_that_videos_failure_and_keeps_its_trace(run, clips):
    calls = []

    def script(number):
        calls.append(number)
        if len(calls) == 1:
            raise RuntimeError("out of memory")
        return []

    reports, _ = run(clips / "a.mp4", clips / "b.mp4", script=script)
    assert reports["a.mp4"].status == "failed"
    assert "out of memory" in reports["a.mp4"].error
    assert "in script" in reports["a.mp4"].trace
    assert reports["b.mp4"].status == "done"


def test_name_that_no_text_file_can_hold_is_refused(run, clips, tmp_path):
    odd = tmp_path / "two\nlines.mp4"
    odd.write_bytes((clips / "a.mp4").read_bytes())
    reports, _ = run(odd, clips / "a.mp4")
    assert [report.status for report in reports.values()] == ["failed", "done"]
    assert "rename" in reports["two\nlines.mp4"].error


def test_missing_source_blocks_nothing(run, clips):
    reports, _ = run("nope/a.mp4", clips / "a.mp4")
    assert reports["a.mp4"].status == "done"


def test_video_named_like_the_runs_own_files_is_refused(run, clips, tmp_path):
    for name in ("predictions.mp4", "summary.mp4"):
        (tmp_path / name).write_bytes((clips / "a.mp4").read_bytes())
        assert run(tmp_path / name)[0][name].status == "failed"


def test_summary_has_a_line_for_every_video(run, clips, tmp_path):
    run(clips / "a.mp4", "nope.mp4")
    table = pandas.read_csv(tmp_path / "out" / "summary.csv", keep_default_na=False)
    assert table["video"].tolist() == ["a.mp4", "nope.mp4"]
    assert table["error"].tolist()[0] == ""
    assert "nope.mp4" in table["error"].tolist()[1]


def test_labels_that_somebody_else_wrote_are_never_written_over(run, clips, tmp_path):
    (tmp_path / "out").mkdir()
    truth = np.array([3, 3, 3])
    write_labels(tmp_path / "out" / "a.txt", truth)
    for overwrite in (False, True):
        reports, _ = run(clips, overwrite=overwrite)
        assert "a.txt is not videxpr's" in reports["a.mp4"].error
        assert reports["b.mp4"].status == "done"
    assert read_labels(tmp_path / "out" / "a.txt").tolist() == truth.tolist()
    assert not (tmp_path / "out" / "a.parquet").exists()


def test_predictions_that_were_lost_are_made_again_from_the_log(run, clips, tmp_path):
    run(clips)
    before = (tmp_path / "out" / "predictions.txt").read_bytes()
    (tmp_path / "out" / "predictions.txt").unlink()
    reports, _ = run(clips)
    assert {report.status for report in reports.values()} == {"skipped"}
    assert (tmp_path / "out" / "predictions.txt").read_bytes() == before


def test_second_person_who_changes_sides_leaves_no_stale_file(run, clips, tmp_path):
    def right(number):
        return [face(20, 40, 80), face(150, 40, 50)]

    def left(number):
        return [face(150, 40, 80), face(20, 40, 50)]

    run(clips / "a.mp4", script=right, people=2)
    assert set(blocks(tmp_path / "out")) == {"a", "a_right"}
    run(clips / "a.mp4", script=left, people=2, overwrite=True)
    assert set(blocks(tmp_path / "out")) == {"a", "a_left"}
    names = {path.name for path in (tmp_path / "out").glob("*.txt")}
    assert names == {"a.txt", "a_left.txt", "predictions.txt"}


def test_another_template_shapes_what_is_there_and_nothing_is_annotated(run, clips, tmp_path):
    run(clips / "a.mp4")
    template = tmp_path / "template.txt"
    write_predictions(template, [Block("a", np.arange(10), np.zeros(10, np.int64))])
    reports, lacking = run(clips / "a.mp4", template=template)
    assert reports["a.mp4"].status == "skipped"
    assert lacking == []
    assert blocks(tmp_path / "out") == {"a": 10}
    write_predictions(template, [Block("a", np.arange(5), np.zeros(5, np.int64))])
    for overwrite in (False, True):
        reports, lacking = run(clips / "a.mp4", template=template, overwrite=overwrite)
        assert "wants 5 frames" in reports["a.mp4"].error
        assert "a" in lacking[0]


def test_folder_that_cannot_be_written_is_said_before_any_work(run, clips, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="file"):
        run(clips / "a.mp4", directory=tmp_path / "file")


def test_foreign_summary_is_said_before_any_work(run, clips, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.csv").write_text("my,own\n1,2\n")
    with pytest.raises(FormatError, match=r"summary\.csv"):
        run(clips / "a.mp4")


def test_whatever_a_line_of_text_can_hold_is_a_name_and_is_found_again(run, clips, tmp_path):
    names = [
        "3.15.07\u202fPM",
        "a,b",
        "\U0001f468\u200d\U0001f469",
        "c\u3000d",
        "caf\u00e9",
        "u\u0308",
    ]
    (tmp_path / "in").mkdir()
    for name in [*names, "two\nlines", os.fsdecode(b"caf\xe9")]:
        (tmp_path / "in" / f"{name}.mp4").write_bytes((clips / "a.mp4").read_bytes())
    reports, _ = run(tmp_path / "in")
    done = {name.removesuffix(".mp4") for name, one in reports.items() if one.status == "done"}
    assert done == set(names) == set(blocks(tmp_path / "out"))
    table = pandas.read_csv(tmp_path / "out" / "summary.csv", keep_default_na=False)
    written = [f"{name}.mp4" for name in names]
    assert set(table["video"]) == {*written, "two\\nlines.mp4", "caf\\udce9.mp4"}
    respelled = {
        unicodedata.normalize("NFD" if "\u00e9" in name else "NFC", name) for name in names
    }
    for place in (tmp_path / "out", tmp_path / "out" / "predictions.txt"):
        assert set(read_label_sets(place, respelled).sets) == respelled


def test_a_name_without_room_for_its_endings_fails_before_it_is_annotated(run, clips, tmp_path):
    for length in (247, 248):
        (tmp_path / f"{'a' * length}.mp4").write_bytes((clips / "a.mp4").read_bytes())
    begun = []
    reports, _ = run(tmp_path, script=lambda number: begun.append(number) or [])
    assert [one.status for one in reports.values()] == ["done", "failed"]
    assert len(begun) <= FRAMES
    left = {path.name for path in (tmp_path / "out").iterdir()}
    runs = {"predictions.txt", "summary.csv", "run.jsonl"}
    assert left - runs == {f"{'a' * 247}.txt", f"{'a' * 247}.parquet"}

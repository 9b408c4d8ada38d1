"""Predictions against labels, from files to figures, with scikit-learn beside it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluations import write
from labels import annotated
from sklearn import metrics as sklearn
from trees import TRAPS, write_tree

from videxpr.core.errors import FormatError, SourceError, UsageError
from videxpr.evaluation.metrics import bootstrap_intervals, confusion_matrix
from videxpr.evaluation.report import as_json
from videxpr.evaluation.videos import evaluate
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import Block, write_predictions

ALL = list(range(8))


def test_all_frames_are_pooled_and_unlabeled_ones_dropped(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels", a=[0, 0, -1, 1], b=[4, 4])
    predictions = write(tmp_path / "predictions", a=[0, 1, 5, 1], b=[4, 0])
    found = evaluate(predictions, labels)
    truth, predicted = [0, 0, 1, 4, 4], [0, 1, 1, 4, 0]
    assert found.frames == 5 and found.coverage == 1
    assert found.scores.macro_f1 == pytest.approx(
        sklearn.f1_score(truth, predicted, labels=ALL, average="macro", zero_division=0), abs=1e-12
    )
    assert [(one.name, one.frames, one.difference) for one in found.videos] == [
        ("a", 3, 0),
        ("b", 2, 0),
    ]
    assert found.labels == f"{labels} (text files)" and found.name == "predictions"
    assert sum(one.confusion for one in found.videos).tolist() == found.confusion.tolist()
    assert len(found.warnings) == 1 and found.warnings[0].startswith("Disgust, Fear, Sadness, Surp")


def test_paths_may_be_texts_and_options_are_keywords(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels", a=[0, 0, 1], b=[4, 4])
    predictions = write(tmp_path / "predictions", a=[0, 1, 1, 1], b=[4, 0])
    found = evaluate(str(predictions), str(labels), bootstrap=50, seed=3)
    assert found.macro_f1 == found.scores.macro_f1 == evaluate(predictions, labels).macro_f1
    again = evaluate(predictions, labels, against=str(predictions), bootstrap=50, seed=3)
    assert again.intervals == found.intervals and again.against.difference.macro_f1 == 0


def test_a_missing_prediction_is_wrong_and_leaves_the_covered_frames(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels", a=[0, 0, 1, 1], b=[1, 1], c=[-1, -1])
    predictions = write(tmp_path / "predictions", a=[0, -1, 1, 1], z=[1])
    found = evaluate(predictions, labels)
    assert found.confusion[:2, 8].tolist() == [1, 2]
    assert found.coverage == 0.5 and found.scores.accuracy == 0.5
    assert found.scores.recall[:2].tolist() == [0.5, 0.5]
    covered = found.subsets["covered"]
    assert covered.frames == 3 and covered.scores.accuracy == 1
    assert covered.scores.macro_f1_present == 1 and covered.scores.macro_f1 == 2 / 8
    assert [one.difference for one in found.videos] == [0, None, None]
    assert found.unmatched == ("z",)
    warnings = "\n".join(found.warnings)
    assert "nothing is predicted for 2 of 3 names (2 labeled frames, which count as" in warnings
    assert "wrong): b, c" in warnings
    assert "1 labeled frames have no prediction and count as wrong" in warnings
    assert "predicted but not in the labels: z" in warnings


def test_lengths_that_differ_are_counted_and_listed(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels", a=[0, 0, 0], b=[1, 1], c=[2])
    predictions = write(tmp_path / "predictions", a=[0, 0], b=[1, 1, 5, 5], c=[2])
    found = evaluate(predictions, labels)
    assert found.scores.accuracy == 1 and found.coverage == 1
    assert [one.difference for one in found.videos] == [-1, 2, 0]
    assert found.warnings[:2] == [
        "1 of 3 predictions end early, padded by the last one: a (-1)",
        "1 of 3 predictions end late, cut: b (+2)",
    ]
    with pytest.raises(FormatError, match=r"a.txt has 2 frames of a, but .*a.txt has 3"):
        evaluate(predictions, labels, strict=True)


def test_every_kind_of_file_gives_the_same_figures(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels", a=[0, 3, 4, 4, 5, 5], b=[6, 6, 7])
    made = {"a": annotated([[0, 3, 4.5, None, 5, None]]), "b": annotated([[6, 7, 7]])}
    for name, one in made.items():
        write_parquet(tmp_path / "parquet" / f"{name}.parquet", one)
    texts = write(tmp_path / "texts", a=[0, 3, 4, 4, 5, 5], b=[6, 7, 7])
    blocks = [
        Block("a", np.arange(6), np.array([0, 3, 4, 4, 5, 5])),
        Block("b", np.arange(3), np.array([6, 7, 7])),
    ]
    write_predictions(tmp_path / "predictions.txt", blocks)
    found = {
        kind: evaluate(tmp_path / kind, labels) for kind in ("parquet", "texts", "predictions.txt")
    }
    for one in found.values():
        assert one.confusion.tolist() == found["texts"].confusion.tolist()
        assert one.intervals == found["texts"].intervals
    assert evaluate(texts, texts).scores.accuracy == 1
    names = ["covered", "detected", "bridged", "filled"]
    assert list(found["parquet"].subsets) == names
    assert [one.frames for one in found["parquet"].subsets.values()] == [9, 6, 1, 2]
    assert [one.scores.accuracy for one in found["parquet"].subsets.values()] == [
        8 / 9,
        5 / 6,
        1,
        1,
    ]
    assert list(found["texts"].subsets) == ["covered"]


def test_both_persons_of_a_video_are_drawn_together(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    names = ["a_left", "a_right", "b", "b_left", "c", "d"]
    truth = {name: random.integers(0, 8, 30).tolist() for name in names}
    predicted = {name: random.integers(0, 8, 30).tolist() for name in names}
    unlabeled = {"e": [-1] * 9}
    labels = write(tmp_path / "labels", **truth, **unlabeled)
    found = evaluate(write(tmp_path / "predictions", **predicted, e=[0] * 9), labels)
    assert found.groups == 4 and found.unit == "source videos"

    def pooled(*chosen: str) -> np.ndarray:
        return np.sum(
            [confusion_matrix(np.array(truth[n]), np.array(predicted[n])) for n in chosen], axis=0
        )

    groups = np.stack([pooled(*names[:2]), pooled(*names[2:4]), pooled("c"), pooled("d")])
    assert found.intervals == bootstrap_intervals(groups, 2000, 0)


def test_two_sets_of_predictions_are_compared_on_the_same_videos(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    truth = {f"v{n}": random.integers(0, 8, 200).tolist() for n in range(12)}
    labels = write(tmp_path / "labels", **truth)

    def predicted(right: float) -> dict[str, list[int]]:
        return {
            name: np.where(random.random(200) < right, values, random.integers(0, 8, 200)).tolist()
            for name, values in truth.items()
        }

    good, bad = (
        write(tmp_path / name, **predicted(right)) for name, right in (("good", 0.8), ("bad", 0.3))
    )
    found = evaluate(good, labels, against=bad)
    assert found.against is not None
    difference = found.against.difference
    assert as_json(replace(found, against=None)) == as_json(evaluate(good, labels))
    assert found.against.other.scores.macro_f1 == evaluate(bad, labels).scores.macro_f1
    assert difference.macro_f1 == pytest.approx(
        found.scores.macro_f1 - found.against.other.scores.macro_f1, abs=1e-12
    )
    assert difference.interval is not None and difference.interval.low > 0
    assert difference.share_above == 1


def test_two_people_of_parquet_are_found_under_the_labels_names(tmp_path: Path) -> None:
    write_parquet(tmp_path / "out" / "a.parquet", annotated([[1, 1, 1], [6, 6, None]], (300, 100)))
    labels = write(tmp_path / "labels", a_left=[6, 6, 6], a_right=[1, 1, 1])
    found = evaluate(tmp_path / "out", labels)
    assert found.scores.accuracy == 1 and found.unmatched == () and found.intervals is None
    assert found.subsets["filled"].frames == 1


def test_one_file_is_compared_with_one_file_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path, truth=[1, 2], mine=[1, 3])
    found = evaluate(tmp_path / "mine.txt", tmp_path / "truth.txt")
    assert found.scores.accuracy == 0.5 and found.unmatched == ()
    assert found.notes == ("mine is compared with truth, as each is the only one of its file",)


def test_a_tree_with_every_trap_is_compared_with_what_was_planted(tmp_path: Path) -> None:
    """The organizers' folders, whole; predictions are right but for every third frame."""
    root = write_tree(
        tmp_path / "root", [replace(one, missing=frozenset()) for one in TRAPS], size=8
    )
    rng = np.random.default_rng(0)
    predicted, truth = {}, {}
    for one in TRAPS:
        labels = np.array(one.labels)
        predicted[one.name] = np.where(np.arange(len(labels)) % 3 == 0, rng.integers(0, 8), labels)
        predicted[one.name][predicted[one.name] < 0] = 0
        truth[one.name] = labels
    longer = {name: [*values.tolist(), 0] for name, values in predicted.items()}
    predictions = write(tmp_path / "predictions", **longer)
    found = evaluate(predictions, root / "6th_ABAW")
    pooled, answered = (np.concatenate(list(one.values())) for one in (truth, predicted))
    kept = pooled >= 0
    expected = sklearn.confusion_matrix(pooled[kept], answered[kept], labels=ALL)
    assert found.confusion[:, :8].tolist() == expected.tolist()
    assert found.frames == kept.sum() and not found.confusion[:, 8].any()
    assert len(found.videos) == len(TRAPS) and found.groups == 7
    assert all(one.difference == 1 for one in found.videos)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels", a=[0])
    with pytest.raises(SourceError, match="no such file or folder"):
        evaluate(tmp_path / "gone", labels)
    with pytest.raises(UsageError, match="no name is in both"):
        evaluate(write(tmp_path / "others", b=[0]), labels)
    with pytest.raises(FormatError, match=r"no frame of .*bare \(text files\) is labeled"):
        evaluate(labels, write(tmp_path / "bare", a=[-1]))
    with pytest.raises(UsageError, match="--bootstrap must be at least 1, not 0"):
        evaluate(labels, labels, bootstrap=0)

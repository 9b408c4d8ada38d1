"""What settings are tried on, read from files."""

from dataclasses import replace

import numpy as np
import pytest
from annotated import SHARES, annotation, guessed, segments, write_video
from records import changed

from videxpr.core.errors import FormatError, SourceError, UsageError
from videxpr.evaluation.tune.data import read_tuning_data
from videxpr.evaluation.tune.options import Setting
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.parquet import write_parquet


def video(name, seed=0, frames=60, **made):
    labels = segments(frames, 20, seed)
    return annotation(name, guessed(labels, seed), **made), labels


@pytest.fixture
def folder(tmp_path):
    for seed, name in enumerate(("a", "b")):
        write_video(tmp_path, *video(name, seed, shares=SHARES, strength=0.4))
    return tmp_path


def read(folder):
    return read_tuning_data(folder / "predictions", folder / "labels")


def test_persons_come_with_their_labels_and_what_made_them(folder):
    data = read(folder)
    assert [one.name for one in data.people] == ["a", "b"]
    assert data.people[1].truth.tolist() == segments(60, 20, 1).tolist()
    assert data.settings.setting == Setting(16, 0.4, 0.5)
    assert data.settings.class_shares == SHARES
    assert data.notes == ()


def test_an_adjustment_is_taken_back(folder):
    plain = guessed(segments(60, 20, 0), 0)
    read_back = read(folder).people[0].annotation.faces.probabilities
    np.testing.assert_allclose(read_back, plain, atol=1e-6)


def test_labels_without_annotation_are_kept_and_said(folder):
    write_labels(folder / "labels" / "c_left.txt", np.array([0, 1, 2]))
    data = read(folder)
    assert [(one.name, one.source) for one in data.people][2] == ("c_left", "c")
    assert data.people[2].annotation is None
    assert "nothing is predicted for 1 of 3 names" in data.notes[0]


def test_each_of_two_persons_has_rows_of_their_own(tmp_path):
    main, labels = video("a")
    other = main.faces.select(np.arange(30))
    box = np.tile(np.array([200, 10, 240, 50], np.float32), (30, 1))
    other = replace(other, track=other.track + 1, rank=other.rank + 1, bbox=box)
    columns = {
        name: np.concatenate([values, getattr(other, name)])
        for name, values in vars(main.faces).items()
        if values is not None
    }
    order = np.lexsort((columns["rank"], columns["frame"]))
    faces = type(other)(**{name: values[order] for name, values in columns.items()})
    write_video(tmp_path, changed(main, faces=faces, people=2), labels)
    write_labels(tmp_path / "labels" / "a_right.txt", labels)
    one, two = read(tmp_path).people
    assert (one.name, two.name, two.source, two.rank) == ("a", "a_right", "a", 1)
    assert len(one.annotation.faces) == 60
    assert len(two.annotation.faces) == 30
    assert set(two.annotation.faces.rank) == {1}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"smooth": 1.0}, "smooth_seconds is 0.5 in one and 1.0 in the other"),
        ({"stride": 8}, "stride is 16 in one and 8 in the other"),
        ({"shares": SHARES, "strength": 0.2}, "logit_adjustment is 0.4 in one"),
    ],
)
def test_files_that_were_not_made_alike_are_refused(folder, made, words):
    made = {"shares": SHARES, "strength": 0.4} | made
    write_video(folder, *video("c", 3, **made))
    with pytest.raises(UsageError, match=words) as caught:
        read(folder)
    assert "c.parquet were not made alike" in str(caught.value)


def test_the_authors_way_leaves_nothing_to_tune(tmp_path):
    write_video(tmp_path, *video("a", preset="paper"))
    with pytest.raises(UsageError, match="--preset paper"):
        read(tmp_path)


def test_files_that_do_not_say_how_they_were_made_are_named(tmp_path):
    bare, labels = video("a")
    for provenance in ({}, bare.provenance | {"class_shares": "[1, 2]"}):
        write_video(tmp_path, replace(bare, provenance=provenance), labels)
        with pytest.raises(FormatError, match=r"a\.parquet"):
            read(tmp_path)


def test_text_files_have_no_probabilities(folder):
    with pytest.raises(UsageError, match="only they have probabilities"):
        read_tuning_data(folder / "labels", folder / "labels")
    with pytest.raises(SourceError, match="nosuch"):
        read_tuning_data(folder / "nosuch", folder / "labels")


def test_another_length_is_an_error_and_the_usual_one_is_not(folder):
    labels = segments(60, 20, 1)
    write_labels(folder / "labels" / "b.txt", labels[:58])
    assert len(read(folder).people[1].truth) == 58
    write_labels(folder / "labels" / "b.txt", labels[:57])
    with pytest.raises(FormatError, match="60 frames of b"):
        read(folder)


def test_names_in_common_are_needed(folder):
    write_parquet(folder / "others" / "x.parquet", video("x")[0])
    with pytest.raises(UsageError, match="no name is in both"):
        read_tuning_data(folder / "others", folder / "labels")


def test_names_are_the_labels_however_unicode_spells_them(tmp_path):
    write_video(tmp_path, *video("caf\u00e9"))
    (tmp_path / "labels" / "caf\u00e9.txt").rename(tmp_path / "labels" / "cafe\u0301.txt")
    (one,) = read(tmp_path).people
    assert one.name == "cafe\u0301" and one.annotation is not None

"""Figures are of frames in which a face was detected."""

import numpy as np
import pandas
import pytest
from interval_records import recording
from records import changed, face_rows, nobody, record_of

from videxpr.annotation.summary import COLUMNS, MEASURES, label_strip, main_people, summary_rows
from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.summary import merge_summary

PROVENANCE = {"model": "starter", "detector": "mtcnn"}


def video(seen, labels, bridged=(), frames=10, ranks=None):
    """A video of so many frames, with a face in some of them, and these labels there."""
    rows = face_rows(list(seen), ranks or [0] * len(seen), [frame in bridged for frame in seen])
    rows.smoothed[:] = np.where(np.arange(8) == np.array(labels)[:, None], 0.9, 0.01)
    return record_of(
        video="a.mp4",
        first_frame=0,
        pts_seconds=np.arange(frames) / 25,
        seconds=np.arange(frames) / 25,
        shots=np.zeros(frames, np.int64),
        faces=rows,
        provenance=PROVENANCE,
    )


def test_shares_are_of_frames_with_a_face_whatever_text_is_filled_with():
    half = video([0, 1, 2, 3], [4, 4, 4, 0])
    assert (half.filled_labels[:, 0] == 0).sum() == 7  # what a count of the text's lines would say
    (row,) = summary_rows(half, ["dark"], "fill")
    assert (row["frames"], row["face_frames"], row["coverage"]) == (10, 4, 0.4)
    assert (row["Happiness"], row["Neutral"], row["Anger"]) == (0.75, 0.25, 0.0)
    assert (row["filled_frames"], row["warnings"], row["person"]) == (6, "dark", 1)
    assert summary_rows(half, [], "none")[0] == row | {"filled_frames": 0, "warnings": ""}


def test_what_was_never_trained_has_no_share_and_no_measures():
    record = video([0, 1], [4, 4])
    record.faces.smoothed[:, [3, 7]] = np.nan
    (row,) = summary_rows(record, [], "fill")
    assert (row["Happiness"], row["Anger"], row["Fear"], row["Other"]) == (1.0, 0.0, None, None)
    assert (row["Anger_seconds"], row["Fear_seconds"], row["Other_episodes"]) == (0.0, None, None)


def test_bridged_frames_and_other_people_count_in_no_share():
    seen, ranks = [0, 1, 1, 2, 3], [0, 0, 1, 0, 0]
    (one,) = main_people(video(seen, [4, 4, 1, 0, 0], bridged=(2, 3), ranks=ranks))
    assert (one.frames, one.counts) == (2, (0, 0, 0, 0, 2, 0, 0, 0))
    assert one.shares_text == "Happiness 100%"


def test_several_people_have_a_line_each_whose_sums_are_right():
    three = video(range(8), [4, 4, 4, 0, 0, 0, 0, 1])
    three.faces.person[:] = [1, 1, 1, 2, 2, 2, 2, 3]
    rows = summary_rows(three, ["dark"], "fill")
    assert [(row["person"], row["face_frames"], row["coverage"]) for row in rows] == [
        (2, 4, 0.4), (1, 3, 0.3), (3, 1, 0.1),
    ]  # fmt: skip
    assert [row["Happiness"] for row in rows] == [0.0, 1.0, 0.0]
    assert {row["video"] for row in rows} == {"a.mp4"}
    table = pandas.DataFrame(rows)
    assert (table["frames"].sum(), table["filled_frames"].sum()) == (10, 2)
    assert [row["warnings"] for row in rows] == ["dark", None, None]


def test_seconds_and_episodes_of_each_expression_follow():
    labels = [4] * 10 + [0] * 10 + [4] * 20
    record = video(range(40), labels, frames=50)
    (row,) = summary_rows(record, [], "fill")
    assert row["seconds"] == 2.0
    happy = {name: row[f"Happiness_{name}"] for name in MEASURES}
    assert happy == {
        "seconds": 1.2, "confidence": 0.9, "episodes": 2, "episode_seconds": 0.6,
        "episodes_per_minute": pytest.approx(2 / 1.6 * 60), "latency_seconds": 0.0,
    }  # fmt: skip
    assert row["Neutral_latency_seconds"] == 0.4
    assert (row["Anger_episodes"], row["Anger_latency_seconds"]) == (0, None)


def test_nobody_shows_nothing():
    empty = changed(nobody(), provenance=PROVENANCE)
    (row,) = summary_rows(empty, [], "fill")
    assert [row[name] for name in ("person", *EXPRESSIONS)] == [None] * 9
    assert (row["coverage"], row["face_frames"], row["filled_frames"]) == (0.0, 0, 5)


@pytest.mark.parametrize("first", ["failed", "done"])
def test_a_file_of_it_has_empty_cells(tmp_path, first):
    failed = [{"video": "b.mp4", "error": "no video"}]
    done = summary_rows(changed(nobody(), provenance=PROVENANCE), [], "fill")
    order = [failed, done] if first == "failed" else [done, failed]
    for rows in order:
        merge_summary(tmp_path / "summary.csv", rows)
    table = pandas.read_csv(tmp_path / "summary.csv").set_index("video")
    assert set(table.columns) == set(COLUMNS) - {"video"}
    assert table.loc["folder/clip.mp4", list(EXPRESSIONS)].isna().all()
    assert table.loc["folder/clip.mp4", "frames"] == 5


def test_a_strip_says_what_the_main_person_shows_most_in_each_part():
    seen = [*range(10), *range(15, 20)]
    record = video(seen, [0] * 5 + [4] * 5 + [5] * 5, bridged=[16], frames=20)
    assert label_strip(record, 4) == (0, 4, None, 5)
    assert label_strip(record, 2) == (0, 5)
    assert label_strip(record, 99) == (*[0] * 5, *[4] * 5, *[None] * 5, 5, None, 5, 5, 5)
    assert label_strip(nobody(), 3) == (None, None, None)


def test_variable_rates_are_drawn_by_time_and_not_by_frame() -> None:
    pts = np.concatenate([np.arange(50) / 50, 1 + np.arange(10)])  # a second of 50 frames, ten of 1
    one = recording({1: [(0, 50, "Anger"), (50, 60, "Happiness")]}, 60, pts, last_frame_seconds=1.0)
    assert label_strip(one, 55) == (1,) * 5 + (4,) * 50

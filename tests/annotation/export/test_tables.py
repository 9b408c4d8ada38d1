"""Rows of tables, against counts of the record."""

from dataclasses import replace

import numpy as np
import pytest
from records import annotation, changed, face_rows, nobody

from videxpr.annotation.export.options import (
    ExportCommand,
    FilterOptions,
    TableOptions,
    parse_width,
)
from videxpr.annotation.export.tables import columns, long_rows, recording_rows, wide_rows
from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.video.segments import Segment

ALL = TableOptions()
LABELS = [0, 4, 0, 4, 0, 4, 1, 1, 1, 0, 0, 0, 0]
"""Of the rows below: the first person is neutral, angry and neutral again, 0.6 s each and the rest."""


def rows_of(record, segments=None, table=ALL, **filters):
    return recording_rows(
        record, segments, ExportCommand((), table=table, filters=FilterOptions(**filters))
    )


@pytest.fixture
def two():
    """Ten frames at 5 a second from 1.0 s on; person 1 in all, person 2 in the first three."""
    seconds = np.arange(10) / 5
    frames, ranks = [*[0, 0, 1, 1, 2, 2], *range(3, 10)], [*[0, 1] * 3, *[0] * 7]
    bridged = [False] * 12 + [True]
    return changed(
        annotation(),
        first_frame=0,
        pts_seconds=seconds + 1.5,
        container_start_seconds=0.5,
        last_frame_seconds=None,
        seconds=seconds,
        shots=np.zeros(10, np.int64),
        faces=face_rows(frames, ranks, bridged),
    )


def test_a_row_is_a_person_of_a_recording(two) -> None:
    rows, removed = rows_of(two)
    assert [(one["person"], one["frames"], one["face_frames"]) for one in rows] == [
        (1, 10, 9),  # one is bridged
        (2, 10, 3),
    ]
    assert (rows[0]["start"], rows[0]["end"], rows[0]["coverage"]) == (1.0, 3.0, 0.9)
    first = two.faces.of_rank(0)[:9]
    counts = np.bincount(two.faces.label[first], minlength=8)
    names = EXPRESSIONS[:7]
    assert [rows[0][name] for name in names] == pytest.approx(counts[:7] / 9, abs=1e-4)
    assert [rows[0][f"{name}_seconds"] for name in names] == pytest.approx(counts[:7] / 5)
    assert rows[0]["face_seconds"] == pytest.approx(9 / 5)
    means = two.faces.smoothed[first].mean(axis=0)[:7]
    assert [rows[0][f"{name}_probability"] for name in names] == pytest.approx(means, abs=1e-4)
    untrained = [rows[0][f"Other{ending}"] for ending in ("", "_seconds", "_probability")]
    assert untrained == [None] * 3
    assert removed.faces == 12 and set(rows[0]) >= set(columns(ALL, (), has_segments=False))


def test_every_bin_has_a_row_seen_or_not(two) -> None:
    rows, _ = rows_of(two, table=TableOptions(bin_seconds=0.5))
    seen = [
        (one["person"], one["bin"], one["start"], one["frames"], one["face_frames"]) for one in rows
    ]
    assert seen[:4] == [(1, 1, 1.0, 3, 3), (1, 2, 1.5, 2, 2), (1, 3, 2.0, 3, 3), (1, 4, 2.5, 2, 1)]
    assert seen[5] == (2, 2, 1.5, 2, 0)
    assert rows[5]["coverage"] == 0 and rows[5]["Neutral"] is None


def test_bins_begin_at_whole_widths_although_the_picture_is_late(two) -> None:
    rows, _ = rows_of(two, table=TableOptions(bin_seconds=2.0), main=True)
    assert [(one["start"], one["end"], one["frames"]) for one in rows] == [(0, 2, 5), (2, 3, 5)]


def test_segments_have_names_and_bins_of_their_own(two) -> None:
    options = TableOptions(bin_seconds=0.5)
    wanted = [Segment("film", 1.4, 2.4), Segment("after", 10.0, 10.5)]
    rows, _ = rows_of(two, wanted, options, main=True)
    found = [(one["segment"], one["bin"], one["frames"], one["coverage"]) for one in rows]
    assert found == [("film", 1, 3, 1.0), ("film", 2, 2, 1.0), ("after", 1, 0, None)]


def test_what_filters_take_away_is_counted(two) -> None:
    faces = two.faces
    bbox = np.tile(np.array([0, 0, 112, 56], np.float32), (len(faces), 1))
    score = np.linspace(0.5, 1, len(faces)).astype(np.float32)
    faces = replace(faces, bbox=bbox, score=score)
    record = changed(two, faces=faces)
    sure = np.nanmax(faces.smoothed, axis=1)
    rows, removed = rows_of(record, min_quality=0.3, min_confidence=0.4, min_coverage=0.2)
    good = (score * 0.5 >= 0.3)[:12]
    assert removed.faces == 12
    assert removed.by_quality == (~good).sum() > 0
    assert removed.by_confidence == (good & (sure[:12] < 0.4)).sum() > 0
    assert (removed.rows, removed.by_coverage) == (2, 1)
    (row,) = rows
    mine = faces.rank[:12] == 0
    assert row["face_frames"] == (good & mine & (sure[:12] >= 0.4)).sum()
    assert row["filtered_frames"] == 9 - row["face_frames"]
    assert row["quality"] == pytest.approx(
        0.5 * score[:12][good & mine & (sure[:12] >= 0.4)].mean(), abs=1e-4
    )


def test_episodes_are_those_that_begin_in_a_row(two) -> None:
    options = TableOptions(episodes=True)
    record = changed(two, faces=replace(two.faces, smoothed=np.eye(8, dtype=np.float32)[LABELS]))
    (row, _), _ = rows_of(record, table=options)
    assert {name: row[f"{name}_episodes"] for name in ("Neutral", "Anger", "Fear")} == {
        "Neutral": 2,
        "Anger": 1,
        "Fear": 0,
    }
    assert row["Anger_latency_seconds"] == row["Anger_episode_seconds"] == 0.6
    assert row["Neutral_episodes_per_minute"] == pytest.approx(2 / (1.8 / 60), abs=1e-3)
    assert row["Fear_episode_seconds"] is None
    long = next(long_rows([row], options))
    assert (long["expression"], long["episodes"]) == ("Neutral", 2)


def test_nobody_is_a_row_without_a_person() -> None:
    rows, _ = rows_of(nobody())
    assert [(one["person"], one["coverage"], one["Happiness"]) for one in rows] == [(None, 0, None)]


def test_long_and_wide_say_the_same(two) -> None:
    options = TableOptions(bin_seconds=1.0, wide=True)
    rows, _ = rows_of(two, table=options)
    long = list(long_rows(rows, options))
    assert len(long) == len(rows) * len(EXPRESSIONS)
    names, wide = wide_rows(rows, ["video", "person"], options)
    assert [one["person"] for one in wide] == [1, 2]
    assert names[:6] == ["video", "person", "coverage_1", "coverage_2", "Neutral_1", "Neutral_2"]
    for one in long:
        line = wide[int(one["person"]) - 1]
        assert line[f"{one['expression']}_{one['bin']}"] == one["share"]
        assert line[f"{one['expression']}_seconds_{one['bin']}"] == one["seconds"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("500 ms", 0.5), ("2min", 120), (".5", 0.5)]
)
def test_a_width_is_read(text: str, seconds: float) -> None:
    assert parse_width(text) == seconds


@pytest.mark.parametrize("text", ["0s", "1 day", "", "-1s"])
def test_what_is_no_width_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="such as 1s, 500ms or 2min"):
        parse_width(text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"long": True, "wide": True, "bin_seconds": 1.0}, "choose one"),
        ({"wide": True}, "--bin 1s"),
        ({"levels": "participant,,x"}, "'' is no name"),
        ({"levels": "a b"}, "'a b' is no name"),
    ],
)
def test_what_does_not_go_together_is_named(fields: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TableOptions(**fields)

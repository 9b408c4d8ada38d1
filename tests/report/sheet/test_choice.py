"""Which faces a sheet shows."""

import numpy as np
from recorded import Seen, rows_of
from records import record_of

from videxpr.formats.record import Annotation
from videxpr.report.sheet.choice import choose_faces, count_people


def record(seen: list[Seen], frames: int = 12) -> Annotation:
    times = np.arange(frames) / 10
    return record_of(
        video="a.mp4",
        first_frame=0,
        pts_seconds=times,
        seconds=times,
        shots=np.zeros(frames, np.int64),
        faces=rows_of(seen),
        provenance={},
    )


def test_each_part_of_the_video_shows_the_face_nearest_to_its_middle() -> None:
    every = record([Seen(frame) for frame in range(11)], frames=11)
    (row,) = choose_faces(every, 3, people=4)  # parts of a third of a second
    assert (row.person, row.share, row.rows) == (1, 1.0, (2, 5, 8))
    some = record([Seen(0), Seen(1, None), Seen(2, None), Seen(11)])
    (row,) = choose_faces(some, 3, people=4)
    assert row.rows == (0, None, 3)  # what was bridged has no picture
    (row,) = choose_faces(record([Seen(0)], frames=1), 12, people=4)
    assert row.rows == (0,)


def test_who_is_seen_most_comes_first_and_others_are_counted() -> None:
    seen = [Seen(0, person=3), Seen(1, person=2), Seen(2, person=2), Seen(3, person=1)]
    found = choose_faces(record(seen), 2, people=2)
    assert [one.person for one in found] == [2, 1]
    assert count_people(record(seen)) == 3
    assert choose_faces(record([]), 3, people=2) == []

"""The video of a record is found, and its frames are those of the record."""

import pytest
from recorded import Seen, record_video
from videos import number_in, write_video

from videxpr.annotation.fingerprint import SourceState
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog, now
from videxpr.core.errors import SourceError
from videxpr.report.recorded_video import annotated_frames, find_video, open_recorded, some_frames
from videxpr.video.reader import Video

STEADY = [40 * number for number in range(9)]


def test_a_video_is_where_the_log_says_or_the_error_says_what_to_do(tmp_path) -> None:
    video = write_video(tmp_path / "a.mp4", STEADY)
    record, parquet = record_video(video, []), tmp_path / "out" / "a.parquet"
    parquet.parent.mkdir()
    with pytest.raises(SourceError, match=r"no run\.jsonl .* --video"):
        find_video(parquet, record)
    for path, error in (
        ("s3://bucket/a.mp4", "its video is at s3://bucket/a.mp4; copy it"),
        ("/nowhere/a.mp4", "/nowhere/a.mp4 is not there any more; run the same annotate"),
        (str(video), None),
    ):
        outcome = Outcome("done", now(), "a.mp4", "a", SourceState(path, 1, 1, ""), "video")
        RunLog(parquet.parent / RUN_LOG).append(outcome)
        if error:
            with pytest.raises(SourceError, match=error):
                find_video(parquet, record)
    assert find_video(parquet, record) == video


def test_frames_are_those_that_were_annotated(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", STEADY)
    record = record_video(path, [Seen(3)])
    with open_recorded(path, record) as video:
        assert [number_in(one.image) for one in annotated_frames(video, record)] == list(range(9))
    with Video(path) as video:
        assert [one.index for one in some_frames(video, record, {1, 5})] == [1, 5]
    with Video(path) as video, pytest.raises(SourceError, match="frame 12 of the record"):
        list(some_frames(video, record, {1, 12}))

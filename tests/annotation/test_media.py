"""Where the video of an annotation is found again."""

import os
from pathlib import Path

from videxpr.annotation.fingerprint import SourceState
from videxpr.annotation.media import find_media, find_outcome
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog, now


def write_outcome(folder: Path, key: str, path: str) -> None:
    source = SourceState(path, 1, 1, "ab")
    RunLog(folder / RUN_LOG).append(Outcome("done", now(), f"{key}.mp4", key, source, "video"))


def test_the_log_above_says_where_a_video_was(tmp_path) -> None:
    video = tmp_path / "talk.mp4"
    parquet = tmp_path / "out" / "p1" / "talk.parquet"
    assert find_outcome(parquet) is None
    write_outcome(tmp_path / "out", "p1/talk", str(video))
    assert find_media(parquet) is None  # it is not there
    video.touch()
    assert find_media(parquet) == video
    assert find_media(parquet.with_name("other.parquet")) is None


def test_what_was_logged_since_is_known_and_addresses_are_no_files(tmp_path) -> None:
    parquet = tmp_path / "talk.parquet"
    write_outcome(tmp_path, "talk", "/nowhere/talk.mp4")
    assert find_outcome(parquet).source.path == "/nowhere/talk.mp4"
    write_outcome(tmp_path, "talk", "s3://bucket/talk.mp4")
    os.utime(tmp_path / RUN_LOG, ns=(1, 1))
    assert find_outcome(parquet).source.path == "s3://bucket/talk.mp4"
    assert find_media(parquet) is None

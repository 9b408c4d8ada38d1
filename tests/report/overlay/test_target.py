"""What may stand where an overlay goes, and what killed runs leave beside it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from videos import write_video

from videxpr.core.errors import OutputError
from videxpr.core.files import temporary_beside
from videxpr.report.overlay.target import COMMENT, is_written, remove_leftovers
from videxpr.video.encoder import FALLBACK, Mp4Writer, Track


def write_overlay(path: Path) -> Path:
    with Mp4Writer(path, Track(64, 48, FALLBACK), comment=COMMENT) as writer:
        writer.finish(3600)
    return path


def test_an_overlay_may_be_replaced_and_nothing_else(tmp_path) -> None:
    path = tmp_path / "a.overlay.mp4"
    assert not is_written(path, [])
    assert is_written(write_overlay(path), [tmp_path / "a.mp4"])
    link = tmp_path / "link.overlay.mp4"
    link.symlink_to(path)
    for other in (path, link):
        with pytest.raises(OutputError, match="this video was annotated"):
            is_written(other, [path.resolve()])
    folder = tmp_path / "b.overlay.mp4"
    folder.mkdir()
    empty = tmp_path / "c.overlay.mp4"
    empty.touch()
    foreign = write_video(tmp_path / "d.overlay.mp4", [0, 40])
    for other in (folder, empty, foreign):
        with pytest.raises(OutputError, match=f"{other}: it is no overlay that videxpr wrote"):
            is_written(other, [])
    with pytest.raises(OutputError, match="File name too long"):
        is_written(tmp_path / ("e" * 256), [])


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_what_killed_runs_left_is_removed_and_what_may_be_written_stays(tmp_path) -> None:
    path = tmp_path / "a.overlay.mp4"
    mine = temporary_beside(path)
    dead = mine.with_name(mine.name.replace(str(os.getpid()), str(ended_process()), 1))
    fresh = dead.with_name(dead.name.replace(".part", "0.part"))
    others = temporary_beside(tmp_path / "b.overlay.mp4")
    odd = mine.with_name(mine.name.replace(str(os.getpid()), "9" * 30, 1))
    for one in (mine, dead, fresh, others, odd):
        one.touch()
        if one != fresh:
            os.utime(one, (time.time() - 60,) * 2)
    said = remove_leftovers(path)
    assert [one.exists() for one in (mine, dead, fresh, others, odd)] == [1, 0, 1, 1, 1]
    assert len(said) == 2 and all("another run writes it now, or was killed" in one for one in said)

"""What ffprobe, another program than the one that wrote it, says of a video."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

needs_ffprobe = pytest.mark.skipif(
    shutil.which("ffprobe") is None, reason="there is no ffprobe: install ffmpeg"
)


@dataclass(frozen=True)
class Probed:
    """What ffprobe says: the streams, the container's own part, and the times of the pictures."""

    streams: list[dict[str, Any]]
    form: dict[str, Any]
    chapters: list[Any]
    times: list[float]

    def stream(self, kind: str) -> dict[str, Any] | None:
        return next((one for one in self.streams if one["codec_type"] == kind), None)


def probe(path: Path) -> Probed:
    """Ask ffprobe about a file and its first video stream."""
    wanted = ["-show_streams", "-show_format", "-show_chapters"]
    said = _ask(path, *wanted)
    frames = _ask(
        path, "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time"
    )
    times = [float(one["best_effort_timestamp_time"]) for one in frames["frames"]]
    return Probed(said["streams"], said["format"], said["chapters"], times)


def _ask(path: Path, *words: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-of", "json", *words, str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer

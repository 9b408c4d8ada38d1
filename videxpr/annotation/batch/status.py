"""How far the runs of an output folder are, from its log, also while they go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from videxpr.annotation.folder import OutputFolder, open_folder
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog
from videxpr.core.errors import UsageError


@dataclass(frozen=True)
class Status:
    """How far runs are.

    Attributes:
        done: videos that are annotated.
        failed: the last outcome of those that are not, by path.
        refused: why a format that was asked for cannot hold a video, one sentence each.
        waiting: videos that were asked for and neither are done nor have failed.
        in_work: of those, how many a process works on.
        waiting_bytes: size of those that wait.
        since: when the runs that go on, or the last one, began.
        frames: that were annotated since then.
        bytes: size of the videos that were.
        seconds: that passed meanwhile, up to the last outcome if nothing is in work.
    """

    done: int
    failed: tuple[Outcome, ...]
    refused: tuple[str, ...]
    waiting: int
    in_work: int
    waiting_bytes: int
    since: datetime
    frames: int
    bytes: int
    seconds: float

    @property
    def frames_per_second(self) -> float:
        """Speed of all runs together, waiting and loading of models included."""
        return self.frames / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Time for what waits at this speed, by size; None if nothing tells."""
        return self.waiting_bytes * self.seconds / self.bytes if self.bytes else None


def read_status(folders: Sequence[Path]) -> Status:
    """Return how far runs are.

    Args:
        folders: the output folders, several where shards have one each.

    Raises:
        UsageError: one of them has no log.
        FormatError: a log cannot be read.
    """
    places = [open_folder(folder) for folder in folders]
    logs = [_open(place) for place in places]
    outcomes = {one.whose: one for log in logs for one in log.outcomes}
    failed = tuple(one for one in outcomes.values() if one.event == "failed")
    asked = {
        path: size for log in logs for one in log.lists.values() for *_, path, size in one["videos"]
    }
    waiting = asked.keys() - outcomes.keys()
    in_work = sum(place.open_leases().count() for place in places)
    since = min(filter(None, map(_since, logs)), default=datetime.now(UTC))
    recent = [one for one in outcomes.values() if one.event == "done" and _when(one.time) >= since]
    until = (
        datetime.now(UTC) if in_work else max((_when(one.time) for one in recent), default=since)
    )
    return Status(
        done=len(outcomes) - len(failed),
        failed=failed,
        refused=tuple(one.refusal(one.refused) for one in outcomes.values() if one.refused),
        waiting=len(waiting),
        in_work=in_work,
        waiting_bytes=sum(asked[path] for path in waiting),
        since=since,
        frames=sum(one.frames for one in recent),
        bytes=sum(one.source.size for one in recent),
        seconds=(until - since).total_seconds(),
    )


def _open(folder: OutputFolder) -> RunLog:
    log = folder.open_log()
    if not log.runs and folder.size(RUN_LOG) < 0:
        raise UsageError(f"{folder} has no {RUN_LOG}; name the output folder of videxpr annotate")
    return log


def _since(log: RunLog) -> datetime | None:
    """Return when the last run began; None if there was none with anything to do."""
    return _when(log.runs[-1]["time"]) if log.runs else None


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""Where the video is that an annotation in an output folder was made of."""

from functools import lru_cache
from pathlib import Path

from videxpr.annotation.export.recordings import SUFFIX
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog
from videxpr.core.names import is_address


def find_media(parquet: Path) -> Path | None:
    """Return where the video was when it was annotated, if it is there still."""
    outcome = find_outcome(parquet)
    if outcome is None or is_address(outcome.source.path):
        return None
    path = Path(outcome.source.path)
    return path if path.exists() else None


def find_outcome(parquet: Path) -> Outcome | None:
    """Return what the log of the folder, or of one above it, says of an annotation.

    Raises:
        FormatError: the log is another program's, or cannot be read.
    """
    for folder in parquet.absolute().parents:
        log = folder / RUN_LOG
        if log.is_file():
            key = parquet.absolute().relative_to(folder).as_posix().removesuffix(SUFFIX)
            return _read_log(log, log.stat().st_mtime_ns).done.get(key)
    return None


@lru_cache(maxsize=1)
def _read_log(path: Path, modified_ns: int) -> RunLog:
    """Return a log as it was at a time."""
    return RunLog(path)

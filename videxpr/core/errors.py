"""Every error that videxpr raises on purpose.

    VidexprError
    ├── UsageError          the call itself is wrong (exit code 2)
    │   └── DeviceError     a device was asked for that cannot be used
    ├── SourceError         an input cannot be found, opened or decoded
    │   └── StoreError      the store that has it does not give it; the next time it may
    ├── DetectorError       a face detector or its weights cannot be used
    ├── CheckpointError     expression weights cannot be read or do not fit
    ├── FormatError         an annotation, template or split file breaks its format
    ├── TrainingError       training cannot go on, e.g. its loss is not a number
    ├── OutputError         a result cannot be written
    ├── WorkerError         the process that worked on a video ended before it
    │   ├── CrashError      by itself, as by a fault in a decoder
    │   ├── StallError      it gave no frame for too long, and was ended
    │   └── MemoryLimitError    it took too much memory, and was ended
    └── DownloadError       something could not be fetched

A message says what happened, names the file and the value, and says what to do. Errors of other
libraries are wrapped where they arise, with ``raise ... from``. Whatever is not in this tree is a
bug and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class VidexprError(Exception):
    """Base of all errors raised on purpose; its text is meant for the user."""


class UsageError(VidexprError):
    """The arguments contradict each other or name something that does not exist."""


class DeviceError(UsageError):
    """The requested compute device cannot be used on this machine."""


class SourceError(VidexprError):
    """A video or a folder of crops cannot be found, opened or decoded."""


class StoreError(SourceError):
    """The store that has a video does not give it as it was found; the next time it may."""


class DetectorError(VidexprError):
    """A face detector, or the weights it needs, cannot be used."""


class CheckpointError(VidexprError):
    """A file of expression weights cannot be read, or does not fit this version."""


class FormatError(VidexprError):
    """A text or table file breaks the format that it should have."""


class TrainingError(VidexprError):
    """Training cannot go on; what it had reached is kept."""


class OutputError(VidexprError):
    """A result cannot be written where it was asked for."""


class WorkerError(VidexprError):
    """The process that worked on a video ended before it, or could not begin."""


class CrashError(WorkerError):
    """The process ended by itself."""


class StallError(WorkerError):
    """The process gave no frame for too long, and was ended."""


class MemoryLimitError(WorkerError):
    """The process took more memory than it may, and was ended."""


class DownloadError(VidexprError):
    """A file could not be fetched, or is not the file that was expected."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of an error's text that names the known word most like this one; none, nothing."""
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""

"""Crops that wait for the end of their shot: in memory while they are few, else in a temporary file."""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Final

HELD_BYTES: Final = 1 << 26
"""Of one shot; a few minutes of one person. More of them go to the system's temporary folder."""


class CropSpool:
    """Contents of JPEG files by the number of their track; 64 MB in memory at most.

    It is used in a ``with`` block, at the end of which nothing of it is left.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=HELD_BYTES)  # noqa: SIM115
        self._places: dict[int, array[int]] = defaultdict(lambda: array("q"))  # begin, end, ...

    def __enter__(self) -> "CropSpool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, track: int, jpeg: bytes) -> None:
        """Hold the next crop of a track.

        Raises:
            OSError: the temporary folder is full.
        """
        begin = self._file.seek(0, SEEK_END)
        self._file.write(jpeg)
        self._places[track].extend((begin, begin + len(jpeg)))

    def of(self, track: int) -> Iterator[bytes]:
        """All crops of a track, in the order in which they came."""
        places = self._places[track]
        for begin, end in zip(places[::2], places[1::2], strict=True):
            self._file.seek(begin)
            yield self._file.read(end - begin)

    def clear(self) -> None:
        """Let everything go."""
        self._file.seek(0)
        self._file.truncate()
        self._places.clear()

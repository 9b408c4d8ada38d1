"""Ctrl-C and SIGTERM: the work ends well, a last line says what is done; a second one ends at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """The process was asked to end; its notes say what is done and how to go on.

    It is no KeyboardInterrupt: libraries take that for theirs, and end with codes of their own.

    Attributes:
        code: to exit with, 130 after Ctrl-C and 143 after SIGTERM, as shells have it.
        text: the last line.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number

    @property
    def text(self) -> str:
        """The last line: that it was stopped, and what the notes say."""
        return ": ".join(("stopped", *getattr(self, "__notes__", ())))


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM raise `Stopped` in a block; a second one ends the process at once."""
    process, is_stopping = os.getpid(), False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal is_stopping
        if os.getpid() != process:  # a fork that reads data; the process above it speaks
            raise KeyboardInterrupt
        if is_stopping:
            os._exit(128 + number)
        is_stopping = True
        raise Stopped(number)

    # one that is ignored stays so: nohup and shells that start a job behind them want it
    heeded = [one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, stop) for one in heeded}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)

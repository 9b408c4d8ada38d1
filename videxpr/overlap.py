"""Work that is done at the same time, with results in order.

`ahead` joins two stages of one line of work, `side_by_side` works on several items at once.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from queue import Full, Queue
from threading import Event, Thread
from typing import Final, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

PATIENCE_SECONDS: Final = 0.05
"""How long a stage that waits for room does so before it looks whether it is still wanted."""


def ahead(items: Generator[Made, None, None], depth: int) -> Generator[Made, None, None]:
    """The items of a generator, in order, made in a thread of their own.

    The generator is begun, advanced and closed in that thread. What it raises is raised here, after the
    items that came before. When this is closed early, or an error passes through it, the thread ends
    after the item that it is at, and has ended when the closing returns.

    Args:
        items: the generator; nobody else may touch it.
        depth: how many items may wait to be taken.
    """
    waiting: Queue[Made | _End] = Queue(depth)
    unwanted = Event()
    maker = Thread(target=_make, args=(items, waiting, unwanted), name="videxpr-stage", daemon=True)
    maker.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        maker.join()


def side_by_side(
    items: Iterable[Item], work: Callable[[Item], Made], workers: int
) -> Generator[Callable[[], Made], None, None]:
    """For each item, in order, a function that gives what work made of it, or raises what that raised.

    As many items as there are workers are worked on at once, each in a thread, and as many results may
    wait. With one worker there is no thread: the work is done when its result is asked for. When this
    is closed early no item is begun any more, and those that are being worked on are waited for.
    """
    if workers == 1:
        yield from (partial(work, item) for item in items)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="videxpr-worker") as pool:
        waiting: deque[Future[Made]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) == 2 * workers:
                    yield waiting.popleft().result
            while waiting:
                yield waiting.popleft().result
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class _End:
    """Follows the last item; with the error that ended them, if one did."""

    error: BaseException | None = None


def _make(
    items: Generator[Made, None, None], waiting: "Queue[Made | _End]", unwanted: Event
) -> None:
    """What the thread does; whatever is raised is for the one who waits."""
    end = _End()
    try:
        with closing(items):
            for item in items:
                if not _put(item, waiting, unwanted):
                    return
    except BaseException as error:
        end = _End(error)
    _put(end, waiting, unwanted)


def _put(item: "Made | _End", waiting: "Queue[Made | _End]", unwanted: Event) -> bool:
    """Wait for room as long as somebody wants the item; whether somebody did."""
    while not unwanted.is_set():
        try:
            waiting.put(item, timeout=PATIENCE_SECONDS)
        except Full:
            continue
        return True
    return False

"""Work that is done at the same time, with results in order.

`ahead` joins two stages of one line of work, `ordered_map` works on several items at once, and
`OrderedExecutor` does so with items that are handed to it one by one.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from queue import Full, Queue
from threading import Event, Thread
from typing import Final, Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE_SECONDS: Final = 0.05
"""How long a stage that waits for room does so before it looks whether it is still wanted."""


def prefetch(items: Generator[Result, None, None], depth: int) -> Generator[Result, None, None]:
    """The items of a generator, in order, made in a thread of their own.

    The generator is begun, advanced and closed in that thread. What it raises is raised here, after the
    items that came before. When this is closed early, or an error passes through it, the thread ends
    after the item that it is at, and has ended when the closing returns.

    Args:
        items: the generator; nobody else may touch it.
        depth: how many items may wait to be taken.
    """
    waiting: Queue[Result | _End] = Queue(depth)
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


def ordered_map(
    items: Iterable[Item], work: Callable[[Item], Result], workers: int
) -> Generator[Callable[[], Result], None, None]:
    """For each item, in order, a function that gives what work made of it, or raises what that raised.

    As many items as there are workers are worked on at once, each in a thread, and as many results may
    wait. With one worker there is no thread: the work is done when its result is asked for. When this
    is closed early no item is begun any more, and those that are being worked on are waited for.
    """
    if workers == 1:
        yield from (partial(work, item) for item in items)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="videxpr-worker") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) == 2 * workers:
                    yield waiting.popleft().result
            while waiting:
                yield waiting.popleft().result
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class OrderedExecutor(Generic[Item, Result]):
    """Works on several items at once, and hands on what it made of them in the order they came in.

    With one worker there is no thread, and an item is done when `add` returns. What work raises is
    raised by the `add` or `finish` whose turn it is; results behind it are lost. As a context manager
    it leaves no thread behind, however it ends.
    """

    def __init__(
        self,
        work: Callable[[Item], Result],
        hand_on: Callable[[Item, Result], None],
        workers: int,
    ) -> None:
        """Args: what is done in the workers' threads, what is done with results in the caller's, and
        how many items are worked on at once; as many results may wait."""
        self._work = work
        self._hand_on = hand_on
        self._workers = workers
        self._waiting: deque[tuple[Item, Future[Result]]] = deque()
        self._pool: ThreadPoolExecutor | None = None
        if workers > 1:
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="videxpr-worker")

    def add(self, item: Item) -> None:
        """Have an item worked on; results of earlier ones may be handed on."""
        if self._pool is None:
            self._hand_on(item, self._work(item))
            return
        self._waiting.append((item, self._pool.submit(self._work, item)))
        while len(self._waiting) > self._workers:
            self._hand_on_first()

    def finish(self) -> None:
        """Wait for all items, and hand on their results."""
        while self._waiting:
            self._hand_on_first()

    def _hand_on_first(self) -> None:
        item, made = self._waiting.popleft()
        self._hand_on(item, made.result())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class _End:
    """Follows the last item; with the error that ended them, if one did."""

    error: BaseException | None = None


def _make(
    items: Generator[Result, None, None], waiting: "Queue[Result | _End]", unwanted: Event
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


def _put(item: "Result | _End", waiting: "Queue[Result | _End]", unwanted: Event) -> bool:
    """Wait for room as long as somebody wants the item; whether somebody did."""
    while not unwanted.is_set():
        try:
            waiting.put(item, timeout=PATIENCE_SECONDS)
        except Full:
            continue
        return True
    return False

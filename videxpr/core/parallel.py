"""Work in threads, with results in order.

`prefetch` lets two stages of a pipeline overlap, and `OrderedExecutor` works on several items at once
that are submitted to it one by one.
"""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(items: Generator[Result, None, None], depth: int) -> Generator[Result, None, None]:
    """Yield the items of a generator, in order, which runs ahead in a thread of its own.

    The generator is begun, advanced and closed in that thread. What it raises is raised here, after the
    items that came before. When this is closed early, or an error passes through it, the thread ends
    after the item that it is at, and has ended when the closing returns.

    Args:
        items: the generator; nobody else may touch it.
        depth: how many items may be queued.
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="videxpr-stage") as pool:
        pending = deque(pool.submit(next, items, end) for _ in range(depth + 1))
        try:
            while (item := pending.popleft().result()) is not end:
                pending.append(pool.submit(next, items, end))
                yield item  # type: ignore[misc]
        finally:
            for future in pending:
                future.cancel()
            pool.submit(items.close)


@dataclass
class OrderedExecutor(Generic[Item, Result]):
    """Works on several items at once, and consumes their results in the order they were added.

    With one worker there is no thread, and an item is done when `add` returns. What work raises is
    raised by the `add` or `finish` whose turn it is; results behind it are lost. As a context manager
    it leaves no thread behind, however it ends.

    Attributes:
        work: what is done with each item, in a worker's thread.
        consume: what is done with each item and its result, in the caller's thread.
        workers: how many items are worked on at once; as many results are queued.
    """

    work: Callable[[Item], Result]
    consume: Callable[[Item, Result], None]
    workers: int

    def __post_init__(self) -> None:
        self._pending: deque[tuple[Item, Future[Result]]] = deque()
        self._pool: ThreadPoolExecutor | None = None
        if self.workers > 1:
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="videxpr-worker")

    def add(self, item: Item) -> None:
        """Submit an item; results of earlier ones may be consumed."""
        if self._pool is None:
            self.consume(item, self.work(item))
            return
        self._pending.append((item, self._pool.submit(self.work, item)))
        while len(self._pending) > self.workers:
            self._consume_first()

    def finish(self) -> None:
        """Wait for all items, and consume their results."""
        while self._pending:
            self._consume_first()

    def _consume_first(self) -> None:
        item, future = self._pending.popleft()
        self.consume(item, future.result())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

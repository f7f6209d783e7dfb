"""Things in order, fetched ahead and bounded. No HTTP, no GitHub."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tap_github_copilot.clock import InterruptedRun

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from tap_github_copilot.clock import Clock

Item = TypeVar("Item")
Result = TypeVar("Result")
_LOOK_UP = 0.2  # seconds between two looks at whether the run was stopped


def ordered(
    fetch: Callable[[Item], Result],
    items: Iterable[Item],
    at_once: int,
    clock: Clock,
    drop: Callable[[Result], object],
) -> Generator[tuple[Item, Result]]:
    """Each item with what `fetch` made of it, in the order of the items.

    At most `at_once` results exist at a time, queued, running or done. An error of
    `fetch` is raised at its own place in the order. Closing the iterator drops what
    has not begun.

    Args:
        fetch: Called in threads of its own.
        items: Asked for one by one.
        at_once: How many are fetched ahead.
        clock: Tells whether the run was stopped.
        drop: Gets each result that nobody will take.

    Raises:
        InterruptedRun: The clock was stopped.
    """
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="ahead")
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            waiting.append((item, pool.submit(fetch, item)))
            if len(waiting) >= at_once:
                yield _next(waiting, clock)
        while waiting:
            yield _next(waiting, clock)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for _, future in waiting:
            future.add_done_callback(partial(_drop, drop))


def _drop(drop: Callable[[Result], object], future: Future[Result]) -> None:
    if not future.cancelled() and future.exception() is None:
        drop(future.result())


def _next(waiting: deque[tuple[Item, Future[Result]]], clock: Clock) -> tuple[Item, Result]:
    item, future = waiting.popleft()
    while not wait([future], timeout=_LOOK_UP).done:
        if clock.stopped:
            raise InterruptedRun
    return item, future.result()

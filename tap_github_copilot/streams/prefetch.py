"""Bounded, order-preserving prefetch: of report days, across the ends of partitions."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from tap_github_copilot.clock import InterruptedRun
from tap_github_copilot.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from singer_sdk.helpers.types import Context

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.reports import Report

Item = TypeVar("Item")
Result = TypeVar("Result")
_Partition = frozenset[tuple[str, str]]
_Day = tuple[_Partition, "date"]
_POLL = 0.2  # seconds between two looks at whether the run was stopped


class Ahead(Generic[Item, Result]):
    """Each item with what `fetch` made of it, in the order of the items.

    At most `at_once` results exist at a time, queued, running or done. An error of
    `fetch` is raised at its own place in the order.

    Args:
        fetch: Called in threads of its own.
        items: Asked for one by one.
        at_once: How many are fetched ahead.
        clock: Tells whether the run was stopped.
        drop: Gets each result that nobody will take, if that matters.
    """

    def __init__(
        self,
        fetch: Callable[[Item], Result],
        items: Iterable[Item],
        at_once: int,
        clock: Clock,
        drop: Callable[[Result], object] | None = None,
    ) -> None:
        self._fetch = fetch
        self._items = iter(items)
        self._at_once = at_once
        self._clock = clock
        self._drop = drop
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="prefetch")
        self._waiting: deque[tuple[Item, Future[Result]]] = deque()

    def begin(self) -> None:
        """Fetch what may be fetched now, before the first result is asked for."""
        for item in islice(self._items, self._at_once - len(self._waiting)):
            self._waiting.append((item, self._pool.submit(self._fetch, item)))

    def __iter__(self) -> Iterator[tuple[Item, Result]]:
        """Itself: what was handed out once does not come again."""
        return self

    def __next__(self) -> tuple[Item, Result]:
        """The next item and its result, which is waited for.

        Raises:
            InterruptedRun: The clock was stopped.
        """
        self.begin()
        if not self._waiting:
            raise StopIteration
        item, future = self._waiting.popleft()
        return item, _result(future, self._clock)

    def close(self) -> None:
        """Fetch nothing more, and drop what nobody has taken."""
        self._items = iter(())
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._drop is not None:
            for _, future in self._waiting:
                future.add_done_callback(partial(_drop, self._drop))
        self._waiting.clear()


def _drop(drop: Callable[[Result], object], future: Future[Result]) -> None:
    if not future.cancelled() and future.exception() is None:
        drop(future.result())


def _result(future: Future[Result], clock: Clock) -> Result:
    while not wait([future], timeout=_POLL).done:
        if clock.stopped:
            raise InterruptedRun
    return future.result()


@dataclass(frozen=True)
class Ask:
    """A day of a partition to fetch; without a day, its end, or what it was refused with.

    `early` is what its report was fetched as before its turn.
    """

    context: Context
    day: date | None = None
    refusal: Refusal | None = None
    early: Report | Refusal | None = None


class FetchDay(Protocol):
    """Fetches a day of a partition."""

    def __call__(self, context: Context, day: date, *, once: bool) -> Report:
        """What GitHub has of it; `once` is without a second try."""


class Feed:
    """Hands out what was fetched, partition by partition and day by day.

    A daily run over many scopes reads few days of each: it would wait for the first day of
    every scope if fetching stopped at the end of a scope.

    Args:
        partitions: In the order in which they are asked for.
        days: The days of a partition; asked as late as its turn to be fetched.
        fetch: What GitHub has of a partition's day.
        at_once: How many days are fetched ahead.
        clock: Tells whether the run was stopped.
        drop: Gets what nobody takes.
    """

    def __init__(  # noqa: PLR0913 - how to ask, how to fetch, how to drop
        self,
        partitions: Iterable[Context],
        days: Callable[[Context], list[date]],
        fetch: FetchDay,
        *,
        at_once: int,
        clock: Clock,
        drop: Callable[[Report], None],
    ) -> None:
        self._days = days
        self._fetch = fetch
        self._drop = drop
        self._clock = clock
        self._given_up: set[_Partition] = set()
        self._once: set[_Partition] = set()
        self._under_way: dict[_Day, Future[Report | Refusal | None]] = {}
        self._early: dict[_Day, Report | Refusal] = {}
        self._found = Ahead(self._answer, self._asks(partitions), at_once, clock, self._unwanted)

    def of(self, context: Context) -> Iterator[tuple[date, Report | Refusal]]:
        """The days of a partition, each with its report or with what it was refused with.

        Raises:
            Refusal: Not even the days of the partition could be told.
        """
        for ask, found in self._found:
            if ask.day is not None:
                del self._under_way[_key(ask.context), ask.day]
            if ask.context != context:
                self._unwanted(found)  # left over from a partition that was given up
            elif ask.day is not None and found is not None:
                yield ask.day, found
            elif ask.refusal is not None:
                raise ask.refusal
            else:
                return

    def try_day(self, context: Context, day: date) -> Report | Refusal | None:
        """What a later day of a partition gives; it is handed out again when its turn comes."""
        place = (_key(context), day)
        if place in self._under_way:
            return _result(self._under_way[place], self._clock)
        if place not in self._early:
            ask = Ask(context, day)
            with closing(Ahead(self._ask, [ask], 1, self._clock, self._unwanted)) as alone:
                _, found = next(alone)
            if found is None:
                return None
            self._early[place] = found
        return self._early[place]

    def try_once(self, context: Context, *, once: bool) -> None:
        """Whether each further day of a partition gets only a single try."""
        (self._once.add if once else self._once.discard)(_key(context))

    def give_up(self, context: Context) -> None:
        """Fetch no more days of a partition."""
        self._given_up.add(_key(context))
        for place in [place for place in self._early if place[0] == _key(context)]:
            self._unwanted(self._early.pop(place))

    def close(self) -> None:
        """Fetch nothing more at all."""
        self._found.close()

    def _asks(self, partitions: Iterable[Context]) -> Iterator[Ask]:
        for context in partitions:
            try:
                for day in self._days(context):
                    if _key(context) in self._given_up:
                        break
                    place = (_key(context), day)
                    self._under_way[place] = Future()
                    yield Ask(context, day, early=self._early.pop(place, None))
                yield Ask(context)
            except Refusal as refusal:
                yield Ask(context, refusal=refusal)

    def _answer(self, ask: Ask) -> Report | Refusal | None:
        if ask.day is None:
            return None
        under_way = self._under_way[_key(ask.context), ask.day]
        try:
            found = ask.early or self._ask(ask)
        except BaseException as error:
            under_way.set_exception(error)
            raise
        under_way.set_result(found)
        return found

    def _ask(self, ask: Ask) -> Report | Refusal | None:
        if ask.day is None or _key(ask.context) in self._given_up:
            return None
        try:
            return self._fetch(ask.context, ask.day, once=_key(ask.context) in self._once)
        except Refusal as refusal:
            return refusal

    def _unwanted(self, found: Report | Refusal | None) -> None:
        if found is not None and not isinstance(found, Refusal):
            self._drop(found)


def _key(context: Context) -> _Partition:
    return frozenset(context.items())

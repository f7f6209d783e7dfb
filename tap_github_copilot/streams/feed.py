"""A stream's days over all its partitions as one line of work, fetched ahead over their ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_github_copilot.github.ahead import ordered
from tap_github_copilot.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from singer_sdk.helpers.types import Context

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.reports import Report


@dataclass(frozen=True)
class Ask:
    """A day of a partition to fetch; without a day, its end, or what it was refused with."""

    context: Context
    day: date | None = None
    refusal: Refusal | None = None


class Feed:
    """Hands out what was fetched, partition by partition and day by day.

    A daily run over many scopes has few days of each: it would wait for the first day of
    every scope if fetching stopped at a scope's end.

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
        fetch: Callable[[Context, date], Report],
        *,
        at_once: int,
        clock: Clock,
        drop: Callable[[Report], None],
    ) -> None:
        self._days = days
        self._fetch = fetch
        self._drop = drop
        self._given_up: list[Context] = []
        self._found = ordered(self._answer, self._asks(partitions), at_once, clock, self._unwanted)

    def of(self, context: Context) -> Iterator[tuple[date, Report | Refusal]]:
        """The days of a partition, each with its report or with what it was refused with.

        Raises:
            Refusal: The partition's days could not even be told.
        """
        for ask, found in self._found:
            if ask.context != context:
                self._unwanted(found)  # left over from a partition that was given up
            elif ask.day is not None and found is not None:
                yield ask.day, found
            elif ask.refusal is not None:
                raise ask.refusal
            else:
                return

    def give_up(self, context: Context) -> None:
        """Fetch no more days of a partition."""
        self._given_up.append(context)

    def close(self) -> None:
        """Fetch nothing more at all."""
        self._found.close()

    def _asks(self, partitions: Iterable[Context]) -> Iterator[Ask]:
        for context in partitions:
            try:
                for day in self._days(context):
                    yield Ask(context, day)
                yield Ask(context)
            except Refusal as refusal:
                yield Ask(context, refusal=refusal)

    def _answer(self, ask: Ask) -> Report | Refusal | None:
        if ask.day is None or ask.context in self._given_up:
            return None
        try:
            return self._fetch(ask.context, ask.day)
        except Refusal as refusal:
            return refusal

    def _unwanted(self, found: Report | Refusal | None) -> None:
        if found is not None and not isinstance(found, Refusal):
            self._drop(found)

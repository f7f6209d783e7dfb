"""Progress lines during a run, and the summary at its end."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from tap_github_copilot.clock import Clock

logger = logging.getLogger("tap-github-copilot")

Row = TypeVar("Row")
DayResult = Literal["loaded", "unchanged", "pending", "empty"]
_ONLY_IF_ANY = "unchanged"
EVERY = 10.0  # seconds between two lines about the same partition


class PartitionProgress:
    """How far a stream has come with one scope.

    Args:
        title: Names stream and scope.
        clock: Measures the rate.
    """

    def __init__(self, title: str, clock: Clock) -> None:
        self.title = title
        self.rows = 0
        self.seconds = 0.0
        self.days: dict[DayResult, int] = {"loaded": 0, "unchanged": 0, "pending": 0, "empty": 0}
        self._clock = clock
        self._began = self._told = clock.elapsed()

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted."""
        for row in rows:
            self.rows += 1
            yield row

    def day(self, day: date, result: DayResult, left: int) -> None:
        """A day is over; so many are left."""
        self.days[result] += 1
        now = self._clock.elapsed()
        if now - self._told >= EVERY:
            self._told = now
            logger.info(
                "%s: %s %s, %d days left, %d rows so far, %.0f rows/s",
                self.title,
                day,
                result,
                left,
                self.rows,
                self.rows / (now - self._began),
            )

    def stop(self) -> None:
        """Stop the time: the scope is done, or given up."""
        self.seconds = self._clock.elapsed() - self._began

    def __str__(self) -> str:
        """The closing line."""
        counts = [f"{count} {r}" for r, count in self.days.items() if count or r != _ONLY_IF_ANY]
        days = f"days {', '.join(counts)}; " if any(self.days.values()) else ""
        return f"{self.title}: {days}{self.rows} rows; {self.seconds:.1f} s"


@dataclass
class Progress:
    """The progress of all streams and scopes of a run."""

    clock: Clock
    partitions: list[PartitionProgress] = field(default_factory=list)

    @contextmanager
    def of(self, title: str) -> Iterator[PartitionProgress]:
        """The progress of one stream and scope, day by day where it has days."""
        partition = PartitionProgress(title, self.clock)
        self.partitions.append(partition)
        try:
            yield partition
        finally:
            partition.stop()

    def summary(self) -> None:
        """Print one line per stream and scope."""
        for partition in self.partitions:
            logger.info("%s", partition)

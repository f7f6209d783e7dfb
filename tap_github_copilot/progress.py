"""What a run tells about itself on the way and at its end."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.days import Status

logger = logging.getLogger("tap-github-copilot")

Row = TypeVar("Row")
EVERY = 10.0  # seconds between two lines about the same course


class PartitionProgress:
    """A stream's way through the days of one scope.

    Args:
        title: Names stream and scope.
        clock: Measures the rate.
    """

    def __init__(self, title: str, clock: Clock) -> None:
        self.title = title
        self.rows = 0
        self.seconds = 0.0
        self.statuses: dict[Status, int] = {"loaded": 0, "pending": 0, "empty": 0}
        self._clock = clock
        self._began = self._told = clock.elapsed()

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, counted."""
        for row in rows:
            self.rows += 1
            yield row

    def day(self, day: date, status: Status, left: int) -> None:
        """A day is over; so many are left."""
        self.statuses[status] += 1
        now = self._clock.elapsed()
        if now - self._told >= EVERY:
            self._told = now
            logger.info(
                "%s: %s %s, %d days left, %d rows so far, %.0f rows/s",
                self.title,
                day,
                status,
                left,
                self.rows,
                self.rows / (now - self._began),
            )

    def stop(self) -> None:
        """The course is over, at its end or before it."""
        self.seconds = self._clock.elapsed() - self._began

    def __str__(self) -> str:
        """The closing line."""
        days = ", ".join(f"{count} {status}" for status, count in self.statuses.items())
        days = f"days {days}; " if any(self.statuses.values()) else ""
        return f"{self.title}: {days}{self.rows} rows; {self.seconds:.1f} s"


@dataclass
class Progress:
    """All courses of a run."""

    clock: Clock
    courses: list[PartitionProgress] = field(default_factory=list)

    @contextmanager
    def of(self, title: str) -> Iterator[PartitionProgress]:
        """The course of a stream through a scope, day by day where it has days."""
        course = PartitionProgress(title, self.clock)
        self.courses.append(course)
        try:
            yield course
        finally:
            course.stop()

    def summary(self) -> None:
        """A line for each course."""
        for course in self.courses:
            logger.info("%s", course)

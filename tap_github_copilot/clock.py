"""Time as a value: the one place that reads the clock or waits, and moments as text.

A run asks this clock for the present and waits on it, so that a test can pass a clock of
its own and never sleeps, and so that a stop ends every wait at once.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal


class InterruptedRun(BaseException):
    """The run was told to stop; like KeyboardInterrupt it passes every `except Exception`.

    Args:
        by: The signal that said so, where one did.
    """

    def __init__(self, by: signal.Signals | None = None) -> None:
        super().__init__()
        self.signal = by


class Clock:
    """The real clock, with a stop that ends every wait."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def now(self) -> datetime:
        """The present, in UTC and aware of it."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait, or raise InterruptedRun as soon as the run is stopped."""
        if self._stop.wait(max(0.0, seconds)):
            raise InterruptedRun

    def stop(self) -> None:
        """End every wait, present and to come."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether the run was told to stop."""
        return self._stop.is_set()


def timestamp(when: datetime) -> str:
    """A moment of ours, to the microsecond."""
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(value: object) -> datetime | None:
    """A date-time of GitHub's in UTC, whatever its offset; None where it is not one.

    One without an offset is taken for UTC.
    """
    if not isinstance(value, str):
        return None
    try:
        told = datetime.fromisoformat(value)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def utc(value: object) -> str | None:
    """A date-time of GitHub's as text in UTC; None where it is not one."""
    told = moment(value)
    return told.isoformat().replace("+00:00", "Z") if told else None

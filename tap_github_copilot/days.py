"""Which days a run looks at, and when a day is final. All dates are UTC days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tap_github_copilot.scopes import Level

Status = Literal["loaded", "pending", "empty"]
_DAY = timedelta(days=1)
_FEWEST_SAMPLES = 4


def oldest_served(level: Level, today: date) -> date:
    """The oldest day that GitHub still serves: 365 days back, but never before its first.

    https://docs.github.com/en/rest/copilot/copilot-usage-metrics
    """
    return max(today - timedelta(days=365), level.first_day)


@dataclass(frozen=True)
class Calendar:
    """The days of one run.

    Args:
        today: The UTC day on which the run started.
        first: The first day to read, unless a bookmark is later.
        last: The last day to read; yesterday at the latest.
        settle_days: A day this many days old or younger is provisional.
        late_report_days: A day without a report is pending up to this age.
    """

    today: date
    first: date
    last: date
    settle_days: int
    late_report_days: int

    @property
    def reaches_yesterday(self) -> bool:
        """Whether the run reads up to yesterday, and is no bounded backfill."""
        return self.last == self.today - _DAY

    def days_after(self, bookmark: date | None) -> list[date]:
        """The days to read, oldest first."""
        start = self.first if bookmark is None else max(self.first, bookmark + _DAY)
        return [start + _DAY * n for n in range((self.last - start).days + 1)]

    def is_provisional(self, day: date) -> bool:
        """Whether GitHub may still change the day's report."""
        return self._age(day) <= self.settle_days

    def status(self, day: date, *, reported: bool) -> Status:
        """What became of a day that was asked for."""
        if reported:
            return "loaded"
        return "pending" if self._age(day) <= self.late_report_days else "empty"

    def is_final(self, day: date, status: Status) -> bool:
        """Whether a day that this run looked at never has to be looked at again."""
        return status != "pending" and not self.is_provisional(day)

    def had_last_look(self, day: date, checked_on: date) -> bool:
        """Whether a loaded day never has to be looked at again.

        Either a run has looked at it when it was older than `settle_days`, or no report of it
        is expected any more.

        Args:
            day: The day of the report.
            checked_on: The day of the last look; in the future if the clock went back since.
        """
        age_then = (min(checked_on, self.today) - day).days
        return age_then > self.settle_days or self._age(day) > self.late_report_days

    def samples(self, days: list[date]) -> list[date]:
        """Days that tell whether there are reports at all, newest first.

        The newest `late_report_days` days, and every fifth day further back.
        """
        newest_first = days[::-1]
        return newest_first[: self.late_report_days] + newest_first[self.late_report_days :: 5]

    def newest_samples(self, days: list[date]) -> list[date]:
        """Days that tell whether reports have begun to appear, newest first."""
        return days[::-1][: max(self.settle_days, _FEWEST_SAMPLES)]

    def _age(self, day: date) -> int:
        return (self.today - day).days

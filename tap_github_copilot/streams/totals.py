"""github_copilot_daily_totals: an enterprise's or organisation's day as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tap_github_copilot.github.reports import TOTALS
from tap_github_copilot.streams.daily import DailyStream

if TYPE_CHECKING:
    from tap_github_copilot.scopes import Level


class DailyTotals(DailyStream):
    """A row a day."""

    name = "github_copilot_daily_totals"
    key: ClassVar[tuple[str, ...]] = ("day",)
    optional: ClassVar[bool] = True

    def report_at(self, level: Level) -> str:
        """The report has the level in its name."""
        return TOTALS[level.value]

"""github_copilot_report_days: the ledger, what became of every report and day."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tap_github_copilot.github.billing import AI_CREDITS
from tap_github_copilot.github.reports import USERS
from tap_github_copilot.streams.daily import DailyStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from singer_sdk.helpers.types import Context, Record

    from tap_github_copilot.errors import Refusal
    from tap_github_copilot.github.reports import Report
    from tap_github_copilot.scopes import Level, Scope


class ReportDays(DailyStream):
    """One row per report and day, for the reports of the selected streams; synced last.

    Its state has a partition for each scope and report: a report that fails holds back its
    own bookmark only.
    """

    name = "github_copilot_report_days"
    key: ClassVar[tuple[str, ...]] = ("report", "day")
    optional: ClassVar[bool] = True
    always_sent: ClassVar[bool] = True

    @property
    def partitions(self) -> list[dict[str, str]]:
        """A partition for each scope and report."""
        return [
            {**scope.context, "report": report}
            for scope in self.run.scopes
            for report in self.run.report_names
        ]

    def report_at(self, level: Level) -> str:
        """Not defined: it has rows about every report."""
        raise NotImplementedError

    def report_in(self, context: Context) -> str:
        """The report of a partition."""
        return str(context["report"])

    def fetch(self, scope: Scope, report: str, day: date, *, once: bool) -> Report:
        """What is known of a day's report; it is fetched only if no stream has."""
        return self.run.report_cache.facts(scope, report, day, once=once)

    def is_optional(self, context: Context) -> bool:
        """As the stream of the partition's report."""
        is_app, report = self.run.sign_in.is_app, context["report"]
        may_be_closed = report != USERS if is_app else report == AI_CREDITS
        return may_be_closed and not self.partition(context).was_loaded

    def tell(self, scope: Scope, refusal: Refusal, *, optional: bool = False) -> None:
        """Nothing new if the stream of that report has met the same refusal."""
        if not self.run.was_reported(refusal):
            super().tell(scope, refusal, optional=optional)

    def records_of(self, report: Report, scope: Scope, name: str) -> Iterator[Record]:
        """One row; without a report its counts are null."""
        calendar = self.run.calendar
        yield {
            **self.run.key_values(scope),
            "report": name,
            "day": report.day.isoformat(),
            "status": calendar.status(report.day, reported=report.reported),
            "provisional": calendar.is_provisional(report.day),
            "row_count": report.row_count if report.reported else None,
            "repeated_count": report.repeated if report.reported else None,
            "file_count": report.file_count if report.reported else None,
            "byte_count": report.byte_count if report.reported else None,
            "sha256": report.sha256 if report.reported else None,
            "extra_fields": None,
            "fetched_at": report.fetched_at,
            "checked_at": report.checked_at or report.fetched_at,
        }

"""The loop that every daily stream shares: days, each day's report, its rows, the bookmark."""

from __future__ import annotations

import logging
from contextlib import closing
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from tap_github_copilot.github.ahead import ordered
from tap_github_copilot.records import Columns
from tap_github_copilot.refusals import BadReport, GitHubUnavailable, redacted
from tap_github_copilot.scopes import Level
from tap_github_copilot.streams.base import ScopeStream
from tap_github_copilot.streams.bookmarks import REPLICATION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from singer_sdk.helpers.types import Record

    from tap_github_copilot.github.reports import Report
    from tap_github_copilot.scopes import Scope
    from tap_github_copilot.tap import TapGitHubCopilot

logger = logging.getLogger("tap-github-copilot")
_MOST_UNREACHABLE = 3  # days in a row, before a closed firewall is taken for what it is


class DailyStream(ScopeStream):
    """A stream of one report a day and scope; its replication key is the day.

    Subclasses say which report, its key, and which columns they compute.
    """

    report: ClassVar[str]
    computed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, tap: TapGitHubCopilot) -> None:
        super().__init__(tap)
        self.replication_key = REPLICATION_KEY

    def report_at(self, level: Level) -> str:  # noqa: ARG002 - some reports have a name for each
        """The name of the report at a level."""
        return self.report

    @property
    def is_sorted(self) -> bool:
        """Days come in order within a scope."""
        return True

    def records_of(self, report: Report, scope: Scope) -> Iterator[Record]:
        """The records of a day's report, one for each row."""
        ours = self.run.key_values(scope) | {"fetched_at": report.fetched_at}
        for row in report.rows():
            record, extra = self._columns.record(row)
            record.update(ours)
            if extra:
                record["extra_fields"] = self._kept(extra, scope) or None
            self.complete(record)
            yield record

    def complete(self, record: Record) -> None:
        """Fill the columns of this stream that the tap computes from a row."""

    @cached_property
    def _columns(self) -> Columns:
        own = {*self.run.settings.level.key_columns, *self.computed, "extra_fields", "fetched_at"}
        return Columns(self.effective_schema, frozenset(own))

    def _kept(self, extra: dict[str, Any], scope: Scope) -> dict[str, Any]:
        """What goes to `extra_fields`; says so, once for each field."""
        if "organization_id" in extra and scope.level is Level.ORGANIZATION:
            theirs = extra["organization_id"]
            if theirs is None or str(theirs) == self.run.key_values(scope)["organization_id"]:
                extra.pop("organization_id")
        for name in extra:
            self.run.tell_once(
                f"{self.report}: the field {redacted(name)} has no column or not its column's "
                "type; it is kept in extra_fields"
            )
        return extra

    def records_in(self, scope: Scope) -> Iterator[Record]:
        """The rows of all days of a scope that are not final yet, oldest day first."""
        bookmark = self.state_manager.bookmark(scope.context)
        days = self.run.calendar.days_after(bookmark)
        if not days or (not self._has_bookmark(scope) and self.run.is_silent(scope)):
            return
        unbroken, unreachable = True, 0
        fetched = ordered(
            partial(self._fetch, scope), days, self.run.settings.concurrency, self.run.clock, _drop
        )
        with self.run.progress.of(self.name, scope, days) as progress, closing(fetched):
            for day, report in fetched:
                if isinstance(report, BadReport):
                    self.run.refused(self.name, scope, report)
                    unbroken = False
                    unreachable = unreachable + 1 if report.unreachable else 0
                    _stop_if_unreachable(unreachable, report)
                    continue
                unreachable = 0
                with closing(report):
                    yield from progress.counted(self._records(report, scope))
                status = self.run.calendar.status(day, reported=report.reported)
                progress.day(day, status)
                unbroken = unbroken and self.run.calendar.is_final(day, status)
                if unbroken:
                    self.state_manager.move(scope.context, day)
                    self._write_state_message()

    def _records(self, report: Report, scope: Scope) -> Iterator[Record]:
        if report.repeated:
            logger.warning(
                "%s, %s, %s: %d rows have a key that an earlier row has; the last one wins",
                scope,
                self.report,
                report.day,
                report.repeated,
            )
        return self.records_of(report, scope) if report.reported else iter(())

    def _has_bookmark(self, scope: Scope) -> bool:
        """Whether any stream has a bookmark for the scope: then it does have reports."""
        return any(
            stream.state_manager.bookmark(scope.context) is not None
            for stream in self.tap.streams.values()
            if isinstance(stream, DailyStream)
        )

    def _fetch(self, scope: Scope, day: date) -> Report | BadReport:
        try:
            return self.run.reports.fetch(scope, self.report, day)
        except BadReport as bad:
            return bad


def _drop(report: Report | BadReport) -> None:
    if not isinstance(report, BadReport):
        report.close()


def _stop_if_unreachable(days: int, report: BadReport) -> None:
    if days >= _MOST_UNREACHABLE:
        raise GitHubUnavailable(
            f"the download host could not be reached for {days} days in a row: this machine must "
            "be let out to it as well (copilot-reports.github.com, or "
            "copilot-reports.SUBDOMAIN.ghe.com)",
            where=report.where,
        )

"""The loop that every daily stream shares: days, each day's report, its rows, the bookmark."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_github_copilot.errors import BadReport, ChangedReport, GitHubUnavailable, Refusal
from tap_github_copilot.github.billing import AI_CREDITS
from tap_github_copilot.records import Columns
from tap_github_copilot.redaction import redacted
from tap_github_copilot.scopes import Level
from tap_github_copilot.streams.base import ScopeStream
from tap_github_copilot.streams.bookmarks import REPLICATION_KEY
from tap_github_copilot.streams.prefetch import Feed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from singer_sdk.helpers.types import Context, Record

    from tap_github_copilot.github.reports import Report
    from tap_github_copilot.scopes import Scope
    from tap_github_copilot.streams.base import StreamHost

logger = logging.getLogger("tap-github-copilot")
_MOST_UNREACHABLE = 3  # days in a row, before a closed firewall is taken for what it is


class DailyStream(ScopeStream):
    """A stream of one report a day and scope; its replication key is the day.

    Subclasses say which report, its key, and which columns they compute.
    """

    report: ClassVar[str] = ""
    computed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, tap: StreamHost) -> None:
        super().__init__(tap)
        self.replication_key = REPLICATION_KEY

    @property
    def is_sorted(self) -> bool:
        """Days come in order within a scope."""
        return True

    def report_at(self, level: Level) -> str:  # noqa: ARG002 - some reports have a name for each
        """The name of the report at a level."""
        return self.report

    def report_in(self, context: Context) -> str:  # noqa: ARG002 - the ledger has one for each
        """The name of the report of a partition."""
        return self.report_at(self.tap.level)

    def records_in(self, scope: Scope, context: Context) -> Iterator[Record]:
        """The rows of all days of a partition that are not final yet, oldest day first."""
        title = f"{self.name}, {', '.join([str(scope), *list(context.values())[1:]])}"
        watch, unbroken = UnreachableStreak(), True
        try:
            with self.run.progress.of(title) as course:
                for day, answer in self._feed.of(context):
                    found = watch.passed(answer)
                    if isinstance(found, ChangedReport):
                        logger.warning("%s: %s", self.name, found)
                        unbroken = False
                        continue
                    if isinstance(found, BadReport):
                        self.tell(scope, found)
                        unbroken = False
                        continue
                    yield from course.counted(self._whole(found, scope, context))
                    status = self.run.calendar.status(day, reported=found.reported)
                    course.day(day, status, left=(self.run.calendar.last - day).days)
                    unbroken = unbroken and self.run.calendar.is_final(day, status)
                    if unbroken:
                        self.state_manager.move(context, day)
                        self.write_state()
        except Refusal:
            self._feed.give_up(context)
            raise
        except BaseException:  # interrupted, or not read to its end
            self._feed.close()
            raise

    def _whole(self, found: Report, scope: Scope, context: Context) -> Iterator[Record]:
        """The records of a report, which is given back afterwards."""
        report = self.report_in(context)
        try:
            yield from self.records_of(found, scope, report)
            self.done(found, scope, report)
        except BaseException:  # refused, interrupted, or not read to its end
            self.run.report_cache.drop(found)
            raise

    @cached_property
    def _feed(self) -> Feed:
        feed = Feed(
            self.partitions,
            self._days,
            self._fetch,
            at_once=self.run.settings.concurrency,
            clock=self.run.clock,
            drop=self.run.report_cache.drop,
        )
        self.run.at_end(feed.close)
        return feed

    def _days(self, context: Context) -> list[date]:
        scope = self.run.scope(context)
        days = self.run.calendar.days_after(self.state_manager.bookmark(context))
        # Bills do not hang on the policy that makes a scope silent.
        if days and self.report_in(context) != AI_CREDITS and not self._has_reports(scope):
            return [] if self.run.is_silent(scope) else days
        return days

    def _fetch(self, context: Context, day: date) -> Report:
        scope = self.run.scope(context)
        found = self.fetch(scope, self.report_in(context), day)
        if found.reported:
            try:
                self.run.key_values(scope)  # asked for here, ahead, and remembered
            except BaseException:
                self.run.report_cache.drop(found)
                raise
        return found

    def records_of(self, report: Report, scope: Scope, name: str) -> Iterator[Record]:
        """The records of a day's report, one for each row."""
        if not report.reported:
            return
        if report.repeated:
            self.run.warn_once(
                f"{scope}, {name}, {report.day}: {report.repeated} rows have a key that an "
                "earlier row has; the last one wins"
            )
        ours = self.run.key_values(scope) | {"fetched_at": report.fetched_at}
        for row in report.rows():
            yield from self.records_of_row(row, ours)

    def records_of_row(self, row: dict[str, Any], ours: dict[str, Any]) -> Iterator[Record]:
        """The records that one row of the report makes.

        Args:
            row: As GitHub wrote it.
            ours: The values of the columns that say where and when it is from.
        """
        record, extra = self._columns.record(row)
        record.update(ours)
        if extra:
            record["extra_fields"] = self._kept(extra, ours) or None
        self.complete(record)
        yield record

    def complete(self, record: Record) -> None:
        """Fill the columns of this stream that the tap computes from a row."""

    def fetch(self, scope: Scope, report: str, day: date) -> Report:
        """A day's report, as far as this stream needs it.

        Raises:
            BadReport: It stayed broken.
            Refusal: GitHub refuses the scope this report.
        """
        return self.run.report_cache.report(scope, report, day)

    def done(self, found: Report, scope: Scope, report: str) -> None:
        """Give back a report whose records are out."""
        self.run.report_cache.done(scope, report, found)

    @cached_property
    def _columns(self) -> Columns:
        own = {*self.tap.level.key_columns, *self.computed, "extra_fields", "fetched_at"}
        return Columns(self.effective_schema, frozenset(own))

    def _kept(self, extra: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
        """What goes to `extra_fields`; says so, once for each field."""
        if "organization_id" in extra and self.tap.level is Level.ORGANIZATION:
            theirs = extra["organization_id"]
            if theirs is None or str(theirs) == ours["organization_id"]:
                extra.pop("organization_id")
        for name in extra:
            self.warn_about_extra_field(name)
        return extra

    def warn_about_extra_field(self, name: str) -> None:
        """Say that a field is kept in `extra_fields`, once a run."""
        self.run.warn_once(
            f"{self.report_at(self.tap.level)}: the field {redacted(name)} has no column or "
            "not its column's type; it is kept in extra_fields"
        )

    def _has_reports(self, scope: Scope) -> bool:
        """Whether any stream has a bookmark for a report of the scope: then it does have some."""
        return any(
            stream.state_manager.has_bookmark(scope.context, but_of=AI_CREDITS)
            for stream in self.tap.streams.values()
            if isinstance(stream, DailyStream) and stream.report != AI_CREDITS
        )


class UnreachableStreak:
    """Tells a day that failed by itself from a scope that is refused."""

    def __init__(self) -> None:
        self._days = 0

    def passed(self, found: Report | Refusal) -> Report | BadReport:
        """The report, or why this one day has none.

        Raises:
            Refusal: The scope is refused this report.
            GitHubUnavailable: The download host was out of reach for too many days in a row.
        """
        if isinstance(found, Refusal) and not isinstance(found, BadReport):
            raise found
        if not isinstance(found, BadReport) or not found.unreachable:
            self._days = 0
            return found
        self._days += 1
        if self._days >= _MOST_UNREACHABLE:
            raise GitHubUnavailable(
                f"the download host could not be reached for {self._days} days in a row: this "
                "machine must be let out to it as well (copilot-reports.github.com, or "
                "copilot-reports.SUBDOMAIN.ghe.com)",
                where=found.where,
            )
        return found

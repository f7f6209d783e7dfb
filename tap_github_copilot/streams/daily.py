"""The loop of every daily stream: its days, each day's report, the rows, the bookmark."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_github_copilot.errors import BadReport, ChangedReport, Refusal
from tap_github_copilot.partition_state import REPLICATION_KEY, LoadedDay
from tap_github_copilot.records import Columns
from tap_github_copilot.scopes import Level
from tap_github_copilot.streams.base import ScopeStream
from tap_github_copilot.streams.bookmarks import BookmarkWalk
from tap_github_copilot.streams.failed_days import FailureStreak
from tap_github_copilot.streams.prefetch import Ahead, Feed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from datetime import date

    from singer_sdk.helpers.types import Context, Record

    from tap_github_copilot.github.reports import Report
    from tap_github_copilot.partition_state import PartitionState
    from tap_github_copilot.progress import DayResult, PartitionProgress
    from tap_github_copilot.scopes import Scope
    from tap_github_copilot.streams.base import StreamHost
    from tap_github_copilot.streams.silence import Question

logger = logging.getLogger("tap-github-copilot")


class DailyStream(ScopeStream):
    """A stream of one report per day and scope; its replication key is the day.

    Subclasses say which report, its key, and which columns they compute.
    """

    report: ClassVar[str] = ""
    read_if_silent: ClassVar[bool] = False  # also of a scope that has no report at all
    always_sent: ClassVar[bool] = False  # also the rows of a day that is unchanged
    computed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, tap: StreamHost) -> None:
        super().__init__(tap)
        self.replication_key = REPLICATION_KEY

    @property
    def is_sorted(self) -> bool:
        """Days come in order within a scope."""
        return True

    def report_at(self, level: Level) -> str:  # noqa: ARG002 - some reports have a name per level
        """The name of the report at a level."""
        return self.report

    def report_in(self, context: Context) -> str:  # noqa: ARG002 - the ledger has one per partition
        """The name of the report of a partition."""
        return self.report_at(self.tap.level)

    def records_in(self, scope: Scope, context: Context) -> Iterator[Record]:
        """The rows of all days of a partition that are new or changed, oldest day first."""
        title = f"{self.name}, {', '.join([str(scope), *list(context.values())[1:]])}"
        try:
            with self.run.progress.of(title) as progress:
                yield from self._days_in(scope, context, progress)
        except Refusal:
            self._feed.give_up(context)
            raise
        except BaseException:  # interrupted, or not read to its end
            self._feed.close()
            raise
        finally:
            self.partition(context).put_back()

    def _days_in(
        self, scope: Scope, context: Context, progress: PartitionProgress
    ) -> Iterator[Record]:
        calendar, partition = self.run.calendar, self.partition(context)
        walk = BookmarkWalk(partition, calendar.days_after(partition.bookmark))
        streak = FailureStreak()
        try:
            for day, answer in self._feed.of(context):
                if isinstance(answer, Refusal):
                    self._failed(answer, day, scope, context, streak)
                    walk.passed(day, final=False)
                    continue
                self._tell_all(scope, streak.ended())
                self._feed.try_once(context, once=False)
                result = yield from self._day(answer, scope, context, progress)
                progress.day(day, result, left=(calendar.last - day).days)
                status = calendar.status(day, reported=answer.reported)
                walk.passed(day, final=calendar.is_final(day, status))
                self.checkpoint()
        finally:
            self._tell_all(scope, streak.ended())
        if walk.has_days and not self._is_silent(scope, context):
            walk.end()

    def _failed(
        self, refusal: Refusal, day: date, scope: Scope, context: Context, streak: FailureStreak
    ) -> None:
        """Note a day that failed; after some in a row let the newest tell whether to go on.

        Raises:
            Refusal: It is not about that day alone; or the newest day fails as well, so the
                rest of the report is left for the next run.
        """
        if isinstance(refusal, ChangedReport):
            logger.warning("%s: %s", self.name, refusal)
            self._tell_all(scope, streak.ended())
            return
        streak.failed(refusal)
        if isinstance(refusal, BadReport):
            self.tell(scope, refusal)
        newest, report = self.run.calendar.last, self.report_in(context)
        if not streak.needs_trial or day == newest:
            return
        answer = self._feed.try_day(context, newest)
        if isinstance(answer, Refusal) and not isinstance(answer, ChangedReport):
            left = streak.left(f"{scope}, {report}", newest)
            self.run.report_cache.refuse(scope, report, left)
            raise left
        self._feed.try_once(context, once=True)

    def _tell_all(self, scope: Scope, refusals: list[Refusal]) -> None:
        for refusal in refusals:
            self.tell(scope, refusal)

    def _day(
        self, found: Report, scope: Scope, context: Context, progress: PartitionProgress
    ) -> Generator[Record, None, DayResult]:
        """Send what is new of a day, remember it, and give back its report."""
        try:
            return (yield from self._sent(found, scope, context, progress))
        except BaseException:  # refused, interrupted, or not read to its end
            self.run.report_cache.drop(found)
            raise

    def _sent(
        self, found: Report, scope: Scope, context: Context, progress: PartitionProgress
    ) -> Generator[Record, None, DayResult]:
        report, partition = self.report_in(context), self.partition(context)
        if not found.reported:
            if self._has_vanished(found, scope, report):
                return "pending"
            yield from progress.counted(self.records_of(found, scope, report))
            return self.run.calendar.status(found.day, reported=False)
        versions = self.tap.memory.versions
        moment = versions.moment(scope, report, found)
        is_new = partition.needs(found.day, found.version, moment)
        if is_new and versions.forget_others(
            scope, report, found.day, version=found.version, moment=moment
        ):
            self._write_forgotten()
        if is_new or self.always_sent:
            dated = replace(found, fetched_at=moment, checked_at=max(moment, found.fetched_at))
            yield from progress.counted(self.records_of(dated, scope, report))
        today = self.run.calendar.today
        partition.remember(found.day, LoadedDay(found.version, moment, today))
        is_wanted = self.tap.memory.is_wanted(scope, report, found, moment)
        self.run.report_cache.done(scope, report, found, is_wanted=is_wanted)
        return "loaded" if is_new else "unchanged"

    def _write_forgotten(self) -> None:
        """Write a STATE without what was just forgotten, before the first row that replaces it.

        Where there is no room for one per changed day, all loaded days leave the state at
        once, until each of them is looked at: a run that is killed then sends them again.
        """
        if not self.tap.has_room_for_state:
            self.tap.memory.state.set_aside()
        self.checkpoint(always=True)

    def _has_vanished(self, found: Report, scope: Scope, report: str) -> bool:
        """Whether a day without a report had one when a stream loaded it."""
        if not self.tap.memory.versions.is_remembered(scope, report, found.day):
            return False
        self.run.warn_once(
            f"{scope}, {report}, {found.day}: GitHub no longer has this report; the rows that "
            "were loaded from it stay as they are"
        )
        return True

    @cached_property
    def _feed(self) -> Feed:
        feed = Feed(
            (context for (context, _), _ in self._asked_about),
            self._days,
            self._fetch,
            at_once=self.run.settings.concurrency,
            clock=self.run.clock,
            drop=self.run.report_cache.drop,
        )
        self.run.at_end(feed.close)
        return feed

    @cached_property
    def _asked_about(self) -> Ahead[tuple[dict[str, str], Question | None], None]:
        """The partitions, each once GitHub was asked whether its scope is silent.

        One is asked about while the days of the one before it are fetched, but not before
        that one was answered: what refuses all of them is then met by one call.
        """
        asks = ((context, self._question(context)) for context in self.partitions)
        ahead = Ahead(_ask, asks, 1, self.run.clock)
        self.run.at_end(ahead.close)
        return ahead

    def _question(self, context: Context) -> Question | None:
        memory, partition = self.tap.memory, self.partition(context)
        if not memory.is_usage(partition) or not self._span(partition):
            return None
        return memory.silent.question(self.run.scope(context))

    def _days(self, context: Context) -> list[date]:
        """The days of a partition that have to be looked at."""
        partition = self.partition(context)
        span = self._span(partition)
        if not span or self._is_silent(self.run.scope(context), context):
            return []
        if self.run.settings.concurrency > 1:
            self._asked_about.begin()  # the next partition
        return [day for day in span if not self._had_last_look(partition.loaded(day), day)]

    def _span(self, partition: PartitionState) -> list[date]:
        return self.run.calendar.days_after(partition.bookmark)

    def _had_last_look(self, known: LoadedDay | None, day: date) -> bool:
        return known is not None and self.run.calendar.had_last_look(day, known.checked_on)

    def _is_silent(self, scope: Scope, context: Context) -> bool:
        """Whether a partition is not read, since its scope has no report at all."""
        memory, partition = self.tap.memory, self.partition(context)
        return memory.is_usage(partition) and memory.silent.is_silent(scope, partition)

    def _fetch(self, context: Context, day: date, *, once: bool) -> Report:
        scope, report = self.run.scope(context), self.report_in(context)
        known = self.run.report_cache.known(scope, report, day)
        if known is not None and not self._reads_rows(known, scope, context):
            return known
        found = self.fetch(scope, report, day, once=once)
        if found.reported:
            try:
                self.run.key_values(scope)  # asked for here, ahead, and remembered
            except Refusal as refusal:
                refusal.fails_day = False  # it is about the scope
                self.run.report_cache.drop(found)
                raise
            except BaseException:
                self.run.report_cache.drop(found)
                raise
        return found

    def _reads_rows(self, known: Report, scope: Scope, context: Context) -> bool:
        """Whether this stream will send the rows of a report, of which all else is known."""
        moment = self.tap.memory.versions.moment(scope, self.report_in(context), known)
        return known.reported and self.partition(context).needs(known.day, known.version, moment)

    def records_of(self, report: Report, scope: Scope, name: str) -> Iterator[Record]:
        """The records of a day's report, one for each row."""
        if not report.reported:
            return
        if report.repeated:
            self.run.warn_once(
                f"{scope}, {name}, {report.day}: {report.repeated} rows have a key that an "
                "earlier row has; the last one wins"
            )
        scope_columns = self.run.key_values(scope) | {"fetched_at": report.fetched_at}
        for row in self.rows_of(report):
            yield from self.records_of_row(row, scope_columns)

    def rows_of(self, report: Report) -> Iterator[Any]:
        """The rows of a report, as `records_of_row` takes them."""
        return report.rows()

    def records_of_row(
        self, row: dict[str, Any], scope_columns: dict[str, Any]
    ) -> Iterable[Record]:
        """The records that one row of the report makes.

        Args:
            row: As GitHub wrote it.
            scope_columns: The values of the columns that say where and when it is from.
        """
        record, extra = self._columns.record(row)
        record.update(scope_columns)
        if extra:
            record["extra_fields"] = self._kept(extra, scope_columns) or None
        self.complete(record)
        return (record,)

    def complete(self, record: Record) -> None:
        """Fill the columns of this stream that the tap computes from a row."""

    def fetch(self, scope: Scope, report: str, day: date, *, once: bool) -> Report:
        """A day's report, as far as this stream needs it.

        Raises:
            Refusal: GitHub refuses the day (`fails_day`), or the scope this report.
        """
        return self.run.report_cache.report(scope, report, day, once=once)

    @cached_property
    def _columns(self) -> Columns:
        reserved = {*self.tap.level.key_columns, *self.computed, "extra_fields", "fetched_at"}
        return Columns(self.effective_schema, frozenset(reserved))

    def _kept(self, extra: dict[str, Any], scope_columns: dict[str, Any]) -> dict[str, Any]:
        """What goes to `extra_fields`; says so, once for each field."""
        if "organization_id" in extra and self.tap.level is Level.ORGANIZATION:
            theirs = extra["organization_id"]
            if theirs is None or str(theirs) == scope_columns["organization_id"]:
                extra.pop("organization_id")
        for name in extra:
            self.warn_about_extra_field(name)
        return extra

    @property
    def source(self) -> str:
        """The report."""
        return self.report_at(self.tap.level)


def _ask(about: tuple[Context, Question | None]) -> None:
    """Ask what has to be asked about a partition, if anything."""
    _, question = about
    if question:
        question.ask()

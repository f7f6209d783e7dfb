"""Which moment (`fetched_at`) belongs to which version of a report's day, over all streams.

A moment names a version of a report: all rows with it, in whatever table, are from that
version. A row older than the newest of its scope and day in its own table is gone from
GitHub's report, so a version that replaces another must have a later moment.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tap_github_copilot.clock import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import date

    from tap_github_copilot.github.reports import Report
    from tap_github_copilot.partition_state import PartitionState, TapState
    from tap_github_copilot.scopes import Scope

_LATER = timedelta(microseconds=1)


class _Told(NamedTuple):
    """What a stream remembered of a day when the run began."""

    version: str
    moment: str
    is_read: bool  # whether the stream is part of this run


class Versions:
    """The versions that the tables hold, as the state told when the run began.

    Args:
        state: Not yet changed by this run.
        report_of: The report of a partition; None of one that is not by day.
        selected: The streams of this run.
    """

    def __init__(
        self,
        state: TapState,
        report_of: Callable[[PartitionState], str | None],
        selected: Collection[str],
    ) -> None:
        self._state = state
        self._report_of = report_of
        self._told: dict[tuple[str, str, date], tuple[_Told, ...]] = {}
        for partition in state.partitions():
            if (report := report_of(partition)) is not None:
                self._note(partition, report, is_read=partition.stream in selected)

    def moment(self, scope: Scope, report: str, found: Report) -> str:
        """The moment of a report's version; the same whichever stream asks.

        It is the newest that any stream remembers for this version, unless a stream of this
        run would replace a newer one by it. A new version has the moment at which it was
        fetched, or the one just after all remembered ones if the clock went back.

        Args:
            scope: Whose report it is.
            report: Its name.
            found: As it was first fetched in this run.
        """
        told = self._told.get((scope.name, report, found.day), ())
        same = [t.moment for t in told if t.version == found.version]
        replaced = [t.moment for t in told if t.is_read and t.version != found.version]
        if same and _newest(same) > _newest(replaced):
            return max(same, key=datetime.fromisoformat)
        newest = _newest([t.moment for t in told])
        if datetime.fromisoformat(found.fetched_at) > newest:
            return found.fetched_at
        return timestamp(newest + _LATER)

    def is_remembered(self, scope: Scope, report: str, day: date) -> bool:
        """Whether any stream had loaded a day when the run began."""
        return (scope.name, report, day) in self._told

    def forget_others(
        self, scope: Scope, report: str, day: date, *, version: str, moment: str
    ) -> bool:
        """Drop what any stream remembers of other versions or moments of a day.

        Not of one stream alone: if the run is killed while it sends this version, and GitHub
        then shows the old one again, no stream may take the old moment for current.

        Returns:
            Whether something was dropped that may stand in a STATE that was written.
        """
        dropped = False
        for partition in self._of_report(scope, report):
            loaded = partition.loaded(day)
            if loaded and (loaded.version, loaded.fetched_at) != (version, moment):
                dropped |= partition.forget(day)
            dropped |= partition.had_passed(day, version, moment)
        return dropped

    def _note(self, partition: PartitionState, report: str, *, is_read: bool) -> None:
        scope = next(value for name, value in partition.context.items() if name != "report")
        for day, loaded in partition.loaded_days():
            told = _Told(loaded.version, loaded.fetched_at, is_read)
            known = self._told.get((scope, report, day), ())
            if told not in known:  # streams mostly agree
                self._told[scope, report, day] = (*known, told)

    def _of_report(self, scope: Scope, report: str) -> Iterator[PartitionState]:
        for partition in self._state.of_scope(scope.context):
            if self._report_of(partition) == report:
                yield partition


def _newest(moments: list[str]) -> datetime:
    return max(map(datetime.fromisoformat, moments), default=datetime.min.replace(tzinfo=UTC))

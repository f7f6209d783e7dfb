"""What the streams of a run know together: the state, versions of days, silent scopes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tap_github_copilot.partition_state import TapState
from tap_github_copilot.streams.silence import SilentScopes
from tap_github_copilot.streams.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from tap_github_copilot.github.reports import Report
    from tap_github_copilot.partition_state import PartitionState
    from tap_github_copilot.run import Run
    from tap_github_copilot.scopes import Scope


class Memory:
    """What earlier runs left in the state, for all streams of a run.

    Args:
        state: As the SDK holds it, not yet changed by this run; it is changed in place.
        run: Makes the run when a stream first needs it.
        reports: The report of each daily stream, but for the ledger, whose partitions name it.
        always_read: The reports that are read of a silent scope as well.
        selected: The streams of this run.
    """

    def __init__(
        self,
        state: dict[str, Any],
        run: Callable[[], Run],
        *,
        reports: Mapping[str, str],
        always_read: Collection[str],
        selected: Collection[str],
    ) -> None:
        self.state = TapState(state)
        self._run = run
        self._reports = reports
        self._always_read = always_read
        self._selected = selected
        self.versions = Versions(self.state, self._report_of, selected)

    @cached_property
    def silent(self) -> SilentScopes:
        """The scopes that have no report at all."""
        run = self._run()
        return SilentScopes(self.state, run.calendar, run.reports, self.is_usage)

    def has_reports(self, scope: Scope) -> bool:
        """Whether the state tells that a scope has reports, so that it is not silent."""
        known = self.state.of_scope(scope.context)
        return any(partition.has_reports for partition in known if self.is_usage(partition))

    def is_wanted(self, scope: Scope, report: str, found: Report, moment: str) -> bool:
        """Whether a stream of this run has not sent a version of a report, and will read it.

        Args:
            scope: Whose report it is.
            report: Its name.
            found: The version.
            moment: The moment that belongs to it.
        """
        return any(
            partition.needs(found.day, found.version, moment)
            for stream, name in self._reports.items()
            if name == report and stream in self._selected
            for partition in [self.state.partition(stream, scope.context)]
        )

    def is_usage(self, partition: PartitionState) -> bool:
        """Whether a partition is about a report that a silent scope does not have."""
        report = self._report_of(partition)
        return report is not None and report not in self._always_read

    def _report_of(self, partition: PartitionState) -> str | None:
        return partition.context.get("report") or self._reports.get(partition.stream)

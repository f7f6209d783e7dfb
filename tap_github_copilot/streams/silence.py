"""Silent scopes: those that have no report at all, so that their days are not asked for."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_github_copilot.errors import POLICY_HINT
from tap_github_copilot.partition_state import Silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_github_copilot.days import Calendar
    from tap_github_copilot.github.reports import Reports
    from tap_github_copilot.partition_state import PartitionState, TapState
    from tap_github_copilot.scopes import Scope

logger = logging.getLogger("tap-github-copilot")
_SAMPLED_AGAIN = timedelta(days=28)


class SilentScopes:
    """Finds out which scopes are silent, once per run, and remembers it in the state.

    A scope of which any day was ever loaded is not silent. Any other is asked for its 28-day
    report, and if there is none, for a sample of its days: a wide one at first, which costs up
    to 86 calls; then for 28 days only the newest few.

    Args:
        state: Where it is remembered.
        calendar: The days of this run.
        reports: Asks GitHub.
        is_usage: Whether a partition is about reports that a silent scope does not have.
    """

    def __init__(
        self,
        state: TapState,
        calendar: Calendar,
        reports: Reports,
        is_usage: Callable[[PartitionState], bool],
    ) -> None:
        self._state = state
        self._calendar = calendar
        self._reports = reports
        self._is_usage = is_usage
        self._silent: dict[Scope, bool] = {}

    def is_silent(self, scope: Scope, partition: PartitionState) -> bool:
        """Whether a scope has no report at all; a warning says so once per run.

        Args:
            scope: Asked for once per run.
            partition: A partition of the scope, where the finding may be remembered.

        Raises:
            Refusal: GitHub refuses the scope, or no answer tells.
        """
        if scope not in self._silent:
            known = [p for p in self._state.of_scope(scope.context) if self._is_usage(p)]
            silent = not any(p.has_reports for p in known) and self._ask(scope, partition, known)
            if not silent:
                for told in known:
                    told.silence = None
            self._silent[scope] = silent
        return self._silent[scope]

    def _ask(self, scope: Scope, partition: PartitionState, known: list[PartitionState]) -> bool:
        days = self._calendar.days_after(None)
        told = next((p.silence for p in known if p.silence), None)
        is_recent = told is not None and self._is_recent(told)
        sample = self._calendar.newest_samples if is_recent else self._calendar.samples
        if self._reports.has_any(scope, sample(days)):
            return False
        logger.warning(
            "policy_disabled: %s has no reports at all, so nothing else of it is read in this "
            "run: %s",
            scope,
            POLICY_HINT,
        )
        if not is_recent:
            for other in known:
                other.silence = None
            if self._calendar.reaches_yesterday:  # else newer days were not sampled
                partition.silence = Silence(self._calendar.today, self._calendar.first)
        return True

    def _is_recent(self, told: Silence) -> bool:
        age = self._calendar.today - told.on
        return timedelta(0) <= age < _SAMPLED_AGAIN and told.first <= self._calendar.first

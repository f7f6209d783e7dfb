"""Silent scopes: those that have no report at all, so that their days are not asked for."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_github_copilot.errors import POLICY_HINT, Refusal
from tap_github_copilot.partition_state import Silence

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tap_github_copilot.days import Calendar
    from tap_github_copilot.github.reports import Reports
    from tap_github_copilot.partition_state import PartitionState, TapState
    from tap_github_copilot.scopes import Scope

logger = logging.getLogger("tap-github-copilot")
_SAMPLED_AGAIN = timedelta(days=28)


class Question:
    """Whether a scope has any report; `ask` may be called in another thread, ahead.

    Args:
        reports: Asks GitHub.
        scope: Asked about.
        sample: The days to ask for where there is no 28-day report.
    """

    def __init__(self, reports: Reports, scope: Scope, sample: list[date]) -> None:
        self._reports = reports
        self._scope = scope
        self._sample = sample
        self._answer: bool | Refusal | None = None

    def ask(self) -> None:
        """Ask GitHub, and keep what it answers or refuses."""
        try:
            self._answer = self._reports.has_any(self._scope, self._sample)
        except Refusal as refusal:
            self._answer = refusal

    @property
    def answer(self) -> bool:
        """What GitHub answered, which is asked now if it was not asked ahead.

        Raises:
            Refusal: GitHub refuses the scope, or no answer tells.
        """
        if self._answer is None:
            self.ask()
        if isinstance(self._answer, Refusal):
            raise self._answer
        return bool(self._answer)


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
        self._questions: dict[Scope, Question] = {}

    def question(self, scope: Scope) -> Question | None:
        """What `is_silent` will have to ask about a scope; None if that is nothing, or under way.

        It only reads the state; what the answer tells is noted by `is_silent`.
        """
        if scope in self._silent or scope in self._questions:
            return None
        question = self._question_about(scope)
        if question:
            self._questions[scope] = question
        return question

    def is_silent(self, scope: Scope, partition: PartitionState) -> bool:
        """Whether a scope has no report at all; a warning says so once per run.

        Args:
            scope: Asked about once per run.
            partition: A partition of the scope, where the finding may be remembered.

        Raises:
            Refusal: GitHub refuses the scope, or no answer tells.
        """
        if scope not in self._silent:
            question = self._questions.pop(scope, None) or self._question_about(scope)
            has_reports = question is None or question.answer
            if has_reports:
                for told in self._known(scope):
                    told.silence = None
            else:
                self._found_silent(scope, partition)
            self._silent[scope] = not has_reports
        return self._silent[scope]

    def _question_about(self, scope: Scope) -> Question | None:
        if any(partition.has_reports for partition in self._known(scope)):
            return None
        is_lately = self._was_sampled_lately(scope)
        sample = self._calendar.newest_samples if is_lately else self._calendar.samples
        return Question(self._reports, scope, sample(self._calendar.days_after(None)))

    def _known(self, scope: Scope) -> list[PartitionState]:
        return [p for p in self._state.of_scope(scope.context) if self._is_usage(p)]

    def _found_silent(self, scope: Scope, partition: PartitionState) -> None:
        logger.warning(
            "policy_disabled: %s has no reports at all, so nothing else of it is read in this "
            "run: %s",
            scope,
            POLICY_HINT,
        )
        if not self._was_sampled_lately(scope):
            for other in self._known(scope):
                other.silence = None
            if self._calendar.reaches_yesterday:  # else newer days were not sampled
                partition.silence = Silence(self._calendar.today, self._calendar.first)

    def _was_sampled_lately(self, scope: Scope) -> bool:
        """Whether another wide sample would not tell more than the newest days do."""
        told = next((p.silence for p in self._known(scope) if p.silence), None)
        if told is None:
            return False
        age = self._calendar.today - told.on
        return timedelta(0) <= age < _SAMPLED_AGAIN and told.first <= self._calendar.first

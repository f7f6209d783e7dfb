"""Days that fail by themselves, while GitHub answers about other days of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_github_copilot.errors import BadReport, GitHubUnavailable

if TYPE_CHECKING:
    from datetime import date

    from tap_github_copilot.errors import Refusal

_MOST_FAILED = 3  # days in a row


class FailureStreak:
    """The days in a row that failed by themselves.

    What the API answered for a day is told only once another day was answered: until then
    it may be the answer for all days, which is told in one line.
    """

    def __init__(self) -> None:
        self._failed: list[Refusal] = []
        self._unreachable = 0

    @property
    def needs_trial(self) -> bool:
        """Whether just so many days failed that the newest one must tell whether to go on."""
        return len(self._failed) == _MOST_FAILED

    def failed(self, refusal: Refusal) -> None:
        """A day failed.

        Raises:
            Refusal: It is not about that day alone.
            GitHubUnavailable: The download host was out of reach for too many days in a row.
        """
        if not refusal.fails_day:
            raise refusal
        self._failed.append(refusal)
        is_unreachable = isinstance(refusal, BadReport) and refusal.unreachable
        self._unreachable = self._unreachable + 1 if is_unreachable else 0
        if self._unreachable >= _MOST_FAILED:
            unreachable = GitHubUnavailable(
                f"the download host could not be reached for {_MOST_FAILED} days in a row: this "
                "machine must be allowed to connect to it as well (copilot-reports.github.com, or "
                "copilot-reports.SUBDOMAIN.ghe.com)",
                where=refusal.where,
            )
            unreachable.fails_day = False
            raise unreachable

    def ended(self) -> list[Refusal]:
        """End the streak; gives the failures that were not told yet."""
        untold = [refusal for refusal in self._failed if not isinstance(refusal, BadReport)]
        self._failed.clear()
        self._unreachable = 0
        return untold

    def left(self, where: str, newest: date) -> Refusal:
        """The failure that the streak is as a whole, when the newest day failed as well.

        Args:
            where: Scope and report.
            newest: The newest day.
        """
        first, many = self._failed[0], f"{len(self._failed)} days in a row failed"
        rest = f"and so did the newest, {newest}: the rest of this report is left for the next run"
        if any(isinstance(refusal, BadReport) for refusal in self._failed):
            left = type(first)(f"{many}, {rest}", where=where)
        else:
            left = type(first)(f"{first.hint}; {many}, {rest}", where=first.endpoint or where)
            self.ended()
        left.fails_day = False
        return left

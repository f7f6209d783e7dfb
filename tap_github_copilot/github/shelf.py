"""What was fetched in this run: no report twice, however many streams read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_github_copilot.refusals import BadReport, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tap_github_copilot.github.disk import Spool
    from tap_github_copilot.github.reports import Report, Reports
    from tap_github_copilot.scopes import Scope

Key = tuple["Scope", str, "date"]


class Shelf:
    """Reports as fetched once a run, and what was refused.

    Its methods may be called from several threads, but for `done`.

    Args:
        reports: Fetches what is not here yet.
        readers: How many streams read the rows of each report.
        spool: Where reports wait for their next reader.
    """

    def __init__(self, reports: Reports, readers: Mapping[str, int], spool: Spool) -> None:
        self._reports = reports
        self._readers = readers
        self._spool = spool
        self._known: dict[Key, Report | BadReport] = {}
        self._refused: dict[tuple[Scope, str], Refusal] = {}
        self._read: dict[Key, int] = {}

    def report(self, scope: Scope, report: str, day: date) -> Report:
        """A day's report with its files, fetched again only where the spool had no room.

        Raises:
            BadReport: It stayed broken, now or earlier in this run.
            Refusal: GitHub refuses the scope this report, now or earlier in this run.
        """
        known = self._known.get((scope, report, day))
        if isinstance(known, BadReport):
            raise known
        if known is not None and (known.files or not known.reported):
            return known
        fetched = self._fetch(scope, report, day)
        if known is not None:
            # All rows of a day's report share one moment, over all streams of a run.
            fetched = replace(fetched, fetched_at=known.fetched_at)
        self._known[scope, report, day] = fetched.without_files()
        return fetched

    def facts(self, scope: Scope, report: str, day: date) -> Report:
        """What is known of a day's report, without its files; else as `report`."""
        known = self._known.get((scope, report, day))
        if known is None or isinstance(known, BadReport):
            fetched = self.report(scope, report, day)
            fetched.close()
            return fetched.without_files()
        return known.without_files()

    def done(self, scope: Scope, name: str, report: Report) -> None:
        """A stream has read a report: keep its files for the next one, or drop them."""
        key = (scope, name, report.day)
        self._read[key] = self._read.get(key, 0) + 1
        known = self._known[key]
        if isinstance(known, BadReport) or known.files or not report.files:
            return
        if self._read[key] < self._readers.get(name, 1):
            kept = self._spool.keep(report.files)
            self._known[key] = replace(known, files=kept or ())
        report.close()

    def drop(self, report: Report) -> None:
        """Nobody reads a report after all: drop its files, but for those in the spool."""
        if not self._spool.holds(report.files):
            report.close()

    def close(self) -> None:
        """Drop all files."""
        self._spool.close()

    def _fetch(self, scope: Scope, report: str, day: date) -> Report:
        if (scope, report) in self._refused:
            raise self._refused[scope, report]
        try:
            return self._reports.fetch(scope, report, day)
        except BadReport as bad:
            self._known[scope, report, day] = bad
            raise
        except Refusal as refusal:
            # The first of those that came at once, so that it is told only once.
            raise self._refused.setdefault((scope, report), refusal) from None

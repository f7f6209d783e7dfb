"""Reports that this run has fetched, so that none is fetched twice while that can be helped.

The rows wait in a disk buffer for the streams that read them later. What is known of a
report besides its rows goes to a temporary file as well: the ledger, which is synced last,
needs it of every day of every scope, and in memory that would grow with both.
"""

from __future__ import annotations

import struct
import threading
from array import array
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from tap_github_copilot.errors import ChangedReport, Refusal
from tap_github_copilot.github.reports import Report
from tap_github_copilot.github.temporary_files import TemporaryBytes

if TYPE_CHECKING:
    from tap_github_copilot.github.reports import Reports
    from tap_github_copilot.github.temporary_files import DiskBuffer
    from tap_github_copilot.scopes import Scope

Key = tuple["Scope", str, date]


class ReportCache:
    """Reports as they were first fetched in this run, and what was refused.

    Its methods may be called from several threads, except `done`.

    Args:
        reports: Fetches what is not here yet.
        disk_buffer: Where rows wait for their next reader.
    """

    def __init__(self, reports: Reports, disk_buffer: DiskBuffer) -> None:
        self._reports = reports
        self._disk_buffer = disk_buffer
        self._known = _KnownReports()
        self._failed: dict[Key, Refusal] = {}
        self._refused: dict[tuple[Scope, str], Refusal] = {}

    def report(self, scope: Scope, report: str, day: date, *, once: bool = False) -> Report:
        """A day's report with its files, fetched again only where they found no room.

        Args:
            scope: Whose report it is.
            report: Its name.
            day: Its day.
            once: Do not try a broken report again.

        Raises:
            ChangedReport: It had to be fetched again, and has other rows by now.
            Refusal: GitHub refuses the day (`fails_day`) or the scope this report, now or
                earlier in this run.
        """
        key = (scope, report, day)
        if key in self._failed:
            raise self._failed[key].with_traceback(None)
        known = self._known.get(key)
        if known is None:
            fetched = self._fetch(key, once=once)
            self._known.put(key, _Known(fetched.without_files()))
            return fetched
        if not known.report.reported:
            return known.report
        if known.place is not None:
            files = self._disk_buffer.files(known.place, known.report.file_count)
            return replace(known.report, files=files)
        return self._fetch_again(key, known.report, once=once)

    def facts(self, scope: Scope, report: str, day: date, *, once: bool = False) -> Report:
        """What is known of a day's report, without its files; fetched only if no stream has."""
        if known := self._known.get((scope, report, day)):
            return known.report
        fetched = self.report(scope, report, day, once=once)
        fetched.close()
        return fetched.without_files()

    def known(self, scope: Scope, report: str, day: date) -> Report | None:
        """What is known of a day's report, without its files, if it was fetched."""
        found = self._known.get((scope, report, day))
        return None if found is None else found.report

    def done(self, scope: Scope, name: str, report: Report, *, is_wanted: bool) -> None:
        """A stream has read a report, or did not have to: keep its files or drop them.

        Args:
            scope: Whose report it is.
            name: The report's name.
            report: As it was given to the stream.
            is_wanted: Whether another stream of this run will read its rows.
        """
        if not report.files or self._disk_buffer.holds(report.files):
            return
        key = (scope, name, report.day)
        known = self._known.get(key)
        if known is not None and is_wanted:
            self._known.put(key, replace(known, place=self._disk_buffer.keep(report.files)))
        report.close()

    def drop(self, report: Report) -> None:
        """No stream reads a report after all: drop its files, except those in the disk buffer."""
        if not self._disk_buffer.holds(report.files):
            report.close()

    def refuse(self, scope: Scope, report: str, refusal: Refusal) -> None:
        """Fetch no more of a report of a scope in this run."""
        self._refused.setdefault((scope, report), refusal)

    def close(self) -> None:
        """Drop everything."""
        self._disk_buffer.close()
        self._known.close()

    def _fetch_again(self, key: Key, known: Report, *, once: bool) -> Report:
        """The same report once more, with the moment at which it was first fetched."""
        fetched = self._fetch(key, once=once)
        if fetched.version != known.version:
            fetched.close()
            scope, report, day = key
            raise ChangedReport(
                "GitHub rebuilt this report while the run was reading it; this stream leaves the "
                "day to the next run",
                where=f"{scope}, {report}, {day}",
            )
        return replace(fetched, fetched_at=known.fetched_at)

    def _fetch(self, key: Key, *, once: bool) -> Report:
        scope, report, day = key
        if (scope, report) in self._refused:
            raise self._refused[scope, report]
        try:
            return self._reports.fetch(scope, report, day, once=once)
        except Refusal as refusal:
            if refusal.fails_day:
                self._failed[key] = refusal
                raise
            # The first of those that came at once, so that it is told only once.
            raise self._refused.setdefault((scope, report), refusal) from None


@dataclass(frozen=True)
class _Known:
    """What is known of a report that was fetched.

    Args:
        report: As it was first fetched, without its files.
        place: Where its files are in the disk buffer; None if they are not there.
    """

    report: Report
    place: int | None = None


class _KnownReports:
    """What is known of each report, packed: 141 bytes on disk and 4 in memory."""

    _RECORD = struct.Struct("<i27s40s32sqqqiq??")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._content = TemporaryBytes(memory_limit=2**62)
        self._numbers: dict[tuple[Scope, str], _NumberOfDay] = {}
        self._count = 0

    def get(self, key: Key) -> _Known | None:
        """What is known of a report, if it was fetched."""
        scope, report, day = key
        with self._lock:
            numbers = self._numbers.get((scope, report))
            number = None if numbers is None else numbers.get(day)
            if number is None:
                return None
            packed = self._content.read_at(number * self._RECORD.size, self._RECORD.size)
        return self._unpacked(packed)

    def put(self, key: Key, known: _Known) -> None:
        """Remember what is known of a report."""
        scope, report, day = key
        with self._lock:
            numbers = self._numbers.setdefault((scope, report), _NumberOfDay())
            number = numbers.get(day)
            if number is None:
                number, self._count = self._count, self._count + 1
                numbers.set(day, number)
            self._content.write_at(number * self._RECORD.size, self._packed(known))

    def close(self) -> None:
        """Forget everything."""
        self._content.close()

    def _packed(self, known: _Known) -> bytes:
        report = known.report
        return self._RECORD.pack(
            report.day.toordinal(),
            report.fetched_at.encode(),
            report.version.encode(),
            bytes.fromhex(report.sha256),
            report.row_count,
            report.repeated,
            report.byte_count,
            report.file_count,
            -1 if known.place is None else known.place,
            report.reported,
            report.aggregate,
        )

    def _unpacked(self, packed: bytes) -> _Known:
        (day, fetched_at, version, sha256, rows, repeated, size, files, place, *flags) = (
            self._RECORD.unpack(packed)
        )
        reported, aggregate = flags
        report = Report(
            date.fromordinal(day),
            fetched_at.rstrip(b"\0").decode(),
            reported=reported,
            row_count=rows,
            repeated=repeated,
            byte_count=size,
            file_count=files,
            sha256=sha256.hex() if reported else "",
            version=version.rstrip(b"\0").decode(),
            aggregate=aggregate,
        )
        return _Known(report, None if place < 0 else place)


class _NumberOfDay:
    """A number for each day of a span, in 4 bytes per day."""

    def __init__(self) -> None:
        self._first = 0
        self._numbers = array("i")

    def get(self, day: date) -> int | None:
        place = day.toordinal() - self._first
        if not 0 <= place < len(self._numbers) or self._numbers[place] < 0:
            return None
        return self._numbers[place]

    def set(self, day: date, number: int) -> None:
        place = day.toordinal() - self._first
        if not self._numbers:
            place, self._first = 0, day.toordinal()
        elif place < 0:
            self._numbers = array("i", [-1] * -place) + self._numbers
            place, self._first = 0, day.toordinal()
        missing = place + 1 - len(self._numbers)
        self._numbers.extend([-1] * missing)
        self._numbers[place] = number

"""Reports fetched in this run, in memory and on disk, so that none is downloaded twice."""

from __future__ import annotations

import io
import shutil
import tempfile
import weakref
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from tap_github_copilot.errors import BadReport, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tap_github_copilot.github.reports import Report, Reports
    from tap_github_copilot.scopes import Scope

BUFFER = 256 * 1024
DISK_BUFFER_LIMIT = 1024**3  # bytes


@dataclass(frozen=True)
class ReportFile:
    """One file of a report.

    Args:
        content: What it stands in.
        start: Where in that it begins.
        size: Bytes, after decoding.
        sha256: Of those bytes, as hex digits.
    """

    content: IO[bytes]
    start: int
    size: int
    sha256: str

    def open(self) -> io.BufferedReader:
        """Read it from its start; one reader at a time."""
        return io.BufferedReader(_Window(self.content, self.start, self.size), BUFFER)


class DiskBuffer:
    """Keeps files of reports for streams to come, up to `DISK_BUFFER_LIMIT` bytes in all."""

    def __init__(self, limit: int = DISK_BUFFER_LIMIT) -> None:
        self._limit = limit
        self._content = anonymous_file()
        weakref.finalize(self, self._content.close)  # not every run comes to its end

    def keep(self, files: tuple[ReportFile, ...]) -> tuple[ReportFile, ...] | None:
        """Copies of the files, or None where there is no room for all of them."""
        end = self._content.seek(0, io.SEEK_END)
        if end + sum(file.size for file in files) > self._limit:
            return None
        kept = []
        for file in files:
            start = self._content.seek(0, io.SEEK_END)
            with file.open() as source:
                shutil.copyfileobj(source, self._content, BUFFER)
            kept.append(replace(file, content=self._content, start=start))
        self._content.flush()
        return tuple(kept)

    def holds(self, files: tuple[ReportFile, ...]) -> bool:
        """Whether these files stand here."""
        return any(file.content is self._content for file in files)

    def close(self) -> None:
        """Drop all of it."""
        self._content.close()


def anonymous_file() -> IO[bytes]:
    """A file that is gone as soon as it is closed or the process ends."""
    return tempfile.TemporaryFile(prefix="tap-github-copilot-")


class _Window(io.RawIOBase):
    """A part of a file as a file of its own; leaves the file open."""

    def __init__(self, content: IO[bytes], start: int, size: int) -> None:
        self._content = content
        self._position = start
        self._end = start + size

    def readable(self) -> bool:
        return True

    def readinto(self, into: object) -> int:
        view = memoryview(into).cast("B")  # type: ignore[arg-type]
        length = min(len(view), self._end - self._position)
        self._content.seek(self._position)
        piece = self._content.read(length)
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


Key = tuple["Scope", str, "date"]


class ReportCache:
    """Reports as fetched once a run, and what was refused.

    Its methods may be called from several threads, but for `done`.

    Args:
        reports: Fetches what is not here yet.
        readers: How many streams read the rows of each report.
        disk_buffer: Where reports wait for their next reader.
    """

    def __init__(
        self, reports: Reports, readers: Mapping[str, int], disk_buffer: DiskBuffer
    ) -> None:
        self._reports = reports
        self._readers = readers
        self._disk_buffer = disk_buffer
        self._known: dict[Key, Report | BadReport] = {}
        self._refused: dict[tuple[Scope, str], Refusal] = {}
        self._read: dict[Key, int] = {}

    def report(self, scope: Scope, report: str, day: date) -> Report:
        """A day's report with its files, fetched again only where the disk_buffer had no room.

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
            kept = self._disk_buffer.keep(report.files)
            self._known[key] = replace(known, files=kept or ())
        report.close()

    def drop(self, report: Report) -> None:
        """Nobody reads a report after all: drop its files, but for those in the disk_buffer."""
        if not self._disk_buffer.holds(report.files):
            report.close()

    def close(self) -> None:
        """Drop all files."""
        self._disk_buffer.close()

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

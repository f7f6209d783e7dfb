"""Reports on disk: a file each while one is read, and a spool for those that are read again.

Nothing here has a name in the file system, so nothing stays behind, however a run ends.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import weakref
from dataclasses import dataclass, replace
from typing import IO

BUFFER = 256 * 1024
SPOOL_LIMIT = 1024**3  # bytes


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


class Spool:
    """Keeps files of reports for streams to come, up to `SPOOL_LIMIT` bytes in all."""

    def __init__(self, limit: int = SPOOL_LIMIT) -> None:
        self._limit = limit
        self._content = nameless()
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


def nameless() -> IO[bytes]:
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

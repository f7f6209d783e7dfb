"""Where report files wait until their rows are read: on disk, or in memory where that fails."""

from __future__ import annotations

import errno
import io
import shutil
import struct
import tempfile
import threading
import weakref
from dataclasses import dataclass
from typing import IO

from tap_github_copilot.github.bodies import BUFFER

MEMORY_LIMIT = 64 * 1024**2  # bytes of one report, where there is no temporary folder
DISK_BUFFER_LIMIT = 1024**3  # bytes
_SPARE = 64 * 1024**2  # bytes of the disk that are left to the reports that are still to come
_SIZE = struct.Struct("<q")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_FOLDER = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS}


class NoTemporaryFolderError(Exception):
    """There is no temporary folder, and a report is too large to be held in memory."""

    def __init__(self) -> None:
        super().__init__(
            "there is no temporary folder that can be written, and the report is too large to be "
            f"held in memory (over {MEMORY_LIMIT // 1024**2} MiB): set TMPDIR to a folder that can"
        )


class TemporaryBytes:
    """Bytes in a file without a name, which is gone once it is closed or the process ends.

    In memory, up to a limit, where there is no temporary folder that can be written, its disk
    is full or no file descriptor is left. May be read by one thread while another appends.

    Args:
        memory_limit: The most bytes that are held in memory.
    """

    def __init__(self, memory_limit: int = MEMORY_LIMIT) -> None:
        self._lock = threading.Lock()
        self._memory_limit = memory_limit
        self._too_large: Exception = NoTemporaryFolderError()
        self.size = 0
        self.is_on_disk = True
        self._content: IO[bytes]
        try:
            self._content = _anonymous_file()
        except OSError as error:
            if error.errno not in _NO_FOLDER:
                self._too_large = error
            self._content, self.is_on_disk = io.BytesIO(), False
        self._close = weakref.finalize(self, self._content.close)  # not every run gets to its end

    def append(self, piece: bytes) -> None:
        """Add bytes at the end.

        Raises:
            NoTemporaryFolderError: There is none, and the bytes are too many for memory.
            OSError: The file cannot be written, and they are too many for memory.
        """
        self.write_at(self.size, piece)

    def write_at(self, position: int, piece: bytes) -> None:
        """Write bytes from a position on; raises as `append` does."""
        end = position + len(piece)
        with self._lock:
            if self.is_on_disk:
                try:
                    self._write(position, piece)
                except OSError as error:
                    if error.errno not in _NO_ROOM or end > self._memory_limit:
                        raise
                    self._too_large = error
                    self._move_to_memory()
            if not self.is_on_disk:
                if end > self._memory_limit:
                    raise self._too_large
                self._write(position, piece)
            self.size = max(self.size, end)

    def _write(self, position: int, piece: bytes) -> None:
        self._content.seek(position)
        left = memoryview(piece)
        while left:
            left = left[self._content.write(left) :]

    def _move_to_memory(self) -> None:
        self._content.seek(0)
        content = io.BytesIO(self._content.read(self.size))
        self._close()
        self._content, self.is_on_disk = content, False
        self._close = weakref.finalize(self, content.close)

    def read_at(self, position: int, length: int) -> bytes:
        """At most so many bytes from a position on."""
        with self._lock:
            self._content.seek(position)
            return self._content.read(length)

    def cut(self, size: int) -> None:
        """Drop all bytes from a position on."""
        with self._lock:
            self._content.truncate(size)
            self.size = size

    def close(self) -> None:
        """Drop all of it."""
        self._close()


def _anonymous_file() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="tap-github-copilot-", buffering=0)


@dataclass(frozen=True)
class ReportFile:
    """One file of a report.

    Args:
        content: What holds it.
        start: Where in that it begins.
        size: Bytes, after decoding.
        sha256: Of those bytes, as hex digits; empty once the report was checked.
    """

    content: TemporaryBytes
    start: int
    size: int
    sha256: str = ""

    def open(self) -> io.BufferedReader:
        """Read it from its start."""
        return io.BufferedReader(_Window(self.content, self.start, self.size), BUFFER)


class DiskBuffer:
    """Keeps files of reports for the streams that read them later, as far as there is room.

    Args:
        limit: The most bytes in all.
    """

    def __init__(self, limit: int = DISK_BUFFER_LIMIT) -> None:
        self._limit = limit
        self._content = TemporaryBytes(memory_limit=0)

    def keep(self, files: tuple[ReportFile, ...]) -> int | None:
        """Copy the files of a report; what finds them again, or None where there is no room."""
        start = self._content.size
        if not self._has_room(sum(file.size for file in files)):
            return None
        try:
            self._content.append(b"".join(_SIZE.pack(file.size) for file in files))
            for file in files:
                with file.open() as source:
                    while piece := source.read(BUFFER):
                        self._content.append(piece)
        except OSError:
            self._content.cut(start)
            return None
        return start

    def files(self, start: int, count: int) -> tuple[ReportFile, ...]:
        """The files that `keep` has copied.

        Args:
            start: What it returned.
            count: How many they are.
        """
        table = self._content.read_at(start, _SIZE.size * count)
        position, found = start + len(table), []
        for (size,) in _SIZE.iter_unpack(table):
            found.append(ReportFile(self._content, position, size))
            position += size
        return tuple(found)

    def holds(self, files: tuple[ReportFile, ...]) -> bool:
        """Whether these files stand here."""
        return any(file.content is self._content for file in files)

    def close(self) -> None:
        """Drop all of it."""
        self._content.close()

    def _has_room(self, size: int) -> bool:
        if not self._content.is_on_disk or self._content.size + size > self._limit:
            return False
        try:
            return shutil.disk_usage(tempfile.gettempdir()).free - size > _SPARE
        except OSError:
            return False


class _Window(io.RawIOBase):
    """A part of a file as a file of its own; leaves the file open."""

    def __init__(self, content: TemporaryBytes, start: int, size: int) -> None:
        self._content = content
        self._position = start
        self._end = start + size

    def readable(self) -> bool:
        return True

    def readinto(self, into: object) -> int:
        view = memoryview(into).cast("B")  # type: ignore[arg-type]
        length = min(len(view), self._end - self._position)
        piece = self._content.read_at(self._position, length)
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

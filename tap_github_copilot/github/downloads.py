"""From a signed link to a file on disk: no credentials sent, the body checked to be whole.

The query of a link is its credential: it is never logged, and no error here says more
than the kind of fault.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from tap_github_copilot.github.bodies import BUFFER, BrokenBodyError, read_body
from tap_github_copilot.github.connections import fault_of
from tap_github_copilot.github.json_text import decode
from tap_github_copilot.github.report_files import LARGEST_DOCUMENT
from tap_github_copilot.github.sessions import CONNECT_AND_READ, HeaderAuth, Pace, session_of
from tap_github_copilot.github.temporary_files import ReportFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.temporary_files import TemporaryBytes

_FIRST_ROW = 16 * 1024  # bytes; the largest row that was ever seen has 14.8 KB
_LONGEST_FIRST_ROW = 1024**2  # bytes


class BrokenDownloadError(Exception):
    """A link that did not give its whole file; asking for fresh links may help."""


class UnreachableHostError(BrokenDownloadError):
    """The host of a link cannot be reached from here at all.

    Args:
        text: Why.
        lasts: Whether another try would end in the same way.
    """

    def __init__(self, text: str, *, lasts: bool) -> None:
        super().__init__(text)
        self.lasts = lasts


class Downloads:
    """Fetches the files behind signed links. Safe to call from several threads.

    Args:
        schemes: The URL schemes that a link may have.
        user_agent: Sent with every request.
        connections: How many to each host.
        clock: Measures whether a download makes progress.
    """

    def __init__(
        self, schemes: Collection[str], user_agent: str, connections: int, clock: Clock
    ) -> None:
        self._schemes = schemes
        self._session = session_of(user_agent, connections, Pace(clock))

    def fetch(self, link: str, content: TemporaryBytes) -> ReportFile:
        """Append the whole file behind a link to some content.

        What stands there after an error is not to be used.

        Raises:
            BrokenDownloadError: The link cannot be trusted, it was refused, or the body is not
                whole.
            NoTemporaryFolderError: The file is too large for memory.
            OSError: There is no room for it, for example.
        """
        start, digest = content.size, hashlib.sha256()
        line_start = start

        def keep(piece: bytes) -> None:
            nonlocal line_start
            digest.update(piece)
            content.append(piece)
            if (newline := piece.rfind(b"\n")) >= 0:
                line_start = content.size - len(piece) + newline
            if content.size - line_start > LARGEST_DOCUMENT:  # a few bytes may expand to that
                raise BrokenDownloadError(
                    f"a line of the file has more than {LARGEST_DOCUMENT} bytes"
                )

        self._read(link, keep)
        return ReportFile(content, start, content.size - start, digest.hexdigest())

    def has_rows(self, link: str) -> bool:
        """Whether the file behind a link has rows; no more is read than the first.

        Raises:
            BrokenDownloadError: As `fetch`; or the first row is not a JSON object.
        """
        start = bytearray()

        def look(piece: bytes) -> None:
            start.extend(piece)
            if _first_row(start):
                raise _FoundRow
            if start.isspace():
                start.clear()

        try:
            self._read(link, look, at_once=_FIRST_ROW)
        except _FoundRow:
            return True
        return _first_row(start + b"\n")

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _read(self, link: str, write: Callable[[bytes], object], *, at_once: int = BUFFER) -> None:
        if _scheme(link) not in self._schemes:
            raise BrokenDownloadError("a download link is not https")
        try:
            with self._session.get(
                link,
                auth=HeaderAuth(),
                stream=True,
                timeout=CONNECT_AND_READ,
                allow_redirects=False,
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    raise BrokenDownloadError(f"the download host answered {response.status_code}")
                read_body(response, write, at_once=at_once)
        except BrokenBodyError as error:
            raise BrokenDownloadError(f"a download is not whole: {error}") from None
        except (requests.RequestException, HTTPError) as error:
            raise _broken(error, link) from None


class _FoundRow(Exception):  # noqa: N818 - not an error
    """Ends the reading of a body whose first row was seen."""


def _first_row(start: bytearray) -> bool:
    """Whether the start of a file holds a whole row, as its first line or in an array.

    Raises:
        BrokenDownloadError: Its first line is something else.
    """
    text = bytes(start).removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        entries = text[1:].lstrip()
        if entries[:1] not in {b"", b"]", b"{"}:
            raise BrokenDownloadError("the 28-day report does not hold rows")
        return entries.startswith(b"{")
    line, newline, _ = text.partition(b"\n")
    if not newline:
        if len(line) > _LONGEST_FIRST_ROW:
            raise BrokenDownloadError("the first line of the 28-day report has no end")
        return False
    try:
        row = decode(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise BrokenDownloadError("the 28-day report does not hold rows")
    return True


def _scheme(link: str) -> str:
    """The scheme of a link; empty for what is not a link."""
    try:
        return urlsplit(link).scheme
    except ValueError:
        return ""


def _broken(error: Exception, link: str) -> BrokenDownloadError:
    """What went wrong, without the link.

    Raises:
        OSError: It is a fault of this machine: no file descriptor or memory is left.
    """
    if isinstance(error, BrokenBodyError):
        return BrokenDownloadError(f"a download is not whole: {error}")
    fault = fault_of(error, link)
    if fault.unreachable:
        cure = f"; {fault.cure}" if fault.lasts else ""
        return UnreachableHostError(
            f"the download host cannot be reached: {fault.why}{cure}", lasts=fault.lasts
        )
    return BrokenDownloadError(f"a download broke off: {fault.why}")

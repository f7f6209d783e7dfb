"""A signed link into a file of its own, without credentials.

The query of a link is its credential: it is never logged, and no error here says more
than the kind of fault.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import LocationParseError

from tap_github_copilot.github.bodies import BrokenBodyError, read_body
from tap_github_copilot.github.report_cache import ReportFile, anonymous_file
from tap_github_copilot.github.sessions import CONNECT_AND_READ, HeaderAuth, Pace, session_of

if TYPE_CHECKING:
    from tap_github_copilot.clock import Clock
    from tap_github_copilot.settings import Settings


class BrokenDownloadError(Exception):
    """A link that did not give its whole file; asking for fresh links may help."""


class UnreachableHostError(BrokenDownloadError):
    """The link's host cannot be reached from here at all."""


class Downloads:
    """Fetches the files behind signed links. Safe to call from several threads.

    Args:
        settings: For the allowed schemes, the user agent and the number of connections.
        clock: Measures whether a download makes progress.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._schemes = settings.link_schemes
        self._session = session_of(settings.user_agent, settings.concurrency, Pace(clock))

    def fetch(self, link: str) -> ReportFile:
        """The whole file behind a link.

        Raises:
            BrokenDownloadError: It is no link to trust, it was refused, or the body was short.
        """
        if _scheme(link) not in self._schemes:
            raise BrokenDownloadError("a download link is not https")
        content = anonymous_file()
        try:
            size, sha256 = self._into(content, link)
        except (requests.RequestException, LocationParseError, BrokenBodyError) as error:
            content.close()
            raise _broken(error) from None
        except BaseException:
            content.close()
            raise
        return ReportFile(content, 0, size, sha256)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _into(self, content: IO[bytes], link: str) -> tuple[int, str]:
        digest = hashlib.sha256()
        with self._session.get(
            link, auth=HeaderAuth(), stream=True, timeout=CONNECT_AND_READ, allow_redirects=False
        ) as response:
            if response.status_code != HTTPStatus.OK:
                raise BrokenDownloadError(f"the download host answered {response.status_code}")

            def keep(piece: bytes) -> None:
                digest.update(piece)
                content.write(piece)

            read_body(response, keep)
        content.flush()
        return content.tell(), digest.hexdigest()


def _scheme(link: str) -> str:
    """The scheme of a link; empty for what is none."""
    try:
        return urlsplit(link).scheme
    except ValueError:
        return ""


def _broken(error: Exception) -> BrokenDownloadError:
    """What went wrong, told by its kind alone: the text of most errors holds the link."""
    if isinstance(error, BrokenBodyError):
        return BrokenDownloadError(f"a download is not whole: {error}")
    unreachable = isinstance(error, requests.ConnectTimeout) or any(
        type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "MaxRetryError"}
        for reason in error.args
    )
    if unreachable:
        return UnreachableHostError("the download host cannot be reached")
    return BrokenDownloadError(f"a download broke off ({type(error).__name__})")

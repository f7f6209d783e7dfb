"""A response of GitHub's API, and the envelope of a report."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_github_copilot.errors import NoResource
from tap_github_copilot.github.json_text import decode
from tap_github_copilot.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_github_copilot.errors import NoResource

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Response:
    """One answer of the API, read whole.

    Args:
        status: The HTTP status.
        headers: Case does not matter in its keys.
        body: The bytes of the body, decoded.
        bearer: The credential that was sent; kept only to keep it out of messages.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    bearer: str = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, decoded by `json_text.decode`.

        Raises:
            ValueError: It is not JSON.
        """
        return decode(self.body)

    def json_or_none(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return self.json()
        except ValueError:
            return None

    @property
    def message(self) -> str:
        """GitHub's own words, on one line and without credentials; empty without any."""
        body = self.json_or_none()
        text = body.get("message") if isinstance(body, dict) else body
        return redacted(text, self.bearer) if isinstance(text, str) else ""

    @property
    def is_good(self) -> bool:
        """Whether GitHub did what it was asked for."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_fault(self) -> bool:
        """Whether the same call may well be answered in a while."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_html(self) -> bool:
        """Whether the body is a page for a browser: markup, or called so and not JSON."""
        start = self.body[:1000].removeprefix(_BYTE_ORDER_MARK).lstrip()
        if start.startswith(b"<"):
            return True
        is_called_so = "html" in self.headers.get("content-type", "").lower()
        return is_called_so and bool(start) and self.json_or_none() is None


_SAYS_NO_REPORT = re.compile(
    r"\breports?\b|\bno (data|metrics)\b|not (yet )?(available|generated|ready)", re.IGNORECASE
)


class BadEnvelopeError(Exception):
    """An answer that is neither an envelope nor a way to say that there is no report."""


def links_of(response: Response, day: str | None = None) -> list[str]:
    """The download links of a report; none where there is no report.

    GitHub says "no report" as 204, or as 200 with `download_links` empty or null, an empty
    body, `""`, `null` or another JSON string. Nothing else says anything about the day.

    Args:
        response: A 2xx answer of a report endpoint.
        day: The day asked for, where the report is of one day.

    Raises:
        BadEnvelopeError: It is something else, or about another day.
    """
    if response.status == HTTPStatus.NO_CONTENT:
        return []
    if response.status != HTTPStatus.OK:
        raise BadEnvelopeError(f"GitHub answered {response.status} instead of an envelope")
    envelope = _envelope_in(response)
    if envelope is None or isinstance(envelope, str):
        return []
    if not isinstance(envelope, dict) or "download_links" not in envelope:
        raise BadEnvelopeError("the envelope is not a JSON object with download_links")
    if day is not None and envelope.get("report_day", day) != day:
        raise BadEnvelopeError("the envelope is about another day")
    links = [] if envelope["download_links"] is None else envelope["download_links"]
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        raise BadEnvelopeError("the envelope's download_links are not a list of links")
    return links


def _envelope_in(response: Response) -> Any:
    """The body as JSON; None where it is empty."""
    if not response.body.strip():
        return None
    try:
        return response.json()
    except ValueError:
        raise BadEnvelopeError("the envelope is not JSON") from None


def says_no_report(refusal: NoResource) -> bool:
    """Whether a 404 is about the report rather than about the scope."""
    return _SAYS_NO_REPORT.search(refusal.message) is not None

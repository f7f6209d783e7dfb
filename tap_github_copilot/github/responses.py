"""A response of GitHub's API, the rate limit it may tell of, and the envelope of a report."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_github_copilot.errors import NoResource
from tap_github_copilot.github.json_text import decode
from tap_github_copilot.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_github_copilot.errors import NoResource

_RATE_LIMIT = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_SECONDARY = re.compile(r"secondary|abuse", re.IGNORECASE)


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
    def is_fault(self) -> bool:
        """Whether the same call may well be answered in a while."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True)
class Limit:
    """A rate limit that was met.

    Args:
        all_credentials: A secondary limit, which is about all calls, not one bearer's.
        seconds: How long GitHub said to wait, or None where it did not say.
    """

    all_credentials: bool
    seconds: float | None


def limit_of(response: Response, now: datetime) -> Limit | None:
    """The rate limit that an answer speaks of, if it does."""
    if response.status not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return None
    spent = response.headers.get("x-ratelimit-remaining", "").strip() == "0"
    told = response.headers.get("retry-after")
    named = _RATE_LIMIT.search(response.message) is not None
    if not (spent or told or named or response.status == HTTPStatus.TOO_MANY_REQUESTS):
        return None
    all_credentials = not spent or _SECONDARY.search(response.message) is not None
    return Limit(
        all_credentials, _seconds_told(told, now) or _seconds_to_reset(response, now, spent=spent)
    )


def _seconds_told(retry_after: str | None, now: datetime) -> float | None:
    """`Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3)."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return max(1.0, float(retry_after))
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(1.0, (when - now).total_seconds())


def _seconds_to_reset(response: Response, now: datetime, *, spent: bool) -> float | None:
    reset = response.headers.get("x-ratelimit-reset", "").strip()
    if not spent or not reset.isdigit():
        return None
    return max(1.0, int(reset) - now.timestamp() + 1)


_SAYS_NO_REPORT = re.compile(
    r"\breports?\b|\bno (data|metrics)\b|not (yet )?(available|generated|ready)", re.IGNORECASE
)


class BadEnvelopeError(Exception):
    """An answer that is neither an envelope nor a way to say that there is none."""


def links_of(response: Response, day: str | None = None) -> list[str]:
    """The download links of a report; none where there is no report.

    No report is 204, no links, an empty body, `""`, `null` or a JSON string.

    Args:
        response: A 2xx answer of a report endpoint.
        day: The day asked for, where the report is of one day.

    Raises:
        BadEnvelopeError: It is something else, or of another day.
    """
    if response.status == HTTPStatus.NO_CONTENT or not response.body.strip():
        return []
    try:
        envelope = response.json()
    except ValueError:
        raise BadEnvelopeError("the envelope is not JSON") from None
    if envelope is None or isinstance(envelope, str) or envelope == []:
        return []
    if not isinstance(envelope, dict):
        raise BadEnvelopeError("the envelope is no JSON object")
    links = envelope.get("download_links") or []
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        raise BadEnvelopeError("the envelope's download_links are no list of links")
    if links and day is not None and envelope.get("report_day", day) != day:
        raise BadEnvelopeError("the envelope is of another day")
    return links


def says_no_report(refusal: NoResource) -> bool:
    """Whether a 404 is about the report rather than about the scope."""
    return _SAYS_NO_REPORT.search(refusal.message) is not None

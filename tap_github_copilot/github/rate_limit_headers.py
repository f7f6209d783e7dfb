"""What an answer says about a rate limit, in headers that may hold anything.

A value that makes no sense is treated as if its header was absent. Moments are compared with
the answer's own `Date`, since this machine's clock may be wrong:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_github_copilot.github.responses import Response

_RATE_LIMIT = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_SECONDARY = re.compile(r"secondary|abuse", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,12}")
_HOUR = 3600.0
_LONGEST_RESET = 24 * _HOUR  # a primary limit resets within the hour
_LONGEST_RETRY_AFTER = 31 * 24 * _HOUR
_LONGEST_PAST = _HOUR


@dataclass(frozen=True)
class Limit:
    """A rate limit that was met.

    Args:
        all_credentials: A secondary limit, which is about all calls, not one credential's.
        seconds: How long GitHub said to wait, 0 or less for a moment that has passed; None
            where it did not say.
    """

    all_credentials: bool
    seconds: float | None


def limit_of(response: Response, now: datetime) -> Limit | None:
    """The rate limit that an answer speaks of, if it does.

    Args:
        response: Any answer.
        now: The present by this machine's clock, used where the answer has no date.
    """
    if response.status not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return None
    message = response.message
    is_spent = _number(response, "x-ratelimit-remaining") == 0
    told = retry_after(response, now)
    is_named = _RATE_LIMIT.search(message) is not None
    is_limit = is_spent or is_named or response.status == HTTPStatus.TOO_MANY_REQUESTS
    if not is_limit and told is None:
        return None
    all_credentials = not is_spent or _SECONDARY.search(message) is not None
    if told is None and is_spent:
        told = _seconds_to_reset(response, now)
    return Limit(all_credentials, told)


def retry_after(response: Response, now: datetime) -> float | None:
    """The seconds of `Retry-After`, which is a number or a date (RFC 9110, 10.2.3).

    0 or less is a moment that has passed. None where the header is absent or makes no sense.
    """
    number = _number(response, "retry-after")
    if number is not None:
        return float(number) if number <= _LONGEST_RETRY_AFTER else None
    when = http_date(response.headers.get("retry-after"))
    if when is None:
        return None
    seconds = (when - _now(response, now)).total_seconds()
    return seconds if -_LONGEST_PAST <= seconds <= _LONGEST_RETRY_AFTER else None


def http_date(text: str | None) -> datetime | None:
    """A date as HTTP writes it (RFC 9110, 5.6.7), in UTC; None for anything else."""
    try:
        when = parsedate_to_datetime(text or "")
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _seconds_to_reset(response: Response, now: datetime) -> float | None:
    reset = _number(response, "x-ratelimit-reset")
    if reset is None:
        return None
    seconds = reset - _now(response, now).timestamp() + 1
    return seconds if -_LONGEST_PAST <= seconds <= _LONGEST_RESET else None


def _now(response: Response, now: datetime) -> datetime:
    """The present by GitHub's clock; by this machine's where the answer has no date."""
    return http_date(response.headers.get("date")) or now


def _number(response: Response, header: str) -> int | None:
    text = response.headers.get(header, "").strip()
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None

"""From an HTTP answer of GitHub's API to what it means: fine, a limit, or a refusal.

https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from tap_github_copilot.refusals import (
    POLICY_HINT,
    InvalidPermissions,
    IpNotAllowed,
    NoResource,
    PolicyDisabled,
    Refusal,
    RefusedRequest,
    SsoRequired,
    quoted,
    redacted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SEATS = "/copilot/billing/seats"
_RATE_LIMIT = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_SECONDARY = re.compile(r"secondary|abuse", re.IGNORECASE)
_IP_LIST = re.compile(r"\bip\b.*\ballow", re.IGNORECASE)
_POLICY = re.compile(r"\bpolic(y|ies)\b", re.IGNORECASE)
_SSO = re.compile(r"\bSAML\b|\bSSO\b")
_SSO_URL = re.compile(r"url=(https?://[^\s;,]+)")


@dataclass(frozen=True)
class Answer:
    """One answer of the API, read whole.

    Args:
        status: The HTTP status.
        headers: Case does not matter in its keys.
        body: The bytes of the body, decoded.
        bearer: The credential that was sent; kept only to keep it out of messages.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    bearer: str

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: It is none.
        """
        return msgspec.json.decode(self.body)

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
        everybody: A secondary limit, which is about all calls, not one bearer's.
        seconds: How long GitHub said to wait, or None where it did not say.
    """

    everybody: bool
    seconds: float | None


def limit_of(answer: Answer, now: datetime) -> Limit | None:
    """The rate limit that an answer speaks of, if it does."""
    if answer.status not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return None
    spent = answer.headers.get("x-ratelimit-remaining", "").strip() == "0"
    told = answer.headers.get("retry-after")
    named = _RATE_LIMIT.search(answer.message) is not None
    if not (spent or told or named or answer.status == HTTPStatus.TOO_MANY_REQUESTS):
        return None
    everybody = not spent or _SECONDARY.search(answer.message) is not None
    return Limit(everybody, _seconds_told(told, now) or _seconds_to_reset(answer, now, spent=spent))


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


def _seconds_to_reset(answer: Answer, now: datetime, *, spent: bool) -> float | None:
    reset = answer.headers.get("x-ratelimit-reset", "").strip()
    if not spent or not reset.isdigit():
        return None
    return max(1.0, int(reset) - now.timestamp() + 1)


def refusal_of(answer: Answer, where: str) -> Refusal:
    """The refusal that an answer other than 2xx, 401, a limit or a fault is.

    Args:
        answer: GitHub's answer.
        where: Scope and endpoint, in words.
    """
    if answer.status == HTTPStatus.FORBIDDEN:
        return _forbidden(answer, where)
    if answer.status == HTTPStatus.NOT_FOUND:
        return NoResource(
            "nothing of this name, or nothing this credential may see (GitHub answers 404 to a "
            "token without access, too): compare the slug or login with the URL on GitHub, "
            "mind enterprise or organization, and check role, scopes and, for an App, the "
            f"permission {_permission(where)}" + quoted(answer.message),
            where=where,
            message=answer.message,
        )
    return RefusedRequest(
        f"GitHub answered {answer.status}" + quoted(answer.message) + _request_id(answer),
        where=where,
    )


def _forbidden(answer: Answer, where: str) -> Refusal:
    message = answer.message
    says = quoted(message)
    sso = answer.headers.get("x-github-sso", "")
    if sso or _SSO.search(message):
        url = _SSO_URL.search(sso)
        authorise = (
            f"authorise the token at {url.group(1)}"
            if url
            else (
                "authorise the token for the organization under Settings, Developer settings, "
                "Personal access tokens, Configure SSO"
            )
        )
        return SsoRequired(authorise + says, where=where)
    if _IP_LIST.search(message):
        return IpNotAllowed(
            "this machine's address is not on the IP allow list, which is set at enterprise "
            "level: add it there, or run where the list allows it" + says,
            where=where,
        )
    if _POLICY.search(message):
        return PolicyDisabled(POLICY_HINT + says, where=where)
    return InvalidPermissions(_what_is_missing(answer, where) + says, where=where)


def _what_is_missing(answer: Answer, where: str) -> str:
    """Role, scope or permission, by what GitHub tells of each."""
    accepted = answer.headers.get("x-accepted-github-permissions", "")
    permission = _permission(where)
    if accepted or "not accessible by" in answer.message:
        asks = f" (it needs {redacted(accepted)})" if accepted else ""
        return (
            f"the App or fine-grained token lacks the permission {permission}{asks}; grant it, and "
            "for an App let its owner accept it on the installation"
        )
    enterprise = "/enterprises/" in where
    role = (
        "enterprise owner, billing manager or a custom role with 'View Enterprise Copilot Metrics'"
        if enterprise
        else "organization owner or a custom role with 'View Organization Copilot Metrics'"
    )
    scopes = "manage_billing:copilot or read:enterprise" if enterprise else "read:org"
    if SEATS in where and not enterprise:
        scopes = "manage_billing:copilot or read:org"
    held = answer.headers.get("x-oauth-scopes")
    has = f" (it has: {redacted(held) or 'none'})" if held is not None else ""
    return (
        f"the token's user must be {role}; a classic token needs the scope {scopes}{has}, an App "
        f"the permission {permission}"
    )


def _permission(where: str) -> str:
    """The permission that opens an endpoint, by the name on GitHub's pages."""
    enterprise = "/enterprises/" in where
    if SEATS in where:
        name = "Enterprise Copilot license management" if enterprise else "GitHub Copilot Business"
    else:
        name = f"{'Enterprise' if enterprise else 'Organization'} Copilot metrics"
    return f"'{name}' (read)"


def _request_id(answer: Answer) -> str:
    request_id = answer.headers.get("x-github-request-id", "")
    return f" (request {redacted(request_id)})" if request_id else ""

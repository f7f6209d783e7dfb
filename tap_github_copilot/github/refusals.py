"""From an answer that is not the one wanted to the refusal that a run reports.

https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_github_copilot.endpoints import Kind
from tap_github_copilot.errors import (
    POLICY_HINT,
    InvalidPermissions,
    IpNotAllowed,
    NoResource,
    PolicyDisabled,
    Refusal,
    RefusedRequest,
    SsoRequired,
    quoted,
)
from tap_github_copilot.github.access import access_to
from tap_github_copilot.redaction import redacted

if TYPE_CHECKING:
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.responses import Response

_OF_THE_APP = {Kind.INSTALLATION, Kind.INSTALLATIONS, Kind.ACCESS_TOKEN}
_IP_LIST = re.compile(r"\bip\b.*\ballow", re.IGNORECASE)
_POLICY = re.compile(r"\bpolic(y|ies)\b", re.IGNORECASE)
_SSO = re.compile(r"\bSAML\b|\bSSO\b")
_SSO_URL = re.compile(r"url=(https?://[!-+\--:<-~]{1,1000})")  # printable, without , and ;


def refusal_of(response: Response, endpoint: Endpoint) -> Refusal:
    """The refusal that an answer other than 2xx, 401, 5xx or a rate limit is."""
    if response.status == HTTPStatus.FORBIDDEN:
        return _forbidden(response, endpoint)
    if response.status == HTTPStatus.NOT_FOUND:
        access = access_to(endpoint)
        return NoResource(
            "nothing of this name, or nothing this credential may see (GitHub answers 404 to a "
            "token without access, too): compare the slug or login with the URL on GitHub, "
            "check that it is an enterprise or an organization as configured, and check role, "
            f"scopes and, for an App, {access.permission}{access.not_found}"
            + quoted(response.message),
            where=endpoint,
            message=response.message,
        )
    return RefusedRequest(
        f"GitHub answered {response.status}" + quoted(response.message) + _request_id(response),
        where=endpoint,
        status=response.status,
    )


def _forbidden(response: Response, endpoint: Endpoint) -> Refusal:
    message = response.message
    says = quoted(message)
    sso = response.headers.get("x-github-sso", "")
    if sso or _SSO.search(message):
        return SsoRequired(_authorize(sso) + says, where=endpoint)
    if _IP_LIST.search(message):
        return IpNotAllowed(
            "this machine's address is not on the IP allow list, which is set at enterprise "
            "level: add it there, or run where the list allows it" + says,
            where=endpoint,
        )
    if _POLICY.search(message):
        return PolicyDisabled(POLICY_HINT + says, where=endpoint)
    if endpoint.kind in _OF_THE_APP:
        return InvalidPermissions(
            "GitHub refuses this to the App: its installation may be suspended, which its owner "
            "can lift in the settings, under GitHub Apps" + says,
            where=endpoint,
        )
    return InvalidPermissions(_what_is_missing(response, endpoint) + says, where=endpoint)


def _authorize(sso: str) -> str:
    if url := _SSO_URL.search(sso):
        return f"authorize the token at {url.group(1)}"
    return (
        "authorize the token for the organization under Settings, Developer settings, "
        "Personal access tokens, Configure SSO"
    )


def _what_is_missing(response: Response, endpoint: Endpoint) -> str:
    """Role, scope or permission, by what GitHub tells of each."""
    accepted = response.headers.get("x-accepted-github-permissions", "")
    access = access_to(endpoint)
    if accepted or "not accessible by" in response.message:
        asks = f" (it needs {redacted(accepted)})" if accepted else ""
        return (
            f"the App or fine-grained token lacks {access.permission}{asks}; grant it, and "
            "for an App let its owner accept it on the installation"
        )
    held = response.headers.get("x-oauth-scopes")
    has = f" (it has: {redacted(held) or 'none'})" if held is not None else ""
    return (
        f"the token's user must be {access.role}; a classic token needs the scope "
        f"{access.scopes}{has}, an App {access.permission}"
    )


def _request_id(response: Response) -> str:
    request_id = response.headers.get("x-github-request-id", "")
    return f" (request {redacted(request_id)})" if request_id else ""

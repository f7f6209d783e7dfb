"""From a response other than a good one to the error that a run reports.

https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

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
    redacted,
)
from tap_github_copilot.github.responses import SEATS

if TYPE_CHECKING:
    from tap_github_copilot.github.responses import Response

_IP_LIST = re.compile(r"\bip\b.*\ballow", re.IGNORECASE)
_POLICY = re.compile(r"\bpolic(y|ies)\b", re.IGNORECASE)
_SSO = re.compile(r"\bSAML\b|\bSSO\b")
_SSO_URL = re.compile(r"url=(https?://[^\s;,]+)")


def refusal_of(response: Response, where: str) -> Refusal:
    """The refusal that an answer other than 2xx, 401, a limit or a fault is.

    Args:
        response: GitHub's response.
        where: Scope and endpoint, in words.
    """
    if response.status == HTTPStatus.FORBIDDEN:
        return _forbidden(response, where)
    if response.status == HTTPStatus.NOT_FOUND:
        return NoResource(
            "nothing of this name, or nothing this credential may see (GitHub answers 404 to a "
            "token without access, too): compare the slug or login with the URL on GitHub, "
            "mind enterprise or organization, and check role, scopes and, for an App, the "
            f"permission {_permission(where)}" + quoted(response.message),
            where=where,
            message=response.message,
        )
    return RefusedRequest(
        f"GitHub answered {response.status}" + quoted(response.message) + _request_id(response),
        where=where,
    )


def _forbidden(response: Response, where: str) -> Refusal:
    message = response.message
    says = quoted(message)
    sso = response.headers.get("x-github-sso", "")
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
    return InvalidPermissions(_what_is_missing(response, where) + says, where=where)


def _what_is_missing(response: Response, where: str) -> str:
    """Role, scope or permission, by what GitHub tells of each."""
    accepted = response.headers.get("x-accepted-github-permissions", "")
    permission = _permission(where)
    if accepted or "not accessible by" in response.message:
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
    held = response.headers.get("x-oauth-scopes")
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


def _request_id(response: Response) -> str:
    request_id = response.headers.get("x-github-request-id", "")
    return f" (request {redacted(request_id)})" if request_id else ""

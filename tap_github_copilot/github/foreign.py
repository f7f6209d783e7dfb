"""Answers that GitHub did not write, and redirects of its own.

A proxy, a web filter or a captive portal answers in GitHub's place: with a page of HTML, with
407, or with a redirect to a host of its own.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from tap_github_copilot.errors import NotGitHub, Refusal, RefusedRequest
from tap_github_copilot.redaction import redacted

if TYPE_CHECKING:
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.responses import Response

_REDIRECTS = {301, 302, 303, 307, 308}
_KEEP_METHOD = {307, 308}
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")
_CURE = (
    "let this machine through to the API's host, sign in there, or set HTTPS_PROXY or NO_PROXY; "
    "and check that api_url is the API's URL"
)


def not_github(response: Response, endpoint: Endpoint) -> NotGitHub | None:
    """The refusal that an answer is which somebody else gave; None for one of GitHub's."""
    if response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        what = "a proxy asks for a sign-in of its own (407)"
    elif response.status < HTTPStatus.INTERNAL_SERVER_ERROR and response.is_html:
        what = f"a page of HTML came ({response.status}) where GitHub sends JSON"
    else:
        return None
    return _somebody(what, _via(response), endpoint)


def redirect_of(response: Response, url: str, endpoint: Endpoint) -> str | None:
    """Where a redirect of GitHub's leads on the same host; None for any other answer.

    Args:
        response: The answer.
        url: What was called.
        endpoint: For the refusal.

    Raises:
        NotGitHub: It leads to another host.
        RefusedRequest: It leads to another scheme or port of the host.
    """
    location = response.headers.get("location", "")
    can_follow = endpoint.method == "GET" or response.status in _KEEP_METHOD
    if response.status not in _REDIRECTS or not location or not can_follow:
        return None
    try:
        target = urljoin(url, location)
        ours, theirs = _origin(urlsplit(url)), _origin(urlsplit(target))
    except ValueError:
        return None
    if ours != theirs:
        raise _elsewhere(response, ours, theirs, endpoint)
    return target


def _elsewhere(
    response: Response, ours: tuple[str, str, int], theirs: tuple[str, str, int], endpoint: Endpoint
) -> Refusal:
    scheme, host, port = theirs
    shown = f"{scheme}://{host if _HOST.fullmatch(host) else '?'}"
    shown += "" if port == _PORTS.get(scheme) else f":{port}"
    if host == ours[1]:
        return RefusedRequest(
            f"GitHub answered {response.status} and redirects to {shown}: check api_url",
            where=endpoint,
            status=response.status,
        )
    return _somebody(f"the call was redirected ({response.status})", f" to {shown}", endpoint)


def _somebody(what: str, address: str, endpoint: Endpoint) -> NotGitHub:
    return NotGitHub(
        f"{what}{address}: a proxy, web filter or captive portal stands between this machine and "
        f"GitHub; {_CURE}",
        where=endpoint,
    )


def _via(response: Response) -> str:
    """The host that passed the answer on, if it says so (RFC 9110, 7.6.3)."""
    words = redacted(response.headers.get("via", "")).split()
    host = words[1].rstrip(",") if len(words) > 1 else ""
    return f" from {host}" if _HOST.fullmatch(host) else ""


def _origin(url: SplitResult) -> tuple[str, str, int]:
    return url.scheme, (url.hostname or "").lower(), url.port or _PORTS.get(url.scheme, 0)

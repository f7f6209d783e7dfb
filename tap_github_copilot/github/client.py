"""The one door for calls to GitHub's API: version header, rate_limiter, waits, retries, pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from tap_github_copilot.errors import RefusedRequest
from tap_github_copilot.github.rate_limit import MAX_CONCURRENT, RateLimiter
from tap_github_copilot.github.responses import Response
from tap_github_copilot.github.retry import RetryPolicy
from tap_github_copilot.github.sessions import CONNECT_AND_READ, HeaderAuth, Pace, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.credentials import Credential
    from tap_github_copilot.settings import Settings

API_VERSION = "2026-03-10"
LONGEST_CALL = 300.0  # seconds, from the request to the end of the answer


class Client:
    """Calls GitHub's API and hands back good answers; all else is a refusal.

    Passing faults are tried again, limits are waited for, a credential that was good before is
    renewed when it is refused. Safe to call from several threads.

    Args:
        settings: For `api_url` and `user_agent`.
        clock: Does the waiting.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._url = settings.api_url
        self._clock = clock
        self._rate_limiter = RateLimiter(clock)
        pace = Pace(clock, total=LONGEST_CALL)
        self._session = session_of(settings.user_agent, MAX_CONCURRENT, pace)
        self._session.headers["Accept"] = "application/vnd.github+json"
        self._session.headers["X-GitHub-Api-Version"] = API_VERSION

    def get(
        self,
        path: str,
        credential: Credential,
        *,
        scope: object,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """GET a path.

        Args:
            path: Below the API's URL.
            credential: What to sign in with.
            scope: Named in a refusal.
            query: Nothing secret: it is named in a refusal.

        Raises:
            Refusal: Whatever GitHub answered instead of 2xx, in the end.
        """
        return self._call("GET", path, credential, scope, query or {})

    def post(self, path: str, credential: Credential, *, scope: object) -> Response:
        """POST to a path, without a body; else as `get`."""
        return self._call("POST", path, credential, scope, {})

    def pages(
        self, path: str, credential: Credential, *, scope: object, query: Mapping[str, str]
    ) -> Iterator[Response]:
        """GET all pages of a list, by the Link header's rel="next".

        Raises:
            Refusal: As `get`; also where a link leads to another host.
        """
        seen = set()
        step: tuple[str, dict[str, str]] | None = (path, dict(query))
        while step and (step[0], urlencode(step[1])) not in seen:
            seen.add((step[0], urlencode(step[1])))
            response = self.get(step[0], credential, scope=scope, query=step[1])
            yield response
            step = self._next(response, where=f"{scope}, GET {path}")

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _next(self, response: Response, where: str) -> tuple[str, dict[str, str]] | None:
        links = requests.utils.parse_header_links(response.headers.get("link", ""))
        target = next((link["url"] for link in links if link.get("rel") == "next"), None)
        if target is None:
            return None
        ours, theirs = urlsplit(self._url), urlsplit(target)
        same_host = (ours.scheme, ours.netloc.lower()) == (theirs.scheme, theirs.netloc.lower())
        if not same_host or not theirs.path.startswith(ours.path):
            raise RefusedRequest("the link to the next page leads to another host", where=where)
        return theirs.path.removeprefix(ours.path), dict(parse_qsl(theirs.query))

    def _call(
        self,
        method: str,
        path: str,
        credential: Credential,
        scope: object,
        query: Mapping[str, str],
    ) -> Response:
        shown = f"?{urlencode(query)}" if query else ""
        retry = RetryPolicy(
            f"{scope}, {method} {path}{shown}", credential, self._clock, self._rate_limiter
        )
        while True:
            self._rate_limiter.wait_until_open(credential.name)
            token = credential.token()
            try:
                with self._rate_limiter.passing(credential.name):
                    retry.before()
                    response = self._request(method, path, query, token)
                    if not response.is_fault:
                        # Settled before the next call starts, which it may have to hold back.
                        if response.status != HTTPStatus.UNAUTHORIZED:
                            credential.accepted(token)
                        if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                            return response
                        retry.after(response)
                        continue
            except requests.RequestException as error:
                # The error's own text holds the URL.
                retry.after_fault(f"no answer ({type(error).__name__})")
                continue
            retry.after_fault(f"GitHub answered {response.status}")

    def _request(self, method: str, path: str, query: Mapping[str, str], token: str) -> Response:
        response = self._session.request(
            method,
            self._url + path,
            params=query,
            auth=HeaderAuth(token),
            timeout=CONNECT_AND_READ,
            allow_redirects=False,
        )
        return Response(response.status_code, response.headers, response.content, token)

"""The one door for calls to GitHub's API: version header, rate_limiter, waits, retries, pages."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import requests

from tap_github_copilot.errors import Refusal, RefusedRequest
from tap_github_copilot.github.rate_limit import MAX_CONCURRENT, RateLimiter
from tap_github_copilot.github.responses import Response
from tap_github_copilot.github.retry import RetryPolicy
from tap_github_copilot.github.sessions import CONNECT_AND_READ, HeaderAuth, Pace, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.credentials import Credential

API_VERSION = "2026-03-10"
LONGEST_CALL = 300.0  # seconds, from the request to the end of the answer


class Client:
    """Calls GitHub's API and hands back good answers; all else is a refusal.

    Passing faults are tried again, limits are waited for, a credential that was good before is
    renewed when it is refused. Safe to call from several threads.

    Args:
        api_url: Without a slash at its end.
        user_agent: Sent with every call.
        clock: Does the waiting.
    """

    def __init__(self, api_url: str, user_agent: str, clock: Clock) -> None:
        self._url = api_url
        self._clock = clock
        self._rate_limiter = RateLimiter(clock)
        pace = Pace(clock, total=LONGEST_CALL)
        self._session = session_of(user_agent, MAX_CONCURRENT, pace)
        self._session.headers["Accept"] = "application/vnd.github+json"
        self._session.headers["X-GitHub-Api-Version"] = API_VERSION

    def call(self, endpoint: Endpoint, credential: Credential) -> Response:
        """The good answer (2xx) of an endpoint.

        Raises:
            Refusal: Whatever GitHub answered instead, in the end.
        """
        retry = RetryPolicy(endpoint, credential, self._clock, self._rate_limiter)
        while True:
            self._rate_limiter.wait_until_open(credential.name)
            token = self.bearer(credential)
            try:
                with self._rate_limiter.passing(credential.name):
                    retry.before()
                    response = self._request(endpoint, token)
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

    def bearer(self, credential: Credential) -> str:
        """The credential's token; makes the calls that it needs for it.

        Raises:
            Refusal: GitHub gives it none.
        """
        with closing(credential.flow()) as flow:
            step = partial(next, flow)
            try:
                while True:
                    needed = step()
                    try:
                        step = partial(flow.send, self.call(*needed))
                    except Refusal as refusal:
                        step = partial(flow.throw, refusal)
            except StopIteration as done:
                token: str = done.value
                return token

    def pages(self, endpoint: Endpoint, credential: Credential) -> Iterator[Response]:
        """The answers with all pages of a listing, by the Link header's rel="next".

        Raises:
            Refusal: As `call`; also where a link leads to another host.
        """
        seen: set[Endpoint] = set()
        page: Endpoint | None = endpoint
        while page and page not in seen:
            seen.add(page)
            response = self.call(page, credential)
            yield response
            page = self._next(response, page)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _next(self, response: Response, page: Endpoint) -> Endpoint | None:
        links = requests.utils.parse_header_links(response.headers.get("link", ""))
        target = next((link["url"] for link in links if link.get("rel") == "next"), None)
        if target is None:
            return None
        ours, theirs = urlsplit(self._url), urlsplit(target)
        same_host = (ours.scheme, ours.netloc.lower()) == (theirs.scheme, theirs.netloc.lower())
        if not same_host or not theirs.path.startswith(ours.path):
            raise RefusedRequest("the link to the next page leads to another host", where=page)
        path = theirs.path.removeprefix(ours.path)
        return replace(page, path=path, query=tuple(parse_qsl(theirs.query)))

    def _request(self, endpoint: Endpoint, token: str) -> Response:
        response = self._session.request(
            endpoint.method,
            self._url + endpoint.target,
            auth=HeaderAuth(token),
            timeout=CONNECT_AND_READ,
            allow_redirects=False,
        )
        return Response(response.status_code, response.headers, response.content, token)

"""The only way to call GitHub's API: signs in, obeys the rate limits, tries again, turns pages."""

from __future__ import annotations

import io
import re
from contextlib import closing
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import requests
from urllib3.exceptions import HTTPError

from tap_github_copilot.errors import Refusal, RefusedRequest
from tap_github_copilot.github.bodies import API_BODY_LIMIT, BrokenBodyError, read_body
from tap_github_copilot.github.connections import ConnectionFault, fault_of
from tap_github_copilot.github.rate_limit import MAX_CONCURRENT, RateLimiter
from tap_github_copilot.github.responses import Response
from tap_github_copilot.github.retry import CALL_PAUSES, RetryPolicy
from tap_github_copilot.github.sessions import CONNECT_AND_READ, HeaderAuth, Pace, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.credentials import Credential

API_VERSION = "2026-03-10"
LONGEST_CALL = 300.0  # seconds, from the request to the end of the answer
MOST_PAGES = 5000  # of one listing: 500,000 entries
_MOST_EQUAL_PAGES = 10
_PAGES_AFTER_LAST = 100  # that a listing may grow by while it is read
_PAGE_NUMBER = re.compile(r"[?&]page=([0-9]{1,6})(?:&|$)")


class Client:
    """Calls GitHub's API and hands back good answers; every other answer is a refusal.

    Faults that pass are tried again, rate limits are waited for, a credential that was good
    before is renewed when it is refused. A host that cannot be reached is not called again.
    Safe to use from several threads.

    Args:
        api_url: Without a slash at its end.
        user_agent: Sent with every call.
        clock: Does the waiting.
    """

    def __init__(self, api_url: str, user_agent: str, clock: Clock) -> None:
        self._url = api_url
        self._clock = clock
        self._rate_limiter = RateLimiter(clock)
        self._has_answered = False
        pace = Pace(clock, total=LONGEST_CALL)
        self._session = session_of(user_agent, MAX_CONCURRENT, pace)
        self._session.headers["Accept"] = "application/vnd.github+json"
        self._session.headers["X-GitHub-Api-Version"] = API_VERSION

    def call(self, endpoint: Endpoint, credential: Credential, *, once: bool = False) -> Response:
        """The good answer (2xx) of an endpoint.

        Args:
            endpoint: What is called.
            credential: What the call signs in with.
            once: Whether to give up at the first fault; rate limits are waited for all the same.

        Raises:
            Refusal: Whatever GitHub answered instead, in the end.
            OSError: This machine has no file descriptor or memory left for a call.
        """
        url = self._url + endpoint.target
        pauses = () if once else CALL_PAUSES
        retry = RetryPolicy(
            endpoint, url, credential, self._clock, self._rate_limiter, pauses=pauses
        )
        while True:
            self._rate_limiter.wait_until_open(credential.name)
            token = self.bearer(credential)
            with self._rate_limiter.passing(credential.name):
                retry.before()
                if response := retry.good(self._send(endpoint.method, retry.url, token)):
                    return response
            retry.pause()

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
            Refusal: As `call`; also where a link leads to another host, or there is no end of
                pages.
        """
        seen: set[Endpoint] = set()
        page: Endpoint | None = endpoint
        body, equal, most = b"", 0, MOST_PAGES
        while page and page not in seen:
            seen.add(page)
            response = self.call(page, credential)
            equal = equal + 1 if response.body == body else 0
            if len(seen) == 1:
                most = min(most, _last_page(response) + _PAGES_AFTER_LAST)
            if equal >= _MOST_EQUAL_PAGES or len(seen) > most:
                raise RefusedRequest(
                    f"the listing does not end: GitHub still names a next page after {len(seen)}",
                    where=endpoint,
                )
            body = response.body
            yield response
            page = self._next(response, page)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _next(self, response: Response, page: Endpoint) -> Endpoint | None:
        """The page that the Link header names as the next one (RFC 8288); None without one."""
        target = _link(response, "next")
        if target is None:
            return None
        try:
            ours, theirs = urlsplit(self._url), urlsplit(target)
        except ValueError:
            raise RefusedRequest("the link to the next page is not a URL", where=page) from None
        same_host = (ours.scheme, ours.netloc.lower()) == (theirs.scheme, theirs.netloc.lower())
        if not same_host or not theirs.path.startswith(ours.path):
            raise RefusedRequest("the link to the next page leads to another host", where=page)
        path = theirs.path.removeprefix(ours.path)
        return replace(page, path=path, query=tuple(parse_qsl(theirs.query)))

    def _send(self, method: str, url: str, token: str) -> Response | ConnectionFault:
        try:
            with self._session.request(
                method,
                url,
                auth=HeaderAuth(token),
                timeout=CONNECT_AND_READ,
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = _body_of(answer)
        except (OSError, HTTPError, BrokenBodyError, ValueError) as error:
            fault = fault_of(error, url)
            return replace(
                fault,
                unreachable=fault.unreachable or (fault.no_sign_of_life and not self._has_answered),
            )
        self._has_answered = True
        return Response(answer.status_code, answer.headers, body, token)


def _last_page(response: Response) -> int:
    """The number of the last page, as far as the Link header of the first page tells."""
    number = _PAGE_NUMBER.search(_link(response, "last") or "")
    return int(number.group(1)) if number else MOST_PAGES


def _link(response: Response, relation: str) -> str | None:
    """The target of a Link header (RFC 8288)."""
    links = requests.utils.parse_header_links(response.headers.get("link", ""))
    return next((link["url"] for link in links if link.get("rel") == relation), None)


def _body_of(answer: requests.Response) -> bytes:
    body = io.BytesIO()
    try:
        read_body(answer, body.write, limit=API_BODY_LIMIT, ends_itself=True)
    except BrokenBodyError:
        # A refusal without a body often has no framing either: its status says all.
        if answer.status_code < HTTPStatus.MULTIPLE_CHOICES or body.getvalue():
            raise
    return body.getvalue()

"""The one door for calls to GitHub's API: version header, gate, waits, retries, pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter

from tap_github_copilot.github.answers import Answer
from tap_github_copilot.github.gate import AT_ONCE, Gate
from tap_github_copilot.github.patience import Patience
from tap_github_copilot.refusals import RefusedRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.bearers import Bearer
    from tap_github_copilot.settings import Settings

API_VERSION = "2026-03-10"
CONNECT_AND_READ = (10.0, 60.0)


class HeaderAuth(requests.auth.AuthBase):
    """Sets the Authorization header, or none, and so keeps ~/.netrc out of it."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign the request."""
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def session_of(user_agent: str, connections: int) -> requests.Session:
    """A session that keeps so many connections to a host open; safe for several threads."""
    session = requests.Session()
    session.headers["User-Agent"] = user_agent
    adapter = HTTPAdapter(pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class Api:
    """Calls GitHub's API and hands back good answers; all else is a refusal.

    Passing faults are tried again, limits are waited for, a bearer that was good before is
    renewed when it is refused. Safe to call from several threads.

    Args:
        settings: For `api_url` and `user_agent`.
        clock: Does the waiting.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._url = settings.api_url
        self._clock = clock
        self._gate = Gate(clock)
        self._session = session_of(settings.user_agent, AT_ONCE)
        self._session.headers["Accept"] = "application/vnd.github+json"
        self._session.headers["X-GitHub-Api-Version"] = API_VERSION

    def get(
        self, path: str, bearer: Bearer, *, scope: object, query: Mapping[str, str] | None = None
    ) -> Answer:
        """GET a path.

        Args:
            path: Below the API's URL.
            bearer: What to sign in with.
            scope: Named in a refusal.
            query: Nothing secret: it is named in a refusal.

        Raises:
            Refusal: Whatever GitHub answered instead of 2xx, in the end.
        """
        return self._call("GET", path, bearer, scope, query or {})

    def post(self, path: str, bearer: Bearer, *, scope: object) -> Answer:
        """POST to a path, without a body; else as `get`."""
        return self._call("POST", path, bearer, scope, {})

    def pages(
        self, path: str, bearer: Bearer, *, scope: object, query: Mapping[str, str]
    ) -> Iterator[Answer]:
        """GET all pages of a list, by the Link header's rel="next".

        Raises:
            Refusal: As `get`; also where a link leads to another host.
        """
        seen = set()
        step: tuple[str, dict[str, str]] | None = (path, dict(query))
        while step and (step[0], urlencode(step[1])) not in seen:
            seen.add((step[0], urlencode(step[1])))
            answer = self.get(step[0], bearer, scope=scope, query=step[1])
            yield answer
            step = self._next(answer, where=f"{scope}, GET {path}")

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _next(self, answer: Answer, where: str) -> tuple[str, dict[str, str]] | None:
        links = requests.utils.parse_header_links(answer.headers.get("link", ""))
        target = next((link["url"] for link in links if link.get("rel") == "next"), None)
        if target is None:
            return None
        ours, theirs = urlsplit(self._url), urlsplit(target)
        same_host = (ours.scheme, ours.netloc.lower()) == (theirs.scheme, theirs.netloc.lower())
        if not same_host or not theirs.path.startswith(ours.path):
            raise RefusedRequest("the link to the next page leads to another host", where=where)
        return theirs.path.removeprefix(ours.path), dict(parse_qsl(theirs.query))

    def _call(
        self, method: str, path: str, bearer: Bearer, scope: object, query: Mapping[str, str]
    ) -> Answer:
        shown = f"?{urlencode(query)}" if query else ""
        patience = Patience(f"{scope}, {method} {path}{shown}", bearer, self._clock, self._gate)
        while True:
            self._gate.wait_until_open(bearer.name)
            token = bearer.token()
            try:
                with self._gate.passing(bearer.name):
                    patience.before()
                    answer = self._request(method, path, query, token)
                    if not answer.is_fault:
                        # Settled before the next call starts, which it may have to hold back.
                        if answer.status != HTTPStatus.UNAUTHORIZED:
                            bearer.accepted(token)
                        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                            return answer
                        patience.after(answer)
                        continue
            except requests.RequestException as error:
                # The error's own text holds the URL.
                patience.after_fault(f"no answer ({type(error).__name__})")
                continue
            patience.after_fault(f"GitHub answered {answer.status}")

    def _request(self, method: str, path: str, query: Mapping[str, str], token: str) -> Answer:
        response = self._session.request(
            method,
            self._url + path,
            params=query,
            auth=HeaderAuth(token),
            timeout=CONNECT_AND_READ,
            allow_redirects=False,
        )
        return Answer(response.status_code, response.headers, response.content, token)

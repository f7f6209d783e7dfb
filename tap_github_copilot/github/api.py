"""The one door for calls to GitHub's API: version header, gate, waits, retries, pages."""

from __future__ import annotations

import logging
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import backoff
import requests
from requests.adapters import HTTPAdapter

from tap_github_copilot.github.answers import Answer, limit_of, refusal_of
from tap_github_copilot.github.gate import AT_ONCE, EVERYBODY, Gate
from tap_github_copilot.refusals import (
    GitHubUnavailable,
    InvalidCredentials,
    RateLimited,
    RefusedRequest,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.answers import Limit
    from tap_github_copilot.settings import Settings

API_VERSION = "2026-03-10"
CONNECT_AND_READ = (10.0, 60.0)
TRIES = 5
LONGEST_WAIT = 5400.0  # a primary limit resets within the hour
_LIMIT_WAIT = 60.0
_SKEW = 30.0

logger = logging.getLogger("tap-github-copilot")


class Bearer(Protocol):
    """What a call signs in with."""

    name: str
    """Whose rate limit its calls count on."""
    what: str
    """What is refused when GitHub answers 401, in words."""
    ends_run: bool
    """Whether nothing else can be answered once it is refused."""

    def token(self) -> str:
        """The present bearer token; makes or renews it where needed."""

    def renew(self, refused: str) -> bool:
        """Whether there is another token to try instead of the refused one."""

    def accepted(self, token: str) -> None:
        """Note that GitHub did not refuse this token."""


class HeaderAuth(requests.auth.AuthBase):
    """Sets the Authorization header, or none, and so keeps ~/.netrc out of it."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign the request."""
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Api:
    """Calls GitHub's API and hands back good answers; all else is a refusal.

    Passing faults are tried again, limits are waited for, a refused bearer is renewed
    once. Safe to call from several threads.

    Args:
        settings: For `api_url` and `user_agent`.
        clock: Does the waiting.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._url = settings.api_url
        self._clock = clock
        self._gate = Gate(clock)
        self._session = requests.Session()
        self._session.headers.update(
            {
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
                "User-Agent": settings.user_agent,
            }
        )
        adapter = HTTPAdapter(pool_maxsize=AT_ONCE)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

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
        patience = _Patience(f"{scope}, {method} {path}{shown}", bearer, self._clock, self._gate)
        while True:
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


class _Patience:
    """What one call does about answers it did not want: waits and lets go on, or refuses."""

    def __init__(self, where: str, bearer: Bearer, clock: Clock, gate: Gate) -> None:
        self._where = where
        self._bearer = bearer
        self._clock = clock
        self._gate = gate
        self._pauses = _pauses()
        self._limits = 0
        self._waited = 0.0

    def before(self) -> None:
        """Refuse a call during a limit that an earlier call gave up on."""
        if (seconds := self._gate.given_up(self._bearer.name)) > 0:
            raise self._limited(seconds)

    def after(self, answer: Answer) -> None:
        if limit := limit_of(answer, self._clock.now()):
            self._after_limit(answer, limit)
        elif answer.status == HTTPStatus.UNAUTHORIZED:
            if not self._bearer.renew(answer.bearer):
                refusal = unauthorized(answer, self._bearer, self._clock.now(), self._where)
                if refusal.ends_run:
                    self._gate.shut(self._bearer.name, refusal)
                raise refusal
        else:
            raise refusal_of(answer, self._where)

    def after_fault(self, why: str) -> None:
        pause = next(self._pauses, None)
        if pause is None:
            raise GitHubUnavailable(
                f"{why}, tried {TRIES} times: see https://www.githubstatus.com and this machine's "
                "way to the API; the next run goes on from here",
                where=self._where,
            )
        logger.info("%s: %s; next try in %.0f s", self._where, why, pause)
        self._clock.wait(pause)

    def _after_limit(self, answer: Answer, limit: Limit) -> None:
        seconds = limit.seconds or _LIMIT_WAIT * 2**self._limits
        self._limits += 1
        self._waited += seconds
        who = EVERYBODY if limit.everybody else self._bearer.name
        if self._waited > LONGEST_WAIT:
            self._gate.give_up(seconds, who)
            raise self._limited(seconds, answer.message)
        logger.warning(
            "%s: %s rate limit met; waiting %.0f s, until %s",
            self._where,
            "secondary" if limit.everybody else "primary",
            seconds,
            self._until(seconds),
        )
        self._gate.hold(seconds, who)

    def _limited(self, seconds: float, message: str = "") -> RateLimited:
        return RateLimited(
            f"GitHub wants to be left alone until {self._until(seconds)}; run again after that"
            + quoted(message),
            where=self._where,
        )

    def _until(self, seconds: float) -> str:
        return f"{self._clock.now() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def unauthorized(answer: Answer, bearer: Bearer, now: datetime, where: str) -> InvalidCredentials:
    """The refusal that a 401 is; tells a clock that goes wrong from a bad credential."""
    hint = f"GitHub refused {bearer.what}" + quoted(answer.message)
    if skew := _skew(answer, now):
        hint += f"; this machine's clock is {skew}: set it right"
    return InvalidCredentials(hint, where=where, ends_run=bearer.ends_run)


def _pauses() -> Iterator[float]:
    """Seconds between the tries: 1, 2, 4, 8."""
    seconds: Any = backoff.expo()
    next(seconds)  # the first is always 0
    for _ in range(TRIES - 1):
        yield float(next(seconds))


def _skew(answer: Answer, now: datetime) -> str:
    try:
        seconds = (now - parsedate_to_datetime(answer.headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return ""
    if abs(seconds) < _SKEW:
        return ""
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} GitHub's"

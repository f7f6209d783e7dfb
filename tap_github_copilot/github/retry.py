"""What follows from an answer: it is used, the call is tried again, or it is refused.

There is one way to space tries: a tuple of pauses, one before each further try.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_github_copilot.errors import (
    GitHubUnavailable,
    InvalidCredentials,
    RateLimited,
    RefusedRequest,
    quoted,
)
from tap_github_copilot.github.connections import ConnectionFault
from tap_github_copilot.github.foreign import not_github, redirect_of
from tap_github_copilot.github.rate_limit import ALL_CREDENTIALS
from tap_github_copilot.github.rate_limit_headers import http_date, limit_of, retry_after
from tap_github_copilot.github.refusals import refusal_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.credentials import Credential
    from tap_github_copilot.github.rate_limit import RateLimiter
    from tap_github_copilot.github.rate_limit_headers import Limit
    from tap_github_copilot.github.responses import Response

Pauses = tuple[float, ...]
CALL_PAUSES: Pauses = (1.0, 2.0, 4.0, 8.0)  # seconds before each further try of a call
CONTENT_PAUSES: Pauses = (2.0, 5.0, 12.0)  # of something that was answered, but is broken
LONGEST_WAIT = 5400.0  # seconds for the rate limits of one call; a primary one resets in an hour
LONGEST_RETRY_AFTER = 900.0  # seconds for what 5xx answers of one call ask for
_LIMIT_WAIT = 60.0
_SKEW = 30.0

logger = logging.getLogger("tap-github-copilot")


def tries(pauses: Pauses, clock: Clock) -> Iterator[int]:
    """The number of each try, from 1; waits before every further one."""
    yield 1
    for number, pause in enumerate(pauses, 2):
        clock.wait(pause)
        yield number


class RetryPolicy:
    """Retry state of one API call across its attempts.

    Args:
        endpoint: What is called.
        url: Where to call it.
        credential: What the call signs in with.
        clock: Does the waiting.
        rate_limiter: Holds other calls back, too, where a limit or a dead host is about them.
        pauses: Seconds before each further try of a call that meets a fault.

    Attributes:
        url: Where to call it next, which a redirect changes.
    """

    def __init__(  # noqa: PLR0913 - one call: what, where, as whom, how often
        self,
        endpoint: Endpoint,
        url: str,
        credential: Credential,
        clock: Clock,
        rate_limiter: RateLimiter,
        *,
        pauses: Pauses = CALL_PAUSES,
    ) -> None:
        self.url = url
        self._endpoint = endpoint
        self._credential = credential
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._pauses = iter(pauses)
        self._pause = 0.0
        self._tries = 0
        self._limits = 0
        self._had_passed_moment = False
        self._waited = 0.0
        self._obeyed = 0.0
        self._redirect = 0

    def before(self) -> None:
        """Refuse a call during a limit that an earlier call gave up on.

        Raises:
            RateLimited: There is one.
        """
        if (seconds := self._rate_limiter.given_up(self._credential.name)) > 0:
            raise self._limited(seconds)
        self._tries += 1

    def good(self, answer: Response | ConnectionFault) -> Response | None:
        """The answer if it is a good one; None if the call is to be tried again.

        Called before the next call may start, which a limit may have to hold back.

        Raises:
            Refusal: Another try is of no use.
        """
        if isinstance(answer, ConnectionFault):
            self._after_connection_fault(answer)
        elif answer.is_fault:
            self._after_server_error(answer)
        elif self._is_good(answer):
            return answer
        return None

    def pause(self) -> None:
        """Wait as long as is due before another try."""
        pause, self._pause = self._pause, 0.0
        self._clock.wait(pause)

    def _is_good(self, response: Response) -> bool:
        if response.status == HTTPStatus.UNAUTHORIZED and not response.is_html:
            self._after_unauthorized(response)
            return False
        if limit := limit_of(response, self._clock.now()):
            self._credential.accepted(response.bearer)
            self._after_limit(response, limit)
            return False
        target = redirect_of(response, self.url, self._endpoint)
        if target is None and (refusal := not_github(response, self._endpoint)):
            raise refusal
        self._credential.accepted(response.bearer)
        if response.is_good:
            return True
        self._follow(target, response)
        return False

    def _after_connection_fault(self, fault: ConnectionFault) -> None:
        pause = None if fault.lasts else next(self._pauses, None)
        why = f"no answer: {fault.why}"
        if pause is None:
            refusal = GitHubUnavailable(
                f"{why}, tried {self._times}: {fault.cure}; the next run goes on from here",
                where=self._endpoint,
                ends_run=fault.unreachable and (fault.lasts or self._tries > 1),
            )
            if refusal.ends_run:
                self._rate_limiter.shut(ALL_CREDENTIALS, refusal)
            raise refusal
        self._wait_for(pause, why)

    def _after_server_error(self, response: Response) -> None:
        pause = next(self._pauses, None)
        why = f"GitHub answered {response.status}"
        if pause is None:
            raise GitHubUnavailable(
                f"{why}, tried {self._times}: see https://www.githubstatus.com; the next run goes "
                "on from here",
                where=self._endpoint,
                status=response.status,
            )
        told = retry_after(response, self._clock.now())
        left = LONGEST_RETRY_AFTER - self._obeyed
        if told is not None and left > 0:
            pause = min(max(1.0, told), left)
            self._obeyed += pause
        self._wait_for(pause, why)

    def _after_unauthorized(self, response: Response) -> None:
        if self._credential.renew(response.bearer):
            return
        refusal = unauthorized(response, self._credential, self._clock.now(), self._endpoint)
        if refusal.ends_run:
            self._rate_limiter.shut(self._credential.name, refusal)
        raise refusal

    def _follow(self, target: str | None, response: Response) -> None:
        """Follow a redirect of GitHub's once; any other answer is refused."""
        if self._redirect and (target or response.status == HTTPStatus.NOT_FOUND):
            raise RefusedRequest(
                f"GitHub answered {self._redirect}, and its redirect leads nowhere",
                where=self._endpoint,
                status=self._redirect,
            )
        if target is None:
            raise refusal_of(response, self._endpoint)
        self.url, self._redirect = target, response.status

    def _after_limit(self, response: Response, limit: Limit) -> None:
        seconds = self._seconds(limit)
        self._limits += 1
        self._waited += seconds
        who = ALL_CREDENTIALS if limit.all_credentials else self._credential.name
        if self._waited > LONGEST_WAIT:
            self._rate_limiter.give_up(seconds, who)
            raise self._limited(seconds, response.message)
        logger.warning(
            "%s: %s rate limit met; waiting %.0f s, until %s",
            self._endpoint,
            "secondary" if limit.all_credentials else "primary",
            seconds,
            self._until(seconds),
        )
        self._rate_limiter.hold(seconds, who)

    def _seconds(self, limit: Limit) -> float:
        """How long to wait; a moment that has passed is believed once, then nothing was told."""
        if limit.seconds is not None and limit.seconds >= 1:
            return limit.seconds
        if limit.seconds is not None and not self._had_passed_moment:
            self._had_passed_moment = True
            return 1.0
        return float(_LIMIT_WAIT * 2**self._limits)

    def _wait_for(self, pause: float, why: str) -> None:
        logger.info("%s: %s; next try in %.0f s", self._endpoint, why, pause)
        self._pause = pause

    @property
    def _times(self) -> str:
        return "once" if self._tries == 1 else f"{self._tries} times"

    def _limited(self, seconds: float, message: str = "") -> RateLimited:
        return RateLimited(
            f"GitHub's rate limit lasts until {self._until(seconds)}; run again then"
            + quoted(message),
            where=self._endpoint,
        )

    def _until(self, seconds: float) -> str:
        return f"{self._clock.now() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def unauthorized(
    response: Response, credential: Credential, now: datetime, endpoint: Endpoint
) -> InvalidCredentials:
    """The refusal that a 401 is; tells a clock that goes wrong from a bad credential."""
    hint = f"GitHub refused {credential.what}" + quoted(response.message)
    if credential.is_dated and (skew := _skew(response, now)):
        hint += f"; this machine's clock is {skew}: set it right"
    return InvalidCredentials(hint, where=endpoint, ends_run=credential.ends_run)


def _skew(response: Response, now: datetime) -> str:
    date = http_date(response.headers.get("date"))
    seconds = (now - date).total_seconds() if date else 0.0
    if abs(seconds) < _SKEW:
        return ""
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} GitHub's"

"""What a call does about an answer it did not want: waits and tries again, or refuses."""

from __future__ import annotations

import logging
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import backoff

from tap_github_copilot.errors import (
    GitHubUnavailable,
    InvalidCredentials,
    RateLimited,
    quoted,
)
from tap_github_copilot.github.rate_limit import ALL_CREDENTIALS
from tap_github_copilot.github.refusals import refusal_of
from tap_github_copilot.github.responses import limit_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.credentials import Credential
    from tap_github_copilot.github.rate_limit import RateLimiter
    from tap_github_copilot.github.responses import Limit, Response

TRIES = 5
LONGEST_WAIT = 5400.0  # a primary limit resets within the hour
_LIMIT_WAIT = 60.0
_SKEW = 30.0

logger = logging.getLogger("tap-github-copilot")


class RetryPolicy:
    """That of one call, however often it is tried.

    Args:
        endpoint: What is called.
        credential: What the call signs in with.
        clock: Does the waiting.
        rate_limiter: Holds other calls back, too, where a limit is about them.
    """

    def __init__(
        self, endpoint: Endpoint, credential: Credential, clock: Clock, rate_limiter: RateLimiter
    ) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._pauses = _pauses()
        self._limits = 0
        self._waited = 0.0

    def before(self) -> None:
        """Refuse a call during a limit that an earlier call gave up on.

        Raises:
            RateLimited: There is one.
        """
        if (seconds := self._rate_limiter.given_up(self._credential.name)) > 0:
            raise self._limited(seconds)

    def after(self, response: Response) -> None:
        """Make ready for another try after a limit or a renewed token.

        Raises:
            Refusal: Another try is of no use.
        """
        if limit := limit_of(response, self._clock.now()):
            self._after_limit(response, limit)
        elif response.status == HTTPStatus.UNAUTHORIZED:
            if not self._credential.renew(response.bearer):
                refusal = unauthorized(
                    response, self._credential, self._clock.now(), self._endpoint
                )
                if refusal.ends_run:
                    self._rate_limiter.shut(self._credential.name, refusal)
                raise refusal
        else:
            raise refusal_of(response, self._endpoint)

    def after_fault(self, why: str) -> None:
        """Wait before another try.

        Raises:
            GitHubUnavailable: It was tried often enough.
        """
        pause = next(self._pauses, None)
        if pause is None:
            raise GitHubUnavailable(
                f"{why}, tried {TRIES} times: see https://www.githubstatus.com and this machine's "
                "way to the API; the next run goes on from here",
                where=self._endpoint,
            )
        logger.info("%s: %s; next try in %.0f s", self._endpoint, why, pause)
        self._clock.wait(pause)

    def _after_limit(self, response: Response, limit: Limit) -> None:
        seconds = limit.seconds or _LIMIT_WAIT * 2**self._limits
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

    def _limited(self, seconds: float, message: str = "") -> RateLimited:
        return RateLimited(
            f"GitHub wants to be left alone until {self._until(seconds)}; run again after that"
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


def _pauses() -> Iterator[float]:
    """Seconds between the tries: 1, 2, 4, 8."""
    seconds: Any = backoff.expo()
    next(seconds)  # the first is always 0
    for _ in range(TRIES - 1):
        yield float(next(seconds))


def _skew(response: Response, now: datetime) -> str:
    try:
        seconds = (now - parsedate_to_datetime(response.headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return ""
    if abs(seconds) < _SKEW:
        return ""
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} GitHub's"

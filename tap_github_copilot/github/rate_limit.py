"""One rate limiter for all calls to GitHub's API: how many at once, and how many per minute.

GitHub asks for serial calls and punishes more than 900 points per minute and endpoint:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
Downloads go to another host and are not counted here.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_github_copilot.clock import Clock

MAX_CONCURRENT = 2
MAX_PER_MINUTE = 800
WINDOW = 60.0
ALL_CREDENTIALS = ""
_WORTH_SAYING = 5.0  # seconds of waiting
_SAID_EVERY = 30.0

logger = logging.getLogger("tap-github-copilot")


class RateLimiter:
    """Lets at most `MAX_CONCURRENT` calls run and `MAX_PER_MINUTE` start in `WINDOW` seconds.

    Safe to use from several threads.

    Args:
        clock: Measures the window and does the waiting.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slots = threading.Semaphore(MAX_CONCURRENT)
        self._lock = threading.Lock()
        self._starts: deque[float] = deque(maxlen=MAX_PER_MINUTE)
        self._held_until: dict[str, float] = {}
        self._given_up_until: dict[str, float] = {}
        self._shut: dict[str, Exception] = {}
        self._say_again_at = 0.0

    def wait_until_open(self, credential: str) -> None:
        """Wait while this credential's calls are held back; take its token afterwards."""
        self._clock.wait(self._wait_for(credential))

    @contextmanager
    def passing(self, credential: str) -> Iterator[None]:
        """Make one call inside; it starts when a call of this credential may start.

        Raises:
            Exception: What `shut` was given.
        """
        while True:
            self._clock.wait(self._wait_for(credential))
            with self._slots:
                if self._start(credential):
                    yield
                    return

    def hold(self, seconds: float, credential: str = ALL_CREDENTIALS) -> None:
        """Hold back the calls of one credential, or of all, from now for some seconds."""
        until = self._clock.elapsed() + seconds
        with self._lock:
            self._held_until[credential] = max(until, self._held_until.get(credential, until))

    def give_up(self, seconds: float, credential: str = ALL_CREDENTIALS) -> None:
        """Note that waiting so long for the calls of one credential, or for all, is no use."""
        until = self._clock.elapsed() + seconds
        with self._lock:
            self._given_up_until[credential] = max(
                until, self._given_up_until.get(credential, until)
            )

    def given_up(self, credential: str) -> float:
        """For how many more seconds no call of this credential is worth waiting for."""
        with self._lock:
            until = (self._given_up_until.get(name, 0.0) for name in (credential, ALL_CREDENTIALS))
            return max(until) - self._clock.elapsed()

    def shut(self, credential: str, why: Exception) -> None:
        """Let no call of one credential, or of all, start any more: `passing` raises this."""
        with self._lock:
            self._shut[credential] = why

    def _start(self, credential: str) -> bool:
        """Note a start, unless a hold began while this call waited for its slot."""
        with self._lock:
            for name in (ALL_CREDENTIALS, credential):
                if name in self._shut:
                    raise self._shut[name]
            if self._seconds_to_go(credential) > 0:
                return False
            self._starts.append(self._clock.elapsed())
            return True

    def _wait_for(self, credential: str) -> float:
        with self._lock:
            seconds = self._seconds_to_go(credential)
            self._say(seconds, credential)
            return seconds

    def _say(self, seconds: float, credential: str) -> None:
        """Say now and then that this tap's own limit is being waited for.

        Holds that GitHub asked for are told where they are met.
        """
        now = self._clock.elapsed()
        is_own = self._hold_ends(credential) < now + seconds
        if is_own and seconds >= _WORTH_SAYING and now >= self._say_again_at:
            self._say_again_at = now + _SAID_EVERY
            logger.info(
                "waiting: this tap makes at most %d calls a minute, about %.0f s left",
                MAX_PER_MINUTE,
                seconds,
            )

    def _seconds_to_go(self, credential: str) -> float:
        opens = self._hold_ends(credential)
        if len(self._starts) == MAX_PER_MINUTE:
            opens = max(opens, self._starts[0] + WINDOW)
        return opens - self._clock.elapsed()

    def _hold_ends(self, credential: str) -> float:
        return max(self._held_until.get(name, 0.0) for name in (credential, ALL_CREDENTIALS))

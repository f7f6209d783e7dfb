"""The one gate before GitHub's API: few calls at once, few a minute, none while told to wait.

GitHub asks for serial calls and punishes more than 900 points a minute for an endpoint:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
Downloads go to another host and do not pass here.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_github_copilot.clock import Clock

AT_ONCE = 2
STARTS = 800
WINDOW = 60.0
EVERYBODY = ""


class Gate:
    """Lets calls pass: at most `AT_ONCE` together and `STARTS` in any `WINDOW` seconds.

    Args:
        clock: Measures the window and does the waiting.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slots = threading.Semaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._starts: deque[float] = deque(maxlen=STARTS)
        self._held_until: dict[str, float] = {}
        self._given_up_until: dict[str, float] = {}
        self._shut: dict[str, Exception] = {}

    def wait_until_open(self, bearer: str) -> None:
        """Wait while this bearer's calls are held back, so that its token is taken afterwards."""
        self._clock.wait(self._wait_for(bearer))

    @contextmanager
    def passing(self, bearer: str) -> Iterator[None]:
        """Make one call inside: starts when the gate lets a call of this bearer start."""
        while True:
            self._clock.wait(self._wait_for(bearer))
            with self._slots:
                if self._start(bearer):
                    yield
                    return

    def hold(self, seconds: float, bearer: str = EVERYBODY) -> None:
        """Hold back the calls of one bearer, or everybody's, from now for some seconds."""
        until = self._clock.elapsed() + seconds
        with self._lock:
            self._held_until[bearer] = max(until, self._held_until.get(bearer, until))

    def give_up(self, seconds: float, bearer: str = EVERYBODY) -> None:
        """Note that waiting so long for one bearer's calls, or everybody's, is no use."""
        until = self._clock.elapsed() + seconds
        with self._lock:
            self._given_up_until[bearer] = max(until, self._given_up_until.get(bearer, until))

    def given_up(self, bearer: str) -> float:
        """For how many seconds yet no call of this bearer is worth waiting for."""
        with self._lock:
            until = (self._given_up_until.get(name, 0.0) for name in (bearer, EVERYBODY))
            return max(until) - self._clock.elapsed()

    def shut(self, bearer: str, why: Exception) -> None:
        """Let no call of this bearer start any more: `passing` raises this instead."""
        with self._lock:
            self._shut[bearer] = why

    def _start(self, bearer: str) -> bool:
        """Note a start, unless the gate closed while this call waited for its slot."""
        with self._lock:
            if bearer in self._shut:
                raise self._shut[bearer]
            if self._seconds_to_go(bearer) > 0:
                return False
            self._starts.append(self._clock.elapsed())
            return True

    def _wait_for(self, bearer: str) -> float:
        with self._lock:
            return self._seconds_to_go(bearer)

    def _seconds_to_go(self, bearer: str) -> float:
        opens = max(self._held_until.get(bearer, 0.0), self._held_until.get(EVERYBODY, 0.0))
        if len(self._starts) == STARTS:
            opens = max(opens, self._starts[0] + WINDOW)
        return opens - self._clock.elapsed()

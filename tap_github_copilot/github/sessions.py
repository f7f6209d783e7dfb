"""HTTP sessions: no credentials but those that are passed, and no answer without an end.

A timeout of `requests` is about a single read from the socket: a host that sends a byte
now and then would hold a call for ever. So the connections of these sessions watch how
many bytes arrive over time, from the status line to the end of the body.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

from tap_github_copilot.clock import InterruptedRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import PoolManager
    from urllib3.connectionpool import HTTPConnectionPool

    from tap_github_copilot.clock import Clock

CONNECT_AND_READ = (10.0, 60.0)  # seconds for one connection, and for one read from it
SPEED_WINDOW = 30.0  # seconds
SLOWEST = 1000.0  # bytes per second over a window


@dataclass(frozen=True)
class Pace:
    """How fast an answer has to arrive.

    From its first byte on, it fails after two windows of `SPEED_WINDOW` in a row that bring
    fewer than `SLOWEST` bytes per second (compare curl's `--speed-limit`).

    Args:
        clock: Tells the time, and whether the run was stopped.
        total: Seconds after which an answer must have arrived whole; None for any.
    """

    clock: Clock
    total: float | None = None


class HeaderAuth(requests.auth.AuthBase):
    """Sets the Authorization header, or none, and so keeps ~/.netrc out of it."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign the request."""
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def session_of(user_agent: str, connections: int, pace: Pace) -> requests.Session:
    """A session for several threads that keeps connections to a host open.

    An answer that comes more slowly than its pace raises `requests.ReadTimeout`, or urllib3's
    `ReadTimeoutError` where its body is read raw. A stopped run raises `InterruptedRun`.

    Args:
        user_agent: Sent with each request.
        connections: How many to each host.
        pace: How fast answers have to arrive.
    """
    session = _Session()
    session.headers["User-Agent"] = user_agent
    # The codings that github/bodies.py can undo; requests asks for more where it finds brotli.
    session.headers["Accept-Encoding"] = "gzip, deflate"
    adapter = _PacedAdapter(pace, connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _Session(requests.Session):
    """Never looks where a redirect leads: to do so, requests reads the whole body first."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - see above
        return None


class _PacedAdapter(HTTPAdapter):
    """Opens connections whose answers must keep the pace, through proxies as well."""

    def __init__(self, pace: Pace, connections: int) -> None:
        self._pace = pace
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy not in self.proxy_manager:
            self._watch(super().proxy_manager_for(proxy, **kwargs))
        return self.proxy_manager[proxy]

    def _watch(self, manager: PoolManager) -> None:
        classes: Mapping[str, type[HTTPConnectionPool]] = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {
            scheme: _paced_pool(pool, self._pace) for scheme, pool in classes.items()
        }


def _paced_pool(pool: type[HTTPConnectionPool], pace: Pace) -> type[HTTPConnectionPool]:
    """The same kind of pool, with connections that open answers of ours (http.client's hook)."""
    connection = type(
        pool.ConnectionCls.__name__,
        (pool.ConnectionCls,),
        {"response_class": staticmethod(partial(_PacedResponse, pace))},
    )
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _PacedResponse(HTTPResponse):
    """An answer that is read through a `_PacedReader`, beginning with its status line."""

    def __init__(self, pace: Pace, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_PacedReader(raw, pace))

    def begin(self) -> None:
        """Read the headers; of different lengths urllib3 complains without closing the socket."""
        super().begin()
        lengths = ",".join(self.headers.get_all("Content-Length", [])).split(",")
        if len({length.strip() for length in lengths}) > 1:
            raise HTTPException("the answer has several lengths")


class _PacedReader(io.RawIOBase):
    """Reads from a socket and raises TimeoutError once its bytes come too slowly."""

    def __init__(self, raw: io.RawIOBase, pace: Pace) -> None:
        self._raw = raw
        self._pace = pace
        self._last = pace.clock.elapsed()
        self._seconds = 0.0
        self._window_seconds: float | None = None  # None before the first byte
        self._window_bytes = 0
        self._slow_windows = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:
        length = self._raw.readinto(into)
        if self._pace.clock.stopped:
            raise InterruptedRun
        self._check(length or 0)
        return length

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()

    def _check(self, length: int) -> None:
        """Count what one read has brought, and hold it against the pace."""
        now = self._pace.clock.elapsed()
        # A read takes no longer than its timeout: a larger step is a machine that slept.
        step = min(now - self._last, CONNECT_AND_READ[1])
        self._last = now
        self._seconds += step
        if self._pace.total is not None and self._seconds > self._pace.total:
            raise TimeoutError("the answer took too long")
        if self._window_seconds is None:
            self._window_seconds = 0.0
            return
        self._window_seconds += step
        self._window_bytes += length
        if self._window_seconds >= SPEED_WINDOW:
            self._end_window()

    def _end_window(self) -> None:
        is_slow = self._window_bytes < SLOWEST * SPEED_WINDOW
        self._slow_windows = self._slow_windows + 1 if is_slow else 0
        if self._slow_windows > 1:
            raise TimeoutError("the answer came too slowly")
        self._window_seconds, self._window_bytes = 0.0, 0

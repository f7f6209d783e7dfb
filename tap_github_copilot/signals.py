"""SIGINT, SIGTERM and SIGHUP: a run that is told to stop ends whole, with its last STATE.

No handler raises: an exception in the middle of a library's lock or finalizer leaves it
broken. The interpreter writes the number of each signal into a socket
(`signal.set_wakeup_fd`), and a thread reads it there and acts on it:

1. The first signal stops the run. The main thread notices at its next message or wait,
   writes the last STATE and ends the process.
2. If it has not done so after `GRACE` seconds (it waits for an answer of the network, say),
   a thread writes the last STATE in its place and ends the process.
3. After `HARD` seconds, or at the third signal, the process ends at once: stdout is a full
   pipe whose reader has stopped reading.

The same signal twice within a second counts once: GNU `timeout` sends it to the process and
to its group, and a Ctrl-C reaches Meltano and the tap, which then gets it from Meltano too.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from signal import Signals
from typing import TYPE_CHECKING, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

GRACE = 1.0  # seconds
HARD = 10.0  # seconds
_SAME = 1.0  # seconds
_THIRD = 3
_leaving = threading.Lock()
logger = logging.getLogger("tap-github-copilot")


class SignalWatcher:
    """Watches for signals while it is entered; does nothing outside the main thread."""

    def __init__(self) -> None:
        self.signal: Signals | None = None
        self._stop: Callable[[Signals], None] = lambda _: None
        self._last_words: Callable[[], None] = lambda: None
        self._before: dict[Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def attend(self, stop: Callable[[Signals], None], last_words: Callable[[], None]) -> None:
        """Say what a signal does to the run.

        Args:
            stop: Makes the main thread end the run soon; called from another thread, once or
                twice.
            last_words: Writes what still has to be written; called from another thread if
                the main thread did not end in time.
        """
        self._last_words = last_words
        self._stop = stop
        if self.signal:  # it came before there was a run
            stop(self.signal)

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._numbers = _watched()
        try:
            self._inbox, self._outbox = socket.socketpair()
            self._outbox.setblocking(False)
            threading.Thread(target=self._watch, name="signals", daemon=True).start()
        except (OSError, RuntimeError):  # no descriptor or no thread: whatever needs one tells
            return self
        self._fd_before = signal.set_wakeup_fd(self._outbox.fileno(), warn_on_full_buffer=False)
        for number in self._numbers:
            self._before[number] = signal.signal(number, _noted)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if not self._before:
            return
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._fd_before)
        self._outbox.close()

    def _watch(self) -> None:
        """Wait for signals until this is left."""
        with self._inbox:
            self.signal = first = self._next(None)
            if first is None:
                return
            self._stop(first)
            began = time.monotonic()
            counted, count, deadline = {first: began}, 1, began + GRACE
            is_taken_over = False
            while count < _THIRD:
                try:
                    number = self._next(max(0.001, deadline - time.monotonic()))
                except TimeoutError:
                    if is_taken_over or not self._end_from_thread(first):
                        break
                    is_taken_over, deadline = True, began + HARD
                    continue
                if number is None:
                    return
                now = time.monotonic()
                if now - counted.get(number, 0.0) >= _SAME:
                    counted[number] = now
                    count += 1
            os._exit(128 + first)

    def _next(self, timeout: float | None) -> Signals | None:
        """The next signal; None when nobody watches any more.

        Raises:
            TimeoutError: None came in time.
        """
        while True:
            self._inbox.settimeout(timeout)
            byte = self._inbox.recv(1)
            if not byte:
                return None
            if byte[0] in self._numbers:
                return Signals(byte[0])

    def _end_from_thread(self, number: Signals) -> bool:
        """Begin to end the process in place of the main thread; False if that cannot begin."""
        try:
            threading.Thread(target=self._end, args=(number,), daemon=True).start()
        except RuntimeError:  # no further thread to be had
            return False
        return True

    def _end(self, number: Signals) -> None:
        try:
            self._last_words()
        finally:
            leave_interrupted(number)


def leave_interrupted(number: Signals) -> NoReturn:
    """End the process as one that a signal ended; the first thread that comes here does it."""
    _leaving.acquire()
    logger.error("interrupted (%s); the next run goes on from the last state", number.name)
    leave(128 + number)


def leave(code: int) -> NoReturn:
    """End the process without waiting for its threads.

    A download may sit in a read for a minute; its temporary file has no name that would stay.
    """
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


def _watched() -> list[Signals]:
    """The signals that end a run here. `nohup` has SIGHUP ignored, and so it stays."""
    numbers = [Signals.SIGINT, Signals.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(Signals.SIGHUP)
    return numbers


def _noted(number: int, frame: FrameType | None) -> None:
    """Nothing: that there is a handler makes the interpreter write to the socket."""

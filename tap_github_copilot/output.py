"""Singer messages to stdout: whole lines only, and a STATE as often as it pays."""

from __future__ import annotations

import select
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import MsgSpecWriter, encoder
from singer_sdk.singerlib import RecordMessage

from tap_github_copilot.clock import InterruptedRun
from tap_github_copilot.machine import line_about

if TYPE_CHECKING:
    from collections.abc import Mapping
    from signal import Signals
    from typing import Any

    from singer_sdk.singerlib.encoding.simple import Message

_BUFFER = 64 * 1024  # bytes, the capacity of a pipe on Linux
_FREE_STATE = 1_000_000  # bytes of STATE that are always allowed
_STATE_SHARE = 20  # one byte in so many of the output may be STATE
_STATES = 5  # so many of the present size are always allowed


class TargetGoneError(BaseException):
    """Messages can no longer be written; says why. Passes every `except Exception`."""


class MessageWriter(MsgSpecWriter):
    """Writes each message as a whole line, also when a signal ends the run.

    Records are collected up to 64 KiB: one write per record would cost 4 of the 50
    microseconds that a record takes. Every other message is written at once, after the
    records before it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.byte_count = 0
        self.state_due = False  # whether a record was written after the last STATE
        self._buffer = bytearray()
        self._signal: Signals | None = None
        self._is_complete = False
        self._lock = threading.Lock()

    def write_message(self, message: Message) -> None:
        """Write one message.

        Raises:
            TargetGoneError: The pipe is broken, or the disk full.
            InterruptedRun: A signal came; the message is written or in the buffer.
        """
        self._write(message.to_dict(), is_record=isinstance(message, RecordMessage))

    def write_record(self, stream: str, record: dict[str, Any]) -> None:
        """Write a RECORD message; raises as `write_message` does.

        The SDK's own class for it would take as long as a third of the encoding.
        """
        now = datetime.now(UTC)
        self._write(
            {"type": "RECORD", "stream": stream, "record": record, "time_extracted": now},
            is_record=True,
        )

    def _write(self, message: dict[str, Any], *, is_record: bool) -> None:
        with self._lock:
            if self._is_complete:
                raise InterruptedRun(self._signal)
            self._encode(message)
            self.state_due = self.state_due or is_record
            if len(self._buffer) >= _BUFFER or not is_record:
                self._write_out()
        if self._signal:
            raise InterruptedRun(self._signal)

    def write_state(self, state: Mapping[str, Any], *, is_last: bool = False) -> int:
        """Write a STATE message, and give its size in bytes. No signal interrupts it.

        Args:
            state: The state of the whole tap.
            is_last: Whether no message may follow, whichever thread would write it.

        Raises:
            TargetGoneError: The pipe is broken, or the disk full.
        """
        with self._lock:
            if self._is_complete:
                return 0
            self._is_complete = is_last
            before = self.byte_count
            # The SDK's own class for it would copy all of the state, value by value.
            self._encode({"type": "STATE", "value": state})
            self.state_due = False
            self._write_out()
            return self.byte_count - before

    def flush(self) -> None:
        """Write the records in the buffer.

        Raises:
            TargetGoneError: The pipe is broken, or the disk full.
        """
        with self._lock:
            self._write_out()

    def interrupt(self, by: Signals) -> None:
        """Raise InterruptedRun in the main thread as soon as a message is whole."""
        self._signal = by

    def raise_if_interrupted(self) -> None:
        """Raise InterruptedRun if a signal came."""
        if self._signal:
            raise InterruptedRun(self._signal)

    def _encode(self, message: dict[str, Any]) -> None:
        end = len(self._buffer)
        try:
            encoder.encode_into(message, self._buffer, -1)
        except BaseException:
            del self._buffer[end:]  # what was encoded before the fault
            raise
        self._buffer += b"\n"
        self.byte_count += len(self._buffer) - end

    def _write_out(self) -> None:
        out, self._buffer = self._buffer, bytearray()
        try:
            _write_whole(out)
            sys.stdout.flush()
        except BrokenPipeError:
            raise TargetGoneError("the target closed the pipe") from None
        except OSError as error:
            raise TargetGoneError(f"stdout cannot be written: {line_about(error)}") from None
        except ValueError:
            raise TargetGoneError("stdout cannot be written: this process closed it") from None


class StateMessages:
    """Writes STATE as often as its size allows: it grows with scopes times streams.

    A STATE is written while all of them so far are smaller than the greatest of 1 MB, a
    twentieth of the output and five times the present state (estimated from the last one).
    The first and the last are always written and do not count. A state that was written
    already is written again only at the end, after further records.
    """

    def __init__(self, messages: MessageWriter) -> None:
        self._messages = messages
        self._last: bytes | None = None
        self._size = 0  # of the last one
        self._written = 0  # bytes of all that count

    @property
    def has_room(self) -> bool:
        """Whether another STATE may be written now."""
        most = max(_FREE_STATE, self._messages.byte_count // _STATE_SHARE, _STATES * self._size)
        return self._last is None or self._written + self._size <= most

    def write_state(self, state: Mapping[str, Any], *, always: bool = False) -> None:
        """Write the state, if it is a new one and there is room for it.

        Args:
            state: The state of the whole tap.
            always: Whether to write a new state even if there is no room for it.

        Raises:
            TargetGoneError: The pipe is broken, or the disk full.
            InterruptedRun: A signal came; the message was written.
        """
        if not always and not self.has_room:
            return
        encoded = encoder.encode(state)
        if encoded != self._last and (state or self._last):
            self._size = self._messages.write_state(state)
            self._written += 0 if self._last is None else self._size
            self._last = encoded
            self._messages.raise_if_interrupted()

    def write_last(self, state: Mapping[str, Any], *, always: bool = False) -> None:
        """Write the state that ends a run, unless the last message was that one.

        Args:
            state: The state of the whole tap.
            always: Whether to write it even so, as an interrupted run does.

        Raises:
            TargetGoneError: The pipe is broken, or the disk full.
        """
        encoded = encoder.encode(state)
        is_new = encoded != self._last and (state or self._last)
        if always or is_new or self._messages.state_due:
            self._messages.write_state(state, is_last=True)


def _write_whole(out: bytearray) -> None:
    """Write all of it, whatever kind of file stdout is.

    With PYTHONUNBUFFERED it is a raw file, which may take only a part: of a full pipe when a
    signal arrives, and nothing at all where it does not block.
    """
    rest = memoryview(out)
    while rest:
        try:
            taken = sys.stdout.buffer.write(rest)
        except BlockingIOError as error:
            taken = error.characters_written
        if not taken:
            select.select([], [sys.stdout], [])
        rest = rest[taken or 0 :]

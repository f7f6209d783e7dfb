"""Singer messages to stdout, whole or not at all, whatever interrupts."""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import MsgSpecWriter, encoder
from singer_sdk.singerlib import RecordMessage

if TYPE_CHECKING:
    from singer_sdk.singerlib.encoding.simple import Message

    from tap_github_copilot.clock import InterruptedRun

_TOGETHER = 64 * 1024  # bytes, what a pipe of Linux holds


class TargetGoneError(BaseException):
    """Messages cannot be written any more; says why. Passes every `except Exception`."""


class MessageWriter(MsgSpecWriter):
    """Writes messages whole before an interruption takes effect.

    Records wait for each other up to 64 KiB: a write for each costs 4 of a record's 50
    microseconds. Every other message is written at once, behind the records before it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()
        self._writing = False
        self._interruption: InterruptedRun | None = None

    def write_message(self, message: Message) -> None:
        """Write one message.

        Raises:
            TargetGoneError: The pipe is broken, or the disk full.
            InterruptedRun: A signal came in the middle of the message, which is now whole.
        """
        self._writing = True
        try:
            self._encode(message)
            if len(self._waiting) >= _TOGETHER or not isinstance(message, RecordMessage):
                self._write_out()
        finally:
            self._writing = False
        self._let_interrupt()

    def flush(self) -> None:
        """Write the records that still wait; raises as `write_message`."""
        self._writing = True
        try:
            self._write_out()
        finally:
            self._writing = False
        self._let_interrupt()

    def interrupt(self, interruption: InterruptedRun) -> None:
        """Raise the interruption: now, or when the message being written is whole."""
        if not self._writing:
            raise interruption
        self._interruption = interruption

    def _encode(self, message: Message) -> None:
        end = len(self._waiting)
        try:
            encoder.encode_into(message.to_dict(), self._waiting, -1)
        except BaseException:
            del self._waiting[end:]  # what was encoded before the fault
            raise
        self._waiting += b"\n"

    def _write_out(self) -> None:
        out, self._waiting = self._waiting, bytearray()
        try:
            _write_whole(out)
            sys.stdout.flush()
        except BrokenPipeError:
            raise TargetGoneError("the target closed the pipe") from None
        except OSError as error:
            raise TargetGoneError(f"stdout cannot be written: {error.strerror}") from None

    def _let_interrupt(self) -> None:
        if self._interruption:
            interruption, self._interruption = self._interruption, None
            raise interruption


def _write_whole(out: bytearray) -> None:
    """Write all of it, whatever stdout is.

    Under PYTHONUNBUFFERED it is a raw file, which may take a part alone: of a full pipe
    when a signal comes, and none where it does not block.
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

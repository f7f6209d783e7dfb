"""Singer messages to stdout, whole or not at all, whatever interrupts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import MsgSpecWriter

if TYPE_CHECKING:
    from singer_sdk.singerlib.encoding.simple import Message

    from tap_github_copilot.clock import InterruptedRun


class TargetGoneError(BaseException):
    """Nobody reads the messages any more; passes every `except Exception`."""


class MessageWriter(MsgSpecWriter):
    """Writes a message whole before an interruption takes effect."""

    def __init__(self) -> None:
        super().__init__()
        self._writing = False
        self._interruption: InterruptedRun | None = None

    def write_message(self, message: Message) -> None:
        """Write one message.

        Raises:
            TargetGoneError: The pipe is broken.
            InterruptedRun: A signal came in the middle of the message, which is now out.
        """
        self._writing = True
        try:
            super().write_message(message)
        except BrokenPipeError:
            raise TargetGoneError from None
        finally:
            self._writing = False
        if self._interruption:
            interruption, self._interruption = self._interruption, None
            raise interruption

    def interrupt(self, interruption: InterruptedRun) -> None:
        """Raise the interruption: now, or when the message being written is out."""
        if not self._writing:
            raise interruption
        self._interruption = interruption

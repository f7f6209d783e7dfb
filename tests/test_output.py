"""Messages reach stdout whole, in order, and records together."""

from __future__ import annotations

import errno
import io
import json
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.singerlib import RecordMessage, StateMessage

from tap_github_copilot.output import MessageWriter, TargetGoneError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pipe(io.BytesIO):
    """What a target reads from; notes each write, and can be gone."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.gone = False

    def write(self, content: Any) -> int:
        if self.gone:
            raise BrokenPipeError
        if content:
            self.writes.append(bytes(content))
        return super().write(content)

    def write_a_part(self, content: Any) -> int:
        """As a raw file may."""
        return super().write(bytes(content)[:7])

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was written, each line whole."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@contextmanager
def stdout() -> Iterator[Pipe]:
    """A pipe in the place of stdout."""
    pipe = Pipe()
    text = io.TextIOWrapper(pipe, write_through=True)
    with redirect_stdout(text):
        yield pipe
    text.detach()


def record(number: int, **more: Any) -> RecordMessage:
    """One record."""
    return RecordMessage(stream="s", record={"number": number} | more)


def test_records_are_written_together_and_before_the_state_behind_them() -> None:
    with stdout() as pipe:
        writer = MessageWriter()
        for number in range(100):
            writer.write_message(record(number))
        assert not pipe.writes
        writer.write_message(StateMessage({"bookmarks": {}}))
        assert len(pipe.writes) == 1
        assert [m["record"]["number"] for m in pipe.messages[:-1]] == list(range(100))
        assert pipe.messages[-1]["type"] == "STATE"


def test_records_wait_for_no_more_than_64_kib() -> None:
    with stdout() as pipe:
        writer = MessageWriter()
        for number in range(100):
            writer.write_message(record(number, text="x" * 5_000))
        assert all(write.endswith(b"\n") for write in pipe.writes)
        assert max(map(len, pipe.writes)) < 64 * 1024 + 5_100
        writer.flush()
        assert len(pipe.messages) == 100


def test_a_record_that_cannot_be_written_leaves_the_others_whole() -> None:
    with stdout() as pipe:
        endless: dict[str, Any] = {}
        endless["inner"] = endless
        writer = MessageWriter()
        writer.write_message(record(1))
        with pytest.raises(RecursionError):
            writer.write_message(record(2, endless=endless))
        writer.write_message(record(3))
        writer.flush()
        assert [m["record"]["number"] for m in pipe.messages] == [1, 3]


def test_records_for_a_target_that_is_gone_are_not_tried_twice() -> None:
    with stdout() as pipe:
        writer = MessageWriter()
        writer.write_message(record(1))
        pipe.gone = True
        with pytest.raises(TargetGoneError):
            writer.flush()
        pipe.gone = False
        writer.flush()
        assert not pipe.writes


def test_what_stdout_takes_in_parts_is_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with stdout() as pipe:
        monkeypatch.setattr(pipe, "write", pipe.write_a_part)
        writer = MessageWriter()
        for number in range(20):
            writer.write_message(record(number))
        writer.flush()
        assert [m["record"]["number"] for m in pipe.messages] == list(range(20))


def test_a_full_disk_is_told_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with stdout() as pipe:
        monkeypatch.setattr(pipe, "write", full)
        writer = MessageWriter()
        writer.write_message(record(1))
        with pytest.raises(TargetGoneError, match="No space left on device"):
            writer.flush()

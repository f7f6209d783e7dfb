"""Runs the tap as its command, in a process of its own, as an engine would."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import termios
import threading
import time
from array import array
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

COMMAND = (sys.executable, "-m", "tap_github_copilot")
# The same command on a clock whose waits are over at once, unless the run is stopped.
HURRIED = (
    sys.executable,
    "-c",
    """\
from tap_github_copilot.clock import Clock
from tap_github_copilot.tap import TapGitHubCopilot

wait = Clock.wait
Clock.wait = lambda self, seconds: wait(self, 0)
TapGitHubCopilot.cli()
""",
)
_FULL = 60_000  # bytes of the 64 KiB that a pipe of Linux holds
LONGEST = 30.0  # seconds; a process that has not ended by then is killed


class Process:
    """A run under way; use it in a `with`, which kills what is left of it.

    Args:
        folder: Its working directory, empty.
        config: Written to a file for --config; None for none.
        command: How it is started.
        environment: Variables beside those of this process.
        files: What is written to a file for --state and --catalog.
    """

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any] | None,
        *,
        command: tuple[str, ...] = COMMAND,
        environment: dict[str, str] | None = None,
        **files: dict[str, Any] | None,
    ) -> None:
        self.lines: list[bytes] = []
        self._log = folder / "log"
        arguments = []
        for name, content in {"config": config, **files}.items():
            if content is not None:
                path = folder / f"{name}.json"
                path.write_text(json.dumps(content))
                arguments += [f"--{name}", str(path)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *arguments],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | (environment or {}),
            )
        assert self._process.stdout
        self._out = self._process.stdout
        self._watch = threading.Timer(LONGEST, self._process.kill)
        self._watch.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._watch.cancel()
        self._out.close()

    @property
    def log(self) -> str:
        """What it has written to stderr."""
        return self._log.read_text()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was read of its Singer messages."""
        return [json.loads(line) for line in self.lines]

    @property
    def state(self) -> dict[str, Any]:
        """The last state that was read."""
        states = (m["value"] for m in reversed(self.messages) if m["type"] == "STATE")
        return next(states, {})

    def records(self) -> list[dict[str, Any]]:
        """The records that were read."""
        return [m["record"] for m in self.messages if m["type"] == "RECORD"]

    def read_states(self, count: int) -> None:
        """Read on until so many more states have come."""
        while count > 0:
            line = self._out.readline()
            assert line, self.log
            self.lines.append(line)
            count -= line.startswith(b'{"type":"STATE"')

    def read_some(self, states: int) -> None:
        """Read the first message, and on until so many states have come, or to the end."""
        while line := self._out.readline():
            self.lines.append(line)
            states -= line.startswith(b'{"type":"STATE"')
            if states <= 0:
                return

    def waits_for_its_reader(self) -> bool:
        """Whether the pipe holds all that it can."""
        waiting = array("i", [0])
        fcntl.ioctl(self._out, termios.FIONREAD, waiting)
        return waiting[0] > _FULL

    def stop_reading(self) -> None:
        """Close this end of its stdout."""
        self._out.close()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def is_idle(self) -> bool:
        """Whether it has written nothing for a while, and all that it wrote was read."""
        while select.select([self._out], [], [], 0.5)[0]:
            line = self._out.readline()
            if not line:
                return True
            self.lines.append(line)
        return True

    def wait(self) -> int:
        """Wait for its end without reading; its exit code."""
        return self._process.wait()

    def end(self) -> int:
        """Read to the end; its exit code."""
        if not self._out.closed:
            self.lines += self._out.readlines()
        return self._process.wait()


def eventually(condition: Callable[[], object]) -> None:
    """Wait until something is true of another process; fail after a while."""
    retry = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < retry
        time.sleep(0.01)

"""Runs the tap as its command does, in this process, with a clock of the test's."""

from __future__ import annotations

import io
import json
import logging
import sys
import tempfile
import threading
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.access import TOKEN
from tap_github_copilot.clock import Clock
from tap_github_copilot.tap import TapGitHubCopilot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from simulator.server import Simulator
    from tap_github_copilot.streams.base import ScopeStream

USAGES = "github_copilot_daily_usages"
SEATS = "github_copilot_seats"
NOON = time(12, tzinfo=UTC)


class SetClock(Clock):
    """A clock that a test sets; waiting moves it on at once and is noted in `waits`."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self.start = datetime.combine(today, NOON)
        self.waits: list[float] = []
        self._lock = threading.Lock()

    @property
    def waited(self) -> float:
        """Seconds waited for so far."""
        return sum(self.waits)

    def now(self) -> datetime:
        """The start and all that was waited for since."""
        return self.start + timedelta(seconds=self.waited)

    def elapsed(self) -> float:
        """Seconds waited for so far."""
        return self.waited

    def wait(self, seconds: float) -> None:
        """Move on."""
        super().wait(0)
        if seconds > 0:
            with self._lock:
                self.waits.append(seconds)


@dataclass
class Outcome:
    """What a run left behind.

    Args:
        code: Its exit code.
        out: What it wrote to stdout.
        log: What it wrote to stderr.
        clock: The clock it ran on.
    """

    code: int
    out: str
    log: str
    clock: SetClock

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        """Its Singer messages, in order."""
        return [json.loads(line) for line in self.out.splitlines()]

    def records(self, stream: str = USAGES) -> list[dict[str, Any]]:
        """The records of a stream, in order."""
        return [
            m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream
        ]

    def days(self, stream: str = USAGES) -> list[str]:
        """The days of a stream's records, each once, in order."""
        return list(dict.fromkeys(record["day"] for record in self.records(stream)))

    @property
    def states(self) -> list[dict[str, Any]]:
        """All states, in order."""
        return [message["value"] for message in self.messages if message["type"] == "STATE"]

    @property
    def state(self) -> dict[str, Any]:
        """The last state."""
        return self.states[-1] if self.states else {}

    def bookmark(self, scope: str = "acme", stream: str = USAGES) -> str | None:
        """A stream's bookmark for a scope in the last state."""
        return bookmark(self.state, scope, stream)

    def errors(self) -> list[str]:
        """The lines of level ERROR."""
        return [line for line in self.log.splitlines() if line.startswith("ERROR")]


def bookmark(state: dict[str, Any], scope: str, stream: str = USAGES) -> str | None:
    """A stream's bookmark for a scope in a state."""
    for partition in state.get("bookmarks", {}).get(stream, {}).get("partitions", []):
        if scope in partition["context"].values():
            value: str | None = partition.get("replication_key_value")
            return value
    return None


def config_for(github: Simulator, **more: Any) -> dict[str, Any]:
    """A configuration for the simulated GitHub: its token, and the first enterprise or all orgs."""
    enterprises = [p.name for p in github.world.scopes.values() if "/enterprises/" in p.path]
    organizations = [p.name for p in github.world.scopes.values() if "/orgs/" in p.path]
    level = {"enterprises": enterprises} if enterprises else {"organizations": organizations}
    return {"api_url": github.url, "token": TOKEN} | level | more


def run_tap(
    config: dict[str, Any],
    today: date,
    *,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
    options: tuple[str, ...] = (),
    streams: Collection[str] | None = (USAGES, SEATS),
) -> Outcome:
    """Run the command in this process.

    Args:
        config: Written to a file for --config.
        today: The UTC day of the run.
        state: Written to a file for --state.
        catalog: Written to a file for --catalog.
        options: Further options of the command.
        streams: The streams that are selected, unless a catalog says; None for all.
    """
    clock = SetClock(today)

    class Tap(TapGitHubCopilot):
        clock_class = staticmethod(lambda: clock)  # type: ignore[assignment]

        def discover_streams(self) -> Sequence[ScopeStream]:
            found = super().discover_streams()
            if catalog is None and streams is not None:
                for stream in found:
                    stream.selected = stream.name in streams
            return found

    with tempfile.TemporaryDirectory() as folder, _captured() as (out, log):
        arguments = [*options]
        for name, content in (("config", config), ("state", state), ("catalog", catalog)):
            if content is not None:
                path = Path(folder) / f"{name}.json"
                path.write_text(json.dumps(content))
                arguments += [f"--{name}", str(path)]
        code = _exit_code(Tap, arguments)
        sys.stdout.flush()
        text = out.getvalue().decode()
    return Outcome(code, text, log.getvalue(), clock)


def _exit_code(tap: type[TapGitHubCopilot], arguments: list[str]) -> int:
    code = 0
    try:
        tap.get_singer_command().main(arguments, prog_name="tap-github-copilot")
    except SystemExit as end:
        code = int(end.code or 0)
    return code


class _captured:  # noqa: N801 - used like a function
    """Stdout as bytes, and the log as text: level, then message."""

    def __enter__(self) -> tuple[io.BytesIO, io.StringIO]:
        self._out, self._log = io.BytesIO(), io.StringIO()
        self._handler = logging.StreamHandler(self._log)
        self._handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.INFO)
        root.addHandler(self._handler)
        self._redirected = redirect_stdout(io.TextIOWrapper(self._out, write_through=True))
        self._redirected.__enter__()
        self._hook = sys.excepthook
        return self._out, self._log

    def __exit__(self, *error: object) -> None:
        self._redirected.__exit__(None, None, None)
        logging.captureWarnings(capture=False)
        logging.getLogger().removeHandler(self._handler)
        logging.getLogger().setLevel(self._level)
        sys.excepthook = self._hook


def days_back(today: date, oldest: int, newest: int = 1) -> list[date]:
    """The days of these ages, oldest first."""
    return [today - timedelta(days=age) for age in range(oldest, newest - 1, -1)]


def lines_about(log: str, *words: str) -> list[str]:
    """The lines that hold all of these words."""
    return [line for line in log.splitlines() if all(word in line for word in words)]


def each_day(states: list[dict[str, Any]], scope: str) -> Iterator[str]:
    """The bookmarks a scope went through."""
    for state in states:
        if (value := bookmark(state, scope)) is not None:
            yield value

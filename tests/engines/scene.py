"""What both engines are tested on: six organizations, one of which is killed half-way."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psutil

from demo.pipeline import MELTANO, PROJECT, Pipeline
from demo.story import TABLES
from tests.support.tap_runs import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.postgres import Database
    from simulator.server import Simulator

LOGINS = [f"octo-{number}" for number in range(6)]
VICTIM = LOGINS[3]
ENGINES = PROJECT / "orchestrate"
STATE_IDS = {login: f"tap-github-copilot.organization.{login}" for login in LOGINS}
_DAYS = 9
_HANGS = 60.0  # seconds; the victim is dead long before


@dataclass
class Scene:
    """An engine's runs into a schema of a database.

    Args:
        database: Loaded into.
        github: Read from.
        schema: The engine's own.
        folder: Where the engine and Meltano keep what they keep.
    """

    database: Database
    github: Simulator
    schema: str
    folder: Path
    killed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.first = datetime.now(UTC).date() - timedelta(days=_DAYS)
        self.settings = config_for(self.github, start_date=self.first.isoformat())
        self.pipeline = Pipeline(self.database, self.schema, self.folder, self.settings)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the engine's processes; `meltano` comes last on their path."""
        path = os.pathsep.join([os.environ["PATH"], str(MELTANO.parent)])
        return self.pipeline.environment | {"PATH": path, "MELTANO_AUTO_INSTALL": "false"}

    def run(self, *command: str | Path, **variables: str) -> str:
        """Run a command of the engine's; what it printed."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    @contextmanager
    def killing_half_way(self) -> Iterator[None]:
        """Kill Meltano once, as soon as the victim's fifth day is being downloaded."""
        day = self.first + timedelta(days=4)
        self.github.seen.clear()
        self.github.faults.add(f"FILE /orgs/{VICTIM}/users-1-day/.*/{day}/", delay=_HANGS)
        over = threading.Event()

        def kill() -> None:
            while not self.killed and not over.wait(0.05):
                calls = self.github.calls(f"FILE /orgs/{VICTIM}/users-1-day/")
                if any(f"/{day}/" in call for call in calls):
                    self._kill()

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _kill(self) -> None:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                if "el" in words and STATE_IDS[VICTIM] in words:
                    process.kill()
                    self.killed.append(process.pid)

    def tables(self) -> dict[str, list[str]]:
        """All rows of all tables, without what differs from load to load."""
        return {
            name: sorted(
                json.dumps(_without_ours(row["row"]), sort_keys=True)
                for row in self.database.rows_in(
                    self.schema, f"select to_jsonb(t) as row from {name} t"
                )
            )
            for name in TABLES
        }

    def state(self, state_id: str) -> dict[str, Any]:
        """What Meltano keeps under an id."""
        done = subprocess.run(
            [str(MELTANO), "state", "get", state_id],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)["singer_state"]["bookmarks"]
        return found


def contexts(bookmarks: dict[str, Any]) -> set[str]:
    """The scopes that a state knows."""
    return {
        partition["context"]["organization_login"]
        for bookmark in bookmarks.values()
        for partition in bookmark.get("partitions", [])
    }


def _without_ours(row: dict[str, Any]) -> dict[str, Any]:
    return {
        n: v
        for n, v in row.items()
        if n not in {"fetched_at", "checked_at"} and not n.startswith("_sdc_")
    }

"""`tap | target` with a state file, as a person runs it without Meltano."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TAP = Path(sys.executable).with_name("tap-github-copilot")


@dataclass
class Pipe:
    """A tap and a loader, and what they keep in a folder.

    Args:
        folder: Of its own: configurations, the state and the loader's log.
        target: The command of the loader, without `--config`.
        settings: Of the tap.
        target_settings: Of the loader.
        environment: Variables of the loader beside those of this process.
    """

    folder: Path
    target: tuple[str | Path, ...]
    settings: dict[str, Any]
    target_settings: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> dict[str, Any] | None:
        """The state that the last run left; None before the first."""
        path = self.folder / "state.json"
        return json.loads(path.read_text()) if path.exists() else None

    def run(self) -> None:
        """Run both; the last line that the loader prints is the next run's state."""
        state = self.folder / "state.json"
        known = ["--state", str(state)] if state.exists() else []
        tap = [str(TAP), "--config", self._file("tap", self.settings), *known]
        target = [*map(str, self.target), "--config", self._file("target", self.target_settings)]
        with (
            (self.folder / "tap.log").open("w+") as log,
            subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=log) as reading,
        ):
            loading = subprocess.run(
                target,
                stdin=reading.stdout,
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | self.environment,
            )
        said = (self.folder / "tap.log").read_text() + loading.stderr[-5000:]
        assert (reading.returncode, loading.returncode) == (0, 0), said
        if lines := loading.stdout.splitlines():
            state.write_text(lines[-1])

    def _file(self, name: str, content: dict[str, Any]) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(content))
        return str(path)

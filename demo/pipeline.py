"""`meltano run tap-github-copilot target-postgres`, with settings from the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from demo.postgres import Database

PROJECT = Path(__file__).parents[1]
MELTANO = Path(sys.executable).with_name("meltano")


class PipelineError(Exception):
    """A run of Meltano that failed, with the end of what it printed."""


def variables_of(settings: dict[str, Any]) -> dict[str, str]:
    """The environment variables that give the tap these settings."""
    return {
        f"TAP_GITHUB_COPILOT_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }


@dataclass(frozen=True)
class Pipeline:
    """The project's own Meltano pipeline into one schema of a database.

    Args:
        database: Loaded into.
        schema: Its schema.
        folder: Where Meltano keeps its state, so that nobody's real state is touched.
        settings: Of the tap.
    """

    database: Database
    schema: str
    folder: Path
    settings: dict[str, Any]
    loader: str = "target-postgres"
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that configure Meltano, the tap and the target."""
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("TAP_GITHUB_COPILOT_")},
            **variables_of(self.settings),
            "MELTANO_PROJECT_ROOT": str(PROJECT),
            "MELTANO_DATABASE_URI": f"sqlite:///{self.folder}/meltano.db",
            "MELTANO_CLI_LOG_LEVEL": "info",
            "TARGET_POSTGRES_SQLALCHEMY_URL": self.database.sqlalchemy_url,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": self.schema,
            "NO_COLOR": "1",
            **self.more,
        }

    def run(self) -> str:
        """Run once; returns what was printed.

        Raises:
            PipelineError: It failed.
        """
        command = [str(MELTANO), "run", "--state-id-suffix", self.schema]
        done = subprocess.run(
            [*command, "tap-github-copilot", self.loader],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PipelineError("\n".join(done.stdout.splitlines()[-25:]))
        return done.stdout

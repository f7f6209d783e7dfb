"""The pieces of a run and the loading of one, through Meltano's commands.

Both engines' files import this one: keep it beside them. `meltano` must be on the PATH,
and these variables say the rest:

MELTANO_PROJECT_ROOT         the folder of your meltano.yml
GITHUB_COPILOT_LOADER        the loader (target-postgres)
GITHUB_COPILOT_SHARD_DAYS    for a backfill: cut days, too, into ranges of so many (not at all)
GITHUB_COPILOT_RETRY_SECONDS how long a retry waits (300)
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta
from typing import Any

Shard = dict[str, Any]
RETRIES = 2
RETRY_DELAY = timedelta(seconds=float(os.environ.get("GITHUB_COPILOT_RETRY_SECONDS", "300")))
_TAP = "tap-github-copilot"
_PREFIX = "TAP_GITHUB_COPILOT_"
_TOLD = ("enterprises", "organizations", "start_date", "end_date")
# The tables that a piece fills: assets that dbt and alerts can depend on.
TABLES = (
    "github_copilot_daily_usages",
    "github_copilot_daily_usage_breakdowns",
    "github_copilot_user_teams",
    "github_copilot_daily_totals",
    "github_copilot_daily_repositories",
    "github_copilot_daily_ai_credits",
    "github_copilot_report_days",
    "github_copilot_seats",
)


class PieceFailedError(Exception):
    """A piece was not loaded; the line says which scope and days it has."""


class SettingsNotDeclaredError(Exception):
    """Meltano hands the tap only settings that are declared, and some here are not."""


def shards() -> list[Shard]:
    """The pieces: settings to lay over the configuration, and the id of each one's state.

    Raises:
        CalledProcessError: The tap says on stderr what is wrong.
        SettingsNotDeclaredError: A setting of the environment does not reach the tap.
    """
    _refuse_lost_settings({}, dict(os.environ))
    command = ["meltano", "invoke", _TAP, "--shards"]
    if days := os.environ.get("GITHUB_COPILOT_SHARD_DAYS"):
        command += ["--shard-days", days]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: list[Shard] = json.loads(done.stdout)
    return found


def load(shard: Shard, *, again: bool) -> None:
    """Load a piece.

    It is `meltano el`, since runs at the same time in one project overwrite each other's
    files under `meltano run` (https://github.com/meltano/meltano/issues/8763).

    Args:
        shard: One of `shards()`.
        again: Whether this is a retry: Meltano takes a run that was killed for one that
            still runs, for five minutes, unless it is forced.

    Raises:
        PieceFailedError: It failed, or was killed; its state says how far it came.
        SettingsNotDeclaredError: A setting of the piece or of the environment does not reach
            the tap, which would load other days or scopes.
    """
    loader = os.environ.get("GITHUB_COPILOT_LOADER", "target-postgres")
    command = ["meltano", "el", _TAP, loader, "--state-id", shard["state_id"]]
    environment = os.environ | {
        f"{_PREFIX}{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in shard["settings"].items()
    }
    _refuse_lost_settings(shard["settings"], environment)
    done = subprocess.run([*command, *(["--force"] if again else [])], env=environment, check=False)
    if done.returncode:
        piece = ", ".join(
            f"{name} {', '.join(value) if isinstance(value, list) else value}"
            for name, value in shard["settings"].items()
            if name in _TOLD
        )
        raise PieceFailedError(
            f"{shard['state_id']} ({piece}) was not loaded: meltano ended with exit code "
            f"{done.returncode}. The end of its log says why."
        )


def _refuse_lost_settings(settings: dict[str, Any], environment: dict[str, str]) -> None:
    """Compare settings with the configuration that Meltano makes for the tap."""
    command = ["meltano", "invoke", "--dump=config", _TAP]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
    arrived = json.loads(done.stdout)
    names = {
        name.removeprefix(_PREFIX).lower()
        for name, value in environment.items()
        # Two underscores: an extra of Meltano's own, such as TAP_GITHUB_COPILOT__SELECT.
        if name.startswith(_PREFIX) and not name.startswith(f"{_PREFIX}_") and value
    }
    lost = names - arrived.keys()
    lost |= {name for name, value in settings.items() if arrived.get(name) != value}
    if lost:
        raise SettingsNotDeclaredError(
            f"Meltano does not hand {_TAP} what the environment says of {', '.join(sorted(lost))}: "
            f"declare all settings under `settings` of {_TAP} in meltano.yml, as README.md and "
            "hub/tap-github-copilot.yml of the tap do"
        )

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


def shards() -> list[Shard]:
    """The pieces: settings to lay over the configuration, and the id of each one's state.

    Raises:
        CalledProcessError: The tap says on stderr what is wrong.
    """
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
        CalledProcessError: It failed, or was killed; its state says how far it came.
    """
    loader = os.environ.get("GITHUB_COPILOT_LOADER", "target-postgres")
    command = ["meltano", "el", _TAP, loader, "--state-id", shard["state_id"]]
    settings = {
        f"TAP_GITHUB_COPILOT_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in shard["settings"].items()
    }
    subprocess.run(
        [*command, *(["--force"] if again else [])], env=os.environ | settings, check=True
    )

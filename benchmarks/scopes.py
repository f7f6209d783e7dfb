"""How a run grows with its scopes: output, STATE, calls, time and memory.

`python -m benchmarks.scopes CONFIG` is one run of all streams, without the waits of the rate
limiter; it writes its messages to stdout, and what it cost as JSON on stderr's last line.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.running import Cost, report, serving, told_by
from benchmarks.timed import peak_mb
from simulator.access import TOKEN
from tap_github_copilot.github import rate_limit
from tap_github_copilot.github.client import Client
from tap_github_copilot.tap import TapGitHubCopilot

if TYPE_CHECKING:
    from tap_github_copilot.github.responses import Response

_ORGANIZATIONS = (50, 200, 800)
_DAYS = 8
_UNLIMITED = 10**9  # calls a minute


def grow(folder: Path, rounds: int) -> None:  # noqa: ARG001 - the counts are exact, one run each
    """(g) All streams of 50, 200 and 800 organizations: a first run and a daily one."""
    for organizations in _ORGANIZATIONS:
        with serving("--organizations", str(organizations), "--people-each", "2") as url:
            config = {
                "token": TOKEN,
                "api_url": url,
                "organizations": [f"org-{number:02}" for number in range(organizations)],
                "start_date": (datetime.now(UTC).date() - timedelta(days=_DAYS)).isoformat(),
            }
            first, state = _run(folder, config, None)
            daily, _ = _run(folder, config, state)
            for kind, cost in (("first run", first), ("daily run", daily)):
                report(f"(g) {organizations} organizations, {_DAYS} days, {kind}", [cost])


def _run(
    folder: Path, config: dict[str, Any], state: dict[str, Any] | None
) -> tuple[Cost, dict[str, Any]]:
    """The cost of a run, and the state that it left."""
    path, out = folder / "scopes.json", folder / "scopes.out"
    path.write_text(json.dumps({"config": config, "state": state}))
    cost: Cost = told_by("benchmarks.scopes", str(path), out=out)
    states = b'{"type":"STATE"'
    last, sizes = b"", Counter[str]()
    with out.open("rb") as messages:
        for line in messages:
            sizes["output"] += len(line)
            if line.startswith(states):
                last = line
                sizes["STATE"] += len(line)
    named = {f"{name}, MB": size / 1e6 for name, size in sizes.items()}
    return named | {"one STATE, MB": len(last) / 1e6} | cost, json.loads(last)["value"]


def main() -> None:
    """One run."""
    logging.disable(logging.INFO)
    given = json.loads(Path(sys.argv[1]).read_text())
    calls: Counter[str] = Counter()
    call = Client.call

    def counted(self: Client, *what: Any, **how: Any) -> Response:
        calls["calls"] += 1
        return call(self, *what, **how)

    with (
        patch.object(rate_limit, "MAX_PER_MINUTE", _UNLIMITED),
        patch.object(Client, "call", counted),
    ):
        tap = TapGitHubCopilot(config=given["config"], state=given["state"])
        began, cpu = time.perf_counter(), time.process_time()
        tap.sync()
        sys.stdout.flush()
        cost = {
            "seconds": time.perf_counter() - began,
            "seconds of CPU": time.process_time() - cpu,
            "peak, MB": peak_mb(),
        }
    print(json.dumps(calls | cost), file=sys.stderr)


if __name__ == "__main__":
    main()

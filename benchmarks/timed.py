"""One run of a tap in a process of its own: prints what it cost, as JSON on stderr's last line.

`python -m benchmarks.timed ours|usual CONFIG` writes its messages to stdout.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.usual import UsualTap
from tap_github_copilot.tap import TapGitHubCopilot

if TYPE_CHECKING:
    from singer_sdk import Tap

USAGES = "github_copilot_daily_usages"


def tap_of(kind: str, config: dict[str, Any]) -> Tap:
    """The tap, with the one stream selected that both have."""
    if kind == "usual":
        return UsualTap(config=config)
    tap = TapGitHubCopilot(config=config["ours"])
    for stream in tap.streams.values():
        stream.selected = stream.name == USAGES
    return tap


def peak_mb() -> float:
    """Peak resident memory of this process in MB.

    Not `ru_maxrss`: on Linux it survives exec, and so is at least what the parent held.
    """
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def main() -> None:
    """Run it."""
    logging.disable(logging.INFO)
    tap = tap_of(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()))
    began, cpu = time.perf_counter(), time.process_time()
    tap.sync_all()
    sys.stdout.flush()
    cost = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "peak_mb": peak_mb(),
    }
    print(json.dumps(cost), file=sys.stderr)


if __name__ == "__main__":
    main()

"""Runs taps and the simulated GitHub in processes of their own, and prints what they cost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from simulator.access import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
Cost = dict[str, float]


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """The URL of a simulated GitHub in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.serving", *options]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def write_config(
    folder: Path, url: str, *, organizations: int = 0, days: int = 1, concurrency: int = 4
) -> Path:
    """A configuration for both taps."""
    today = datetime.now(UTC).date()
    last = today - timedelta(days=6)
    scopes: dict[str, Any] = {"enterprises": ["acme"]}
    if organizations:
        scopes = {"organizations": [f"org-{number:02}" for number in range(organizations)]}
    ours = scopes | {"token": TOKEN, "api_url": url, "concurrency": concurrency}
    ours["start_date"] = (last - timedelta(days=days - 1)).isoformat()
    ours["end_date"] = last.isoformat()
    usual = {"token": TOKEN, "api_url": url, "enterprise": "acme", "day": last.isoformat()}
    path = folder / "config.json"
    path.write_text(json.dumps(usual | {"ours": ours}))
    return path


def run(kind: str, config: Path, out: Path | None = None) -> Cost:
    """One run of a tap in a process of its own, its messages to a file or nowhere."""
    cost: Cost = told_by("benchmarks.timed", kind, str(config), out=out)
    return cost


def told_by(module: str, *words: str, out: Path | None = None) -> Any:
    """What a module, run in a process of its own, prints as JSON on stderr's last line.

    Args:
        module: Its name.
        *words: Of its command line.
        out: Where its stdout goes; nowhere without it.
    """
    with (out or Path("/dev/null")).open("wb") as messages:
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=ROOT,
            stdout=messages,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stderr.splitlines()[-1])


def seconds(*commands: str, cores: str = "") -> float:
    """How long shell commands take that run side by side.

    Args:
        *commands: Without what they print on stderr.
        cores: Those that they may use, as `taskset` names them; all without it.

    Raises:
        RuntimeError: One of them failed.
    """
    pinned = ["taskset", "-c", cores] if cores else []
    began = time.perf_counter()
    running = [
        subprocess.Popen(
            [*pinned, "bash", "-c", f"set -eo pipefail; {command}"],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise RuntimeError(f"one of these failed, {codes}: {commands}")
    return time.perf_counter() - began


def report(title: str, found: list[dict[str, float]]) -> None:
    """The median of each figure."""
    say(f"\n{title}")
    for name in found[0]:
        values = sorted(row[name] for row in found)
        spread = f"   ({values[0]:.2f} to {values[-1]:.2f})" if len(values) > 1 else ""
        say(f"  {name:28} {median(values):10.2f}{spread}")


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)

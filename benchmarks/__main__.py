"""Run all of it and print a table: ratios within a round, medians over the rounds."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import lines, loading
from tests.simulator.access import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
Cost = dict[str, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices="abcde", help="one part: records, backfill, …")
    options = parser.parse_args()
    parts = {"a": records, "b": backfill, "c": daily, "d": memory, "e": loading.compare}
    say(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; medians")
    with tempfile.TemporaryDirectory(prefix="copilot-bench-") as folder:
        for name, part in parts.items():
            if options.only in {None, name}:
                part(Path(folder), options.rounds)


def records(folder: Path, rounds: int) -> None:
    """(a) A record: against the usual tap, `json.loads` + `json.dumps`, and decoding alone."""
    for people in (5_000, 50_000):
        with serving("--people", str(people)) as url:
            config = write_config(folder, url)
            content = lines.downloaded(config)
            lines.assert_equal(folder, config, run)
            found: list[dict[str, float]] = []
            for _ in range(rounds):
                ours, usual = run("ours", config), run("usual", config)
                both, alone = lines.loads_and_dumps(content), lines.decode_alone(content)
                found.append(
                    {
                        "ours us/record": ours["seconds"] / people * 1e6,
                        "ours records/s": people / ours["seconds"],
                        "usual / ours": usual["seconds"] / ours["seconds"],
                        "ours / (loads+dumps)": ours["seconds"] / both,
                        "ours / decoding": ours["seconds"] / alone,
                        "ours cpu / (loads+dumps)": ours["cpu"] / both,
                    }
                )
            report(f"(a) {people} people, {len(content) / people / 1000:.1f} KB a record", found)


def backfill(folder: Path, rounds: int) -> None:
    """(b) 60 days of 2 organisations at 150 ms a call and 300 ms a download."""
    with serving("--organizations", "2", "--latency") as url:
        found = []
        for _ in range(rounds):
            seconds = {
                n: run("ours", write_config(folder, url, organizations=2, days=60, concurrency=n))
                for n in (1, 4, 8)
            }
            found.append(
                {f"concurrency {n}, s": cost["seconds"] for n, cost in seconds.items()}
                | {f"1 / {n}": seconds[1]["seconds"] / seconds[n]["seconds"] for n in (4, 8)}
            )
        report("(b) backfill, 2 organisations x 60 days", found)


def daily(folder: Path, rounds: int) -> None:
    """(c) The daily run: 50 organisations, 4 days each."""
    with serving("--organizations", "50", "--latency") as url:
        config = write_config(folder, url, organizations=50, days=4)
        found = [{"s": run("ours", config)["seconds"]} for _ in range(rounds)]
        report("(c) daily run, 50 organisations x 4 days, concurrency 4", found)


def memory(folder: Path, rounds: int) -> None:
    """(d) Peak memory of small and large days."""
    peaks = {}
    for people in (1_000, 100_000):
        with serving("--people", str(people)) as url:
            config = write_config(folder, url)
            peaks[people] = median(run("ours", config)["peak_mb"] for _ in range(rounds))
    found = {f"{people} people, MB": peak for people, peak in peaks.items()}
    report("(d) peak memory", [found | {"difference, MB": peaks[100_000] - peaks[1_000]}])


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
    with (out or Path("/dev/null")).open("wb") as messages:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.timed", kind, str(config)],
            cwd=ROOT,
            stdout=messages,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    cost: Cost = json.loads(done.stderr.splitlines()[-1])
    return cost


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


if __name__ == "__main__":
    main()

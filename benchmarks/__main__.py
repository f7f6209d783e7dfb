"""Run all of it and print a table: ratios within a round, medians over the rounds."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import lines, loaders, loading, remembered, restated, scopes
from benchmarks.running import report, run, say, serving, write_config

# What images and CI often set: without compiled files a tap starts in 0.8 s instead of 0.3, and
# target-postgres in 1.3 s instead of 0.5; unbuffered, the usual tap writes each line by itself.
_SLOW_PYTHON = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices="abcdefgh", help="one part: records, backfill, …")
    options = parser.parse_args()
    parts = {
        "a": records,
        "b": backfill,
        "c": daily,
        "d": memory,
        "e": loading.compare,
        "f": restated.compare,
        "g": scopes.grow,
        "h": loaders.compare,
    }
    for name in _SLOW_PYTHON:
        os.environ.pop(name, None)
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
    """(b) 60 days of 2 organizations at 150 ms a call and 300 ms a download."""
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
        report("(b) backfill, 2 organizations x 60 days", found)


def daily(folder: Path, rounds: int) -> None:
    """(c) The daily run: 50 organizations, 4 days each."""
    with serving("--organizations", "50", "--latency") as url:
        config = write_config(folder, url, organizations=50, days=4)
        found = [{"s": run("ours", config)["seconds"]} for _ in range(rounds)]
        report("(c) daily run, 50 organizations x 4 days, concurrency 4", found)


def memory(folder: Path, rounds: int) -> None:
    """(d) Peak memory of small and large days."""
    peaks = {}
    for people in (1_000, 100_000):
        with serving("--people", str(people)) as url:
            config = write_config(folder, url)
            peaks[people] = median(run("ours", config)["peak_mb"] for _ in range(rounds))
    found = {f"{people} people, MB": peak for people, peak in peaks.items()}
    report("(d) peak memory", [found | {"difference, MB": peaks[100_000] - peaks[1_000]}])
    remembered.grow()


if __name__ == "__main__":
    main()

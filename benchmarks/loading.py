"""(e) End to end through target-postgres, against the target alone reading the same messages."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from benchmarks import target_postgres
from benchmarks.running import report, seconds, serving, write_config
from demo import postgres
from tests.support.daily_usages import catalog_of
from tests.support.tap_runs import USAGES

PEOPLE = 20_000  # so that the start of either process does not decide
_COMMANDS = Path(sys.executable).parent


def compare(folder: Path, rounds: int) -> None:
    """Print what the tap adds to the target's time, on one core and on two."""
    target_postgres.install()
    with postgres.embedded() as database, serving("--people", str(PEOPLE)) as url:
        tap, messages = _tap(folder, url), folder / "messages.jsonl"
        seconds(f"{tap} > {shlex.quote(str(messages))}")
        for cores in ("0", "0,1"):
            found = []
            for number in range(rounds):
                schema = f"bench_{len(cores)}_{number}"
                load = target_postgres.command(folder, database, schema)
                both = seconds(f"{tap} | {load} > /dev/null", cores=cores)
                alone = seconds(f"{load} < {shlex.quote(str(messages))} > /dev/null", cores=cores)
                found.append(
                    {"tap | target, s": both, "target alone, s": alone, "ratio": both / alone}
                )
            report(f"(e) into PostgreSQL, {PEOPLE} people, cores {cores}", found)


def _tap(folder: Path, url: str) -> str:
    """The command line of the tap as a person would run it, with the one stream selected."""
    settings = json.loads(write_config(folder, url).read_text())["ours"]
    words = [str(_COMMANDS / "tap-github-copilot")]
    for option, content in {"config": settings, "catalog": catalog_of(settings, USAGES)}.items():
        path = folder / f"tap-{option}.json"
        path.write_text(json.dumps(content))
        words += [f"--{option}", str(path)]
    return shlex.join(words)

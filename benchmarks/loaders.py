"""(h) Loaders alone on the same rows, and one machine that loads several pieces at once."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import target_postgres
from benchmarks.running import report, say, seconds, serving, write_config
from demo import postgres
from tests.loaders.environments import environment

if TYPE_CHECKING:
    from demo.postgres import Database

PEOPLE, DAYS = 400, 10  # so that the start of a process does not decide
ORGANIZATIONS = 4  # of a quarter of the people each
_TAP = Path(sys.executable).with_name("tap-github-copilot")


def compare(folder: Path, rounds: int) -> None:
    """Print rows per second of each loader, and what pieces at once save."""
    target_postgres.install()
    with postgres.embedded() as database:
        with serving("--organizations", "1", "--people-each", str(PEOPLE)) as url:
            _loaders(folder, database, _tap(folder, url, 0), rounds)
        people = str(PEOPLE // ORGANIZATIONS)
        with serving("--organizations", str(ORGANIZATIONS), "--people-each", people) as url:
            taps = [_tap(folder, url, number) for number in range(ORGANIZATIONS)]
            _at_once(folder, database, taps, rounds)


def _loaders(folder: Path, database: Database, tap: str, rounds: int) -> None:
    messages = folder / "messages.jsonl"
    seconds(f"{tap} > {shlex.quote(str(messages))}")
    lines = messages.read_bytes().splitlines()
    counts = Counter(json.loads(line)["stream"] for line in lines if b'"RECORD"' in line[:30])
    rows = sum(counts.values())
    say(f"\n(h) {rows} rows of {len(counts)} tables, {messages.stat().st_size / 1e6:.0f} MB")
    found = []
    for number in range(rounds):
        speeds = {}
        for name, command in _commands(folder, database, f"round_{number}").items():
            load = f"{command} < {shlex.quote(str(messages))} > /dev/null"
            speeds[f"{name}, rows/s"] = rows / seconds(load)
        found.append(speeds)
    report("(h) loaders alone, all tables", found)


def _at_once(folder: Path, database: Database, taps: list[str], rounds: int) -> None:
    found = []
    for number in range(rounds):
        cost = {}
        for pieces in (1, 2, 4):
            load = target_postgres.command(folder, database, f"pieces_{number}_{pieces}")
            # Two loaders that create the same table at the same moment fail.
            seconds(f"{taps[0]} | grep -v '\"RECORD\"' | {load} > /dev/null")
            loads = [f"{tap} | {load} > /dev/null" for tap in taps]
            # As many chains as pieces at once; each loads its organizations one after another.
            chains = [" && ".join(loads[start::pieces]) for start in range(pieces)]
            cost[f"{pieces} at once, s"] = seconds(*chains)
        found.append(cost)
    report(f"(h) {ORGANIZATIONS} organizations, through target-postgres of MeltanoLabs", found)


def _commands(folder: Path, database: Database, schema: str) -> dict[str, str]:
    """The command line of each loader."""
    [host] = database.rows("show unix_socket_directories")
    server = {"host": host["unix_socket_directories"], "port": 5432, "dbname": "postgres"}
    login = {"user": "postgres", "password": "not asked for"}
    files = folder / schema
    files.mkdir()
    return {
        "postgres, meltanolabs": target_postgres.command(folder, database, f"{schema}_ml"),
        "postgres, pipelinewise": _command(
            folder,
            environment("pipelinewise-postgres") / "target-postgres",
            server | login | {"default_target_schema": f"{schema}_pw", "batch_size_rows": 10000},
        ),
        "jsonl": _command(
            folder,
            environment("jsonl") / "target-jsonl",
            {"destination_path": str(files), "do_timestamp_file": False},
        ),
        "duckdb 0.8.0": _command(
            folder,
            environment("duckdb") / "target-duckdb",
            {"filepath": str(files / "bench.duckdb"), "default_target_schema": "main"},
        ),
    }


def _command(folder: Path, program: Path, settings: dict[str, Any]) -> str:
    name = f"{program.parent.parent.name}{settings.get('default_target_schema', '')}.json"
    path = folder / name
    path.write_text(json.dumps(settings))
    return shlex.join([str(program), "--config", str(path)])


def _tap(folder: Path, url: str, number: int) -> str:
    """The command line of the tap for one organization, with all tables."""
    path = write_config(folder, url, organizations=ORGANIZATIONS, days=DAYS)
    settings = json.loads(path.read_text())["ours"]
    settings["organizations"] = [settings["organizations"][number]]
    config = folder / f"tap-{number}.json"
    config.write_text(json.dumps(settings))
    return shlex.join([str(_TAP), "--config", str(config)])

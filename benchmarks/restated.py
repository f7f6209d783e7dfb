"""(f) The daily run into PostgreSQL, against the tap that sent every provisional day again."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import tarfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import target_postgres
from benchmarks.running import ROOT, report, say, seconds, serving
from demo import postgres
from simulator.access import TOKEN

if TYPE_CHECKING:
    from demo.postgres import Database

PEOPLE = 2_000
_FRIDAY = 4
_LAG = 1  # days, after which the simulated GitHub has a report
_DAYS = 8  # that stand in the tables before the daily run
_BEFORE = "3e8513f"  # the last commit that sent every provisional day in every run
_EVERY_RUN = ("github_copilot_seats", "github_copilot_report_days")
_AS_OF = Path(__file__).with_name("as_of.py")


@dataclass(frozen=True)
class Loaded:
    """A tap that has loaded everything until yesterday.

    Args:
        name: Of the tap, and of the schema that it loads into.
        python: Of its environment.
        state: The file with the state that it left.
    """

    name: str
    python: Path
    state: Path


def compare(folder: Path, rounds: int) -> None:
    """Print rows and seconds of a daily run with nothing, one day and all days restated."""
    target_postgres.install()
    now = datetime.now(UTC).date()
    today = now - timedelta(days=(now.weekday() - _FRIDAY) % 7)  # so that all days have many rows
    taps = {"now": Path(sys.executable)}
    if before := _environment_before():
        taps = {"before": before} | taps
    else:
        say(f"\n(f) no comparison: the commit {_BEFORE} is not in this clone")
    with postgres.embedded() as database:
        loaded = _load_until_yesterday(folder, database, taps, today - timedelta(days=1))
        for name, restated in {"nothing": 0, "one day": 1, "all days": _DAYS}.items():
            with serving(*_options(today, restated)) as url:
                _configure(folder, url, today)
                sent = {tap.name: _rows_sent(folder, tap, today) for tap in loaded}
                found = [_round(folder, database, loaded, today) for _ in range(rounds)]
            report(f"(f) daily run of {PEOPLE} people, {name} restated", found)
            for tap, rows in sent.items():
                _say_rows(tap, rows, today - timedelta(days=_LAG))


def _environment_before() -> Path | None:
    """The Python of an environment with the earlier tap, made once; None in a shallow clone."""
    folder = ROOT / ".cache" / f"tap-{_BEFORE}"
    python, ready = folder / "venv" / "bin" / "python", folder / "ready"
    if ready.exists():
        return python
    packed = subprocess.run(
        ["git", "archive", "--format=tar", _BEFORE], cwd=ROOT, capture_output=True, check=False
    )
    if packed.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as source:
        source.extractall(folder, filter="data")
    subprocess.run(
        [
            *(Path(sys.executable).with_name("uv"), "sync", "--quiet", "--frozen"),
            *("--no-default-groups", "--no-editable", "--python", sys.executable),
        ],
        cwd=folder,
        env=os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder / "venv")},
        check=True,
    )
    ready.touch()
    return python


def _options(today: date, restated: int) -> tuple[str, ...]:
    """Of the simulated GitHub as it is on a day."""
    options = {"enterprise-people": PEOPLE, "today": today, "restated": restated, "lag": _LAG}
    return tuple(f"--{name}={value}" for name, value in options.items())


def _configure(folder: Path, url: str, today: date) -> None:
    settings = {
        "token": TOKEN,
        "api_url": url,
        "enterprises": ["acme"],
        "start_date": (today - timedelta(days=_DAYS + _LAG)).isoformat(),
    }
    (folder / "config.json").write_text(json.dumps(settings))


def _load_until_yesterday(
    folder: Path, database: Database, taps: dict[str, Path], yesterday: date
) -> list[Loaded]:
    loaded = []
    with serving(*_options(yesterday, 0)) as url:
        _configure(folder, url, yesterday)
        for name, python in taps.items():
            states, state = folder / f"states-{name}.jsonl", folder / f"state-{name}.json"
            tap = _tap(folder, python, yesterday)
            target = target_postgres.command(folder, database, name)
            seconds(f"{tap} | {target} > {shlex.quote(str(states))}")
            state.write_text(states.read_text().splitlines()[-1])
            loaded.append(Loaded(name, python, state))
    return loaded


def _round(folder: Path, database: Database, loaded: list[Loaded], today: date) -> dict[str, float]:
    cost = {}
    for each in loaded:
        tap = _tap(folder, each.python, today, each.state)
        target = target_postgres.command(folder, database, each.name)
        cost[f"{each.name}, s"] = seconds(f"{tap} | {target} > /dev/null")
        messages = shlex.quote(str(folder / f"messages-{each.name}.jsonl"))
        cost[f"{each.name}, target alone, s"] = seconds(f"{target} < {messages} > /dev/null")
    if "before, s" in cost:
        cost["now / before"] = cost["now, s"] / cost["before, s"]
        cost["now, target alone / before"] = cost["now, target alone, s"] / cost["before, s"]
    return cost


def _rows_sent(folder: Path, loaded: Loaded, today: date) -> Counter[tuple[str, str]]:
    """How many records of each stream and day a run sends; its messages stay in a file."""
    messages = folder / f"messages-{loaded.name}.jsonl"
    seconds(f"{_tap(folder, loaded.python, today, loaded.state)} > {shlex.quote(str(messages))}")
    sent: Counter[tuple[str, str]] = Counter()
    with messages.open("rb") as lines:
        for line in lines:
            message = json.loads(line)
            if message["type"] == "RECORD":
                sent[message["stream"], message["record"].get("day", "")] += 1
    return sent


def _say_rows(tap: str, sent: Counter[tuple[str, str]], new_day: date) -> None:
    always = sum(rows for (stream, _), rows in sent.items() if stream in _EVERY_RUN)
    new = sum(
        rows
        for (stream, day), rows in sent.items()
        if stream not in _EVERY_RUN and day == new_day.isoformat()
    )
    other = sent.total() - always - new
    say(f"  {tap}: {new} rows of the new day, {other} of others, {always} of seats and ledger")


def _tap(folder: Path, python: Path, today: date, state: Path | None = None) -> str:
    """The command line of a tap on a day."""
    options = ["--config", str(folder / "config.json")]
    options += ["--state", str(state)] if state else []
    return shlex.join([str(python), str(_AS_OF), today.isoformat(), *options])

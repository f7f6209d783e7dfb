"""Four weeks of daily runs into PostgreSQL, over reports that are late, restated and withdrawn."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import sql

from demo import postgres
from simulator import billing
from simulator.server import Simulator
from simulator.world import USERS, World, shards_of
from tests.loaders.environments import environment
from tests.support.expected_tables import (
    AI_CREDITS,
    BREAKDOWNS,
    KEYS,
    LEDGER,
    SEATS,
    SETTLE_DAYS,
    Truth,
    differences,
)
from tests.support.tap_runs import USAGES, config_for, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.postgres import Database
    from tests.support.expected_tables import Row
    from tests.support.tap_runs import Outcome

ACME = "/enterprises/acme"
SCHEMA = "four_weeks"
BEGINNING = date(2026, 10, 26)
WEEKS = 4
FIRST = BEGINNING - timedelta(days=9)
REPORTS = {
    USAGES: USERS,
    "github_copilot_user_teams": "user-teams-1-day",
    "github_copilot_daily_totals": "enterprise-1-day",
    "github_copilot_daily_repositories": "repos-1-day",
    AI_CREDITS: billing.REPORT,
}
STREAMS = [stream for stream in KEYS if stream != SEATS]
# A report comes out so many days late, or never.
LATE = {
    (USERS, BEGINNING + timedelta(days=2)): 9,
    (USERS, BEGINNING + timedelta(days=9)): 12,
    ("enterprise-1-day", BEGINNING + timedelta(days=4)): 5,
    ("repos-1-day", BEGINNING + timedelta(days=6)): 100,
}


@dataclass
class FourWeeks:
    """What was sent and what was there to be sent.

    Args:
        world: What was true at the end.
        database: Where all of it was loaded.
        sends: How often the rows of a stream's day were sent.
        versions: How many versions of a report's day there were to send.
    """

    world: World
    database: Database
    sends: Counter[tuple[str, date]] = field(default_factory=Counter)
    versions: Counter[tuple[str, date]] = field(default_factory=Counter)
    _last: dict[tuple[str, date], str] = field(default_factory=dict)
    _final: set[tuple[str, date]] = field(default_factory=set)

    def move_on(self, today: date) -> None:
        """A day begins at GitHub."""
        self.world.today = today
        for (report, day), late in LATE.items():
            if (today - day).days < late:
                self.world.put[ACME, report, day] = None
            else:
                self.world.put.pop((ACME, report, day), None)
        restated = today - timedelta(days=3)
        if today.toordinal() % 4 == 0:  # some people's rows are withdrawn, and it is rebuilt
            rows = self.world.rows(ACME, restated)
            self.world.put[ACME, USERS, restated] = shards_of(rows[1:][::-1], 3)
        if today.toordinal() % 4 == 1:  # a day later it is rebuilt with the same rows
            rows = self.world.rows(ACME, restated - timedelta(days=1))
            self.world.put[ACME, USERS, restated - timedelta(days=1)] = shards_of(rows[::-1], 1)

    def note(self, outcome: Outcome) -> None:
        """Count what a run sent, and what it had to send."""
        for stream in REPORTS:
            self.sends.update((stream, date.fromisoformat(day)) for day in outcome.days(stream))
        for stream, report in REPORTS.items():
            for age in range(1, (self.world.today - FIRST).days + 1):
                self._note_version(stream, report, self.world.today - timedelta(days=age), age)

    def _rows(self, report: str, day: date) -> list[Row] | None:
        if report == billing.REPORT:
            return self.world.credits(ACME, day)
        reported = self.world.files(ACME, report, day) is not None
        return self.world.rows(ACME, day, report) if reported else None

    def _note_version(self, stream: str, report: str, day: date, age: int) -> None:
        rows = self._rows(report, day)
        if (stream, day) in self._final or rows is None:
            return
        version = json.dumps(sorted(json.dumps(row, sort_keys=True) for row in rows))
        if version != self._last.get((stream, day)) and rows:
            self.versions[stream, day] += 1
        self._last[stream, day] = version
        if age > SETTLE_DAYS:
            self._final.add((stream, day))

    def current(self, stream: str) -> list[Row]:
        """The rows of a table's newest version of each day, none of a day that lost them all."""
        tables = {"t": sql.Identifier(SCHEMA, stream), "ledger": sql.Identifier(SCHEMA, LEDGER)}
        if stream == LEDGER:
            return self.database.rows(sql.SQL("select * from {t}").format(**tables))  # type: ignore[arg-type]
        query = sql.SQL(
            "select t.* from {t} t where fetched_at = (select max(fetched_at) from {t} n "
            "where n.day = t.day) and not exists (select 1 from {ledger} d "
            "where d.day = t.day and d.report = {report} and d.row_count = 0)"
        )
        report = sql.Literal(REPORTS.get(stream, USERS))
        rows = self.database.rows(query.format(**tables, report=report))  # type: ignore[arg-type]
        if stream == BREAKDOWNS:
            people = {(row["day"], row["user_id"]) for row in self.current(USAGES)}
            rows = [row for row in rows if (row["day"], row["user_id"]) in people]
        return rows


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FourWeeks]:
    """All runs, each loaded before the next one."""
    world = World(today=BEGINNING)
    world.add(ACME, people=25)
    with postgres.embedded() as database, Simulator(world) as github:
        weeks = FourWeeks(world, database)
        load = _loader(database, tmp_path_factory.mktemp(SCHEMA))
        state: dict[str, Any] | None = None
        for number in range(7 * WEEKS):
            today = BEGINNING + timedelta(days=number)
            weeks.move_on(today)
            config = config_for(github, start_date=FIRST.isoformat())
            outcome = run_tap(config, today, state=state, streams=None)
            assert outcome.code == 0, outcome.log
            weeks.note(outcome)
            state = load(outcome)
        yield weeks


def _loader(database: Database, folder: Path) -> Any:
    [host] = database.rows("show unix_socket_directories")
    settings = folder / "target.json"
    settings.write_text(
        json.dumps(
            {
                "host": host["unix_socket_directories"],
                "port": 5432,
                "dbname": "postgres",
                "user": "postgres",
                "password": "not asked for",
                "default_target_schema": SCHEMA,
            }
        )
    )
    target = environment("pipelinewise-postgres") / "target-postgres"

    def load(outcome: Outcome) -> dict[str, Any]:
        done = subprocess.run(
            [target, "--config", settings],
            input=outcome.out,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        state: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert state == outcome.state
        return state

    return load


@pytest.mark.parametrize("stream", STREAMS)
def test_the_tables_hold_exactly_the_truth(weeks: FourWeeks, stream: str) -> None:
    truth = Truth(weeks.world, FIRST).rows(stream)
    assert len(truth) > WEEKS
    assert differences(stream, truth, weeks.current(stream)) == []


@pytest.mark.parametrize("stream", REPORTS)
def test_each_version_of_a_day_is_sent_once(weeks: FourWeeks, stream: str) -> None:
    sends = {day: count for (name, day), count in weeks.sends.items() if name == stream}
    versions = {day: count for (name, day), count in weeks.versions.items() if name == stream}
    assert sends == versions
    assert max(versions.values()) > 1 or stream not in {USAGES, "github_copilot_daily_totals"}

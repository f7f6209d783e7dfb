"""A database that the pipeline filled twice, with a correction between, and what was true then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from demo import postgres
from demo.pipeline import Pipeline
from demo.recipes import recipes
from simulator.seats import made_up
from simulator.server import Simulator
from simulator.world import USERS, World
from tests.support.tap_runs import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.postgres import Database

ACME = "/enterprises/acme"
SCHEMA = "recipes"
TODAY = datetime.now(UTC).date()
FIRST = TODAY - timedelta(days=45)
Rows = list[dict[str, Any]]


class Loaded:
    """A database loaded twice, and what was true then."""

    def __init__(self, database: Database, world: World, before: Rows) -> None:
        self.database = database
        self.world = world
        self.before = before
        self.usages = list(world.truth(ACME, FIRST, TODAY).values())

    def answer(self, recipe: str) -> list[tuple[Any, ...]]:
        rows = self.database.rows_in(SCHEMA, recipes()[recipe])
        return [tuple(row.values()) for row in rows]

    def report(self, report: str) -> Rows:
        days = [FIRST + timedelta(days=n) for n in range((TODAY - FIRST).days + 1)]
        return [row for day in days for row in self.world.rows(ACME, day, report)]


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    world = World(today=TODAY)
    world.add(ACME, people=50)
    restated, emptied = TODAY - timedelta(days=3), TODAY - timedelta(days=4)
    with postgres.embedded() as database, Simulator(world) as github:
        settings = config_for(github, start_date=FIRST.isoformat())
        folder = tmp_path_factory.mktemp(SCHEMA)
        pipeline = Pipeline(database, SCHEMA, folder, settings)
        pipeline.run()
        before = [row for day in (emptied, restated) for row in world.rows(ACME, day)]
        rows = world.files(ACME, USERS, restated) or []
        world.put[ACME, USERS, restated] = rows[:1]
        world.put[ACME, USERS, emptied] = [b""]
        pipeline.run()
        # What was withdrawn still stands in the table, as it does for a user.
        yield Loaded(database, world, before)


def in_table(loaded: Loaded) -> Rows:
    """The rows of usages in the table: those of now, and those withdrawn."""
    now = {(row["day"], row["user_id"]) for row in loaded.usages}
    gone = [row for row in loaded.before if (row["day"], row["user_id"]) not in now]
    return loaded.usages + gone


def is_active(row: dict[str, Any]) -> bool:
    return row.get("ai_credits_used", 0) > 0 or any(
        value is True or (name.endswith(("_count", "_sum")) and (value or 0) > 0)
        for name, value in row.items()
        if not isinstance(value, list | dict) and not name.startswith("distinct_")
    )


def monday(day: str) -> date:
    found = date.fromisoformat(day)
    return found - timedelta(days=found.weekday())


def completions(row: dict[str, Any]) -> Rows:
    """What a person-day says of code completions."""
    entries: Rows = row.get("totals_by_feature", [])
    return [entry for entry in entries if entry["feature"] == "code_completion"]


def idle_people(loaded: Loaded, rows: Rows) -> list[tuple[int, str]]:
    """Who has a seat and was neither active nor seen by GitHub in the last 28 days of rows."""
    newest = max(date.fromisoformat(row["day"]) for row in rows)
    before = (newest - timedelta(days=28)).isoformat()
    busy = {row["user_id"] for row in rows if is_active(row) and row["day"] > before}
    people: dict[int, str] = {}
    for seat in made_up(loaded.world.scopes[ACME], TODAY):
        person = seat["assignee"]
        people[person["id"]] = person["login"]
        if (seat.get("last_activity_at") or "")[:10] > before:
            busy.add(person["id"])
    return sorted((number, login) for number, login in people.items() if number not in busy)

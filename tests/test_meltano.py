"""The whole pipeline for real: simulated GitHub, tap, Meltano, target-postgres, PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from psycopg import sql

from demo import postgres
from demo.comparison import differences
from demo.pipeline import Pipeline
from simulator import billing
from simulator.access import TOKEN
from simulator.replay import Replay
from simulator.server import Simulator
from simulator.world import USERS, World
from tests.support import expected_tables
from tests.support.expected_tables import AI_CREDITS, Truth
from tests.support.tap_runs import config_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.postgres import Database

pytestmark = pytest.mark.slow

ACME = "/enterprises/acme"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres.embedded() as server:
        yield server


@pytest.fixture
def today() -> date:
    """The real one: Meltano's tap has no other clock."""
    return datetime.now(UTC).date()


def wrong_credits(database: Database, schema: str, world: World, first: date) -> list[str]:
    """What differs between the table of AI credits and what GitHub served."""
    table = sql.SQL("select * from {}.{}").format(
        sql.Identifier(schema), sql.Identifier(AI_CREDITS)
    )
    rows = Truth(world, first).rows(AI_CREDITS)
    assert rows
    return expected_tables.differences(AI_CREDITS, rows, database.rows(table))  # type: ignore[arg-type]


def test_enterprise_rows_in_postgresql_equal_githubs_twice_over(
    database: Database, github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    place = world.add(ACME, people=40)
    first_day = today - timedelta(days=20)
    odd = today - timedelta(days=8)
    row = {"day": odd.isoformat(), "user_id": 1, "invented": {"a": [1]}, "used_cli": False}
    row |= {"totals_by_cli": None, "totals_by_ide": [{"ide": "vim", "unheard_of": 2**40}, None]}
    row |= {"loc_added_sum": 2**62, "loc_deleted_sum": 0, "user_login": "nul\0l"} | place.ids
    world.put[ACME, USERS, odd] = [msgspec.json.encode(row)]
    settings = config_for(github, start_date=first_day.isoformat())
    pipeline = Pipeline(database, "enterprise_level", tmp_path, settings)

    pipeline.run()

    expected = list(world.truth(ACME, first_day, today).values())
    for truth in expected:
        if truth.get("user_login") == "nul\0l":
            truth["user_login"] = "null"
    assert differences(database, "enterprise_level", expected) == []
    assert wrong_credits(database, "enterprise_level", world, first_day) == []

    world.put_credits[ACME, today - timedelta(days=2)] = [billing.item("Copilot", "x", "y", 7.5)]
    github.seen.clear()
    pipeline.run()

    assert differences(database, "enterprise_level", expected) == []
    credits_now = wrong_credits(database, "enterprise_level", world, first_day)
    assert all(line.endswith(": only in the table") for line in credits_now)  # withdrawn since
    assert min(github.days_asked(ACME)) == (today - timedelta(days=4)).isoformat()


def test_several_organizations_stand_in_one_table(
    database: Database, github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    first_day = today - timedelta(days=9)
    for login in ("octo-org", "octo-lab", "octo-web"):
        world.add(f"/orgs/{login}", people=15)
    settings = config_for(github, start_date=first_day.isoformat())

    Pipeline(database, "organization_level", tmp_path, settings).run()

    loaded = database.rows(
        "select organization_login, organization_id, count(*) from "
        "organization_level.github_copilot_daily_usages group by 1, 2 order by 1"
    )
    assert wrong_credits(database, "organization_level", world, first_day) == []
    assert [tuple(row.values()) for row in loaded] == [
        (place.name, str(place.number), len(world.truth(path, first_day, today)))
        for path, place in sorted(world.scopes.items())
    ]


@pytest.mark.parametrize("way", ["enterprise", "organizations", "found"])
def test_an_app_loads_the_days_that_a_token_loads(
    database: Database, github: Simulator, world: World, today: date, tmp_path: Path, way: str
) -> None:
    first_day = today - timedelta(days=8)
    app = github.access.app
    for path in (ACME,) if way == "enterprise" else ("/orgs/octo-org", "/orgs/octo-lab"):
        app.install(path, world.add(path, people=12).number)
    settings = config_for(github, start_date=first_day.isoformat())
    del settings["token"]
    settings |= {"app_id": app.client_id, "private_key": app.pem(PrivateFormat.PKCS8)}
    if way == "found":
        del settings["organizations"]

    Pipeline(database, f"app_{way}", tmp_path, settings).run()

    rows = [row for path in world.scopes for row in world.truth(path, first_day, today).values()]
    assert differences(database, f"app_{way}", rows) == []
    assert wrong_credits(database, f"app_{way}", world, first_day) == []


def test_a_folder_of_report_files_is_replayed_and_loaded_as_it_is(
    database: Database, today: date, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    enterprise = {"day": "2024-02-29", "day_partition": "2024-02-29", "enterprise_id": "1"}
    organization = {"day": "2024-01-05", "organization_id": "77", "ai_credits_used": 0.1}
    (folder / "one.json").write_bytes(msgspec.json.encode([enterprise | {"user_id": 5}]))
    lines = [organization | {"user_id": 6}, organization | {"user_id": 7, "day": "2024-01-04"}]
    (folder / "two.ndjson").write_bytes(msgspec.json.Encoder().encode_lines(lines))
    export = {"report_start_day": "2024-01-05", "report_end_day": "2024-02-01"}
    rows = [enterprise | export | {"user_id": 8, "day": f"2024-01-{day:02}"} for day in (5, 19)]
    (folder / "users-28-day.json").write_bytes(msgspec.json.Encoder().encode_lines(rows))
    (folder / "teams.ndjson").write_text('{"day":"2024-01-05","user_id":1,"team_id":2}')
    replay = Replay(folder)
    assert [*replay.scopes] == ["/enterprises/one", "/orgs/two", "/enterprises/users-28-day"]
    assert replay.not_served == {
        "teams.ndjson": "is of another report (user-teams-1-day: it has `team_id`)"
    }
    with Simulator(replay) as github:
        for path, place in replay.scopes.items():
            name = place.name.replace("-", "_")
            level = "enterprises" if "/enterprises/" in path else "organizations"
            settings = {"api_url": github.url, "token": TOKEN, level: [place.name]}
            settings["start_date"] = min(row["day"] for row in replay.rows[path])
            Pipeline(database, name, tmp_path, settings).run()
            assert differences(database, name, replay.rows[path]) == []
    newest = max(row["day"] for rows in replay.rows.values() for row in rows)
    assert newest == (today - timedelta(days=7)).isoformat()

"""Every stream in PostgreSQL, compared row by row with what GitHub served, twice over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import sql

from demo import postgres
from demo.pipeline import Pipeline
from simulator.server import Simulator
from simulator.world import USERS, World
from tests.support.expected_tables import (
    BREAKDOWNS,
    LEDGER,
    SEATS,
    USAGES,
    Truth,
    schema_of,
)
from tests.support.repeated_load import (
    STREAMS,
    assert_invented_fields_arrived,
    assert_rows_are_githubs,
    assert_state_was_kept,
    load_twice,
    settings_of,
)
from tests.support.unusual_reports import put_odd_rows, unusual_github

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.postgres import Database
    from tests.support.repeated_load import Load

    Tables = dict[str, list[dict[str, Any]]]

pytestmark = pytest.mark.slow

ACME = "/enterprises/acme"
ORGANIZATIONS = ("/orgs/octo-org", "/orgs/octo-lab", "/orgs/octo-web")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres.embedded() as server:
        yield server


def tables(database: Database, schema: str) -> Tables:
    """All rows of all tables of a schema."""
    return {stream: database.rows_in(schema, f"select * from {stream}") for stream in STREAMS}


@pytest.fixture(scope="module")
def meltanolabs(database: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Load, Load]:
    """Through Meltano and its target-postgres."""
    with unusual_github(ACME) as (github, truth):
        folder = tmp_path_factory.mktemp("meltanolabs")
        pipeline = Pipeline(database, "odd", folder, settings_of(github, truth))
        return load_twice(github, truth, pipeline.run, lambda: tables(database, "odd"))


@pytest.fixture(scope="module")
def three_organizations(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Load, Load]:
    """Ninety days of two hundred people in three organizations, through Meltano.

    The first load is cut in two: one run may start only 800 calls a minute.
    """
    world = World()
    for path, people in zip(ORGANIZATIONS, (70, 70, 60), strict=True):
        world.add(path, people)
    truth = Truth(world, world.today - timedelta(days=90))
    put_odd_rows(world, ORGANIZATIONS[0], world.today - timedelta(days=40))
    with Simulator(world) as github:
        folder = tmp_path_factory.mktemp("three_organizations")
        pipeline = Pipeline(database, "three", folder, settings_of(github, truth))
        end = {"end_date": (truth.first + timedelta(days=44)).isoformat()}
        replace(pipeline, settings=pipeline.settings | end).run()
        return load_twice(github, truth, pipeline.run, lambda: tables(database, "three"))


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("loads", ["meltanolabs", "three_organizations"])
def test_every_row_equals_githubs_twice_over(
    request: pytest.FixtureRequest, loads: str, stream: str
) -> None:
    assert_rows_are_githubs(request.getfixturevalue(loads), stream)


@pytest.mark.parametrize("loads", ["meltanolabs", "three_organizations"])
def test_fields_invented_at_every_level_arrive(request: pytest.FixtureRequest, loads: str) -> None:
    assert_invented_fields_arrived(request.getfixturevalue(loads)[-1].tables)


@pytest.mark.parametrize("stream", STREAMS)
def test_counts_and_sums_of_90_days_3_organizations_and_200_people_are_githubs(
    three_organizations: tuple[Load, Load], database: Database, stream: str
) -> None:
    truth = three_organizations[-1].truth[stream]
    numbers = [
        name
        for name, column in schema_of(stream)["properties"].items()
        if {"integer", "number"} & {*column["type"]} or column["type"] == "integer"
    ]
    sums = sql.SQL(", ").join(sql.SQL("sum({0}) as {0}").format(sql.Identifier(n)) for n in numbers)
    query = sql.SQL("select count(*) as rows{}{} from three.{}").format(
        sql.SQL(", " if numbers else ""), sums, sql.Identifier(stream)
    )
    [found] = database.rows(query)  # type: ignore[arg-type]
    assert found.pop("rows") == len(truth)
    for name in numbers:
        values = [Decimal(str(row[name])) for row in truth if name in row]
        assert found[name] == (sum(values) if values else None), name


def test_the_load_is_as_large_as_it_says(three_organizations: tuple[Load, Load]) -> None:
    usages = three_organizations[-1].truth[USAGES]
    assert len({row["day"] for row in usages}) == 89  # yesterday's report is not out
    assert len({row["organization_id"] for row in usages}) == 3
    assert len({row["user_id"] for row in usages}) > 150
    assert sum(row.get("loc_added_sum", 0) for row in usages) > 2**63


def test_the_second_run_asks_for_the_unsettled_days_alone(meltanolabs: tuple[Load, Load]) -> None:
    assert_state_was_kept(meltanolabs)


def test_a_day_that_never_was_and_an_empty_one_are_told_apart(
    meltanolabs: tuple[Load, Load],
) -> None:
    rows = {
        str(row["day"]): row for row in meltanolabs[-1].tables[LEDGER] if row["report"] == USERS
    }
    today = datetime.now(UTC).date()
    found = {
        age: (row["status"], row["row_count"])
        for age in (1, 9, 16)
        for row in [rows[(today - timedelta(days=age)).isoformat()]]
    }
    assert found == {1: ("pending", None), 9: ("loaded", 0), 16: ("empty", None)}


@pytest.mark.parametrize(
    ("stream", "column", "kind"),
    [
        (USAGES, "day", "date"),
        (USAGES, "user_id", "bigint"),
        (USAGES, "ai_credits_used", "numeric"),
        (USAGES, "active", "boolean"),
        (USAGES, "totals_by_ide", "jsonb[]"),
        (USAGES, "totals_by_cli", "jsonb"),
        (BREAKDOWNS, "prompt_tokens_sum", "bigint"),
        (BREAKDOWNS, "avg_tokens_per_request", "numeric"),
        (LEDGER, "byte_count", "bigint"),
        (SEATS, "fetched_at", "timestamp without time zone"),
    ],
)
def test_a_column_has_the_type_that_the_recipes_count_on(
    meltanolabs: tuple[Load, Load], database: Database, stream: str, column: str, kind: str
) -> None:
    assert meltanolabs
    [found] = database.rows(
        "select format_type(atttypid, atttypmod) as kind from pg_attribute "
        "where attrelid = ('odd.' || %(stream)s)::regclass and attname = %(column)s",
        stream=stream,
        column=column,
    )
    assert found["kind"] == kind

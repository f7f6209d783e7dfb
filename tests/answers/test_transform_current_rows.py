"""Which rows the dbt models take for current, and that a second build finds what changed.

Each day of the tables below is a kind of change between two builds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import psycopg
import pytest

from tests.support import dbt_project as dbt

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from tests.support.loaded_database import Loaded

pytestmark = pytest.mark.slow
FIRST = datetime.now(UTC).date() - timedelta(days=12)
EARLY, LATE = "2026-11-20 06:00:00.000001", "2026-11-21 06:00:00.000002"
EARLIER = "2026-11-19 06:00:00.000000"
ANN, BOB, CAT = 1, 2, 3
KINDS = [
    "unchanged",
    "a person withdrawn",
    "emptied",
    "loaded by half, then whole",
    "usages alone restated",
    "a person withdrawn from usages alone",
    "a person back in usages alone",
    "restated with a moment before that of other days",
    "appended twice with one moment",
    "gone from the table",
    "new",
]


class Day(NamedTuple):
    """A day's rows as the loader left them: people with the moment of their row."""

    usages: list[tuple[int, str]]
    breakdowns: list[tuple[int, str]]
    row_count: int | None = None

    @classmethod
    def of(cls, *people: int, at: str = EARLY) -> Day:
        rows = [(person, at) for person in people]
        return cls(rows, rows, len(people))


BEFORE = {
    "unchanged": Day.of(ANN, BOB),
    "a person withdrawn": Day.of(ANN, BOB),
    "emptied": Day.of(ANN, BOB),
    "loaded by half, then whole": Day.of(ANN),
    "usages alone restated": Day.of(ANN, BOB),
    "a person withdrawn from usages alone": Day.of(ANN, BOB),
    "a person back in usages alone": Day([(ANN, EARLY)], [(ANN, EARLIER), (BOB, EARLIER)]),
    "restated with a moment before that of other days": Day.of(ANN, at="2026-11-10 06:00:00"),
    "appended twice with one moment": Day.of(ANN, BOB),
    "gone from the table": Day.of(ANN),
}
AFTER = {
    "unchanged": Day.of(ANN, BOB),
    "a person withdrawn": Day([(ANN, LATE), (BOB, EARLY)], [(ANN, LATE), (BOB, EARLY)], 1),
    "emptied": Day([(ANN, EARLY), (BOB, EARLY)], [(ANN, EARLY), (BOB, EARLY)], 0),
    "loaded by half, then whole": Day.of(ANN, BOB),
    "usages alone restated": Day([(ANN, LATE), (BOB, LATE)], [(ANN, EARLY), (BOB, EARLY)], 2),
    "a person withdrawn from usages alone": Day(
        [(ANN, LATE), (BOB, EARLY)], [(ANN, EARLY), (BOB, EARLY)]
    ),
    "a person back in usages alone": Day(
        [(ANN, LATE), (BOB, LATE)], [(ANN, EARLIER), (BOB, EARLIER)]
    ),
    "restated with a moment before that of other days": Day(
        [(ANN, "2026-11-10 06:00:00"), (CAT, "2026-11-11 06:00:00")],
        [(ANN, "2026-11-10 06:00:00"), (CAT, "2026-11-11 06:00:00")],
        1,
    ),
    "appended twice with one moment": Day(
        [(ANN, EARLY), (BOB, EARLY)] * 2, [(ANN, EARLY), (BOB, EARLY)] * 2, 2
    ),
    "new": Day.of(ANN, CAT, at=LATE),
}
# People in usages and in breakdowns.
EXPECTED_BEFORE = {
    **{kind: ({ANN, BOB}, {ANN, BOB}) for kind in BEFORE},
    "loaded by half, then whole": ({ANN}, {ANN}),
    "a person back in usages alone": ({ANN}, {ANN}),
    "restated with a moment before that of other days": ({ANN}, {ANN}),
    "gone from the table": ({ANN}, {ANN}),
}
EXPECTED_AFTER = {
    **{kind: ({ANN, BOB}, {ANN, BOB}) for kind in AFTER if kind != "emptied"},
    "a person withdrawn": ({ANN}, {ANN}),
    "a person withdrawn from usages alone": ({ANN}, {ANN}),
    "restated with a moment before that of other days": ({CAT}, {CAT}),
    "new": ({ANN, CAT}, {ANN, CAT}),
}
TABLES = {
    "github_copilot_daily_usages": "day date, user_id bigint, active boolean, fetched_at timestamp",
    "github_copilot_daily_usage_breakdowns": (
        "day date, user_id bigint, fetched_at timestamp, breakdown text, breakdown_key text"
    ),
    "github_copilot_report_days": (
        "day date, report text, status text, provisional boolean, row_count bigint, "
        "repeated_count bigint, fetched_at timestamp, checked_at timestamp"
    ),
}
SCOPES = ("acme", "globex")


def statements(schema: str, scope: str, days: dict[str, Day]) -> Iterable[str]:
    """The SQL that makes the tables, twice: for two scopes."""
    yield f"drop schema if exists {schema} cascade"
    yield f"create schema {schema}"
    for table, columns in TABLES.items():
        yield f"create table {schema}.{table} ({scope} text, {columns})"
    for name in SCOPES:
        for kind, found in days.items():
            day = f"'{name}', '{FIRST + timedelta(days=KINDS.index(kind))}'"
            for person, moment in found.usages:
                yield (
                    f"insert into {schema}.github_copilot_daily_usages "
                    f"values ({day}, {person}, true, '{moment}')"
                )
            for person, moment in found.breakdowns:
                yield (
                    f"insert into {schema}.github_copilot_daily_usage_breakdowns "
                    f"values ({day}, {person}, '{moment}', 'feature', 'chat')"
                )
            # An appending loader holds the looks before, too; the newest was the last.
            count = "null" if found.row_count is None else found.row_count
            yield (
                f"insert into {schema}.github_copilot_report_days values "
                f"({day}, 'users-1-day', 'loaded', true, 9, 0, '{LATE}', '{EARLY}'), "
                f"({day}, 'users-1-day', 'loaded', true, {count}, 0, '{EARLY}', '{LATE}')"
            )


QUERY = """
    select scope, day, user_id from github_copilot__{model} order by 1, 2, 3
"""


def people(
    expected: dict[str, tuple[set[int], set[int]]], table: int
) -> list[tuple[str, date, int]]:
    return sorted(
        (scope, FIRST + timedelta(days=KINDS.index(kind)), person)
        for scope in SCOPES
        for kind, found in expected.items()
        for person in found[table]
    )


def test_current_rows_at_enterprise_level_in_postgresql(loaded: Loaded, tmp_path: Path) -> None:
    schema = "kinds"
    for days, expected in ((BEFORE, EXPECTED_BEFORE), (AFTER, EXPECTED_AFTER)):
        with psycopg.connect(loaded.database.url) as connection:
            for statement in statements(schema, "enterprise_slug", days):
                connection.execute(statement.encode())
        dbt.build(loaded.database, schema, tmp_path)
        for place, model in enumerate(("usages", "breakdowns")):
            rows = loaded.database.rows_in(f"{schema}_answers", QUERY.format(model=model))
            found = [tuple(row.values()) for row in rows]
            assert found == people(expected, place), model


def test_current_rows_at_organization_level_in_duckdb(tmp_path: Path) -> None:
    path = tmp_path / "copilot.duckdb"
    for days, expected in ((BEFORE, EXPECTED_BEFORE), (AFTER, EXPECTED_AFTER)):
        with duckdb.connect(path) as connection:
            for statement in statements("github_copilot", "organization_id", days):
                connection.execute(statement)
        dbt.build_in_duckdb(path, "github_copilot", tmp_path, level="organization")
        with duckdb.connect(path) as connection:
            connection.execute("use answers")
            for place, model in enumerate(("usages", "breakdowns")):
                found = connection.execute(QUERY.format(model=model)).fetchall()
                assert found == people(expected, place), model


def test_current_rows_where_streams_and_columns_are_not_loaded(tmp_path: Path) -> None:
    """No usages, no ledger, no `fetched_at` of breakdowns; a membership appended twice."""
    path = tmp_path / "copilot.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(f"""
            create schema github_copilot;
            create table github_copilot.github_copilot_daily_usage_breakdowns as
            select 'acme' as enterprise_slug, date '{FIRST}' as day, n as user_id,
                'feature' as breakdown, '["chat"]' as breakdown_key, 'chat' as feature
            from (values (1), (2), (2)) as t (n);
            create table github_copilot.github_copilot_user_teams as
            select 'acme' as enterprise_slug, date '{FIRST}' as day, 1 as user_id, team as team_id,
                cast(moment as timestamp) as fetched_at
            from (values (7, '{EARLY}'), (8, '{LATE}'), (8, '{LATE}'), (9, '{LATE}'))
                as t (team, moment)
        """)
    for _ in range(2):
        dbt.build_in_duckdb(path, "github_copilot", tmp_path)
        with duckdb.connect(path) as connection:
            people = "select user_id from answers.github_copilot__breakdowns order by 1"
            assert connection.execute(people).fetchall() == [(1,), (2,)]
            teams = "select team_id from answers.github_copilot__user_teams order by 1"
            assert connection.execute(teams).fetchall() == [(8,), (9,)]

"""The SQL recipes of docs/recipes.md, run against a loaded database and compared with the truth.

They run over the tables, where rows that GitHub withdrew still count, and over the views of
current rows, which hide them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from demo.recipes import recipes
from simulator.world import USERS
from tests.support import odd_schemas
from tests.support.loaded_database import (
    ACME,
    SCHEMA,
    TODAY,
    Rows,
    completions,
    idle_people,
    in_table,
    is_active,
    monday,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.loaded_database import Loaded

pytestmark = pytest.mark.slow


VIEWS = "github_copilot_current"
ALERTS = Path(__file__).parents[2] / "docs" / "alerts.md"
REPORTS = (USERS, "user-teams-1-day", "enterprise-1-day", "repos-1-day", "ai_credit_usage")


class Over(NamedTuple):
    """What recipes run over, and the person-days that count there."""

    answer: Callable[[str], list[tuple[Any, ...]]]
    rows: Rows


@pytest.fixture(scope="module")
def views(loaded: Loaded) -> str:
    """The schema with the views of current rows."""
    with psycopg.connect(loaded.database.url) as connection:
        connection.execute(f"set search_path to {SCHEMA}".encode())
        connection.execute(recipes()["Current rows"].encode())
    return VIEWS


@pytest.fixture(params=["tables", "views"])
def over(request: pytest.FixtureRequest, loaded: Loaded, views: str) -> Over:
    if request.param == "tables":
        return Over(loaded.answer, in_table(loaded))
    return Over(lambda name: answer(loaded, name, views, SCHEMA), loaded.usages)


def answer(loaded: Loaded, recipe: str, *schemas: str) -> list[tuple[Any, ...]]:
    """What a recipe answers over the tables of several schemas, the first one first."""
    with psycopg.connect(loaded.database.url) as connection:
        connection.execute(f"set search_path to {', '.join(schemas)}".encode())
        return connection.execute(recipes()[recipe].encode()).fetchall()


def test_active_people_by_week(over: Over) -> None:
    weeks: dict[date, set[int]] = defaultdict(set)
    for row in over.rows:
        weeks[monday(row["day"])] |= {row["user_id"]} if is_active(row) else set()
    assert over.answer("Active people by week") == [
        (week, len(people)) for week, people in sorted(weeks.items())
    ]


def test_adoption_by_team(loaded: Loaded, over: Over) -> None:
    active = {(row["day"], row["user_id"]) for row in over.rows if is_active(row)}
    members: dict[str, set[int]] = defaultdict(set)
    users: dict[str, set[int]] = defaultdict(set)
    for row in loaded.report("user-teams-1-day"):
        members[row["slug"]].add(row["user_id"])
        if (row["day"], row["user_id"]) in active:
            users[row["slug"]].add(row["user_id"])
    expected = [(team, len(members[team]), len(users[team])) for team in sorted(members)]
    assert over.answer("Adoption by team") == expected


def sums(rows: Rows, array: str, by: str, *counters: str) -> list[tuple[Any, ...]]:
    found: dict[str, list[int]] = defaultdict(lambda: [0] * len(counters))
    for entry in (entry for row in rows for entry in row.get(array, [])):
        for place, counter in enumerate(counters):
            found[entry[by]][place] += entry[counter]
    return sorted(((k, *v) for k, v in found.items()), key=lambda row: (-row[1], row[0]))


def test_languages_and_models(over: Over) -> None:
    counters = ("code_generation_activity_count", "code_acceptance_activity_count")
    expected = sums(over.rows, "totals_by_language_feature", "language", *counters)
    assert expected
    assert over.answer("Languages") == expected
    prompts = "user_initiated_interaction_count"
    expected = sums(over.rows, "totals_by_model_feature", "model", prompts)
    assert over.answer("Models") == expected


def test_acceptance_rate(over: Over) -> None:
    months: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in over.rows:
        for entry in completions(row):
            month = months[date.fromisoformat(row["day"]).replace(day=1)]
            month[0] += entry["code_acceptance_activity_count"]
            month[1] += entry["code_generation_activity_count"]
    answer = over.answer("Acceptance rate")
    assert [month for month, _ in answer] == sorted(months)
    for month, percent in answer:
        accepted, generated = months[month]
        assert float(percent) == pytest.approx(100 * accepted / generated, abs=0.051)


def test_idle_seats(loaded: Loaded, over: Over) -> None:
    expected = idle_people(loaded, over.rows)
    assert expected
    assert over.answer("Idle seats") == expected


def test_credits_by_person_and_month(over: Over) -> None:
    months: dict[tuple[date, int], float] = defaultdict(float)
    for row in over.rows:
        month = date.fromisoformat(row["day"]).replace(day=1)
        months[month, row["user_id"]] += row.get("ai_credits_used", 0)
    found = over.answer("Credits by person and month")
    assert {(r[0], r[1]): float(r[3] or 0) for r in found} == pytest.approx(dict(months))
    assert all(float(r[4]) == pytest.approx(float(r[3]) / 100) for r in found if r[3] is not None)


def test_credits_by_person_and_team(loaded: Loaded, over: Over) -> None:
    people: dict[int, float] = defaultdict(float)
    days: dict[tuple[str, int], float] = {}
    for row in over.rows:
        people[row["user_id"]] += row.get("ai_credits_used", 0)
        days[row["day"], row["user_id"]] = row.get("ai_credits_used", 0)
    answer = {number: float(found) for number, _, found in over.answer("Credits by person")}
    assert answer == pytest.approx(dict(people))
    teams: dict[str, float] = defaultdict(float)
    for row in loaded.report("user-teams-1-day"):
        teams[row["slug"]] += days.get((row["day"], row["user_id"]), 0)
    found = {team: float(credits_) for team, credits_ in over.answer("Credits by team")}
    assert found == pytest.approx(dict(teams))


def test_the_ledger_tells_a_missing_day_from_a_quiet_one(loaded: Loaded) -> None:
    answer = loaded.answer("Is Tuesday missing, or was nobody at work?")
    expected = []
    for age in range(1, 46):
        day = TODAY - timedelta(days=age)
        files = loaded.world.files(ACME, USERS, day)
        count = None if files is None else len(loaded.world.rows(ACME, day))
        expected.append((day, "loaded" if files is not None else "pending", age <= 4, count))
    assert answer == expected


def test_rows_that_were_withdrawn(loaded: Loaded) -> None:
    now = {(row["day"], row["user_id"]) for row in loaded.usages}
    before = {(row["day"], row["user_id"]) for row in loaded.before}
    expected = sorted((date.fromisoformat(day), number) for day, number in before - now)
    assert expected
    assert loaded.answer("Rows that GitHub withdrew") == expected


def test_a_loader_that_lost_rows_is_found_out(loaded: Loaded) -> None:
    assert loaded.answer("Did everything arrive?") == []
    odd_schemas.make(loaded.database, SCHEMA, "lost_rows")
    days = [date.fromisoformat(row["day"]) for row in loaded.usages]
    lost = answer(loaded, "Did everything arrive?", "lost_rows")
    assert [(report, day, sent - found) for report, _, day, sent, found in lost] == [
        ("enterprise-1-day", max(days), 1),
        ("user-teams-1-day", min(days), 1),
        ("users-1-day", max(days), 1),
    ]


def test_freshness_is_that_of_the_last_look(loaded: Loaded) -> None:
    [users] = [r for r in loaded.answer("How fresh is the data?") if r[1] == "users-1-day"]
    assert users[2].date() == TODAY
    assert users[3] == max(date.fromisoformat(row["day"]) for row in loaded.usages)


def test_people_have_the_email_addresses_of_another_tap(loaded: Loaded) -> None:
    person = loaded.usages[0]["user_id"]
    with psycopg.connect(loaded.database.url) as connection:
        connection.execute(
            """create schema tap_github; create table tap_github.users (id bigint, email text);
            insert into tap_github.users values (%s, 'one@example.org')""".replace(
                "%s", str(person)
            ).encode()
        )
    found = answer(loaded, "E-mail addresses from tap-github", SCHEMA, "tap_github")
    assert [row[2] for row in found if row[0] == person] == ["one@example.org"]
    assert {row[0] for row in found} == {row["user_id"] for row in in_table(loaded)}


def test_alerts_are_quiet_while_all_is_well_and_speak_once_it_is_not(loaded: Loaded) -> None:
    stopped, late = re.findall(r"```sql\n(.*?)```", ALERTS.read_text(), re.DOTALL)
    with psycopg.connect(loaded.database.url) as connection:
        connection.execute(f"set search_path to {SCHEMA}".encode())
        assert connection.execute(stopped.encode()).fetchall() == []
        assert connection.execute(late.encode()).fetchall() == []
        connection.execute(
            b"update github_copilot_report_days set checked_at = checked_at - interval '999 days', "
            b"day = day - 999"
        )
        assert len(connection.execute(stopped.encode()).fetchall()) == len(REPORTS)
        assert len(connection.execute(late.encode()).fetchall()) == 1
        connection.rollback()


def test_every_recipe_is_run() -> None:
    tests = Path(__file__).parent.glob("test_recipes*.py")
    source = "".join(path.read_text() for path in tests)
    assert [name for name in recipes() if f'"{name}"' not in source] == []

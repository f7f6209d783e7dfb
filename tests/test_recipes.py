"""The README's SQL recipes, run against a loaded database and compared with the truth."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from demo.recipes import recipes
from simulator.world import USERS
from tests.support.loaded_database import (
    ACME,
    TODAY,
    Rows,
    completions,
    idle_people,
    in_table,
    is_active,
    monday,
)

if TYPE_CHECKING:
    from tests.support.loaded_database import Loaded

pytestmark = pytest.mark.slow


def test_active_people_by_week(loaded: Loaded) -> None:
    weeks: dict[date, set[int]] = defaultdict(set)
    for row in in_table(loaded):
        weeks[monday(row["day"])] |= {row["user_id"]} if is_active(row) else set()
    assert loaded.answer("Active people by week") == [
        (week, len(people)) for week, people in sorted(weeks.items())
    ]


def test_adoption_by_team(loaded: Loaded) -> None:
    active = {(row["day"], row["user_id"]) for row in in_table(loaded) if is_active(row)}
    members: dict[str, set[int]] = defaultdict(set)
    users: dict[str, set[int]] = defaultdict(set)
    for row in loaded.report("user-teams-1-day"):
        members[row["slug"]].add(row["user_id"])
        if (row["day"], row["user_id"]) in active:
            users[row["slug"]].add(row["user_id"])
    expected = [(team, len(members[team]), len(users[team])) for team in sorted(members)]
    assert loaded.answer("Adoption by team") == expected


def sums(rows: Rows, array: str, by: str, *counters: str) -> list[tuple[Any, ...]]:
    found: dict[str, list[int]] = defaultdict(lambda: [0] * len(counters))
    for entry in (entry for row in rows for entry in row.get(array, [])):
        for place, counter in enumerate(counters):
            found[entry[by]][place] += entry[counter]
    return sorted(((k, *v) for k, v in found.items()), key=lambda row: (-row[1], row[0]))


def test_languages_and_models(loaded: Loaded) -> None:
    counters = ("code_generation_activity_count", "code_acceptance_activity_count")
    expected = sums(in_table(loaded), "totals_by_language_feature", "language", *counters)
    assert expected
    assert loaded.answer("Languages") == expected
    prompts = "user_initiated_interaction_count"
    expected = sums(in_table(loaded), "totals_by_model_feature", "model", prompts)
    assert loaded.answer("Models") == expected


def test_acceptance_rate(loaded: Loaded) -> None:
    months: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in in_table(loaded):
        for entry in completions(row):
            month = months[date.fromisoformat(row["day"]).replace(day=1)]
            month[0] += entry["code_acceptance_activity_count"]
            month[1] += entry["code_generation_activity_count"]
    answer = loaded.answer("Acceptance rate")
    assert [month for month, _ in answer] == sorted(months)
    for month, percent in answer:
        accepted, generated = months[month]
        assert float(percent) == pytest.approx(100 * accepted / generated, abs=0.051)


def test_idle_seats(loaded: Loaded) -> None:
    expected = idle_people(loaded, in_table(loaded))
    assert expected
    assert loaded.answer("Idle seats") == expected


def test_credits_by_person_and_team(loaded: Loaded) -> None:
    people: dict[int, float] = defaultdict(float)
    days: dict[tuple[str, int], float] = {}
    for row in in_table(loaded):
        people[row["user_id"]] += row.get("ai_credits_used", 0)
        days[row["day"], row["user_id"]] = row.get("ai_credits_used", 0)
    answer = {number: float(found) for number, _, found in loaded.answer("Credits by person")}
    assert answer == pytest.approx(dict(people))
    teams: dict[str, float] = defaultdict(float)
    for row in loaded.report("user-teams-1-day"):
        teams[row["slug"]] += days.get((row["day"], row["user_id"]), 0)
    found = {team: float(credits_) for team, credits_ in loaded.answer("Credits by team")}
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


def test_every_recipe_is_run() -> None:
    source = Path(__file__).read_text()
    assert [name for name in recipes() if f'"{name}"' not in source] == []

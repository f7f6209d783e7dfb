"""The dbt package over loaded tables: its models against what was true, on awkward schemas too."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.support import dbt_project as dbt
from tests.support import odd_schemas as awkward
from tests.support.loaded_database import ACME, SCHEMA, completions, idle_people, is_active, monday

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from tests.support.loaded_database import Loaded

pytestmark = pytest.mark.slow

ENGAGED = ("user_initiated_interaction_count", "code_acceptance_activity_count")


@pytest.fixture(scope="module")
def ask(
    loaded: Loaded, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], list[dict[str, Any]]]:
    """Asks the models."""
    dbt.build(loaded.database, SCHEMA, tmp_path_factory.mktemp("dbt"))
    return lambda query: loaded.database.rows_in(f"{SCHEMA}_answers", query)


def test_the_dx_table_has_the_rows_of_now_and_none_that_was_withdrawn(
    loaded: Loaded, ask: Any
) -> None:
    found = ask("select * from github_copilot_daily_usages")
    assert set(found[0]) == {"id", "date", "login", "enterprise_slug", "active"}
    assert len({row["id"] for row in found}) == len(found)
    assert sorted((str(row["date"]), row["login"], row["active"]) for row in found) == sorted(
        (row["day"], row["user_login"], is_active(row)) for row in loaded.usages
    )


def test_weekly_adoption_is_what_the_reports_say(loaded: Loaded, ask: Any) -> None:
    weeks: dict[date, dict[str, Any]] = defaultdict(
        lambda: {"active": set(), "engaged": set(), "credits": 0.0, "shown": 0, "accepted": 0}
    )
    for row in loaded.usages:
        week = weeks[monday(row["day"])]
        week["active"] |= {row["user_id"]} if is_active(row) else set()
        week["engaged"] |= {row["user_id"]} if any(row.get(n, 0) > 0 for n in ENGAGED) else set()
        week["credits"] += row.get("ai_credits_used", 0)
        for entry in completions(row):
            week["shown"] += entry["code_generation_activity_count"]
            week["accepted"] += entry["code_acceptance_activity_count"]
    found = ask("select * from github_copilot__weekly_adoption order by week")
    assert [row["week"] for row in found] == sorted(weeks)
    for row in found:
        week = weeks[row["week"]]
        assert row["active_people"] == len(week["active"])
        assert row["engaged_people"] == len(week["engaged"])
        assert float(row["credits"] or 0) == pytest.approx(week["credits"])
        assert row["completions_shown"] == week["shown"]
        rate = week["accepted"] / week["shown"]
        assert float(row["acceptance_rate"]) == pytest.approx(rate, abs=1e-4)


def test_idle_seats_are_those_of_the_reports(loaded: Loaded, ask: Any) -> None:
    found = ask("select user_id, user_login, used from github_copilot__seats order by 1")
    idle = [(row["user_id"], row["user_login"]) for row in found if not row["used"]]
    assert idle == idle_people(loaded, loaded.usages)
    assert len(found) == len({row["user_id"] for row in found}) > len(idle)


def test_teams_languages_models_and_credits_add_up(loaded: Loaded, ask: Any) -> None:
    prompts = "user_initiated_interaction_count"
    for model, array, by, counter, column in (
        ("github_copilot__weekly_features", "totals_by_feature", "feature", prompts, "prompts"),
        ("github_copilot__weekly_models", "totals_by_model_feature", "model", prompts, "prompts"),
        (
            *("github_copilot__weekly_languages", "totals_by_language_feature", "language"),
            *("code_generation_activity_count", "generated"),
        ),
    ):
        sums: dict[tuple[date, str], int] = defaultdict(int)
        for row in loaded.usages:
            for entry in row.get(array, []):
                sums[monday(row["day"]), entry[by]] += entry[counter]
        found = ask(f"select week, {by}, {column} from {model}")
        assert {(row["week"], row[by]): row[column] for row in found} == sums
    members: dict[tuple[date, str], set[int]] = defaultdict(set)
    for row in loaded.report("user-teams-1-day"):
        members[monday(row["day"]), row["slug"]].add(row["user_id"])
    found = ask("select week, team, members from github_copilot__weekly_teams")
    assert {(r["week"], r["team"]): r["members"] for r in found} == {
        key: len(people) for key, people in members.items()
    }
    [credit] = ask("select sum(credits) as credits from github_copilot__person_credits")
    whole = sum(row.get("ai_credits_used", 0) for row in loaded.usages)
    assert float(credit["credits"]) == pytest.approx(whole)


@pytest.mark.parametrize("name", ["empty", "without_rows", "without_a_column", "renamed"])
def test_the_models_build_on_awkward_schemas(loaded: Loaded, tmp_path: Path, name: str) -> None:
    awkward.make(loaded.database, SCHEMA, name)
    level = "organization" if name == "renamed" else "enterprise"
    dbt.build(loaded.database, name, tmp_path, level=level)
    query = "select * from github_copilot__weekly_adoption"
    rows = loaded.database.rows_in(f"{name}_answers", query)
    scopes = {"empty": set(), "without_rows": set(), "renamed": {"77"}}
    assert {row["scope"] for row in rows} == scopes.get(name, {ACME.rpartition("/")[2]})
    if name == "without_a_column":
        assert {row["credits"] for row in rows} == {None}


def test_the_models_build_in_duckdb_and_say_the_same(
    loaded: Loaded, ask: Any, tmp_path: Path
) -> None:
    path = tmp_path / "copilot.duckdb"
    with duckdb.connect(path) as database:
        database.execute("create schema github_copilot")
        for table in awkward.TABLES:
            file = tmp_path / f"{table}.jsonl"
            rows = loaded.database.rows_in(SCHEMA, f"select to_jsonb(t) as row from {table} t")
            file.write_text("".join(json.dumps(row["row"]) + "\n" for row in rows))
            place = f"github_copilot.{table}"
            database.execute(f"create table {place} as select * from read_json_auto('{file}')")
    dbt.build_in_duckdb(path, "github_copilot", tmp_path)
    query = (
        "select week, active_people, engaged_people, credits "
        "from github_copilot__weekly_adoption order by 1"
    )
    with duckdb.connect(path) as database:
        found = database.execute("use answers; " + query).fetchall()
    expected = [tuple(row.values()) for row in ask(query)]
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    assert [float(row[3]) for row in found] == pytest.approx([float(row[3]) for row in expected])


def test_what_a_later_load_left_behind_does_not_count(loaded: Loaded, tmp_path: Path) -> None:
    awkward.make(loaded.database, SCHEMA, "later_load")
    dbt.build(loaded.database, "later_load", tmp_path)

    def count(of: str, table: str, where: str = "true") -> int:
        query = f"select count({of}) as found from github_copilot__{table} where {where}"
        [row] = loaded.database.rows_in("later_load_answers", query)
        return int(row["found"])

    # Breakdowns that were loaded before the usages of their day still count.
    newest = "day = (select max(day) from github_copilot__usages)"
    assert count("*", "usages", newest) > 0
    assert count("distinct user_id", "breakdowns", newest) > 0
    assert count("*", "report_calendar") == count("distinct (report, day)", "report_calendar")


def test_a_loader_that_lost_rows_is_found_out(loaded: Loaded, tmp_path: Path) -> None:
    awkward.make(loaded.database, SCHEMA, "lost_rows")
    project = dbt.in_postgres(loaded.database, "lost_rows", tmp_path)
    done = project.run("build", raw_schema="lost_rows")
    assert done.returncode == 1
    assert "Got 3 results, configured to fail if != 0" in done.stdout
    assert "ERROR=1" in done.stdout
    exempt = [
        "github_copilot_daily_usages",
        "github_copilot_user_teams",
        "github_copilot_daily_totals",
    ]
    project.build(raw_schema="lost_rows", filtered_tables=exempt)

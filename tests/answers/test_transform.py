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
    from collections.abc import Callable, Iterable
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


COUNTERS = (
    "code_generation_activity_count",
    "code_acceptance_activity_count",
    "loc_suggested_to_add_sum",
    "loc_suggested_to_delete_sum",
    "loc_added_sum",
    "loc_deleted_sum",
)
PROMPTS = "user_initiated_interaction_count"


@pytest.mark.parametrize(
    ("table", "array", "columns"),
    [
        ("ides", "totals_by_ide", ("ide", PROMPTS, *COUNTERS)),
        ("features", "totals_by_feature", ("feature", PROMPTS, *COUNTERS)),
        ("language_features", "totals_by_language_feature", ("language", "feature", *COUNTERS)),
        ("language_models", "totals_by_language_model", ("language", "model", *COUNTERS)),
    ],
)
def test_the_dx_tables_by_something_have_an_entry_each(
    loaded: Loaded, ask: Any, table: str, array: str, columns: tuple[str, ...]
) -> None:
    found = ask(
        "select u.date, u.login, t.* "
        f"from github_copilot_user_metric_by_{table} as t "
        "join github_copilot_daily_usages as u on u.id = t.github_copilot_daily_usage_id"
    )
    expected = [
        (row["day"], row["user_login"], *(entry.get(column) for column in columns))
        for row in loaded.usages
        for entry in row.get(array, [])
    ]
    assert expected
    assert len({row["id"] for row in found}) == len(found)
    names = ("date", "login", *columns)
    assert in_order(tuple(row[name] for name in names) for row in found) == in_order(expected)


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    return sorted(tuple(str(value) for value in row) for row in rows)


def test_the_dx_tables_of_clis_and_ides_have_versions(loaded: Loaded, ask: Any) -> None:
    found = ask("select * from github_copilot_user_metric_by_clis")
    names = ("session_count", "request_count", "prompt_count")
    tokens = ("output_tokens_sum", "prompt_tokens_sum", "avg_tokens_per_request")
    assert set(found[0]) == {
        *("id", "github_copilot_daily_usage_id", "cli_version", "cli_version_sampled_at"),
        *names,
        *tokens,
    }
    clis = [row["totals_by_cli"] for row in loaded.usages if row.get("totals_by_cli")]

    def numbers(entry: dict[str, Any], usage: dict[str, Any]) -> tuple[Any, ...]:
        average = usage["avg_tokens_per_request"]
        return (
            *(entry[name] for name in names),
            *(usage[name] for name in tokens[:2]),
            None if average is None else round(float(average), 6),
        )

    def version(of: dict[str, Any] | None, name: str) -> tuple[str | None, str | None]:
        return ((of or {}).get(name), ((of or {}).get("sampled_at") or "").replace("T", " ")[:19])

    assert in_order(
        (*numbers(row, row), row["cli_version"], str(row["cli_version_sampled_at"])[:19])
        for row in found
    ) == in_order(
        (*numbers(cli, cli["token_usage"]), *version(cli["last_known_cli_version"], "cli_version"))
        for cli in clis
    )
    ides = [entry for row in loaded.usages for entry in row.get("totals_by_ide", [])]
    found = ask("select * from github_copilot_user_metric_by_ides")
    assert in_order(
        (row["ide"], row["ide_version"], str(row["ide_version_sampled_at"] or "")[:19])
        for row in found
    ) == in_order(
        (ide["ide"], *version(ide.get("last_known_ide_version"), "ide_version")) for ide in ides
    )
    assert in_order((row["plugin"], row["plugin_version"]) for row in found) == in_order(
        (plugin.get("plugin"), plugin.get("plugin_version"))
        for plugin in (ide.get("last_known_plugin_version") or {} for ide in ides)
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


@pytest.mark.parametrize("name", ["without_rows", "without_a_column", "renamed"])
def test_the_models_build_on_awkward_schemas(loaded: Loaded, tmp_path: Path, name: str) -> None:
    awkward.make(loaded.database, SCHEMA, name)
    level = "organization" if name == "renamed" else "enterprise"
    dbt.build(loaded.database, name, tmp_path, level=level)
    query = "select * from github_copilot__weekly_adoption"
    rows = loaded.database.rows_in(f"{name}_answers", query)
    scopes = {"without_rows": set(), "renamed": {"77"}}
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

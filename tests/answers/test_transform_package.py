"""The dbt package in a project of somebody else's; wrong variables; freshness; descriptions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml

from tests.support import dbt_project as dbt

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
RAW = "github_copilot"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A DuckDB file with a person-day at enterprise level, and a ledger of an hour ago."""
    path = tmp_path / "copilot.duckdb"
    checked = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S")
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    with duckdb.connect(path) as database:
        database.execute(f"""
            create schema {RAW};
            create schema elsewhere;
            create table {RAW}.github_copilot_daily_usages as
            select 'acme' as enterprise_slug, date '{day}' as day, 1 as user_id,
                'ann' as user_login, true as active, timestamp '{checked}' as fetched_at;
            create table {RAW}.github_copilot_report_days as
            select 'acme' as enterprise_slug, 'users-1-day' as report, date '{day}' as day,
                'loaded' as status, true as provisional, 1 as row_count, 0 as repeated_count,
                timestamp '2026-01-01' as fetched_at, timestamp '{checked}' as checked_at
        """)
    return path


def test_a_project_with_a_model_people_can_install_it(file: Path, tmp_path: Path) -> None:
    project = tmp_path / "warehouse"
    (project / "models").mkdir(parents=True)
    profile = yaml.safe_load((dbt.PACKAGE / "profiles.yml").read_text())
    documents = {
        "profiles.yml": {"warehouse": profile["github_copilot"]},
        "packages.yml": {"packages": [{"local": str(dbt.PACKAGE)}]},
        "dbt_project.yml": {
            "name": "warehouse",
            "version": "1.0.0",
            "profile": "warehouse",
            "vars": {"github_copilot": {"raw_schema": RAW, "level": "enterprise"}},
            "models": {"github_copilot": {"+schema": "copilot"}},
        },
    }
    for name, document in documents.items():
        (project / name).write_text(yaml.safe_dump(document))
    (project / "models" / "people.sql").write_text("select 'ann' as login, 'Core' as team")
    (project / "models" / "teams.sql").write_text(
        "select p.team, count(*) as active from {{ ref('people') }} as p "
        "join {{ ref('github_copilot__usages') }} as u on u.user_login = p.login group by 1"
    )
    warehouse = dbt.in_duckdb(file, tmp_path, project)
    installed = warehouse.run("deps")
    assert installed.returncode == 0, installed.stdout
    warehouse.build()
    with duckdb.connect(file) as database:
        assert database.execute("select * from answers.teams").fetchall() == [("Core", 1)]
        query = "select active from answers_copilot.github_copilot__usages"
        assert database.execute(query).fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"raw_schema": "copilot"},
            (
                "`raw_schema` of the package github_copilot is 'copilot'; it takes the schema with "
                "the tap's tables, and that one has none of them. Schemas of this database that "
                f"have: {RAW}."
            ),
        ),
        ({"raw_schema": "elsewhere"}, f"that have: {RAW}."),
        (
            {"raw_schema": RAW, "level": "organization"},
            (
                "`level` of the package github_copilot is 'organization'; it takes the level that "
                "the tap reads, and github_copilot_daily_usages has rows of enterprise level. Set "
                "it to enterprise."
            ),
        ),
        (
            {"raw_schema": RAW, "level": "org"},
            "`level` of the package github_copilot is 'org'; it takes enterprise or organization.",
        ),
    ],
)
def test_a_wrong_variable_is_told_once(
    file: Path, tmp_path: Path, variables: dict[str, str], told: str
) -> None:
    done = dbt.in_duckdb(file, tmp_path).run("build", **variables)
    assert done.returncode != 0
    assert done.stdout.count("Compilation Error") == 1
    assert told in done.stdout
    with duckdb.connect(file) as database:
        built = "select count(*) from information_schema.tables where table_schema = 'answers'"
        assert database.execute(built).fetchone() == (0,)


def test_a_model_never_replaces_a_table_of_the_tap(file: Path, tmp_path: Path) -> None:
    project = dbt.in_duckdb(file, tmp_path)
    project.environment["DBT_SCHEMA"] = RAW
    done = project.run("build", raw_schema=RAW)
    assert done.returncode != 0
    assert "would replace the table of that name there" in done.stdout
    with duckdb.connect(file) as database:
        found = database.execute(f"select user_login from {RAW}.github_copilot_daily_usages")
        assert found.fetchall() == [("ann",)]


@pytest.mark.parametrize(("age", "status"), [(1, "PASS"), (40, "WARN"), (24 * 14, "ERROR STALE")])
def test_freshness_is_that_of_the_last_look(
    file: Path, tmp_path: Path, age: int, status: str
) -> None:
    checked = (datetime.now(UTC) - timedelta(hours=age)).strftime("%Y-%m-%d %H:%M:%S")
    with duckdb.connect(file) as database:
        database.execute(f"update {RAW}.github_copilot_report_days set checked_at = '{checked}'")
    done = dbt.in_duckdb(file, tmp_path).run("source", "freshness", raw_schema=RAW)
    assert f"[{status} in" in done.stdout or f" {status} " in done.stdout, done.stdout


def test_a_table_that_went_stale_is_told(file: Path, tmp_path: Path) -> None:
    with duckdb.connect(file) as database:
        for table in ("daily_usages", "report_days"):
            database.execute(f"update {RAW}.github_copilot_{table} set day = day - 14")
    project = dbt.in_duckdb(file, tmp_path)
    done = project.run("build", raw_schema=RAW)
    assert "Got 1 result, configured to warn if != 0" in done.stdout
    project.build(raw_schema=RAW, retired_scopes=["acme"])
    project.build(raw_schema=RAW, stale_after_days=20)


def test_every_column_of_every_model_is_described(file: Path, tmp_path: Path) -> None:
    project = dbt.in_duckdb(file, tmp_path)
    project.build(raw_schema=RAW)
    done = project.run("docs", "generate", raw_schema=RAW)
    assert done.returncode == 0, done.stdout
    catalog = json.loads((tmp_path / "target" / "catalog.json").read_text())["nodes"]
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    described = {
        (name, column): text["description"]
        for name, node in manifest["nodes"].items()
        for column, text in node.get("columns", {}).items()
    }
    columns = {(name, column) for name, node in catalog.items() for column in node["columns"]}
    assert columns == set(described)
    assert [key for key, text in described.items() if not text.strip()] == []
    assert [name for name, node in manifest["nodes"].items() if not _is_described(node)] == []
    assert all(source["description"] for source in manifest["sources"].values())
    models = {
        node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"
    }
    [exposure] = manifest["exposures"].values()
    assert {name.rpartition(".")[2] for name in exposure["depends_on"]["nodes"]} <= (
        models | {"github_copilot__series_breaks"}
    )
    assert all(name.startswith("github_copilot_") for name in models)
    metrics = {metric["name"] for metric in manifest["metrics"].values()}
    assert {"github_copilot_active_people", "github_copilot_acceptance_rate"} <= metrics


def _is_described(node: dict[str, str]) -> bool:
    return bool(node["description"]) or node["resource_type"] not in {"model", "seed"}

"""The dbt package's SQL for Snowflake and BigQuery, of which no test has a real one.

Every model and test is rendered with the macros of the database, parsed in its dialect,
translated to DuckDB's and run there: it must find the rows that the package finds in DuckDB.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import jinja2
import pytest
import sqlglot
import yaml

from simulator.world import World
from tests.support import duckdb_tables
from tests.support.dbt_project import PACKAGE

if TYPE_CHECKING:
    from pathlib import Path

# They call dbt's `return`, which Jinja alone has not.
WITH_RETURN = ("copilot_is_held_to_account", "copilot_dx_counters")
MACROS = re.sub(
    rf"\{{% macro (?:{'|'.join(WITH_RETURN)})\(.*?endmacro %\}}",
    "",
    "".join(path.read_text() for path in sorted((PACKAGE / "macros").glob("*.sql"))),
    flags=re.DOTALL,
)
VARIABLES = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text())["vars"]
MODELS = {path.stem: path.read_text() for path in sorted((PACKAGE / "models").rglob("*.sql"))}
TESTS = {path.stem: path.read_text() for path in sorted((PACKAGE / "tests").glob("*.sql"))}
COUNTERS = (
    *("code_generation_activity_count", "code_acceptance_activity_count"),
    *("loc_suggested_to_add_sum", "loc_suggested_to_delete_sum", "loc_added_sum"),
    "loc_deleted_sum",
)
DIALECTS = ("snowflake", "bigquery")
INCREMENTAL = {
    "github_copilot__usages": ("copilot_days('github_copilot_daily_usages', 'users-1-day')",),
    "github_copilot__breakdowns": ("copilot_breakdown_days()",),
    "github_copilot__user_teams": (
        "copilot_days('github_copilot_user_teams', 'user-teams-1-day')",
    ),
}


class Column(NamedTuple):
    """A column as dbt's adapter describes it."""

    name: str
    dtype: str


class Adapter:
    """What the macros ask of dbt's `adapter`."""

    def __init__(self, dialect: str, tables: dict[str, list[Column]]) -> None:
        self.dialect = dialect
        self.tables = tables

    @jinja2.pass_context
    def dispatch(self, context: jinja2.runtime.Context, name: str, _package: str) -> Any:
        return context.get(f"{self.dialect}__{name}") or context[f"default__{name}"]

    def get_columns_in_relation(self, relation: str) -> list[Column]:
        return self.tables[relation.rpartition(".")[2]]


class Package:
    """The package's SQL, as dbt would render it for a database with these tables."""

    def __init__(self, dialect: str, tables: dict[str, list[Column]]) -> None:
        self.dialect = dialect
        self.environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])
        self.environment.globals.update(
            execute=True,
            ref=lambda name: name,
            source=lambda _package, table: table,
            load_relation=lambda table: f"github_copilot.{table}" if table in tables else None,
            var=VARIABLES.__getitem__,
            adapter=Adapter(dialect, tables),
            config=lambda **_: "",
            copilot_is_held_to_account=lambda table: table in tables,
            copilot_dx_counters=lambda: list(COUNTERS),
            is_incremental=lambda: False,
        )

    def sql(self, text: str) -> str:
        """A text in the SQL of the database."""
        return self.environment.from_string(MACROS + text).render().strip()

    def for_duckdb(self, text: str) -> str:
        """The same, translated to DuckDB's.

        Raises:
            sqlglot.errors.SqlglotError: It is no SQL of the database.
        """
        level = sqlglot.ErrorLevel.RAISE
        [found] = sqlglot.transpile(
            self.sql(text), read=self.dialect, write="duckdb", unsupported_level=level
        )
        return found


def in_order(models: dict[str, str]) -> list[str]:
    """The models' names, those that others refer to first."""
    refers = {name: {*re.findall(r"ref\('(\w+)'\)", MACROS_OF[name])} for name in models}
    return [name for name in TopologicalSorter(refers).static_order() if name in models]


def used_by(name: str) -> str:
    """A model's text with the macros that refer to models on its behalf."""
    text = MODELS[name]
    if "copilot_days" in text or "copilot_breakdown_days" in text:
        text += "ref('github_copilot__report_calendar')"
    if "copilot_breakdown_days" in text:
        text += "ref('github_copilot__usages')"
    if "copilot_weekly_by" in text or "copilot_dx_entries" in text:
        text += "ref('github_copilot__breakdowns') ref('github_copilot__usages')"
    return text


MACROS_OF = {name: used_by(name) for name in MODELS}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dialects") / "copilot.duckdb"
    world = World(today=datetime.now(UTC).date())
    world.add("/enterprises/acme", people=12)
    duckdb_tables.write(path, duckdb_tables.tables_of(world, 20))
    return path


def columns_of(database: duckdb.DuckDBPyConnection) -> dict[str, list[Column]]:
    rows = database.execute(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'github_copilot'"
    ).fetchall()
    tables: dict[str, list[Column]] = {}
    for table, name, kind in rows:
        tables.setdefault(table, []).append(Column(name, kind))
    return tables


def answers(file: Path, dialect: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every model and test, by the SQL of a dialect."""
    with duckdb.connect(str(file)) as database:
        package = Package(dialect, columns_of(database))
        database.execute(f"create schema {dialect}; use {dialect}")
        for name in in_order(MODELS):
            database.execute(f"create table {name} as {package.for_duckdb(MODELS[name])}")
        found = {name: database.execute(f"from {name}").fetchall() for name in MODELS}
        return found | {
            name: database.execute(package.for_duckdb(text)).fetchall()
            for name, text in TESTS.items()
        }


@pytest.fixture(scope="module")
def expected(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    return answers(file, "duckdb")


def texts_and_numbers(rows: list[tuple[Any, ...]]) -> tuple[list[Any], list[float]]:
    """Rows in order, without what databases write differently: zones, dates as moments.

    Fractions come apart, for they are compared as numbers.
    """
    parted = sorted(
        (
            [_text(value) for value in row if not isinstance(value, float | Decimal)],
            [float(value) for value in row if isinstance(value, float | Decimal)],
        )
        for row in rows
    )
    return [texts for texts, _ in parted], [number for _, numbers in parted for number in numbers]


def _text(value: Any) -> str:
    return re.sub(r"\+00(:00)?| 00:00:00$", "", str(value))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_models_say_the_same_in_the_sql_of(
    file: Path, expected: dict[str, list[tuple[Any, ...]]], dialect: str
) -> None:
    found = answers(file, dialect)
    assert len(found["github_copilot__usages"]) > 0
    assert len(found["github_copilot_user_metric_by_clis"]) > 0
    for name, rows in found.items():
        texts, numbers = texts_and_numbers(rows)
        expected_texts, expected_numbers = texts_and_numbers(expected[name])
        assert texts == expected_texts, name
        # sqlglot makes a decimal with five digits of BigQuery's `bignumeric`.
        assert numbers == pytest.approx(expected_numbers, abs=1e-3), name


@pytest.mark.parametrize("dialect", DIALECTS)
def test_incremental_builds_are_sql_of(file: Path, dialect: str) -> None:
    with duckdb.connect(str(file), read_only=True) as database:
        package = Package(dialect, columns_of(database))
    package.environment.globals["is_incremental"] = lambda: True
    for name, (days,) in INCREMENTAL.items():
        package.environment.globals["this"] = name
        assert "delete from" in package.sql(f"{{{{ copilot_forget_days({days}) }}}}").lower()
        assert package.for_duckdb(f"{{{{ copilot_forget_days({days}) }}}}")
        assert f"select day_version from {name}" in package.sql(MODELS[name])
        assert package.for_duckdb(MODELS[name])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_any_table_the_models_are_still_sql_of(dialect: str) -> None:
    package = Package(dialect, {})
    package.environment.globals["exceptions"] = Silent()
    for text in (*MODELS.values(), *TESTS.values()):
        assert package.for_duckdb(text)


class Silent:
    """dbt's `exceptions`, that warns nobody."""

    def warn(self, _line: str) -> str:
        return ""

"""The dbt package's models, asked without dbt: what a measure means stands in one place."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import yaml
from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

PACKAGE = Path(__file__).parents[1] / "transform"
_MACROS = "".join(
    (PACKAGE / "macros" / name).read_text(encoding="utf-8")
    for name in ("measures.sql", "dialects.sql", "current_rows.sql")
)
_VARIABLES = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
IDLE_AFTER_DAYS: int = _VARIABLES["idle_after_days"]
Row = dict[str, Any]


class Models:
    """The models over the tables in a schema. Nothing is written to the database.

    Args:
        connection: To a PostgreSQL.
        schema: Where the loader put the tap's tables.
    """

    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        # The planner knows nothing of a model's rows, takes them for few, and would join a
        # year of teams to a year of usages row by row: hours instead of seconds.
        connection.execute("set enable_nestloop = off")
        self._columns: dict[str, set[str]] = {}
        for table, column in connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = %s",
            [schema],
        ):
            self._columns.setdefault(table, set()).add(column)
        slugs = any("enterprise_slug" in columns for columns in self._columns.values())
        self.level = "enterprise" if slugs or not self.tables else "organization"
        self._models = _with(self._rendered())

    @property
    def tables(self) -> set[str]:
        """The tap's tables that are there."""
        return {table for table in self._columns if table.startswith("github_copilot_")}

    def schemas_with_tables(self) -> list[str]:
        """The schemas of this database in which the tap's tables are."""
        found = self._connection.execute(
            "select distinct table_schema from information_schema.tables "
            "where starts_with(table_name, 'github_copilot_') order by 1"
        )
        return [name for (name,) in found]

    def rows(self, query: str, **values: Any) -> list[Row]:
        """The rows of a query over the models.

        Args:
            query: A `select` whose tables are models; may call the package's macros, and
                name values as `%(name)s`.
            values: By name.
        """
        with self._connection.cursor(row_factory=dict_row) as cursor:
            text = self._models.replace("%", "%%") + self._render(query, set())
            return cursor.execute(text.encode(), values).fetchall()

    def names(self) -> dict[str, str]:
        """An organisation's newest login, by its id; nothing at enterprise level."""
        needed = {"organization_id", "organization_login", "fetched_at"}
        if not needed <= self._columns.get("github_copilot_daily_usages", set()):
            return {}
        query = sql.SQL(
            "select distinct on (organization_id) organization_id::text, organization_login "
            "from {} where organization_login is not null order by organization_id, fetched_at desc"
        ).format(sql.Identifier(self._schema, "github_copilot_daily_usages"))
        return dict(self._connection.execute(query).fetchall())

    def _rendered(self) -> dict[str, str]:
        """Each model's SQL, what it refers to first."""
        refers: dict[str, set[str]] = {}
        texts = {}
        for path in (PACKAGE / "models").rglob("*.sql"):
            if path.parent.name == "dx":
                continue
            used = refers.setdefault(path.stem, set())
            texts[path.stem] = self._render(path.read_text(), used)
        return {name: texts[name] for name in TopologicalSorter(refers).static_order()}

    def _render(self, text: str, used: set[str]) -> str:
        """SQL as dbt would make it of the package's; adds what it refers to."""

        def ref(name: str) -> str:
            used.add(name)
            return name

        environment = jinja2.Environment(autoescape=False)  # noqa: S701 - SQL, no HTML
        environment.globals.update(
            ref=ref,
            var=(_VARIABLES | {"level": self.level}).__getitem__,
            copilot_raw=self._raw,
            adapter=_Adapter(),
            config=lambda **_: "",
            is_incremental=lambda: False,
        )
        return environment.from_string(_MACROS + text).render()

    def _raw(self, table: str, columns: Mapping[str, str]) -> str:
        """What the macro `copilot_raw` promises."""
        found = self._columns.get(table, set())
        listed = ", ".join(
            f"cast({name if name in found else 'null'} as {kind}) as {name}"
            for name, kind in columns.items()
        )
        if not found:
            return f"select {listed} where false"
        place = sql.Identifier(self._schema, table).as_string(None)
        return f"select {listed} from {place}"


class _Adapter:
    """What the macros ask of dbt's `adapter`."""

    @jinja2.pass_context
    def dispatch(self, context: jinja2.runtime.Context, name: str, _package: str) -> Any:
        """The macro for PostgreSQL, or else the one for every database."""
        return context.get(f"postgres__{name}") or context[f"default__{name}"]


def _with(models: Mapping[str, str]) -> str:
    return "with " + ",\n".join(f"{name} as (\n{text}\n)" for name, text in models.items()) + "\n"

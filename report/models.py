"""The dbt package's models, asked without dbt: what a measure means stands in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import yaml

from report.databases import DatabaseError

if TYPE_CHECKING:
    from report.databases import Row, Tables, Warehouse

PACKAGE = Path(__file__).parents[1] / "transform"
_MACROS = "".join(
    path.read_text(encoding="utf-8") for path in sorted((PACKAGE / "macros").glob("*.sql"))
)
_MODELS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((PACKAGE / "models").rglob("github_copilot__*.sql"))
}
_VARIABLES = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
IDLE_AFTER_DAYS: int = _VARIABLES["idle_after_days"]


@dataclass(frozen=True)
class _Column:
    """A column as dbt's adapter describes it."""

    name: str
    dtype: str


class Models:
    """The models over the tables in a schema.

    The models that a query needs are kept as temporary tables, so that a year of
    breakdowns is read once; where the database does not allow that, they become a part of
    each query.

    Args:
        warehouse: Where the tables are. Nothing stays in it.
        schema: Where the loader put the tap's tables.

    Raises:
        DatabaseError: The schema has none of the tap's tables; the line names those that do.
    """

    def __init__(self, warehouse: Warehouse, schema: str) -> None:
        self._warehouse = warehouse
        self._schema = schema
        schemas = warehouse.columns()
        self.tables: Tables = schemas.get(schema, {})
        if not self.tables:
            others = ", ".join(sorted(schemas)) or "none; run the pipeline first"
            raise DatabaseError(
                f"Missing: schema {schema} has no table of tap-github-copilot that this user may "
                f"read. Schemas that do: {others}. Choose with SCHEMA=…"
            )
        slugs = any("enterprise_slug" in columns for columns in self.tables.values())
        self.level = "enterprise" if slugs else "organization"
        self._environment = self._dbt()
        self._texts: dict[str, str] = {}
        self._kept: dict[str, str] = {}

    def rows(self, query: str) -> list[Row]:
        """The rows of a query.

        Args:
            query: A `select` whose tables are models or `copilot_raw(…)`; may call the
                package's macros.

        Raises:
            DatabaseError: The database refuses it.
        """
        text = self._render(query)
        inline = {name: sql for name in self._needed(text) if (sql := self._keep(name))}
        return self._warehouse.rows(_with(inline, text))

    def _keep(self, name: str) -> str:
        """Keep a model as a temporary table; its SQL if that cannot be, else nothing."""
        if name not in self._kept:
            text = self._text(name)
            inline = {other: sql for other in self._needed(text) if (sql := self._kept[other])}
            kept = self._warehouse.keep(name, _with(inline, text))
            self._kept[name] = "" if kept else text
        return self._kept[name]

    def _needed(self, text: str) -> list[str]:
        """The models that a text names, and those that they name, the deepest first."""
        graph: dict[str, set[str]] = {}
        waiting = _named(text)
        while waiting:
            name = waiting.pop()
            if name not in graph:
                graph[name] = _named(self._text(name))
                waiting |= graph[name]
        return list(TopologicalSorter(graph).static_order())

    def _text(self, name: str) -> str:
        """A model's SQL."""
        if name not in self._texts:
            self._texts[name] = self._render(_MODELS[name])
        return self._texts[name]

    def _render(self, text: str) -> str:
        """SQL as dbt would make it of the package's."""
        return self._environment.from_string(text).render().strip()

    def _dbt(self) -> jinja2.Environment:
        """What the package asks of dbt."""
        environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 - SQL, no HTML
        environment.globals.update(
            execute=True,
            ref=lambda name: name,
            source=lambda _package, table: table,
            load_relation=self._relation,
            var=(_VARIABLES | {"level": self.level}).__getitem__,
            adapter=_Adapter(self._warehouse.adapter, self.tables, self._relation),
            exceptions=_Exceptions(),
            config=lambda **_: "",
            is_incremental=lambda: False,
        )
        macros = environment.from_string(_MACROS).module
        environment.globals.update(
            {name: macro for name, macro in vars(macros).items() if name.startswith("copilot_")}
        )
        return environment

    def _relation(self, table: str) -> str | None:
        """A table's full name, if the schema has it."""
        return self._warehouse.table(self._schema, table) if table in self.tables else None


class _Adapter:
    """What the macros ask of dbt's `adapter`."""

    def __init__(self, kind: str, tables: Tables, relation: Any) -> None:
        self._kind = kind
        self._columns = {relation(table): columns for table, columns in tables.items()}

    @jinja2.pass_context
    def dispatch(self, context: jinja2.runtime.Context, name: str, _package: str) -> Any:
        """The macro of this database, or else the one for every database."""
        return context.get(f"{self._kind}__{name}") or context[f"default__{name}"]

    def get_columns_in_relation(self, relation: str) -> list[_Column]:
        """A table's columns."""
        return [_Column(name, kind) for name, kind in self._columns[relation].items()]


class _Exceptions:
    """What the macros ask of dbt's `exceptions`; a missing table is told on the page."""

    def warn(self, _text: str) -> str:
        """Say nothing."""
        return ""


def _named(text: str) -> set[str]:
    return set(re.findall(r"\bgithub_copilot__\w+", text)) & _MODELS.keys()


def _with(models: dict[str, str], query: str) -> str:
    """A query with models in front of it."""
    if not models:
        return query
    listed = ",\n".join(f"{name} as (\n{text}\n)" for name, text in models.items())
    return f"with {listed}\nselect * from (\n{query}\n) as answer"

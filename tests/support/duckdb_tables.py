"""The tap's tables in a DuckDB file, from rows as they are: a database without a pipeline."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from tests.support.expected_tables import KEYS, Truth, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from simulator.world import World

Row = dict[str, Any]
_TEXTS = {"date": "date", "date-time": "timestamp"}
_KINDS = {"integer": "bigint", "number": "double", "boolean": "boolean"}

_LEVELS = {"enterprise_slug"}  # a column of one level alone


def tables_of(world: World, days: int) -> dict[str, list[Row]]:
    """What the tables hold after a run over so many days of a world."""
    truth = Truth(world, world.today - timedelta(days=days))
    return {stream: truth.rows(stream) for stream in KEYS}


def write(path: Path, tables: Mapping[str, Iterable[Row]], schema: str = "github_copilot") -> None:
    """Write tables into a new file; every row has the same moment unless it brings one.

    Args:
        path: The file.
        tables: Rows by stream; a stream without rows makes an empty table.
        schema: Where the tables go.
    """
    level = {name for rows in tables.values() for row in rows for name in _LEVELS if name in row}
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {schema}")
        for stream, rows in tables.items():
            kinds = {
                name: _kind(about)
                for name, about in schema_of(stream)["properties"].items()
                if name not in _LEVELS or name in level
            }
            listed = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            connection.execute(f"create table {schema}.{stream} ({listed})")
            source = path.with_name(f"{stream}.jsonl")
            made = [{"fetched_at": moment, "checked_at": moment} | row for row in rows]
            source.write_text("".join(json.dumps(row) + "\n" for row in made))
            if made:
                columns = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
                connection.execute(
                    f"insert into {schema}.{stream} select * from read_json('{source}', "
                    f"format = 'newline_delimited', columns = {{{columns}}})"
                )


def _kind(about: Row) -> str:
    types = about["type"] if isinstance(about["type"], list) else [about["type"]]
    [named] = [kind for kind in types if kind != "null"]
    if named == "string":
        return _TEXTS.get(about.get("format", ""), "varchar")
    return _KINDS.get(named, "json")

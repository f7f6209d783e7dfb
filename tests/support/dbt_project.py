"""Runs the dbt package, in its own environment, over a schema of a database."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from demo.postgres import Database

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "transform"
DBT = ROOT / ".cache" / "dbt" / "bin" / "dbt"  # made by `make test-answers`
_EXPECTED_WORDS = {"START", "PASS", "OK"}
_PG = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}


@dataclass(frozen=True)
class DbtProject:
    """A dbt project and the database that it works on.

    Args:
        target: Of the profile.
        environment: Variables that the profile reads.
        folder: For what dbt writes.
        path: The project's folder, with its profiles.yml.
    """

    target: str
    environment: dict[str, str]
    folder: Path
    path: Path = PACKAGE

    def run(self, *command: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """A command of dbt, with variables of the package; its stderr stands in its stdout."""
        places = {name: str(self.folder / name) for name in ("target", "logs")}
        return subprocess.run(
            [
                *(str(DBT), *command, "--no-use-colors", "--no-partial-parse"),
                *("--profiles-dir", ".", "--target", self.target, "--vars", json.dumps(variables)),
            ],
            cwd=self.path,
            env=os.environ
            | self.environment
            | {"DBT_TARGET_PATH": places["target"], "DBT_LOG_PATH": places["logs"]}
            | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def build(self, *options: str, **variables: Any) -> None:
        """`dbt build`: all models and all tests of the package, without an error or a warning."""
        done = self.run("build", *options, **variables)
        told = [line for line in done.stdout.splitlines() if not _EXPECTED_WORDS & {*line.split()}]
        assert done.returncode == 0, "\n".join(told)
        assert "WARN=0" in done.stdout, "\n".join(told)


def in_postgres(database: Database, schema: str, folder: Path, path: Path = PACKAGE) -> DbtProject:
    """A project that builds into `<schema>_answers` of a PostgreSQL."""
    given = conninfo_to_dict(database.url)
    environment = {_PG[name]: str(value) for name, value in given.items() if name in _PG}
    return DbtProject("postgres", environment | {"DBT_SCHEMA": f"{schema}_answers"}, folder, path)


def in_duckdb(file: Path, folder: Path, path: Path = PACKAGE) -> DbtProject:
    """A project that builds into the schema `answers` of a DuckDB file."""
    return DbtProject("duckdb", {"DUCKDB_PATH": str(file), "DBT_SCHEMA": "answers"}, folder, path)


def build(database: Database, schema: str, folder: Path, **variables: Any) -> None:
    """Build the package over a schema of a PostgreSQL, into `<schema>_answers`."""
    in_postgres(database, schema, folder).build(raw_schema=schema, **variables)


def build_in_duckdb(file: Path, schema: str, folder: Path, **variables: Any) -> None:
    """Build the package over a schema of a DuckDB file, into `answers`."""
    in_duckdb(file, folder).build(raw_schema=schema, **variables)

"""Runs the dbt package, in its own environment, over a schema of a database."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from demo.postgres import Database

ROOT = Path(__file__).parents[2]
DBT = ROOT / ".cache" / "dbt" / "bin" / "dbt"  # made by `make test`
_AS_IT_SHOULD = {"START", "PASS", "OK"}
_PG = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}


def build(database: Database, schema: str, folder: Path, **variables: Any) -> None:
    """`dbt build` in PostgreSQL: models into `<schema>_answers`, and all of the package's tests.

    Args:
        database: Where the tap's tables are.
        schema: Their schema.
        folder: For what dbt writes.
        variables: Of the package.
    """
    given = conninfo_to_dict(database.url)
    environment = {_PG[name]: str(value) for name, value in given.items() if name in _PG}
    _build(folder, "postgres", environment | {"DBT_SCHEMA": f"{schema}_answers"}, schema, variables)


def build_in_duckdb(path: Path, schema: str, folder: Path, **variables: Any) -> None:
    """The same in a DuckDB file, models into `answers`."""
    _build(folder, "duckdb", {"DUCKDB_PATH": str(path), "DBT_SCHEMA": "answers"}, schema, variables)


def _build(
    folder: Path, target: str, environment: dict[str, str], schema: str, variables: dict[str, Any]
) -> None:
    places = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    done = subprocess.run(
        [
            *(str(DBT), "build", "--no-use-colors", "--no-partial-parse", "--profiles-dir", "."),
            *("--target", target, "--vars", json.dumps({"raw_schema": schema} | variables)),
        ],
        cwd=ROOT / "transform",
        env=os.environ | environment | places | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    told = [line for line in done.stdout.splitlines() if not _AS_IT_SHOULD & {*line.split()}]
    assert done.returncode == 0, "\n".join(told)
    assert "WARN=0" in done.stdout, "\n".join(told)

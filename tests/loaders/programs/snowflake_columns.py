"""Prints the columns and the key that target-snowflake makes of schemas; both are JSON by stream.

It runs in the environment `snowflake-target`.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import sqlalchemy
from target_snowflake.connector import SnowflakeConnector

URL = "snowflake://user:password@account/database"
statements: list[str] = []
engine: Any = sqlalchemy.create_mock_engine(
    URL, lambda ddl, *_, **__: statements.append(str(ddl.compile(dialect=engine.dialect)))
)


class Offline(SnowflakeConnector):  # type: ignore[misc]  # not here where types are checked
    """A connector that writes down what it would run."""

    def create_engine(self) -> Any:
        """The engine that connects to nothing."""
        return engine


def columns(name: str, table: dict[str, Any]) -> dict[str, str]:
    """The type of each column, and the primary key."""
    statements.clear()
    connector = Offline(config={"database": "database"}, sqlalchemy_url=URL)
    connector.create_empty_table(f"database.copilot.{name}", table["schema"], table["keys"])
    [ddl] = statements
    found = dict(re.findall(r"^\t(?!PRIMARY)\W?(\w+)\W? (\w+)", ddl, re.MULTILINE))
    return found | {"primary key": ddl.partition("PRIMARY KEY (")[2].partition(")")[0]}


tables = json.load(sys.stdin)
json.dump({name: columns(name, table) for name, table in tables.items()}, sys.stdout)

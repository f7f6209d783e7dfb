"""The columns that loaders of warehouses make of the tap's schemas."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tap_github_copilot.scopes import Level
from tap_github_copilot.tap import TapGitHubCopilot
from tests.loaders.environments import environment
from tests.loaders.servers import PROGRAMS


def tables_at(level: Level) -> dict[str, Any]:
    """Schema and key of every stream."""
    tap = TapGitHubCopilot(config={f"{level}s": ["somebody"]}, validate_config=False)
    return {
        stream["tap_stream_id"]: {"schema": stream["schema"], "keys": stream["key_properties"]}
        for stream in tap.catalog_dict["streams"]
    }


def columns(loader: str, tables: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The type of each column that a loader makes, by table."""
    python = environment(f"{loader}-target") / "python"
    done = subprocess.run(
        [python, "-W", "ignore", PROGRAMS / f"{loader}_columns.py"],
        input=json.dumps(tables),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def expected(schema: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    """The type that each column should have, by its JSON type or format."""
    found = {}
    for name, column in schema["properties"].items():
        types = column["type"] if isinstance(column["type"], list) else [column["type"]]
        found[name] = names[column.get("format", next(kind for kind in types if kind != "null"))]
    return found


@pytest.mark.parametrize("level", list(Level))
def test_bigquery_gets_a_column_of_the_right_type_for_every_property(level: Level) -> None:
    names = {
        "string": "STRING NULLABLE",
        "integer": "INTEGER NULLABLE",
        "number": "FLOAT NULLABLE",
        "boolean": "BOOLEAN NULLABLE",
        "date": "DATE NULLABLE",
        "date-time": "TIMESTAMP NULLABLE",
        "object": "JSON NULLABLE",
        "array": "JSON REPEATED",
    }
    tables = tables_at(level)
    assert columns("bigquery", tables) == {
        stream: expected(table["schema"], names) for stream, table in tables.items()
    }


@pytest.mark.parametrize("level", list(Level))
def test_snowflake_gets_a_column_of_the_right_type_for_every_property(level: Level) -> None:
    names = {
        "string": "VARCHAR",
        "integer": "DECIMAL",
        "number": "FLOAT",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "date-time": "TIMESTAMP_NTZ",
        "object": "VARIANT",
        "array": "VARIANT",
    }
    tables = tables_at(level)
    assert columns("snowflake", tables) == {
        stream: expected(table["schema"], names) | {"primary key": ", ".join(table["keys"])}
        for stream, table in tables.items()
    }

"""Prints the rows of tables as JSON: `snowflake_rows.py PORT SCHEMA TABLE…`.

It runs in the environment `snowflake-server` and writes an object of lists of rows. Moments
are read as text, because fakesnow gives a null one as 1970.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import snowflake.connector

NUMBER, REAL, DATE, NESTED, BOOLEAN = 0, 1, 3, {5, 9, 10}, 13  # the connector's type codes
MOMENTS = {4, 6, 7, 8}


def rows(connection: Any, table: str) -> list[dict[str, Any]]:
    """All rows of a table, with its columns in lower case."""
    cursor = connection.cursor()
    columns = cursor.execute(f"select * from {table} limit 0").description
    names = ", ".join(
        f'to_varchar("{column.name}")' if column.type_code in MOMENTS else f'"{column.name}"'
        for column in columns
    )
    return [
        {
            column.name.lower(): plain(column.type_code, value)
            for column, value in zip(columns, row, strict=True)
        }
        for row in cursor.execute(f"select {names} from {table}").fetchall()
    ]


def plain(code: int, value: Any) -> Any:
    """A value as JSON has it."""
    if value is None:
        return None
    if code in NESTED:
        return json.loads(value)
    if code in MOMENTS:
        return value.partition(".")[0].replace(" ", "T") + "Z"
    if code == NUMBER:
        return int(value)
    return value.isoformat() if code == DATE else value


port, schema, *tables = sys.argv[1:]
with snowflake.connector.connect(
    user="u",
    password="p",
    account="a",
    host="127.0.0.1",
    port=int(port),
    protocol="http",
    database="DB",
    schema="PUBLIC",
) as connected:
    json.dump({table: rows(connected, f"{schema}.{table}") for table in tables}, sys.stdout)

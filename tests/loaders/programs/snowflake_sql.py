"""Runs the statements of a JSON list: `snowflake_sql.py PORT < statements.json`.

It runs in the environment `snowflake-server` and writes the rows of the last statement.
"""

from __future__ import annotations

import json
import sys

import snowflake.connector

with snowflake.connector.connect(
    user="u",
    password="p",
    account="a",
    host="127.0.0.1",
    port=int(sys.argv[1]),
    protocol="http",
    database="DB",
    schema="PUBLIC",
) as connected:
    rows = [connected.cursor().execute(text).fetchall() for text in json.load(sys.stdin)]
    json.dump(rows[-1], sys.stdout, default=str)

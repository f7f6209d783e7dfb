"""Runs the statements of a JSON list: `bigquery_sql.py PROJECT < statements.json`.

It runs in the environment `bigquery-target` and writes the rows of the last statement.
"""

from __future__ import annotations

import json
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

client = bigquery.Client(project=sys.argv[1], credentials=AnonymousCredentials())
found = [list(client.query(text).result()) for text in json.load(sys.stdin)]
json.dump([list(row.values()) for row in found[-1]], sys.stdout, default=str)

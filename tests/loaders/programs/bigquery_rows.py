"""Prints the rows of tables as JSON: `bigquery_rows.py PROJECT DATASET TABLE…`.

It runs in the environment `bigquery-target`, with BIGQUERY_EMULATOR_HOST set, and writes an
object of lists of rows. BigQuery itself makes the JSON: Google's client cannot read a null
inside an array, which the emulator keeps.
"""

from __future__ import annotations

import json
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

project, dataset, *tables = sys.argv[1:]
client = bigquery.Client(project=project, credentials=AnonymousCredentials())
found = {
    table: [
        json.loads(row[0])
        for row in client.query(f"select to_json_string(t) from `{dataset}.{table}` t").result()
    ]
    for table in tables
}
json.dump(found, sys.stdout)

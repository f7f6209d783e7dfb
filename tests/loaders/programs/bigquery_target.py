"""target-bigquery without credentials and without its waits: `bigquery_target.py --config …`.

It runs in the environment `bigquery-target`, with BIGQUERY_EMULATOR_HOST set. The target
sleeps 12.5 s for each new table, so that BigQuery's streams know of it.
"""

from __future__ import annotations

import time
from types import SimpleNamespace

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from target_bigquery import core
from target_bigquery.target import TargetBigQuery


def client(_path: str, project: str) -> bigquery.Client:
    """A client that signs in nowhere."""
    return bigquery.Client(project=project, credentials=AnonymousCredentials())


bigquery.Client.from_service_account_json = client
core.time = SimpleNamespace(sleep=lambda _: None, time=time.time, strftime=time.strftime)
TargetBigQuery.cli()

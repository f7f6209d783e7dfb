"""Prints the columns that target-bigquery makes of schemas; both are JSON by stream.

It runs in the environment `bigquery-target`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from target_bigquery.core import SchemaTranslator


def columns(schema: dict[str, Any]) -> dict[str, str]:
    """The type and mode of each column."""
    fields = SchemaTranslator(schema, {}).translated_schema
    return {field.name: f"{field.field_type.upper()} {field.mode}" for field in fields}


tables = json.load(sys.stdin)
json.dump({name: columns(table["schema"]) for name, table in tables.items()}, sys.stdout)

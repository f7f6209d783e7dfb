"""Compares rows of GitHub's with what stands in the database, field by field."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    from demo.postgres import Database

OURS = {
    "enterprise_slug",
    "organization_id",
    "organization_login",
    "active",
    "extra_fields",
    "fetched_at",
}


def differences(database: Database, schema: str, rows: list[dict[str, Any]]) -> list[str]:
    """What differs between rows of users-1-day and the table; nothing if all is equal."""
    loaded = {
        (str(row["day"]), row["user_id"]): row
        for row in database.rows(
            sql.SQL("select * from {}.github_copilot_daily_usages").format(sql.Identifier(schema))  # type: ignore[arg-type]
        )
    }
    truth = {(row["day"], row["user_id"]): row for row in rows}
    found = [f"{key}: not in the table" for key in truth.keys() - loaded.keys()]
    found += [f"{key}: only in the table" for key in loaded.keys() - truth.keys()]
    for key in truth.keys() & loaded.keys():
        found += [f"{key}: {field}" for field in _unequal(truth[key], loaded[key])]
    return sorted(found)


def _unequal(row: dict[str, Any], loaded: dict[str, Any]) -> list[str]:
    """The fields that are not the same; a field without a column is in `extra_fields`."""
    extra = loaded["extra_fields"] or {}
    columns = {name: value for name, value in loaded.items() if not name.startswith("_sdc_")}
    wrong = [
        name
        for name, value in row.items()
        if (extra[name] if name in extra else _plain(columns.get(name))) != value
    ]
    invented = columns.keys() - row.keys() - OURS
    return wrong + [name for name in invented if columns[name] is not None]


def _plain(value: Any) -> Any:
    """A value of PostgreSQL as JSON has it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, dt.date) else value

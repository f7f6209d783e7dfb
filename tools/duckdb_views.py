"""docs/duckdb.sql: the current rows of target-jsonl's files, as views and as Parquet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_github_copilot.schemas import SCHEMAS
from tools.tables import streams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_github_copilot.streams.base import ScopeStream

_HEAD = """\
-- Made from schemas/ by `make docs`.
-- In the folder that holds `output/`: duckdb < duckdb.sql
-- Take out the tables that you do not load.
"""
_TYPES = {
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "string": "varchar",
    "date": "date",
    "date-time": "timestamptz",
    "object": "json",
    "array": "json",
}
_SCOPE = "coalesce(enterprise_slug, organization_id)"
# Rows of these are not replaced all together when a day is sent again.
_WITHOUT_DAYS = ("github_copilot_report_days", "github_copilot_seats")


def document() -> str:
    """The whole script."""
    return "\n".join([_HEAD, *(_view(stream) for stream in streams())])


def _view(stream: ScopeStream) -> str:
    schema = json.loads((SCHEMAS / f"{stream.name}.json").read_text(encoding="utf-8"))
    # The columns of both levels; those that a file does not have are null.
    columns = ", ".join(
        f"{name}: '{_type(column)}'" for name, column in schema["properties"].items()
    )
    newest = (
        ""
        if stream.name in _WITHOUT_DAYS
        else f"fetched_at = max(fetched_at) over (partition by {_SCOPE}, day)\n  and "
    )
    key = ", ".join((_SCOPE, *stream.key))
    return f"""\
create view {stream.name} as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/{stream.name}.jsonl', format = 'newline_delimited',
    columns = {{{columns}}})
)
qualify {newest}row_number() over (partition by {key} order by row_in_file desc) = 1;
copy {stream.name} to '{stream.name}.parquet' (format parquet);
"""


def _type(column: Mapping[str, Any]) -> str:
    types = column["type"] if isinstance(column["type"], list) else [column["type"]]
    kind = next(name for name in types if name != "null")
    return _TYPES[column.get("format", kind) if kind == "string" else kind]

"""A Snowflake on loopback: fakesnow's server, with the user stage that target-snowflake writes to.

`python snowflake_server.py PORT` in the environment `snowflake-server`; it prints `ready`
once it answers. fakesnow 0.12.1 knows named stages only and cannot select from a staged
file in a MERGE. Here `@~` is a named stage, and such a SELECT reads a table made from the
staged lines. Casts, QUALIFY, the columns and the MERGE itself stay the target's own.
"""

from __future__ import annotations

import itertools
import re
import sys
import threading
from pathlib import Path
from typing import Any

import fakesnow
import snowflake.connector
from fakesnow import cursor, server
from fakesnow.dialect import parse_one
from fakesnow.transforms import stage

STAGE = "STAGES.PUBLIC.OF_USER"
SETUP = (
    "create database STAGES",
    "create schema if not exists STAGES.PUBLIC",
    f"create stage {STAGE}",
    "create database DB",
    "create schema if not exists DB.PUBLIC",
)
SOURCE = re.compile(
    r"\(select (.*?) from '@~/([^']*)'\s*\(file_format => [^)]*\) (.*?)\) s on ", re.DOTALL
)
numbers = itertools.count()
execute = cursor.FakeSnowflakeCursor.execute


def staged_files(path: str) -> list[str]:
    """The files below a path of the user's stage."""
    folder = Path(stage.internal_dir(STAGE), path.strip("/"))
    return sorted(str(file) for file in folder.rglob("*") if file.is_file())


def from_table(connection: Any, merge: str) -> str:
    """A MERGE whose source is a table of the staged lines, numbered in their order."""
    found = SOURCE.search(merge)
    if not found:
        raise ValueError(f"a MERGE of another shape: {merge[:500]}")
    columns, path, rest = found.groups()
    table = f"STAGES.PUBLIC.LINES_{next(numbers)}"
    connection.execute(
        f"create table {table} as select row_number() over () as SEQ, json as V "
        "from read_json_objects(?, format='newline_delimited', maximum_object_size=200000000)",
        [staged_files(path)],
    )
    columns, rest = columns.replace("$1:", "v:"), rest.replace("SEQ8()", "seq")
    source = f"(select * exclude (SEQ) from (select {columns}, SEQ from {table}) {rest}) s on "
    return merge[: found.start()] + source + merge[found.end() :]


def understood(connection: Any, statement: str) -> str:
    """A statement as fakesnow understands it."""
    words = statement.lower().split(None, 3)
    if words[0] == "remove":
        for file in staged_files(statement.partition("@~/")[2].partition("'")[0]):
            Path(file).unlink()
        return "select 'removed' as name"
    if words[:3] == ["drop", "file", "format"]:
        return "select 'dropped' as status"
    if "temporary view" in statement[:40].lower():
        # DuckDB has no temporary view in a schema; dbt drops it afterwards.
        return re.sub(r"(?i)temporary view", "view", statement, count=1)
    if words[0] == "put":
        return re.sub(r"'@~/([^']*)'", rf"@{STAGE}/\1", statement)
    return from_table(connection, statement) if words[0] == "merge" else statement


def run(self: Any, statement: str, *arguments: Any, **options: Any) -> Any:
    """Run a statement."""
    return execute(self, understood(self._duck_conn, statement), *arguments, **options)


def kind(statement: str) -> Any:
    """A statement as the server parses it once more, to tell of what kind it is."""
    if statement.lower().startswith("merge") and "'@~/" in statement:
        return parse_one("merge into a using b on a.x = b.x when matched then update set x = 1")
    return parse_one(re.sub(r"'@~/([^']*)'", rf"@{STAGE}/\1", statement))


if __name__ == "__main__":
    cursor.FakeSnowflakeCursor.execute, server.parse_one = run, kind
    with (
        fakesnow.server(port=int(sys.argv[1])) as address,
        snowflake.connector.connect(**address) as connected,
    ):
        for command in SETUP:
            connected.cursor().execute(command)
        print("ready", flush=True)
        threading.Event().wait()

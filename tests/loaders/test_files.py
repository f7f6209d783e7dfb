"""Every table in files through target-jsonl, which appends: the newest row of a key counts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.loaders.environments import environment
from tests.loaders.pipe import Pipe
from tests.loaders.project import values
from tests.support.expected_tables import KEYS, LEDGER, SEATS, USAGES, differences, schema_of
from tests.support.repeated_load import (
    STREAMS,
    assert_invented_fields_arrived,
    assert_rows_are_githubs,
    load_twice,
    settings_of,
)
from tests.support.unusual_reports import unusual_github

if TYPE_CHECKING:
    from tests.support.repeated_load import Load, Tables

DOCUMENT = Path(__file__).parents[2] / "docs" / "loaders.md"


def tables(folder: Path) -> Tables:
    """The newest row of each key in the files."""
    found = {}
    for stream in STREAMS:
        moment = "checked_at" if stream == LEDGER else "fetched_at"
        lines = (folder / f"{stream}.jsonl").read_text().splitlines()
        rows = sorted(map(json.loads, lines), key=lambda row: str(row.get(moment)))
        key = ("seat_id",) if stream == SEATS else KEYS[stream]
        found[stream] = [*{tuple(row[name] for name in key): row for row in rows}.values()]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files are."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def loads(folder: Path) -> tuple[Load, Load]:
    """Both loads of an enterprise."""
    target = (environment("jsonl") / "target-jsonl",)
    with unusual_github("/enterprises/acme") as (github, truth):
        settings = values("target-jsonl") | {"destination_path": str(folder)}
        pipe = Pipe(folder, target, settings_of(github, truth), settings)
        return load_twice(github, truth, pipe.run, lambda: tables(folder))


@pytest.mark.parametrize("stream", STREAMS)
def test_every_row_equals_githubs_twice_over(loads: tuple[Load, Load], stream: str) -> None:
    assert_rows_are_githubs(loads, stream)


def test_fields_invented_at_every_level_arrive(loads: tuple[Load, Load]) -> None:
    assert_invented_fields_arrived(loads[-1].tables)


def recipe(stream: str) -> tuple[str, str]:
    """The view and the copy to Parquet of docs/loaders.md, for a table."""
    view, copy = (
        re.findall(rf"```sql\n({word} .*?)```", DOCUMENT.read_text(), re.DOTALL)[0]
        for word in ("create view", "copy")
    )
    key = ("snapshot_date", "seat_id") if stream == SEATS else KEYS[stream]
    first = re.findall(r"fetched_at = max.*?and ", view, re.DOTALL)[0]
    if stream in {LEDGER, SEATS}:
        view = view.replace(first, "")
    view = view.replace("enterprise_slug, day, user_id", ", ".join(("enterprise_slug", *key)))
    return view.replace(USAGES, stream), copy.replace(USAGES, stream)


@pytest.mark.parametrize("stream", STREAMS)
def test_duckdb_makes_parquet_of_the_files(
    loads: tuple[Load, Load],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stream: str,
) -> None:
    (tmp_path / "output").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    view, copy = recipe(stream)
    with duckdb.connect() as database:
        database.execute(view)
        database.execute(copy)
        found = database.execute(f"select * from '{stream}.parquet'")
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    columns = schema_of(stream)["properties"]
    nested = [name for name in names if {"object", "array"} & {*columns[name]["type"]}]
    for row in rows:
        row |= {name: json.loads(row[name]) for name in nested if row[name] is not None}
    assert differences(stream, loads[-1].truth[stream], rows) == []
    assert len(rows) == len(loads[-1].truth[stream]) > 0

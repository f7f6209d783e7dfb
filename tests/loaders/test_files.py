"""Every table in files through target-jsonl, which appends: the newest row of a key counts."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.loaders.environments import environment
from tests.loaders.pipe import Pipe
from tests.loaders.project import values
from tests.support.expected_tables import KEYS, LEDGER, SEATS, differences, schema_of
from tests.support.repeated_load import (
    STREAMS,
    assert_invented_fields_arrived,
    assert_rows_are_githubs,
    assert_state_was_kept,
    load_twice,
    settings_of,
)
from tests.support.unusual_reports import unusual_github

if TYPE_CHECKING:
    from tests.support.repeated_load import Load, Tables

VIEWS = Path(__file__).parents[2] / "docs" / "duckdb.sql"


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


@pytest.fixture(scope="module")
def parquet(
    loads: tuple[Load, Load], folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Where docs/duckdb.sql wrote its files."""
    assert loads
    made = tmp_path_factory.mktemp("parquet")
    (made / "output").symlink_to(folder)
    with contextlib.chdir(made), duckdb.connect() as database:
        database.execute(VIEWS.read_text())
    return made


@pytest.mark.parametrize("stream", STREAMS)
def test_duckdb_makes_parquet_of_the_current_rows(
    loads: tuple[Load, Load], parquet: Path, stream: str
) -> None:
    with duckdb.connect() as database:
        found = database.execute(f"select * from '{parquet}/{stream}.parquet'")
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    columns = schema_of(stream)["properties"]
    nested = [name for name in names if {"object", "array"} & {*columns[name]["type"]}]
    for row in rows:
        row |= {name: json.loads(row[name]) for name in nested if row[name] is not None}
    assert differences(stream, loads[-1].truth[stream], rows) == []
    assert len(rows) == len(loads[-1].truth[stream]) > 0


def test_the_second_run_asks_for_the_unsettled_days_alone(loads: tuple[Load, Load]) -> None:
    assert_state_was_kept(loads)

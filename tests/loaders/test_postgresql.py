"""Every table in PostgreSQL through PipelineWise's loader, compared with what GitHub served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo import postgres
from tests.loaders.environments import environment
from tests.loaders.pipe import Pipe
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
    from collections.abc import Iterator

    from demo.postgres import Database
    from tests.support.repeated_load import Load, Tables

SCHEMA = "pipelinewise"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres.embedded() as server:
        yield server


def tables(database: Database) -> Tables:
    """All rows of all tables."""
    return {stream: database.rows_in(SCHEMA, f"select * from {stream}") for stream in STREAMS}


@pytest.fixture(scope="module")
def loads(database: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Load, Load]:
    """Both loads of an enterprise."""
    [host] = database.rows("show unix_socket_directories")
    settings = {
        "host": host["unix_socket_directories"],
        "port": 5432,
        "dbname": "postgres",
        "user": "postgres",
        "password": "not asked for",
        "default_target_schema": SCHEMA,
    }
    target = environment("pipelinewise-postgres") / "target-postgres"
    with unusual_github("/enterprises/acme") as (github, truth):
        for items in truth.world.put_credits.values():
            # This loader reads an empty text as null, which cannot stand in a key.
            items[:] = [item | {"model": item["model"] or "any"} for item in items]
        folder = tmp_path_factory.mktemp(SCHEMA)
        pipe = Pipe(folder, (target,), settings_of(github, truth), settings)
        return load_twice(github, truth, pipe.run, lambda: tables(database))


@pytest.mark.parametrize("stream", STREAMS)
def test_every_row_equals_githubs_twice_over(loads: tuple[Load, Load], stream: str) -> None:
    assert_rows_are_githubs(loads, stream)


def test_fields_invented_at_every_level_arrive(loads: tuple[Load, Load]) -> None:
    assert_invented_fields_arrived(loads[-1].tables)


def test_the_second_run_asks_for_the_unsettled_days_alone(loads: tuple[Load, Load]) -> None:
    assert_state_was_kept(loads)

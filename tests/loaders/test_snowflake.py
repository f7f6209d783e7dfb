"""Every table in an emulated Snowflake, compared with what GitHub served, at both levels."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.loaders.environments import environment
from tests.loaders.pipe import Pipe
from tests.loaders.project import values
from tests.loaders.servers import PROGRAMS, free_port, server
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

    from tests.support.repeated_load import Load, Tables

SCOPES = {
    "enterprise": ("/enterprises/acme",),
    "organization": ("/orgs/octo-org", "/orgs/octo-lab"),
}
SETTINGS = values("target-snowflake") | {
    "account": "any",
    "user": "any",
    "password": "any",
    "database": "DB",
    "warehouse": "any",
    "role": "any",
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An emulated Snowflake listens there."""
    number = free_port()
    program = PROGRAMS / "snowflake_server.py"
    command = (environment("snowflake-server") / "python", program, str(number))
    with server(tmp_path_factory.mktemp("snowflake"), *command, says="ready"):
        yield number


def tables(port: int, schema: str) -> Tables:
    """All rows of all tables of a schema."""
    python = environment("snowflake-server") / "python"
    program = PROGRAMS / "snowflake_rows.py"
    done = subprocess.run(
        [python, program, str(port), schema, *STREAMS], stdout=subprocess.PIPE, check=True
    )
    found: Tables = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module", params=SCOPES)
def loads(
    request: pytest.FixtureRequest, port: int, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Load, Load]:
    """Both loads at a level."""
    schema: str = request.param
    with unusual_github(*SCOPES[schema], people=15) as (github, truth):
        pipe = Pipe(
            tmp_path_factory.mktemp(schema),
            (
                environment("snowflake-target") / "python",
                PROGRAMS / "snowflake_target.py",
                str(port),
            ),
            settings_of(github, truth),
            SETTINGS | {"default_target_schema": schema},
        )
        return load_twice(github, truth, pipe.run, lambda: tables(port, schema))


@pytest.mark.parametrize("stream", STREAMS)
def test_every_row_equals_githubs_twice_over(loads: tuple[Load, Load], stream: str) -> None:
    assert_rows_are_githubs(loads, stream)


def test_fields_invented_at_every_level_arrive(loads: tuple[Load, Load]) -> None:
    assert_invented_fields_arrived(loads[-1].tables)


def test_the_second_run_asks_for_the_unsettled_days_alone(loads: tuple[Load, Load]) -> None:
    assert_state_was_kept(loads)

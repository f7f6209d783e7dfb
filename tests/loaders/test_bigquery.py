"""Every table in an emulated BigQuery, compared with what GitHub served, at both levels."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tests.loaders.environments import environment
from tests.loaders.pipe import Pipe
from tests.loaders.project import values
from tests.loaders.servers import PROGRAMS, free_port, server
from tests.support.expected_tables import schema_of
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
PROJECT = "project"
SETTINGS = values("target-bigquery") | {"project": PROJECT, "credentials_path": "none"}


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What tells Google's client where the emulated BigQuery is."""
    rest, grpc = free_port(), free_port()
    command = (
        environment("bigquery-server") / "python",
        PROGRAMS / "bigquery_server.py",
        *("start", "--rest-port", str(rest), "--grpc-port", str(grpc)),
    )
    with server(tmp_path_factory.mktemp("bigquery"), *command, says="grpc.listen"):
        yield {"BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{rest}"}


def tables(variables: dict[str, str], dataset: str) -> Tables:
    """All rows of all tables of a dataset."""
    python = environment("bigquery-target") / "python"
    program = PROGRAMS / "bigquery_rows.py"
    done = subprocess.run(
        [python, program, PROJECT, dataset, *STREAMS],
        stdout=subprocess.PIPE,
        check=True,
        env=os.environ | variables,
    )
    found: Tables = json.loads(done.stdout)
    for stream, rows in found.items():
        columns = schema_of(stream)["properties"]
        moments = [n for n, column in columns.items() if column.get("format") == "date-time"]
        for row in rows:
            row |= {n: datetime.fromisoformat(row[n]) for n in moments if row[n]}
    return found


@pytest.fixture(scope="module", params=SCOPES)
def loads(
    request: pytest.FixtureRequest,
    variables: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Load, Load]:
    """Both loads at a level."""
    dataset: str = request.param
    with unusual_github(*SCOPES[dataset], people=15) as (github, truth):
        pipe = Pipe(
            tmp_path_factory.mktemp(dataset),
            (environment("bigquery-target") / "python", PROGRAMS / "bigquery_target.py"),
            settings_of(github, truth),
            SETTINGS | {"dataset": dataset},
            variables,
        )
        return load_twice(github, truth, pipe.run, lambda: tables(variables, dataset))


@pytest.mark.parametrize("stream", STREAMS)
def test_every_row_equals_githubs_twice_over(loads: tuple[Load, Load], stream: str) -> None:
    assert_rows_are_githubs(loads, stream)


def test_fields_invented_at_every_level_arrive(loads: tuple[Load, Load]) -> None:
    assert_invented_fields_arrived(loads[-1].tables)


def test_the_second_run_asks_for_the_unsettled_days_alone(loads: tuple[Load, Load]) -> None:
    assert_state_was_kept(loads)

"""Every table in files through target-jsonl, which appends: the newest row of a key counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.loaders.environments import environment
from tests.loaders.pipe import Pipe
from tests.loaders.project import values
from tests.support.expected_tables import KEYS, LEDGER, SEATS
from tests.support.repeated_load import (
    STREAMS,
    assert_invented_fields_arrived,
    assert_rows_are_githubs,
    load_twice,
    settings_of,
)
from tests.support.unusual_reports import unusual_github

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.repeated_load import Load, Tables


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
def loads(tmp_path_factory: pytest.TempPathFactory) -> tuple[Load, Load]:
    """Both loads of an enterprise."""
    folder = tmp_path_factory.mktemp("files")
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

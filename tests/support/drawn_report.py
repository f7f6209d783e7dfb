"""Draws the report of made-up tables in DuckDB, as of a day; a test changes a copy of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from report.__main__ import main
from simulator.world import World
from tests.support.duckdb_tables import tables_of, write
from tests.support.report_page import Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Tables = dict[str, list[dict[str, Any]]]
TODAY = date(2026, 11, 26)
ACME = "/enterprises/acme"


def world_of(people: int = 12, scopes: tuple[str, ...] = (ACME,)) -> World:
    """A simulated GitHub on the day of these tests."""
    world = World(today=TODAY)
    for path in scopes:
        world.add(path, people)
    return world


@pytest.fixture(scope="session")
def sixty_days() -> Tables:
    """The tables after a run over 60 days; a test changes a copy."""
    return tables_of(world_of(), 60)


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Page]:
    """Draws the report of tables, with options of the command, as of some day."""

    def drawn(tables: Tables, *options: str, today: date = TODAY) -> Page:
        path, out = tmp_path / "copilot.duckdb", tmp_path / "report.html"
        path.unlink(missing_ok=True)
        write(path, tables)
        now = datetime(today.year, today.month, today.day, 9, tzinfo=UTC)
        main(["--duckdb", str(path), "--out", str(out), *options], now)
        return Page(out.read_text())

    return drawn


def only(tables: Tables, keep: Callable[[dict[str, Any]], bool]) -> Tables:
    """The rows with a day of which a condition holds; those without a day stay."""
    return {
        stream: [row for row in rows if "day" not in row or keep(row)]
        for stream, rows in tables.items()
    }

"""Rows that are decoded right into their columns: the same records as any other way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.world import USERS
from tap_github_copilot.records import Columns
from tap_github_copilot.schemas import load_schema
from tap_github_copilot.scopes import Level
from tests.support.tap_runs import USAGES, config_for, run_tap

if TYPE_CHECKING:
    from datetime import date

    from simulator.server import Simulator
    from simulator.world import World

SCHEMA = load_schema(USAGES, Level.ENTERPRISE)
RESERVED = frozenset({"enterprise_slug", "active", "extra_fields", "fetched_at"})
ODD_NUMBERS = [1.0, -0.0, 2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 1e19, 1e308]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
PLAIN |= st.sampled_from([*ODD_NUMBERS, "2026-11-20", "2026-11-2", "2026-11-20T01:02:03Z"])
VALUES: st.SearchStrategy[Any] = (
    PLAIN | st.lists(PLAIN | st.just({}), max_size=3) | st.just({"a": [None, {"b": 1}]})
)
NAMES = st.sampled_from([*SCHEMA["properties"], "new", "ünï", ""])


def exactly(value: Any) -> str:
    """A text that tells 1, 1.0 and True apart, and the order of names."""
    return repr(value)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_a_row_is_the_same_record_whether_or_not_it_is_decoded_into_its_columns(
    fields: list[tuple[str, Any]],
) -> None:
    written = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields)
    columns = Columns(SCHEMA, RESERVED)
    text = f"{{{written}}}".encode()
    try:
        plain = msgspec.json.decode(text)
    except msgspec.MsgspecError:  # a row that is decoded another way altogether
        return
    assert exactly(columns.record(columns.decode(text))) == exactly(columns.record(plain))


def test_a_row_of_columns_alone_is_decoded_into_them() -> None:
    columns = Columns(SCHEMA, RESERVED)
    row = {"day": "2026-11-20", "user_id": 7, "used_chat": None, "totals_by_ide": [None, {}]}
    assert not isinstance(columns.decode(json.dumps(row).encode()), dict)
    assert isinstance(columns.decode(json.dumps(row | {"active": None}).encode()), dict)


@pytest.mark.parametrize("name", ["user-id", "__init__", "1st", ""])
def test_a_column_of_any_name_in_a_catalog_takes_its_field(name: str) -> None:
    columns = Columns({"properties": {name: {"type": ["integer", "null"]}}}, frozenset())
    row = columns.decode(json.dumps({name: 5}).encode())
    assert columns.record(row) == ({name: 5}, {})


def test_many_rows_that_do_not_fit_change_nothing_for_those_behind_them(
    github: Simulator, world: World, today: date
) -> None:
    world.add("/enterprises/acme")
    day = world.today.replace(day=13)
    rows = [{"day": day.isoformat(), "user_id": n, "loc_added_sum": n} for n in range(300)]
    for row in rows[50:250]:
        row["used_telepathy"] = True
    lines = b"\n".join(json.dumps(row).encode() for row in rows)
    world.put["/enterprises/acme", USERS, day] = [lines]
    config = config_for(github, start_date=day.isoformat(), end_date=day.isoformat())
    records = [r for r in run_tap(config, today).records() if "user_id" in r]
    assert [r["loc_added_sum"] for r in records] == list(range(300))
    kept = [r["user_id"] for r in records if r["extra_fields"] == {"used_telepathy": True}]
    assert kept == list(range(50, 250))
    assert all(r["extra_fields"] is None for r in records[:50] + records[250:])

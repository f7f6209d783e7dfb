"""Loads all tables twice, with a correction by GitHub in between, and compares both results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.support.expected_tables import (
    BREAKDOWNS,
    KEYS,
    REPOSITORIES,
    SEATS,
    SETTLE_DAYS,
    TEAMS,
    TOTALS,
    USAGES,
    differences,
)
from tests.support.tap_runs import config_for
from tests.support.unusual_reports import INVENTED, LONG, MANY, restate

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.server import Simulator
    from tests.support.expected_tables import Truth


STREAMS = [*KEYS]
Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Load:
    """One of two loads of the same tables.

    Args:
        truth: What had to be in them afterwards.
        tables: What was.
        days: All days of the truth, in order.
        asked: The days that GitHub was asked for, by scope.
    """

    truth: Tables
    tables: Tables
    days: list[str]
    asked: dict[str, set[str]]


def settings_of(github: Simulator, truth: Truth) -> dict[str, Any]:
    """The tap's settings that read all days of the truth."""
    return config_for(github, start_date=truth.first.isoformat())


def load_twice(
    github: Simulator, truth: Truth, load: Callable[[], object], read: Callable[[], Tables]
) -> tuple[Load, Load]:
    """Load all streams, let GitHub restate a day of each scope, load them once more."""
    scopes = list(truth.world.scopes)

    def once() -> Load:
        github.seen.clear()
        load()
        return Load(
            truth={stream: truth.rows(stream) for stream in STREAMS},
            tables=read(),
            days=[day.isoformat() for day in truth.days],
            asked={path: {*github.days_asked(path)} for path in scopes},
        )

    first = once()
    for path in scopes:
        restate(truth.world, path, truth.world.today - timedelta(days=3))
    return first, once()


def assert_rows_are_githubs(loads: tuple[Load, Load], stream: str) -> None:
    """Assert that a table equals what GitHub served, field by field, after both loads."""
    for load in loads:
        assert differences(stream, load.truth[stream], load.tables[stream]) == []
        assert len(load.tables[stream]) == len(load.truth[stream]) > 0
    restated = loads[0].truth[stream] != loads[1].truth[stream]
    assert restated is (stream != SEATS)


def assert_state_was_kept(loads: tuple[Load, Load]) -> None:
    """Assert that the second load asked for the unsettled days alone."""
    for load, days in zip(loads, (loads[0].days, loads[1].days[-SETTLE_DAYS:]), strict=True):
        assert all(asked == {*days} for asked in load.asked.values())


def assert_invented_fields_arrived(tables: Tables) -> None:
    """Assert that fields which `put_odd_rows` invented are in the tables, at every level."""
    [person] = [row for row in tables[USAGES] if row["user_id"] == MANY]
    assert person["extra_fields"]["invented"] == INVENTED
    assert person["extra_fields"][LONG] == 0
    assert person["totals_by_ide"] == [
        {"ide": LONG, "loc_added_sum": MANY, "invented": INVENTED},
        None,
    ]
    assert person["totals_by_cli"]["token_usage"]["invented"] == MANY
    long = [row for row in tables[BREAKDOWNS] if (row["user_id"], row["breakdown"]) == (MANY, LONG)]
    assert sorted((row["breakdown_key"], row["interaction_count"]) for row in long) == [
        ('["x"]', MANY),
        ('["x"]#2', None),
    ]
    [cli] = [r for r in tables[BREAKDOWNS] if (r["user_id"], r["breakdown"]) == (MANY, "cli")]
    assert (cli["prompt_tokens_sum"], cli["output_tokens_sum"]) == (MANY, MANY)
    assert cli["extra_fields"] == {"invented": INVENTED, "token_usage": {"invented": MANY}}
    for stream in (TEAMS, REPOSITORIES, SEATS):
        assert [row["extra_fields"] for row in tables[stream] if row["extra_fields"]].count(
            {"invented": INVENTED}
        ) == (2 if stream == TEAMS else 1)
    [day] = [r for r in tables[TOTALS] if r["extra_fields"] == {"invented": INVENTED}]
    assert day["pull_requests"]["invented"] == INVENTED
    assert day["totals_by_feature"] == [None, {"invented": INVENTED}]

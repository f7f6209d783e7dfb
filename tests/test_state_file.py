"""Which states and catalogs a run refuses, and what it keeps of those it takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_github_copilot.scopes import Level
from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.tap_runs import USAGES, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from datetime import date

    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
PATHS = {Level.ENTERPRISE: ACME, Level.ORGANIZATION: "/orgs/octo-org"}
ENTERPRISE = {"enterprise_slug": "acme"}
CONTEXTS = {Level.ENTERPRISE: ENTERPRISE, Level.ORGANIZATION: {"organization_login": "octo-org"}}
CONTENT = "s3cr3t-of-nobody-else"


def bookmark(context: Any, day: Any = "2026-11-01", **more: Any) -> dict[str, Any]:
    return {"context": context, "replication_key": "day", "replication_key_value": day, **more}


def state_of(*partitions: Any, stream: str = USAGES) -> dict[str, Any]:
    return {"bookmarks": {stream: {"partitions": [*partitions]}}}


def without(context: dict[str, str], name: str) -> dict[str, Any]:
    partition = bookmark(context)
    del partition[name]
    return partition


def catalog_at(level: Level) -> dict[str, Any]:
    tap = TapGitHubCopilot(config={f"{level}s": ["somebody"]}, validate_config=False)
    return dict(tap.catalog_dict)


def nothing_was_read(outcome: Outcome, github: Simulator) -> bool:
    return (outcome.code, outcome.messages, github.seen) == (1, [], [])


DAMAGED = [
    {"bookmarks": None},
    {"bookmarks": []},
    {"bookmarks": CONTENT},
    {"bookmarks": {USAGES: None}},
    {"bookmarks": {USAGES: []}},
    {"bookmarks": {USAGES: 31415926}},
    {"bookmarks": {USAGES: {"partitions": None}}},
    {"bookmarks": {USAGES: {"partitions": {}}}},
    {"bookmarks": {USAGES: {"partitions": CONTENT}}},
    state_of(None),
    state_of([]),
    state_of(CONTENT),
    state_of(31415926),
    state_of(without(ENTERPRISE, "context")),
    state_of(bookmark(None)),
    state_of(bookmark([])),
    state_of(bookmark(CONTENT)),
    state_of(bookmark(ENTERPRISE), bookmark([])),
    state_of(bookmark(ENTERPRISE, "")),
    state_of(bookmark(ENTERPRISE, CONTENT)),
    state_of(bookmark(ENTERPRISE, "2026-02-30")),
    state_of(bookmark(ENTERPRISE, "2026-11")),
    state_of(bookmark(ENTERPRISE, "2026-11-01T00:00:00Z")),
    state_of(bookmark(ENTERPRISE, 20261101)),
    state_of(bookmark(ENTERPRISE, 1.5)),
    state_of(bookmark(ENTERPRISE, False)),
    state_of(bookmark(ENTERPRISE, ["2026-11-01"])),
    state_of(bookmark(ENTERPRISE, {"day": "2026-11-01"})),
    state_of(bookmark({"enterprise_slug": "left-us"}, CONTENT)),
    state_of(bookmark(ENTERPRISE, CONTENT), stream="github_copilot_of_tomorrow"),
]


@pytest.mark.parametrize("state", DAMAGED)
def test_a_damaged_state_is_refused_in_one_line_before_anything_is_read(
    state: dict[str, Any], github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome = run_tap(config_for(github), today, state=state)
    assert nothing_was_read(outcome, github)
    [line] = outcome.errors()
    assert line.startswith("ERROR State: ")
    assert "correct it" in line
    assert "Traceback" not in outcome.log
    assert CONTENT not in outcome.log


@pytest.mark.parametrize("age", [0, -1, -30, -3000])
def test_a_bookmark_on_a_day_that_is_not_over_is_refused(
    age: int, github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    day = (today - timedelta(days=age)).isoformat()
    outcome = run_tap(config_for(github), today, state=state_of(bookmark(ENTERPRISE, day)))
    assert nothing_was_read(outcome, github)
    [line] = outcome.errors()
    for word in ("State: ", USAGES, "acme", day):
        assert word in line


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"bookmarks": {}},
        {"bookmarks": {USAGES: {}}},
        state_of(),
        state_of(bookmark(ENTERPRISE, None)),
        state_of({"context": ENTERPRISE}),
        {"bookmarks": {}, "version": 3},
    ],
)
def test_a_state_without_a_bookmark_starts_from_the_start(
    state: dict[str, Any], github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    outcome = run_tap(config_for(github, start_date="2026-11-12"), today, state=state)
    assert outcome.code == 0, outcome.log
    assert "2026-11-12" in github.days_asked(ACME)
    assert outcome.bookmark() == "2026-11-18"
    assert len(outcome.state["bookmarks"][USAGES]["partitions"]) == 1


def assert_refused_as_data_of(level: Level, outcome: Outcome) -> None:
    assert lines_about(outcome.log, "ERROR", f"{level}_data_exists: ", "start over")
    assert f"{level.other}_data_exists" not in outcome.log
    assert "Traceback" not in outcome.log


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("day", ["2026-11-01", None, "no day"])
def test_a_state_of_the_other_level_is_refused_by_its_code(
    level: Level, day: str | None, github: Simulator, world: World, today: date
) -> None:
    world.add(PATHS[level])
    state = state_of(bookmark(CONTEXTS[level.other], day))
    outcome = run_tap(config_for(github), today, state=state)
    assert nothing_was_read(outcome, github)
    assert_refused_as_data_of(level.other, outcome)
    assert len(outcome.errors()) == 1


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("stream", [USAGES, "github_copilot_seats", "github_copilot_of_tomorrow"])
def test_one_partition_of_the_other_level_in_any_stream_is_enough(
    level: Level, stream: str, github: Simulator, world: World, today: date
) -> None:
    world.add(PATHS[level])
    state = state_of(bookmark(CONTEXTS[level]))
    theirs = bookmark(CONTEXTS[level.other] | {"report": "users-1-day"})
    state["bookmarks"].setdefault(stream, {"partitions": []})["partitions"].append(theirs)
    outcome = run_tap(config_for(github), today, state=state)
    assert nothing_was_read(outcome, github)
    assert_refused_as_data_of(level.other, outcome)


@pytest.mark.parametrize("level", Level)
def test_a_catalog_discovered_at_the_other_level_is_refused_by_the_same_code(
    level: Level, github: Simulator, world: World, today: date
) -> None:
    world.add(PATHS[level])
    outcome = run_tap(config_for(github), today, catalog=catalog_at(level.other))
    assert nothing_was_read(outcome, github)
    assert_refused_as_data_of(level.other, outcome)
    assert lines_about(outcome.log, "ERROR", "catalog", "discover again")


@pytest.mark.parametrize("level", Level)
def test_a_catalog_discovered_at_the_same_level_is_taken(
    level: Level, github: Simulator, world: World, today: date
) -> None:
    world.add(PATHS[level], people=20)
    config = config_for(github, start_date="2026-11-12")
    outcome = run_tap(config, today, catalog=catalog_at(level))
    assert outcome.code == 0, outcome.log
    assert outcome.records()


def test_partitions_of_scopes_that_are_configured_no_more_are_kept_as_they_are(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    left = bookmark({"enterprise_slug": "left-us"}, "2026-03-01", note="kept by hand")
    unread = {"context": {"enterprise_slug": "never-read"}}
    other = state_of(bookmark(ENTERPRISE, "2026-02-01"), left, stream="github_copilot_of_tomorrow")
    state = state_of(left, bookmark(ENTERPRISE, "2026-11-10"), unread)
    state["bookmarks"] |= other["bookmarks"]
    outcome = run_tap(config_for(github), today, state=state)
    assert outcome.code == 0, outcome.log
    assert outcome.bookmark() == "2026-11-18"
    for reached in outcome.states:
        partitions = reached["bookmarks"][USAGES]["partitions"]
        assert left in partitions
        assert unread in partitions
        assert other["bookmarks"].items() <= reached["bookmarks"].items()


def test_a_refused_scope_keeps_its_bookmark_in_the_state(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    state = state_of(bookmark(ENTERPRISE, "2026-11-10"), bookmark({"enterprise_slug": "acne"}))
    config = config_for(github, enterprises=["acme", "acne"])
    outcome = run_tap(config, today, state=state)
    assert outcome.code == 1
    assert outcome.bookmark() == "2026-11-18"
    assert outcome.bookmark("acne") == "2026-11-01"

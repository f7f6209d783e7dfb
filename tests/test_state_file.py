"""Which states and catalogs a run refuses, and what it keeps of those it takes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_github_copilot.scopes import Level
from tap_github_copilot.state import usable_state
from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.tap_runs import SEATS, USAGES, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
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
    state_of(bookmark(ENTERPRISE, progress_markers=CONTENT)),
    state_of(bookmark(ENTERPRISE)) | {"singer_state": CONTENT},
    {"bookmarks": state_of(bookmark(ENTERPRISE))["bookmarks"] | {"users": CONTENT}},
    {"bookmarks": state_of(bookmark(ENTERPRISE))["bookmarks"] | {"users": {"partitions": [5]}}},
    {"bookmarks": state_of(bookmark(ENTERPRISE))["bookmarks"] | {"users": {"partitions": None}}},
    {"bookmarks": {USAGES: {"progress_markers": CONTENT}}},
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


REACHED = {"bookmarks": {USAGES: {"partitions": [bookmark(ENTERPRISE, "2026-11-10")]}}}
LOUD = {"enterprise_slug": "ACME"}
EMPTY: dict[str, Any] = {"bookmarks": {SEATS: {}}}

WRAPPED = [
    {"singer_state": REACHED},
    {"completed": {"singer_state": REACHED}},
    {"completed": {"singer_state": REACHED}, "partial": {}},
    {"completed": {}, "partial": {"singer_state": REACHED}},
    {"completed": {"singer_state": EMPTY}, "partial": {"singer_state": REACHED}},
    {"completed": {"singer_state": REACHED}, "partial": {"singer_state": REACHED}},
    {"completed_state": {"singer_state": REACHED}, "partial_state": None},
    {"completed_state": json.dumps({"singer_state": REACHED}), "partial_state": "{}"},
    {"partial_state": {"singer_state": REACHED}},
    {"singer_state": {"singer_state": {"singer_state": REACHED}}},
    {"type": "STATE", "value": REACHED},
    {"type": "STATE", "value": {"singer_state": REACHED}},
    {"bookmarks": {}, "singer_state": REACHED},
    {"currently_syncing": USAGES, **REACHED},
]


@pytest.mark.parametrize("state", WRAPPED)
def test_a_state_that_is_wrapped_is_unwrapped(
    state: dict[str, Any], github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    outcome = run_tap(config_for(github), today, state=state)
    assert outcome.code == 0, outcome.log
    assert outcome.states[0] == REACHED
    assert min(github.days_asked(ACME)) == "2026-11-11"


OTHER = {"bookmarks": {USAGES: {"partitions": [bookmark(ENTERPRISE, "2026-11-12")]}}}
UNUSABLE = [
    {"completed": {"singer_state": REACHED}, "partial": {"singer_state": OTHER}},
    {**REACHED, "singer_state": OTHER},
    {"bookmark": REACHED["bookmarks"]},
    {"data": REACHED},
    {"version": 3},
    REACHED["bookmarks"],
    {"singer_state": {"version": 3}},
    {"singer_state": CONTENT},
    {"singer_state": [REACHED]},
    {"type": "STATE", "value": CONTENT},
    {"bookmarks": {USAGES: {"replication_key": "day", "replication_key_value": "2026-11-10"}}},
    {"bookmarks": {USAGES: {"day": "2026-11-10"}}},
    {"bookmarks": {USAGES: {**ENTERPRISE, "replication_key_value": "2026-11-10"}}},
    {
        "bookmarks": {
            USAGES: {**REACHED["bookmarks"][USAGES], "replication_key_value": "2026-11-10"}
        }
    },
    {"bookmarks": {"users": {"replication_key_value": "2026-11-10"}}},
    {"bookmarks": {"repositories": {"partitions": [bookmark({"org": "acme"})]}}},
    state_of(bookmark({})),
    state_of(bookmark({"org": "acme"})),
    state_of(bookmark({"enterprise_slug": 31415926})),
    state_of(bookmark({"enterprise_slug": ""})),
    state_of(bookmark({"enterprise_slug": "../acme"})),
    state_of(bookmark({**ENTERPRISE, "team": "blue"})),
    state_of({**bookmark(ENTERPRISE), "replication_key": "updated_at"}),
]


@pytest.mark.parametrize("state", UNUSABLE)
def test_a_state_of_which_nothing_can_be_used_is_refused_in_one_line(
    state: dict[str, Any], github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome = run_tap(config_for(github), today, state=state)
    assert nothing_was_read(outcome, github)
    [line] = outcome.errors()
    assert line.startswith("ERROR State: ")
    assert CONTENT not in outcome.log


def within(wrapper: str, state: dict[str, Any]) -> dict[str, Any]:
    return {"type": "STATE", "value": state} if wrapper == "value" else {wrapper: state}


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("wrapper", ["singer_state", "completed", "value", "anything"])
def test_no_wrapper_hides_the_other_level(
    level: Level, wrapper: str, github: Simulator, world: World, today: date
) -> None:
    world.add(PATHS[level])
    theirs = bookmark(CONTEXTS[level.other])
    for state in (
        within(wrapper, state_of(theirs)),
        within(wrapper, within("singer_state", state_of(theirs))),
        within(wrapper, {"bookmarks": {USAGES: theirs}}),
        {**state_of(bookmark(CONTEXTS[level])), wrapper: json.dumps(state_of(theirs))},
    ):
        outcome = run_tap(config_for(github), today, state=state)
        assert nothing_was_read(outcome, github)
        assert_refused_as_data_of(level.other, outcome)


def remembered(day: str = "2026-11-20", **more: Any) -> dict[str, Any]:
    entry = {"version": "1:ab", "fetched_at": "2026-11-21T08:00:00.000001Z"}
    return {day: entry | {"checked_on": "2026-11-21"} | more}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ([bookmark(LOUD, "2026-11-10")], bookmark(ENTERPRISE, "2026-11-10")),
        (
            [
                bookmark(LOUD, "2026-11-12"),
                bookmark(ENTERPRISE, "2026-11-10"),
            ],
            bookmark(ENTERPRISE, "2026-11-10"),
        ),
        (
            [
                bookmark(ENTERPRISE, "2026-11-12"),
                bookmark(LOUD, "2026-11-10"),
            ],
            bookmark(ENTERPRISE, "2026-11-10"),
        ),
        (
            [bookmark(ENTERPRISE, "2026-11-12"), {"context": LOUD}],
            bookmark(ENTERPRISE, "2026-11-12"),
        ),
        (
            [bookmark(ENTERPRISE, "2026-11-12"), bookmark(ENTERPRISE, "2026-11-10")],
            bookmark(ENTERPRISE, "2026-11-10"),
        ),
    ],
)
def test_a_name_in_upper_case_is_its_lower_case_and_the_earlier_bookmark_counts(
    written: list[dict[str, Any]],
    kept: dict[str, Any],
    github: Simulator,
    world: World,
    today: date,
) -> None:
    world.add(ACME, people=20)
    outcome = run_tap(config_for(github), today, state=state_of(*written))
    assert outcome.code == 0, outcome.log
    assert outcome.states[0] == state_of(kept)
    assert min(github.days_asked(ACME)) > kept["replication_key_value"]


def test_of_two_spellings_only_the_days_are_kept_that_both_remember_alike() -> None:
    alike, differs = remembered("2026-11-18"), remembered("2026-11-19")
    once = remembered("2026-11-17")
    one = bookmark(ENTERPRISE, loaded=alike | differs | once, loaded_on="2026-11-20")
    other = bookmark(
        {"enterprise_slug": "ACME"}, loaded=alike | remembered("2026-11-19", version="1:cd")
    )
    found = usable_state(state_of(one, other), Level.ENTERPRISE, date(2026, 11, 23))
    kept = bookmark(ENTERPRISE, loaded=alike, loaded_on="2026-11-20")
    assert found == state_of(kept)


@pytest.mark.parametrize(
    "more",
    [
        {"loaded": CONTENT},
        {"loaded": ["2026-11-20"]},
        {"loaded": {CONTENT: remembered()["2026-11-20"]}},
        {"loaded": {"2026-11-20": None}},
        {"loaded": {"2026-11-20": CONTENT}},
        {"loaded": {"2026-11-20": {}}},
        {"loaded": remembered(version=None)},
        {"loaded": remembered(version=31415926)},
        {"loaded": remembered(fetched_at=CONTENT)},
        {"loaded": remembered(fetched_at="2026-11-21T08:00:00")},
        {"loaded": remembered(fetched_at=None)},
        {"loaded": remembered(checked_on=CONTENT)},
        {"loaded": remembered(checked_on=20261121)},
        {"loaded_on": CONTENT},
        {"silent": CONTENT},
        {"silent": {"on": "2026-11-20"}},
        {"silent": {"on": CONTENT, "from": "2026-01-01"}},
    ],
)
def test_what_a_partition_remembers_is_checked_as_its_bookmark_is(
    more: dict[str, Any], github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome = run_tap(config_for(github), today, state=state_of(bookmark(ENTERPRISE, **more)))
    assert nothing_was_read(outcome, github)
    [line] = outcome.errors()
    assert line.startswith("ERROR State: ")
    assert USAGES in line
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
        EMPTY,
        state_of({"context": {"enterprise_slug": []}}),
        state_of({"context": {}}, {"context": {}}),
        state_of({"context": ENTERPRISE, "silent": {"on": "2026-11-22", "from": "2027-01-01"}}),
        {"singer_state": EMPTY},
        {"completed": {"singer_state": {}}, "partial": {}},
        {"type": "STATE", "value": {}},
        {"currently_syncing": None},
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
    reached = outcome.state["bookmarks"][USAGES]["partitions"]
    assert [each["context"] for each in reached if "replication_key_value" in each] == [ENTERPRISE]


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
    foreign = {"users": {"partitions": [{"since": "2026-01-01"}, {"context": {"ids": [1]}}]}}
    state["bookmarks"] |= other["bookmarks"] | foreign
    outcome = run_tap(config_for(github), today, state=state)
    assert outcome.code == 0, outcome.log
    assert outcome.bookmark() == "2026-11-18"
    for reached in outcome.states:
        partitions = reached["bookmarks"][USAGES]["partitions"]
        assert left in partitions
        assert unread in partitions
        assert (other["bookmarks"] | foreign).items() <= reached["bookmarks"].items()


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


@pytest.mark.parametrize(
    "beside",
    [
        {"commits": {"partitions": [{"context": {"repo": ["a"]}, "replication_key_value": 7}]}},
        {"commits": {"replication_key_value": 7}},
        {USAGES: {"partitions": [{"context": {}}]}},
        {USAGES: {"partitions": [{"context": {"enterprise_slug": None}}]}},
        {USAGES: {"partitions": [{"context": {"enterprise_slug": []}}]}},
        {"github_copilot_seats": {}},
    ],
)
def test_what_says_nothing_of_a_scope_or_is_another_taps_does_no_harm(
    beside: dict[str, Any], github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    bookmarks = {"github_copilot_report_days": {"partitions": [bookmark(ENTERPRISE)]}} | beside
    outcome = run_tap(config_for(github), today, state={"bookmarks": bookmarks})
    assert outcome.code == 0, outcome.log
    for stream, entry in beside.items():
        if not stream.startswith("github_copilot_"):
            assert outcome.state["bookmarks"][stream] == entry

"""Scopes that have no report at all: found out once, remembered, and cheap from then on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.world import USERS
from tests.support.daily_usages import ACME, ago
from tests.support.tap_runs import SEATS, USAGES, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World
    from tests.support.tap_runs import Outcome

NEVER = date(2100, 1, 1)
CREDITS = "github_copilot_daily_ai_credits"
LEDGER = "github_copilot_report_days"


def silences(outcome: Outcome, scope: str = "acme") -> list[dict[str, str]]:
    """What a state remembers of a scope's silence, in whatever stream."""
    return [
        partition["silent"]
        for stream in outcome.state.get("bookmarks", {}).values()
        for partition in stream.get("partitions", [])
        if scope in partition["context"].values() and "silent" in partition
    ]


def read(
    github: Simulator, today: date, state: dict[str, Any] | None = None, **more: Any
) -> Outcome:
    streams = more.pop("streams", (USAGES,))
    github.world.today = today
    outcome = run_tap(config_for(github, **more), today, state=state, streams=streams)
    assert outcome.code == 0, outcome.log
    return outcome


def report_calls(github: Simulator, path: str = ACME) -> list[str]:
    return github.calls(f"GET {path}/copilot/metrics/reports/")


def test_a_silent_scope_is_remembered_and_asked_for_its_newest_days_alone(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, open_since=NEVER)
    first = read(github, today)
    assert silences(first) == [{"on": today.isoformat(), "from": ago(today, 365)}]
    assert first.bookmark() is None
    assert len(report_calls(github)) > 80
    for age in (0, 1, 27):
        github.seen.clear()
        later = read(github, today + timedelta(days=age), first.state)
        newest = [ago(today, n - age) for n in (1, 2, 3, 4)]
        assert github.days_asked(ACME) == newest
        assert len(report_calls(github)) == 5
        assert silences(later) == silences(first)
        assert lines_about(later.log, "WARNING", "policy_disabled", "enterprise acme")


@pytest.mark.parametrize(("settle_days", "asked"), [(0, 4), (4, 4), (6, 6)])
def test_as_many_newest_days_as_may_have_come_out_are_asked_for(
    github: Simulator, world: World, today: date, settle_days: int, asked: int
) -> None:
    world.add(ACME, open_since=NEVER)
    first = read(github, today, settle_days=settle_days)
    github.seen.clear()
    read(github, today, first.state, settle_days=settle_days)
    assert len(github.days_asked(ACME)) == asked


def test_after_28_days_it_is_sampled_again(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, open_since=NEVER)
    first = read(github, today)
    github.seen.clear()
    later = today + timedelta(days=28)
    second = read(github, later, first.state)
    assert len(report_calls(github)) > 80
    assert silences(second) == [{"on": later.isoformat(), "from": ago(later, 365)}]


def test_an_earlier_start_has_it_sampled_again(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, open_since=NEVER)
    first = read(github, today, start_date=ago(today, 60))
    world.put[ACME, USERS, today - timedelta(days=75)] = [b""]
    github.seen.clear()
    same = read(github, today, first.state, start_date=ago(today, 50))
    assert len(report_calls(github)) == 5
    world.put[ACME, USERS, today - timedelta(days=74)] = [
        b'{"day":"%s","user_id":1}' % ago(today, 74).encode()
    ]
    earlier = read(github, today, same.state, start_date=ago(today, 75))
    assert earlier.days() == [ago(today, 74)]
    assert silences(earlier) == []


@pytest.mark.parametrize("opened", ["recently", "long ago"])
def test_history_that_appears_is_loaded_whole_and_the_silence_forgotten(
    github: Simulator, world: World, today: date, opened: str
) -> None:
    place = world.add(ACME, people=30, open_since=NEVER)
    config: dict[str, Any] = {"start_date": ago(today, 60)}
    first = read(github, today, **config)
    place.open_since = date(2000, 1, 1) if opened == "long ago" else today
    tomorrow = today + timedelta(days=3)
    second = read(github, tomorrow, first.state, **config)
    last = today - timedelta(days=1)
    truth = world.truth(ACME, last - timedelta(days=59), tomorrow)
    assert {(row["day"], row["user_id"]) for row in second.records()} == set(truth)
    assert silences(second) == []


def test_it_is_read_from_whatever_stream_remembers_it(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, open_since=NEVER)
    first = read(github, today, streams=("github_copilot_user_teams", LEDGER))
    assert len(silences(first)) == 1
    github.seen.clear()
    second = read(github, today, first.state, streams=(USAGES,))
    assert len(report_calls(github)) == 5
    assert silences(second) == silences(first)


def test_a_bounded_run_does_not_speak_for_days_after_its_end(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, open_since=NEVER)
    bounded = read(github, today, start_date=ago(today, 200), end_date=ago(today, 100))
    assert silences(bounded) == []
    world.put[ACME, USERS, today - timedelta(days=50)] = [
        b'{"day":"%s","user_id":1}' % ago(today, 50).encode()
    ]
    assert read(github, today, bounded.state, start_date=ago(today, 200)).records()


def test_seats_and_ai_credits_of_a_silent_scope_are_read_all_the_same(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20, open_since=NEVER)
    config: dict[str, Any] = {"start_date": ago(today, 9)}
    first = read(github, today, streams=None, **config)
    assert first.records(SEATS)
    assert len(first.days(CREDITS)) > 5
    assert first.bookmark(stream=CREDITS) == ago(today, 5)
    assert {row["report"] for row in first.records(LEDGER)} == {"ai_credit_usage"}
    github.seen.clear()
    second = read(github, today, first.state, streams=None, **config)
    assert len(report_calls(github)) == 5
    assert second.records(SEATS)
    assert lines_about(second.log, CREDITS, "4 unchanged")
    # Bills say nothing about the policy: the scope is still a silent one.
    assert lines_about(second.log, "WARNING", "policy_disabled")


def test_fifty_idle_organizations_cost_at_most_ten_report_calls_each(
    github: Simulator, world: World, today: date
) -> None:
    names = [f"idle-{number}" for number in range(50)]
    for name in names:
        world.add(f"/orgs/{name}", people=1, open_since=NEVER)
    config: dict[str, Any] = {"start_date": ago(today, 30)}
    first = read(github, today, streams=None, **config)
    github.seen.clear()
    read(github, today + timedelta(days=1), first.state, streams=None, **config)
    for name in names:
        assert len(report_calls(github, f"/orgs/{name}")) <= 10


@pytest.mark.parametrize(("concurrency", "is_ahead"), [(2, True), (1, False)])
def test_the_next_scope_is_asked_about_while_the_days_of_one_are_fetched(
    github: Simulator, world: World, today: date, *, concurrency: int, is_ahead: bool
) -> None:
    world.add(ACME, people=20)
    world.add("/enterprises/busy", people=20)
    github.latency = (0.0, 0.05)
    read(github, today, start_date=ago(today, 12), concurrency=concurrency)
    calls = github.calls("GET /enterprises/")
    [about_busy] = [n for n, call in enumerate(calls) if "busy" in call and "28-day" in call]
    last_day = max(n for n, call in enumerate(calls) if call.startswith(f"GET {ACME}/"))
    assert (about_busy < last_day) is is_ahead, calls

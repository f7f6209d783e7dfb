"""Days that fail by themselves, and reports that GitHub does not give at all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.faults import FOR_EVER
from simulator.world import USERS
from tests.support.daily_usages import ACME, ago, closing
from tests.support.tap_runs import USAGES, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World
    from tests.support.tap_runs import Outcome

LEDGER = "github_copilot_report_days"
BREAKDOWNS = "github_copilot_daily_usage_breakdowns"
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "400": ({"status": 400, "body": {"message": "Bad day"}}, "refused_request"),
    "422": ({"status": 422, "body": {"message": "Invalid"}}, "refused_request"),
    "500": ({"status": 500}, "github_unavailable"),
    "503": ({"status": 503, "body": b"<html>"}, "github_unavailable"),
    "bad envelope": ({"status": 200, "body": b"{"}, "bad_report"),
}


class Days:
    """A run over the 12 days before today, some of which fail for ever.

    Args:
        github: What is read.
        world: What is true there.
        today: The UTC day.
        concurrency: Days fetched at once.
    """

    def __init__(self, github: Simulator, world: World, today: date, concurrency: int) -> None:
        world.add(ACME)
        for age in range(12, -1, -1):
            world.put[ACME, USERS, today - timedelta(days=age)] = [
                b'{"day":"%s","user_id":1,"totals_by_ide":[{"ide":"vscode"}]}'
                % ago(today, age).encode()
            ]
        self.github = github
        self.today = today
        self.config = config_for(github, start_date=ago(today, 12), concurrency=concurrency)

    def fail(self, *ages: int, **fault: Any) -> None:
        """Let every call about the days of these ages meet a fault."""
        for age in ages:
            where = f"users-1-day.day={ago(self.today, age)}$"
            self.github.faults.add(where, times=FOR_EVER, **fault)

    def read(self, *streams: str, state: dict[str, Any] | None = None, age: int = 0) -> Outcome:
        """Run with these streams; without any, with the daily usages."""
        today = self.today + timedelta(days=age)
        return run_tap(self.config, today, state=state, streams=streams or (USAGES,))

    def tries(self, age: int) -> int:
        """How often the day of an age was asked for."""
        return self.github.days_asked(ACME).count(ago(self.today, age))


@pytest.fixture(params=[1, 4])
def days(request: pytest.FixtureRequest, github: Simulator, world: World, today: date) -> Days:
    """With and without days fetched ahead."""
    return Days(github, world, today, request.param)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_day_that_github_refuses_holds_the_bookmark_and_later_days_are_sent(
    days: Days, kind: str
) -> None:
    fault, code = FAULTS[kind]
    days.fail(9, **fault)
    outcome = days.read(USAGES, BREAKDOWNS, LEDGER)
    assert outcome.code == 1
    sent = [ago(days.today, age) for age in range(12, 0, -1) if age != 9]
    for stream in (USAGES, BREAKDOWNS, LEDGER):
        assert outcome.days(stream) == sent
        assert outcome.bookmark(stream=stream) == ago(days.today, 10)
    lines = closing(outcome)
    assert [line.split()[1] for line in lines] == [f"{USAGES}:", f"{BREAKDOWNS}:"]
    for line in lines:
        for word in (code, "enterprise acme", "users-1-day", ago(days.today, 9)):
            assert word in line
    days.github.faults.clear()
    healed = days.read(state=outcome.state)
    assert healed.days() == [ago(days.today, 9)]
    assert healed.bookmark() == ago(days.today, 5)


def test_one_day_that_fails_costs_no_later_run_its_days(days: Days) -> None:
    days.fail(9, status=500)
    first = days.read()
    second = days.read(state=first.state, age=1)
    assert second.code == 1
    assert second.days() == [ago(days.today, 0)]
    assert second.bookmark() == ago(days.today, 10)


def test_after_three_days_in_a_row_the_newest_tells_that_the_rest_can_be_read(days: Days) -> None:
    days.fail(10, status=500)
    days.fail(9, status=422, body={"message": "No"})
    days.fail(8, status=200, body=b"{")
    days.fail(7, 6, status=500)
    outcome = days.read()
    assert outcome.code == 1
    assert outcome.days() == [ago(days.today, age) for age in (12, 11, 5, 4, 3, 2, 1)]
    assert outcome.bookmark() == ago(days.today, 11)
    lines = closing(outcome)
    for age in (10, 9, 8, 7, 6):
        assert len([line for line in lines if ago(days.today, age) in line]) == 1
    assert len(lines) == 5
    assert days.tries(10) == 5
    assert days.tries(1) == 1


def test_one_try_per_day_until_one_answers(github: Simulator, world: World, today: date) -> None:
    days = Days(github, world, today, 1)
    days.fail(11, 10, 9, 8, 7, 3, status=500)
    outcome = days.read()
    assert outcome.days() == [ago(days.today, age) for age in (12, 6, 5, 4, 2, 1)]
    assert [days.tries(age) for age in range(11, 0, -1)] == [5, 5, 5, 1, 1, 1, 1, 1, 5, 1, 1]


@pytest.mark.parametrize("kind", FAULTS)
def test_where_the_newest_day_fails_too_the_rest_is_left_for_the_next_run(
    days: Days, kind: str
) -> None:
    fault, code = FAULTS[kind]
    days.fail(*range(1, 11), **fault)
    outcome = days.read(USAGES, BREAKDOWNS, LEDGER)
    assert outcome.code == 1
    assert outcome.days() == [ago(days.today, age) for age in (12, 11)]
    for stream in (USAGES, BREAKDOWNS, LEDGER):
        assert outcome.bookmark(stream=stream) == ago(days.today, 11)
    [usages, breakdowns] = [line for line in closing(outcome) if "left for the next run" in line]
    for line, stream in ((usages, USAGES), (breakdowns, BREAKDOWNS)):
        for word in (code, stream, "enterprise acme", "users-1-day", ago(days.today, 1)):
            assert word in line
    assert [days.tries(age) for age in (4, 3, 2)] == [0, 0, 0]
    days.github.faults.clear()
    healed = days.read(state=outcome.state)
    assert healed.days() == [ago(days.today, age) for age in range(10, 0, -1)]


def test_other_reports_and_scopes_go_on(days: Days, world: World) -> None:
    world.add("/enterprises/busy", people=10)
    days.config["enterprises"] = ["acme", "busy"]
    days.github.faults.add("/acme/.*users-1-day", status=500, times=FOR_EVER)
    outcome = days.read(USAGES, "github_copilot_daily_totals", LEDGER)
    assert outcome.code == 1
    assert len(closing(outcome)) == 1
    assert outcome.bookmark("busy") == ago(days.today, 5)
    assert outcome.bookmark("acme", "github_copilot_daily_totals") == ago(days.today, 5)


def test_days_that_fail_at_the_end_are_each_told(days: Days) -> None:
    days.fail(2, 1, status=422, body={"message": "Not yet"})
    outcome = days.read()
    assert outcome.code == 1
    assert outcome.days()[-1] == ago(days.today, 3)
    assert outcome.bookmark() == ago(days.today, 5)
    assert len(lines_about("\n".join(closing(outcome)), "refused_request", "Not yet")) == 2


def test_a_start_date_after_a_day_that_stays_broken_is_the_way_past_it(days: Days) -> None:
    days.fail(9, status=500)
    first = days.read()
    days.config["start_date"] = ago(days.today, 8)
    second = days.read(state=first.state)
    assert second.code == 0
    assert second.bookmark() == ago(days.today, 5)
    assert second.records() == []  # all later days are remembered

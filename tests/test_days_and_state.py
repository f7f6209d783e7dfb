"""Which days a run reads, and how far the bookmark goes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.faults import FOR_EVER
from simulator.world import USERS
from tests.support.tap_runs import USAGES, config_for, days_back, each_day, lines_about, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
REPORT = "reports/users-1-day"


def state_at(day: date, scope: str = "acme") -> dict[str, Any]:
    partition = {
        "context": {"enterprise_slug": scope},
        "replication_key": "day",
        "replication_key_value": day.isoformat(),
    }
    return {"bookmarks": {"github_copilot_daily_usages": {"partitions": [partition]}}}


def ago(today: date, age: int) -> str:
    return (today - timedelta(days=age)).isoformat()


def test_a_first_run_loads_every_day_and_its_bookmark_stops_before_the_unsettled_ones(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=10)
    outcome = run_tap(config_for(github, start_date=ago(today, 30)), today)
    assert outcome.code == 0
    assert outcome.bookmark() == ago(today, 5)
    truth = world.truth(ACME, today - timedelta(days=30), today)
    assert {(r["day"], r["user_id"]) for r in outcome.records()} == set(truth)
    assert outcome.days() == sorted(outcome.days())


def test_the_second_run_asks_for_unsettled_days_only(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    config = config_for(github, start_date=ago(today, 30))
    first = run_tap(config, today)
    github.seen.clear()
    second = run_tap(config, today, state=first.state)
    assert second.code == 0
    assert sorted(github.days_asked(ACME)) == [ago(today, age) for age in (4, 3, 2, 1)]
    assert second.state == first.state


def test_every_unsettled_day_is_read_again_however_long_ago_the_last_run_was(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    state = state_at(today - timedelta(days=20))
    outcome = run_tap(config_for(github), today, state=state)
    assert sorted(github.days_asked(ACME)) == [d.isoformat() for d in days_back(today, 19)]
    assert outcome.bookmark() == ago(today, 5)


def test_a_state_message_follows_each_final_day_after_its_rows(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    outcome = run_tap(config_for(github, start_date=ago(today, 12)), today)
    seen_days: set[str] = set()
    for message in outcome.messages:
        if message["type"] == "RECORD" and message["stream"] == USAGES:
            seen_days.add(message["record"]["day"])
        elif message["type"] == "STATE":
            reached = message["value"]["bookmarks"]["github_copilot_daily_usages"]
            value = reached.get("partitions", [{}])[0].get("replication_key_value", "")
            assert not [
                d
                for d in world.truth(ACME, date(2026, 11, 11), date(2026, 11, 18))
                if d[0] <= value and d[0] not in seen_days
            ]
    reached = dict.fromkeys(each_day(outcome.states, "acme"))
    assert list(reached) == [ago(today, n) for n in range(12, 4, -1)]
    assert outcome.messages[-1]["type"] == "STATE"


def test_a_pending_day_holds_the_bookmark_and_an_empty_one_lets_it_pass(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    world.put[ACME, USERS, today - timedelta(days=20)] = None
    world.put[ACME, USERS, today - timedelta(days=10)] = None
    config = config_for(github, start_date=ago(today, 30))
    outcome = run_tap(config, today)
    assert outcome.code == 0
    assert outcome.bookmark() == ago(today, 11)
    assert ago(today, 9) in outcome.days()
    assert lines_about(outcome.log, "days", "2 pending, 1 empty")


def test_a_late_day_is_loaded_by_the_run_after_it_came_out(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    late = today - timedelta(days=10)
    world.put[ACME, USERS, late] = None
    config = config_for(github, start_date=ago(today, 30))
    first = run_tap(config, today)
    del world.put[ACME, USERS, late]
    world.today = today + timedelta(days=1)
    second = run_tap(config, world.today, state=first.state)
    assert late.isoformat() in second.days()
    assert second.bookmark() == ago(today, 4)


def test_a_restated_day_comes_again_until_it_settles(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=30)
    day = today - timedelta(days=2)
    config = config_for(github, start_date=ago(today, 6))
    first = run_tap(config, today)
    world.today = today + timedelta(days=3)
    second = run_tap(config, world.today, state=first.state)
    rows = {r["user_id"]: r for r in second.records() if r["day"] == day.isoformat()}
    assert {number: row["loc_added_sum"] for number, row in rows.items()} == {
        row["user_id"]: row.get("loc_added_sum") for row in world.rows(ACME, day)
    }
    before = [r["loc_added_sum"] for r in first.records() if r["day"] == day.isoformat()]
    assert before != [row["loc_added_sum"] for row in rows.values()]


def test_the_bookmark_never_goes_back(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, people=60)
    state = state_at(today - timedelta(days=1))
    outcome = run_tap(config_for(github, start_date=ago(today, 9)), today, state=state)
    assert outcome.bookmark() == ago(today, 1)
    assert sorted(github.days_asked(ACME)) == []


def test_start_date_is_a_floor_and_end_date_a_ceiling(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    config = config_for(github, start_date=ago(today, 12), end_date=ago(today, 10))
    outcome = run_tap(config, today, state=state_at(today - timedelta(days=100)))
    assert sorted(github.days_asked(ACME)) == [ago(today, n) for n in (12, 11, 10)]
    assert outcome.bookmark() == ago(today, 10)


def test_a_start_date_older_than_github_serves_is_raised_with_a_line(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    outcome = run_tap(config_for(github, start_date="2020-01-01", end_date="2025-11-24"), today)
    assert sorted(github.days_asked(ACME)) == ["2025-11-23", "2025-11-24"]
    assert lines_about(outcome.log, "start_date", "2020-01-01", "2025-11-23")


def test_end_date_is_capped_at_yesterday(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, people=60)
    run_tap(config_for(github, start_date=ago(today, 2), end_date="2030-01-01"), today)
    assert sorted(github.days_asked(ACME)) == [ago(today, 2), ago(today, 1)]


def test_organization_reports_begin_when_github_began_them(github: Simulator, world: World) -> None:
    world.add("/orgs/octo-org")
    world.today = date(2026, 3, 1)
    run_tap(config_for(github, end_date="2025-12-14"), world.today)
    assert sorted(github.days_asked("/orgs/octo-org")) == ["2025-12-12", "2025-12-13", "2025-12-14"]


@pytest.mark.parametrize(
    "face",
    [
        {"status": 204},
        {"status": 200, "body": {"download_links": [], "report_day": "DAY"}},
        {"status": 200, "body": {"download_links": [], "new": 1}},
        {"status": 200, "body": {"download_links": None, "report_day": "DAY"}},
        {"status": 200, "body": b""},
        {"status": 200, "body": b'""'},
        {"status": 200, "body": b"null"},
        {"status": 200, "body": "No report available"},
        {"status": 404, "body": {"message": "Report not found for this day"}},
        {"status": 404, "body": {"message": "Not Found"}},
    ],
)
def test_no_report_has_many_faces_and_none_of_them_is_final_while_young(
    github: Simulator, world: World, today: date, face: dict[str, Any]
) -> None:
    world.add(ACME, people=60)
    young, old = ago(today, 10), ago(today, 16)
    config = config_for(github, start_date=ago(today, 18))
    for day in (young, old):
        body = face.get("body")
        if isinstance(body, dict) and "report_day" in body:
            body = body | {"report_day": day}
        github.faults.add(f"{REPORT}.day={day}$", **face | {"body": body})
    first = run_tap(config, today)
    assert first.code == 0, first.log
    assert lines_about(first.log, "16 loaded, 2 pending") or lines_about(first.log, "1 empty")
    assert first.bookmark() == ago(today, 11)
    assert young not in first.days()
    second = run_tap(config, today, state=first.state)
    assert young in second.days()
    assert second.bookmark() == ago(today, 5)


def test_plain_404_on_every_day_and_on_the_28_day_report_is_a_wrong_slug(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    config = config_for(github, enterprises=["acme", "acne"], start_date=ago(today, 8))
    outcome = run_tap(config, today)
    assert outcome.code == 1
    assert len(lines_about(outcome.log, USAGES, "no_resource", "enterprise acne")) == 2
    assert outcome.bookmark() == ago(today, 5)
    assert outcome.bookmark("acne") is None


def test_a_scope_without_any_report_is_silent_and_keeps_no_bookmark(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60, open_since=date(2027, 1, 1))
    world.add("/enterprises/busy")
    config = config_for(github, start_date=ago(today, 60))
    first = run_tap(config, today)
    assert first.code == 0
    assert lines_about(first.log, "WARNING", "policy_disabled", "enterprise acme")
    asked = github.days_asked(ACME)
    assert asked[:14] == [ago(today, n) for n in range(1, 15)]
    assert asked[14:] == [ago(today, n) for n in range(15, 61, 5)]
    assert first.bookmark() is None
    assert first.bookmark("busy") == ago(today, 5)
    world.scopes[ACME].open_since = date(2000, 1, 1)
    second = run_tap(config, today, state=first.state)
    assert len(second.days()) > 55
    assert second.bookmark() == ago(today, 5)


def test_reports_that_ended_long_ago_are_found_all_the_same(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    for day in days_back(today, 44):
        world.put[ACME, USERS, day] = None
    outcome = run_tap(config_for(github, start_date=ago(today, 60)), today)
    assert outcome.days()[-1] == ago(today, 45)
    assert not lines_about(outcome.log, "policy_disabled")


def test_a_bad_day_holds_the_bookmark_and_later_days_are_still_emitted(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    bad = ago(today, 10)
    github.faults.add(f"FILE .*{bad}/part-00001", change=(b'{"day"', b"{day"), times=FOR_EVER)
    outcome = run_tap(config_for(github, start_date=ago(today, 12)), today)
    assert outcome.code == 1
    assert outcome.bookmark() == ago(today, 11)
    assert bad not in outcome.days()
    assert ago(today, 9) in outcome.days()
    [closing] = outcome.errors()[-1:]
    for word in ("bad_report", "enterprise acme", "users-1-day", bad, "line 1"):
        assert word in closing
    github.faults.clear()
    healed = run_tap(config_for(github), today, state=outcome.state)
    assert bad in healed.days()
    assert healed.bookmark() == ago(today, 5)

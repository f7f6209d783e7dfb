"""The ledger: what became of every report and day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.faults import FOR_EVER
from simulator.world import USERS
from tests.support.tap_runs import USAGES, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
LEDGER = "github_copilot_report_days"
BREAKDOWNS = "github_copilot_daily_usage_breakdowns"
REPORTS = [USERS, "user-teams-1-day", "enterprise-1-day", "repos-1-day", "ai_credit_usage"]


def ago(today: date, age: int) -> str:
    return (today - timedelta(days=age)).isoformat()


def ledger(outcome: Outcome, report: str = USERS) -> dict[str, dict[str, Any]]:
    return {row["day"]: row for row in outcome.records(LEDGER) if row["report"] == report}


def ledger_bookmark(outcome: Outcome, report: str) -> str | None:
    partitions = outcome.state["bookmarks"][LEDGER]["partitions"]
    context = {"enterprise_slug": "acme", "report": report}
    found = [p["replication_key_value"] for p in partitions if p["context"] == context]
    return str(found[0]) if found else None


def test_every_day_looked_at_has_a_row_after_its_rows(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=30)
    world.put[ACME, USERS, today - timedelta(days=17)] = None
    world.put[ACME, USERS, today - timedelta(days=16)] = [b"", b"\n"]
    config = config_for(github, start_date=ago(today, 18))
    outcome = run_tap(config, today, streams=(USAGES, LEDGER))
    rows = ledger(outcome)
    assert sorted(rows) == [ago(today, age) for age in range(18, 0, -1)]
    assert rows[ago(today, 17)]["status"] == "empty"
    assert rows[ago(today, 1)]["status"] == "pending"
    assert rows[ago(today, 1)]["row_count"] is None
    withdrawn = rows[ago(today, 16)]
    assert (withdrawn["status"], withdrawn["row_count"], withdrawn["file_count"]) == (
        "loaded",
        0,
        2,
    )
    assert [row["provisional"] for _, row in sorted(rows.items())] == [False] * 14 + [True] * 4
    for day, row in rows.items():
        records = [r for r in outcome.records() if r["day"] == day]
        assert (row["row_count"] or 0) == len(records)
        assert {r["fetched_at"] for r in records} <= {row["fetched_at"]}
    order = [m["stream"] for m in outcome.messages if m["type"] == "RECORD"]
    assert order == sorted(order, key=[USAGES, LEDGER].index)
    assert ledger_bookmark(outcome, USERS) == ago(today, 5)


def test_the_hash_follows_the_content_and_not_the_order_of_links(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    day = today - timedelta(days=6)
    files = [b'{"day":"%s","user_id":%d}\n' % (str(day).encode(), n) for n in (1, 2)]
    config = config_for(github, start_date=str(day), end_date=str(day))
    hashes = []
    for content in (files, files[::-1], [files[0], files[0]]):
        world.put[ACME, USERS, day] = content
        [row] = ledger(run_tap(config, today, streams=(LEDGER,))).values()
        hashes.append(row["sha256"])
        assert row["byte_count"] == len(files[0]) * 2
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 64


def test_selected_alone_it_has_all_reports(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    outcome = run_tap(config_for(github, start_date=ago(today, 7)), today, streams=(LEDGER,))
    assert list(dict.fromkeys(row["report"] for row in outcome.records(LEDGER))) == REPORTS
    assert [ledger_bookmark(outcome, report) for report in REPORTS] == [ago(today, 5)] * 5


def test_a_report_is_fetched_once_however_many_streams_read_it(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    config = config_for(github, start_date=ago(today, 9))
    outcome = run_tap(config, today, streams=(USAGES, BREAKDOWNS, LEDGER))
    days = github.days_asked(ACME)
    assert len(days) == len(set(days)) == 9
    files = github.calls("FILE ")
    assert len(files) == len(set(files))
    moments = {r["day"]: r["fetched_at"] for r in outcome.records()}
    assert {r["day"]: r["fetched_at"] for r in outcome.records(BREAKDOWNS)} == moments


def test_a_day_that_stays_broken_has_no_row_and_holds_its_own_bookmark_alone(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=30)
    bad = ago(today, 8)
    github.faults.add(f"FILE .*users-1-day.*{bad}", status=404, times=FOR_EVER)
    outcome = run_tap(config_for(github, start_date=ago(today, 10)), today, streams=None)
    assert outcome.code == 1
    assert bad not in ledger(outcome)
    assert ago(today, 7) in ledger(outcome)
    assert ledger_bookmark(outcome, USERS) == ago(today, 9)
    assert ledger_bookmark(outcome, "repos-1-day") == ago(today, 5)
    told = lines_about(outcome.log.partition("the run failed:")[2], "bad_report", bad)
    assert [line.split()[1] for line in told] == [f"{USAGES}:", f"{BREAKDOWNS}:"]
    github.faults.clear()
    healed = run_tap(config_for(github), today, state=outcome.state, streams=None)
    assert ledger(healed)[bad]["status"] == "loaded"
    assert ledger_bookmark(healed, USERS) == ago(today, 5)


def test_after_a_crash_the_next_run_fills_what_is_missing(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    config = config_for(github, start_date=ago(today, 9))
    first = run_tap(config, today, streams=(USAGES, LEDGER))
    state = {"bookmarks": {USAGES: first.state["bookmarks"][USAGES]}}
    second = run_tap(config, today, state=state, streams=(USAGES, LEDGER))
    assert sorted(ledger(second)) == [ago(today, age) for age in range(9, 0, -1)]


@pytest.mark.parametrize("streams", [(USAGES, LEDGER), (LEDGER,)])
def test_a_refused_scope_is_told_once_and_leaves_others_alone(
    github: Simulator, world: World, today: date, streams: tuple[str, ...]
) -> None:
    world.add(ACME)
    world.add("/enterprises/busy")
    body = {"message": "Must be an admin"}
    github.faults.add("/acme/.*users-1-day", status=403, body=body, times=FOR_EVER)
    outcome = run_tap(config_for(github, start_date=ago(today, 7)), today, streams=streams)
    assert outcome.code == 1
    closing = outcome.log.partition("the run failed:")[2]
    assert len(lines_about(closing, "invalid_permissions", "enterprise acme")) == 1
    assert {r["enterprise_slug"] for r in outcome.records(LEDGER) if r["report"] == USERS} == {
        "busy"
    }


def test_repeated_rows_are_counted_so_that_the_ledger_tells_what_a_table_holds(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    day, quiet = today - timedelta(days=6), today - timedelta(days=5)
    rows = [b'{"day":"%s","user_id":%d}\n' % (str(day).encode(), n) for n in (1, 2, 1, 1)]
    world.put[ACME, USERS, day] = [b"".join(rows[:3]), rows[3]]
    world.put[ACME, USERS, quiet] = [b""]
    config = config_for(github, start_date=str(day), end_date=ago(today, 1))
    found = ledger(run_tap(config, today, streams=(USAGES, LEDGER)))
    assert (found[str(day)]["row_count"], found[str(day)]["repeated_count"]) == (4, 2)
    assert found[str(quiet)]["repeated_count"] == 0
    assert found[ago(today, 1)]["repeated_count"] is None


def test_a_run_says_when_it_looked_at_each_report(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome = run_tap(config_for(github, start_date=ago(today, 5)), today, streams=(USAGES, LEDGER))
    rows = ledger(outcome).values()
    assert {row["status"] for row in rows} == {"loaded", "pending"}
    assert all(row["checked_at"] >= row["fetched_at"] for row in rows)
    assert all(row["checked_at"] == row["fetched_at"] for row in rows if row["status"] != "loaded")

"""Only what changed is sent: the days that the state remembers beside the bookmark."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.faults import FOR_EVER
from tap_github_copilot.github.temporary_files import DiskBuffer
from tests.support.report_versions import (
    ACME,
    BREAKDOWNS,
    LEDGER,
    Runs,
    loaded_in,
    moment_of,
    people_of,
)
from tests.support.tap_runs import USAGES, bookmark, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World
    from tap_github_copilot.github.temporary_files import ReportFile

TWO = (USAGES, BREAKDOWNS)


@pytest.fixture
def runs(github: Simulator, world: World, today: date) -> Runs:
    """Runs over the days from 30 days before the first one; acme has no reports but those put."""
    world.add(ACME, people=0)
    world.lag = 1
    return Runs(github, world, today, {"start_date": (today - timedelta(days=30)).isoformat()})


@pytest.fixture
def yesterday(today: date) -> date:
    """The youngest day of the first run."""
    return today - timedelta(days=1)


def test_a_day_that_has_not_changed_is_looked_at_and_not_sent(runs: Runs, yesterday: date) -> None:
    runs.put(yesterday, (1, 2), files=1)
    first = runs.run()
    assert people_of(first, yesterday) == [1, 2]
    entry = runs.loaded(yesterday)
    assert entry == {
        "version": entry and entry["version"],
        "fetched_at": moment_of(first, yesterday),
        "checked_on": runs.today.isoformat(),
    }
    runs.put(yesterday, (2, 1), files=2)  # rebuilt, with the same rows
    second = runs.run(age=1)
    assert people_of(second, yesterday) == []
    assert yesterday.isoformat() in runs.github.days_asked(ACME)
    assert runs.loaded(yesterday) == {
        **(entry or {}),
        "checked_on": (runs.today + timedelta(days=1)).isoformat(),
    }
    assert lines_about(second.log, USAGES, "1 loaded, ", " unchanged, 0 pending, 0 empty")


def test_the_ledger_tells_of_every_look_what_was_sent(runs: Runs, yesterday: date) -> None:
    runs.put(yesterday, (1, 2, 1))
    streams = (USAGES, LEDGER)
    first = runs.run(streams=streams)
    runs.put(yesterday, (1, 2, 1), files=3)
    second = runs.run(age=1, streams=streams)
    rows = [
        next(r for r in o.records(LEDGER) if r["day"] == yesterday.isoformat())
        for o in (first, second)
    ]
    sent = moment_of(first, yesterday)
    assert [row["fetched_at"] for row in rows] == [sent, sent]
    assert [row["row_count"] - row["repeated_count"] for row in rows] == [2, 2]
    assert rows[0]["checked_at"] >= sent
    assert rows[1]["checked_at"] > rows[0]["checked_at"]
    assert [row["provisional"] for row in rows] == [True, True]


def test_a_changed_day_is_sent_whole_with_a_later_moment(runs: Runs, yesterday: date) -> None:
    runs.put(yesterday, (1, 2))
    first = runs.run(streams=TWO)
    runs.put(yesterday, (2, 3), added=5)
    second = runs.run(age=1, streams=TWO)
    assert people_of(second, yesterday) == people_of(second, yesterday, BREAKDOWNS) == [2, 3]
    assert moment_of(second, yesterday) > moment_of(first, yesterday)
    assert moment_of(second, yesterday) == moment_of(second, yesterday, BREAKDOWNS)


def test_a_state_without_the_old_version_precedes_the_first_row_of_the_new_one(
    runs: Runs, yesterday: date
) -> None:
    runs.put(yesterday, (1, 2))
    runs.put(yesterday - timedelta(days=1), (1,))
    runs.run(streams=TWO)
    runs.put(yesterday, (1, 2), added=9)
    second = runs.run(age=1, streams=TWO)
    first_row = next(
        n
        for n, message in enumerate(second.messages)
        if message["type"] == "RECORD" and message["record"]["day"] == yesterday.isoformat()
    )
    before = [m["value"] for m in second.messages[:first_row] if m["type"] == "STATE"][-1]
    for stream in TWO:
        assert yesterday.isoformat() not in loaded_in(before, stream)
        assert (yesterday - timedelta(days=1)).isoformat() in loaded_in(before, stream)
    for stream in TWO:
        assert yesterday.isoformat() in loaded_in(second.state, stream)


def test_a_day_has_its_last_look_when_it_is_older_than_settle_days(
    runs: Runs, yesterday: date
) -> None:
    runs.put(yesterday, (1,))
    runs.run()
    for age in range(1, 4):
        assert people_of(runs.run(age=age), yesterday) == []
    runs.put(yesterday, (1, 2))  # restated before its last look
    assert people_of(runs.run(age=4), yesterday) == [1, 2]
    runs.github.seen.clear()
    runs.put(yesterday, (1, 2, 3))  # and after it
    assert people_of(runs.run(age=5), yesterday) == []
    assert yesterday.isoformat() not in runs.github.days_asked(ACME)


def test_weekly_runs_look_at_each_remembered_day_once_more(runs: Runs, yesterday: date) -> None:
    young = [yesterday - timedelta(days=n) for n in range(4)]
    for day in young:
        runs.put(day, (1,))
    runs.run()
    runs.put(young[0], (1, 2))
    runs.github.seen.clear()
    second = runs.run(age=7)
    asked = runs.github.days_asked(ACME)
    assert [day for day in young if day.isoformat() in asked] == young
    assert people_of(second, young[0]) == [1, 2]
    assert [day for day in young[1:] if people_of(second, day)] == []
    runs.github.seen.clear()
    runs.run(age=14)
    assert not {day.isoformat() for day in young} & {*runs.github.days_asked(ACME)}


def test_a_day_older_than_late_report_days_is_final_without_a_last_look(
    runs: Runs, yesterday: date
) -> None:
    runs.put(yesterday, (1,))
    runs.run()
    runs.put(yesterday, (1, 2))
    runs.github.seen.clear()
    second = runs.run(age=14)
    assert people_of(second, yesterday) == []
    assert yesterday.isoformat() not in runs.github.days_asked(ACME)
    assert (bookmark(runs.state, "acme") or "") >= yesterday.isoformat()


def test_a_pending_day_does_not_make_later_days_be_sent_again(runs: Runs, today: date) -> None:
    days = [today - timedelta(days=age) for age in range(14, 0, -1)]
    for day in days[1:]:
        runs.put(day, (1,))
    runs.withdraw(days[0])
    first = runs.run()
    assert (bookmark(runs.state, "acme") or "") < days[0].isoformat()
    assert len(first.records()) == 13
    runs.github.seen.clear()
    second = runs.run()
    assert second.records() == []
    asked = runs.github.days_asked(ACME)
    assert [day.isoformat() for day in days if day.isoformat() in asked] == [
        day.isoformat() for day in (days[0], *days[-4:])
    ]
    runs.put(days[0], (7,))
    third = runs.run()
    assert people_of(third, days[0]) == [7]
    assert bookmark(runs.state, "acme") == days[-5].isoformat()
    assert sorted(loaded_in(runs.state)) == [day.isoformat() for day in days[-4:]]


def test_a_pending_day_that_stays_away_lets_the_bookmark_pass_all_final_days(
    runs: Runs, today: date
) -> None:
    days = [today - timedelta(days=age) for age in range(14, 0, -1)]
    for day in days[1:]:
        runs.put(day, (1,))
    runs.withdraw(days[0])
    runs.run()
    runs.withdraw(today)
    second = runs.run(age=1)
    assert second.records() == []
    assert bookmark(runs.state, "acme") == days[-4].isoformat()


@pytest.mark.parametrize("streams", [TWO, TWO[::-1]], ids=["usages first", "breakdowns first"])
def test_a_stream_selected_later_has_the_moment_of_the_one_before(
    runs: Runs, yesterday: date, streams: tuple[str, str]
) -> None:
    runs.put(yesterday, (1, 2))
    first = runs.run(streams=streams[:1])
    second = runs.run(age=1, streams=TWO)
    assert people_of(second, yesterday, streams[0]) == []
    assert people_of(second, yesterday, streams[1]) == [1, 2]
    assert moment_of(second, yesterday, streams[1]) == moment_of(first, yesterday, streams[0])


@pytest.mark.parametrize("left_out", TWO)
def test_a_stream_deselected_while_its_report_is_restated_gets_the_new_version_later(
    runs: Runs, yesterday: date, left_out: str
) -> None:
    kept = next(stream for stream in TWO if stream != left_out)
    runs.put(yesterday, (1, 2))
    runs.run(streams=TWO)
    runs.put(yesterday, (2, 3))
    second = runs.run(age=1, streams=(kept,))
    third = runs.run(age=2, streams=TWO)
    assert people_of(third, yesterday, kept) == []
    assert people_of(third, yesterday, left_out) == [2, 3]
    assert moment_of(third, yesterday, left_out) == moment_of(second, yesterday, kept)


@pytest.mark.parametrize("streams", [(USAGES,), TWO, (*TWO, LEDGER)])
def test_a_report_that_is_restated_and_back_again_is_sent_three_times(
    runs: Runs, yesterday: date, streams: tuple[str, ...]
) -> None:
    moments = []
    for age, people in enumerate(((1, 2), (2, 3), (1, 2))):
        runs.put(yesterday, people)
        outcome = runs.run(age=age, streams=streams)
        assert people_of(outcome, yesterday) == [*people]
        moments.append(moment_of(outcome, yesterday))
    assert moments == sorted(set(moments))


def test_back_again_for_a_stream_that_missed_the_version_between(
    runs: Runs, yesterday: date
) -> None:
    runs.put(yesterday, (1, 2))
    runs.run(streams=TWO)
    runs.put(yesterday, (2, 3))
    second = runs.run(age=1, streams=(USAGES,))
    runs.put(yesterday, (1, 2))
    third = runs.run(age=2, streams=TWO)
    assert people_of(third, yesterday) == [1, 2]
    assert moment_of(third, yesterday) > moment_of(second, yesterday)
    # Whatever the breakdowns remember or not, their table ends with this moment alone.
    assert moment_of(third, yesterday, BREAKDOWNS) == moment_of(third, yesterday)


@pytest.mark.parametrize("first_streams", [TWO, (BREAKDOWNS,)])
def test_killed_after_the_first_row_of_a_version_and_then_back_again(
    runs: Runs, yesterday: date, first_streams: tuple[str, ...]
) -> None:
    runs.put(yesterday, (1, 2))
    runs.run(streams=first_streams)
    runs.put(yesterday, (2, 3))
    killed = runs.run(age=1, streams=TWO)
    first_row = next(n for n, m in enumerate(killed.messages) if m["type"] == "RECORD")
    runs.state = [m["value"] for m in killed.messages[:first_row] if m["type"] == "STATE"][-1]
    runs.put(yesterday, (1, 2))
    third = runs.run(age=2, streams=TWO)
    for stream in TWO:
        assert people_of(third, yesterday, stream) == [1, 2]
        assert (
            moment_of(third, yesterday, stream) > killed.messages[first_row]["record"]["fetched_at"]
        )


def test_a_clock_that_goes_back_still_gives_a_new_version_a_later_moment(
    runs: Runs, yesterday: date
) -> None:
    runs.put(yesterday, (1, 2))
    first = runs.run(age=1, at=time(12, tzinfo=UTC))
    runs.put(yesterday, (1, 2, 3))
    second = runs.run(age=0, at=time(7, tzinfo=UTC), streams=(USAGES, LEDGER))
    after = datetime.fromisoformat(moment_of(first, yesterday)) + timedelta(microseconds=1)
    assert datetime.fromisoformat(moment_of(second, yesterday)) == after
    [row] = [r for r in second.records(LEDGER) if r["day"] == yesterday.isoformat()]
    assert row["checked_at"] == row["fetched_at"] == moment_of(second, yesterday)


@pytest.mark.parametrize(("settle_days", "is_asked"), [(2, False), (4, False), (9, True)])
def test_settle_days_may_change_between_runs(
    runs: Runs,
    today: date,
    settle_days: int,
    is_asked: bool,
) -> None:
    held, day = today - timedelta(days=7), today - timedelta(days=6)
    runs.withdraw(held)
    runs.put(day, (1,))
    runs.run(settle_days=4)
    runs.github.seen.clear()
    second = runs.run(settle_days=settle_days)
    assert second.records() == []
    assert (day.isoformat() in runs.github.days_asked(ACME)) is is_asked


@pytest.mark.parametrize(("late_report_days", "is_asked"), [(4, False), (14, True)])
def test_late_report_days_may_change_between_runs(
    runs: Runs,
    yesterday: date,
    late_report_days: int,
    is_asked: bool,
) -> None:
    runs.put(yesterday, (1,))
    runs.run()
    runs.github.seen.clear()
    runs.run(age=5, late_report_days=late_report_days)
    assert (yesterday.isoformat() in runs.github.days_asked(ACME)) is is_asked
    assert (bookmark(runs.state, "acme") or "") >= yesterday.isoformat() or is_asked


def test_a_report_that_vanishes_keeps_its_rows_its_entry_and_its_row_in_the_ledger(
    runs: Runs, yesterday: date
) -> None:
    runs.put(yesterday, (1,))
    streams = (*TWO, LEDGER)
    runs.run(streams=streams)
    entries = {stream: loaded_in(runs.state, stream) for stream in streams}
    runs.withdraw(yesterday)
    second = runs.run(age=2, streams=streams)
    for stream in streams:
        assert yesterday.isoformat() not in second.days(stream)
        assert runs.loaded(yesterday, stream) == entries[stream][yesterday.isoformat()]
    assert (
        len(lines_about(second.log, "WARNING", "no longer has", "users-1-day", str(yesterday))) == 1
    )
    runs.put(yesterday, (1,))
    third = runs.run(age=3, streams=streams)
    assert people_of(third, yesterday) == []
    runs.put(yesterday, (4,))
    assert people_of(runs.run(age=4, streams=streams), yesterday) == [4]


def test_a_bounded_run_moves_no_bookmark_past_its_end_and_keeps_later_days(
    runs: Runs, today: date
) -> None:
    days = [today - timedelta(days=age) for age in range(12, 0, -1)]
    for day in days[1:]:
        runs.put(day, (1,))
    runs.withdraw(days[0])
    runs.run()
    later = {day: entry for day, entry in loaded_in(runs.state).items() if day > str(days[5])}
    runs.put(days[0], (1,))
    bounded = runs.run(end_date=days[5].isoformat())
    assert bounded.days() == [days[0].isoformat()]
    assert bookmark(runs.state, "acme") == days[5].isoformat()
    assert loaded_in(runs.state) == later


def test_a_state_of_an_earlier_release_goes_on(runs: Runs, today: date) -> None:
    days = [today - timedelta(days=age) for age in range(8, 0, -1)]
    for day in days:
        runs.put(day, (1,))
    partition = {
        "context": {"enterprise_slug": "acme"},
        "replication_key": "day",
        "replication_key_value": days[3].isoformat(),
    }
    runs.state = {"bookmarks": {USAGES: {"partitions": [partition]}}}
    outcome = runs.run()
    assert outcome.days() == [day.isoformat() for day in days[4:]]
    assert sorted(loaded_in(runs.state)) == [day.isoformat() for day in days[4:]]


def test_without_a_state_everything_is_sent_again(runs: Runs, yesterday: date) -> None:
    runs.put(yesterday, (1,))
    first = runs.run()
    runs.state = {}
    again = runs.run(age=1)
    assert people_of(again, yesterday) == [1]
    assert moment_of(again, yesterday) > moment_of(first, yesterday)


def test_entries_of_days_that_the_bookmark_passes_are_dropped(runs: Runs, yesterday: date) -> None:
    days = [yesterday - timedelta(days=n) for n in range(10)]
    for day in days:
        runs.put(day, (1,))
    runs.run()
    assert sorted(loaded_in(runs.state)) == sorted(day.isoformat() for day in days[:4])
    for age in (1, 2, 3):
        runs.put(yesterday + timedelta(days=age), (1,))
        runs.run(age=age)
        assert min(loaded_in(runs.state)) > (bookmark(runs.state, "acme") or "")


def test_a_day_that_fails_keeps_its_entry_and_is_looked_at_again(
    runs: Runs, yesterday: date
) -> None:
    runs.put(yesterday, (1,))
    runs.run()
    entry = runs.loaded(yesterday)
    runs.github.faults.add(f"FILE .*{yesterday}", status=404, times=FOR_EVER)
    config = config_for(runs.github, **runs.settings)
    runs.world.today = runs.today + timedelta(days=5)
    failed = run_tap(config, runs.world.today, state=runs.state, streams=(USAGES,))
    assert failed.code == 1
    assert loaded_in(failed.state)[yesterday.isoformat()] == entry
    runs.github.faults.clear()
    runs.put(yesterday, (1, 2))
    runs.state = failed.state
    assert people_of(runs.run(age=5), yesterday) == [1, 2]


def test_the_open_piece_of_a_sharded_backfill_goes_on_as_the_scopes_own_state(
    runs: Runs, today: date
) -> None:
    days = [today - timedelta(days=age) for age in range(20, 0, -1)]
    for day in days:
        runs.put(day, (1,))
    opened = runs.run(start_date=(today - timedelta(days=15)).isoformat())
    assert opened.days() == [day.isoformat() for day in days[5:]]
    daily = runs.run()  # the whole scope, from the state of the open piece
    assert daily.records() == []
    assert bookmark(runs.state, "acme") == days[-5].isoformat()


def test_a_killed_run_sends_again_only_what_its_last_state_does_not_remember(
    runs: Runs, yesterday: date
) -> None:
    days = [yesterday - timedelta(days=n) for n in range(3, -1, -1)]
    for day in days:
        runs.put(day, (1,))
    whole = runs.run()
    for n, message in enumerate(whole.messages):
        if message["type"] == "RECORD" and message["record"]["day"] == days[2].isoformat():
            runs.state = [m["value"] for m in whole.messages[:n] if m["type"] == "STATE"][-1]
    again = runs.run()
    assert again.days() == [day.isoformat() for day in days[2:]]


def test_with_very_many_states_the_loaded_days_leave_the_state_at_once(
    runs: Runs, yesterday: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [yesterday - timedelta(days=n) for n in range(3, -1, -1)]
    for day in days:
        runs.put(day, (1,))
    runs.run(streams=TWO)
    entries = loaded_in(runs.state, BREAKDOWNS)
    for day in days[1:]:
        runs.put(day, (2,))
    for name in ("_FREE_STATE", "_STATES"):
        monkeypatch.setattr(f"tap_github_copilot.output.{name}", 0)
    monkeypatch.setattr("tap_github_copilot.output._STATE_SHARE", 10**9)
    second = runs.run(streams=TWO)
    assert second.days() == second.days(BREAKDOWNS) == [day.isoformat() for day in days[1:]]
    middle = second.states[1:-1]
    assert len(middle) == 1
    assert loaded_in(middle[0]) == loaded_in(middle[0], BREAKDOWNS) == {}
    assert sorted(loaded_in(runs.state)) == sorted(entries)
    assert loaded_in(runs.state, BREAKDOWNS)[days[0].isoformat()] == entries[days[0].isoformat()]


def test_a_refused_scope_keeps_what_is_remembered_of_it(runs: Runs, yesterday: date) -> None:
    runs.put(yesterday, (1,))
    runs.run(streams=TWO)
    before = runs.state
    body: dict[str, Any] = {"message": "Must be an admin"}
    runs.github.faults.add("users-1-day", status=403, body=body, times=FOR_EVER)
    config = config_for(runs.github, **runs.settings)
    refused = run_tap(config, runs.today, state=before, streams=TWO)
    assert refused.code == 1
    assert refused.state == before


def test_a_report_that_no_stream_will_send_is_not_kept_for_one(
    runs: Runs, yesterday: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    keep = DiskBuffer.keep

    def counted(self: DiskBuffer, files: tuple[ReportFile, ...]) -> int | None:
        kept.append(len(files))
        return keep(self, files)

    monkeypatch.setattr(DiskBuffer, "keep", counted)
    old = yesterday - timedelta(days=1)
    for day in (old, yesterday):
        runs.put(day, (1,))
    runs.run(streams=TWO)
    assert len(kept) > 1
    kept.clear()
    runs.github.seen.clear()
    runs.put(yesterday, (2,))
    runs.withdraw(runs.today)
    runs.run(age=1, streams=TWO)
    assert len(kept) == 1  # the day that changed
    files = [call for call in runs.github.calls("FILE ") if str(old) in call]
    assert len(files) == len(set(files)) == 1


def test_entries_that_a_state_has_before_its_bookmark_are_dropped(
    runs: Runs, yesterday: date
) -> None:
    days = [yesterday - timedelta(days=n) for n in range(5, -1, -1)]
    for day in days:
        runs.put(day, (1,))
    runs.run()
    [partition] = runs.state["bookmarks"][USAGES]["partitions"]
    partition["replication_key_value"] = days[3].isoformat()
    runs.run()
    assert sorted(loaded_in(runs.state)) == [day.isoformat() for day in days[4:]]

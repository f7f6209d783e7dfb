"""What every run must keep, and what the tables must hold: the soak's invariants."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from simulator.billing import REPORT as AI_CREDITS
from simulator.seats import made_up
from tests.soak.expected import (
    BREAKDOWNS,
    Place,
    Reached,
    Remembered,
    Stage,
    bookmarks,
    entries_of,
    remembered,
    shape,
)
from tests.support.sqlite_loader import LEDGER
from tests.support.tap_runs import SEATS, lines_about

if TYPE_CHECKING:
    from tests.soak.random_faults import Day
    from tests.support.sqlite_loader import Database
    from tests.support.tap_runs import Outcome

Emitted = dict[tuple[str, "Day"], list[Any]]
Message = dict[str, Any]


def check_run(stage: Stage, outcome: Outcome, *, disturbed: bool) -> None:
    """Hold a whole run against the promises.

    Args:
        stage: What it was given.
        outcome: What it left behind.
        disturbed: Whether it met a fault.

    Raises:
        AssertionError: One is broken.
    """
    before, reached, emitted, moments = _walk(stage, outcome.messages)
    _check_order(outcome.messages)
    _check_whole(stage, emitted)
    _check_only_news(stage, before, emitted, moments)
    _check_end(stage, outcome, before, emitted, disturbed=disturbed)
    _note(stage, before, emitted, moments)
    if not disturbed:
        for place in stage.places():
            expected = _expected_bookmark(stage, before, place)
            assert reached.get(place) == expected, f"{place}: {reached.get(place)}, not {expected}"


def check_interrupted(stage: Stage, messages: list[Message]) -> None:
    """Hold a run that a signal ended against the promises that it keeps all the same.

    Args:
        stage: What it was given.
        messages: What it wrote.

    Raises:
        AssertionError: One is broken.
    """
    before, _, emitted, moments = _walk(stage, messages)
    _check_order(messages)
    whole = {
        (stream, key): got
        for (stream, key), got in emitted.items()
        if _sorted(got) == _sorted(stage.truth(stream, *key) or [])
    }
    _check_only_news(stage, before, whole, moments)
    _note(stage, before, whole, moments)


def _walk(stage: Stage, messages: list[Message]) -> tuple[Before, Reached, Emitted, dict[Day, str]]:
    """Check each message against those before it.

    Returns:
        What the state told at the start, how far it reached, and what was emitted of each day
        with which moment.
    """
    emitted: Emitted = {}
    moments: dict[Day, str] = {}
    before = Before(bookmarks(stage, stage.state), remembered(stage, stage.state))
    reached, known = dict(before.bookmarks), before.days
    for message in messages:
        if message["type"] == "STATE":
            after, known = bookmarks(stage, message["value"]), remembered(stage, message["value"])
            _check_bookmarks(stage, before, reached, after, emitted)
            reached = after
        elif message["type"] == "RECORD" and message["stream"] != SEATS:
            stream, record = message["stream"], message["record"]
            path, day = stage.path_of(record), date.fromisoformat(record["day"])
            key = (path, record.get("report") or stage.reports(path)[stream], day)
            if (stream, key) not in emitted:
                _check_forgotten(stage, key, record["fetched_at"], known)
            emitted.setdefault((stream, key), []).append(shape(stream, record))
            moment = moments.setdefault(key, record["fetched_at"])
            assert record["fetched_at"] == moment, f"{stream}, {key}: two moments in one run"
    return before, reached, emitted, moments


@dataclass(frozen=True)
class Before:
    """What the state of a run told at its start."""

    bookmarks: Reached
    days: Remembered


def _check_forgotten(stage: Stage, key: Day, moment: str, known: Remembered) -> None:
    """Before a version's first row, a STATE has left out every other version of the day."""
    path, report, day = key
    for place in ((s, path, report) for s in (*stage.reports(path), LEDGER)):
        entry = known.get((place, day))
        stands = entry is not None and entry.fetched_at != moment
        assert not stands, f"{place}, {day}: {entry} stands in the state, and {moment} is sent"


def _check_order(messages: list[Message]) -> None:
    """The last STATE follows the last record."""
    kinds = [message["type"] for message in messages]
    if "RECORD" in kinds:
        assert "STATE" in kinds[len(kinds) - kinds[::-1].index("RECORD") :]


def _check_only_news(
    stage: Stage, before: Before, emitted: Emitted, moments: dict[Day, str]
) -> None:
    """A remembered day is sent again only if its rows or its moment changed."""
    for (stream, (path, report, day)), got in emitted.items():
        place = (stream, path, report)
        entry = before.days.get((place, day))
        if entry is None or stream == LEDGER:
            continue
        others = [(s, path, report) for s in (*stage.reports(path), LEDGER)]
        looked = [p for p in stage.places() if p in others and not _is_done(stage, before, p, day)]
        assert looked, f"{place}, {day} had its last look, and no other stream looked at it"
        told = {before.days[p, day].fetched_at for p in others if (p, day) in before.days}
        sent = stage.history.get((place, day, entry.fetched_at))
        same = sent is not None and _sorted(sent) == _sorted(got)
        others_differ = len(told) > 1 or stream == BREAKDOWNS  # it leaves out what also counts
        assert not same or others_differ, f"{place}, {day} is sent again, and has not changed"
        assert moments[path, report, day] > entry.fetched_at or others_differ, f"{place}, {day}"


def _is_done(stage: Stage, before: Before, place: Place, day: date) -> bool:
    bookmark = before.bookmarks.get(place)
    passed = bookmark is not None and day <= bookmark
    return passed or stage.had_last_look(day, before.days.get((place, day)))


def _note(stage: Stage, before: Before, emitted: Emitted, moments: dict[Day, str]) -> None:
    """Note what was sent with each moment, and which days are final without a last look."""
    for (stream, key), got in emitted.items():
        path, report, day = key
        stage.history[(stream, path, report), day, moments[key]] = got
    for (place, day), entry in before.days.items():
        is_old = (stage.today - day).days > stage.late_report_days
        if is_old and (entry.checked_on - day).days <= stage.settle_days:
            stage.unseen.add((place, day))


def check_tables(stage: Stage, database: Database, upto: Reached | None = None) -> None:
    """Compare the current rows of every table with the truth, row by row.

    Args:
        stage: What the last run was given.
        database: Where its records are.
        upto: Bookmarks; only days up to them are compared.

    Raises:
        AssertionError: A row is missing, is too many or is another.
    """
    for place in stage.places():
        stream, path, report = place
        last = stage.last if upto is None else upto.get(place)
        if upto is not None and stream != LEDGER and LEDGER in stage.streams:
            last = _earlier(last, upto.get((LEDGER, path, report)))
        days = [] if last is None else [day for day in stage.days(None) if day <= last]
        if stream == LEDGER and (report == AI_CREDITS or not stage.is_silent(path)):
            _compare_ledger(stage, database, path, report, days)
        elif stream != LEDGER:
            _compare_rows(stage, database, place, days)


def _earlier(one: date | None, other: date | None) -> date | None:
    return None if one is None or other is None else min(one, other)


def _check_bookmarks(
    stage: Stage, start: Before, before: Reached, after: Reached, emitted: Emitted
) -> None:
    """Every day that a bookmark has just passed was loaded whole, or is old enough to be empty."""
    assert before.keys() <= after.keys(), f"a bookmark is gone: {before.keys() - after.keys()}"
    for place, bookmark in after.items():
        stream, path, report = place
        old = before.get(place)
        moves = bookmark is not None and (old is None or old <= bookmark)
        assert moves, f"{place}: from {old} to {bookmark}"
        assert bookmark in (old, *stage.days(old)), f"{place}: {bookmark} is no day of this run"
        for day in stage.days(old):
            if bookmark and day <= bookmark:
                entry = start.days.get((place, day))
                if stage.had_last_look(day, entry):
                    continue
                assert stage.is_final(path, report, day), f"{place}: {bookmark} passed {day}"
                truth = stage.truth(stream, path, report, day)
                got = emitted.get((stream, (path, report, day)))
                if got is None and entry is not None:
                    got = stage.history.get((place, day, entry.fetched_at))
                lost = truth and _sorted(got or []) != _sorted(truth)
                assert not lost, f"{place}: {bookmark} passed {day}: {got} is not {truth} ({entry})"


def _check_whole(stage: Stage, emitted: Emitted) -> None:
    """Each day that was emitted is just what was published, and days came in order."""
    latest: dict[Place, date] = {}
    for (stream, (path, report, day)), got in emitted.items():
        place = (stream, path, report)
        assert latest.setdefault(place, day) <= day, f"{place}: {day} after {latest[place]}"
        latest[place] = day
        truth = stage.truth(stream, path, report, day)
        if stream == LEDGER and got[0][0] != "loaded":
            status = stage.unreported_status(day)
            assert got == [(status, None, None)], f"{place}, {day}: {got}"
            told_so = truth is None or (path, report, day) in stage.unreported
            assert told_so, f"{place}, {day}: {status}"
        elif report == AI_CREDITS:
            assert sorted(got) == truth, f"{place}, {day}: {got} is not {truth}"
        else:
            assert got in (truth, stage.at_first(place, day)), f"{place}, {day}: {got} not {truth}"


def _check_end(
    stage: Stage,
    outcome: Outcome,
    before: Before,
    emitted: Emitted,
    *,
    disturbed: bool,
) -> None:
    """Exit 0 if all is there; else exit 1, and a line for each scope that lacks something."""
    errors = outcome.errors()
    assert outcome.code == (1 if errors else 0), f"exit {outcome.code}, {errors}"
    assert disturbed or not errors, f"failed for no reason: {errors}"
    if any("invalid_credentials" in line for line in errors):
        return
    told = [*errors, *lines_about(outcome.log, "skipped, since it is optional")]
    for place in stage.places():
        stream, path, report = place
        name = path.rsplit("/", 1)[1]
        if any(f" {name}" in line and (stream in line or stream == LEDGER) for line in told):
            continue
        for day in stage.days(before.bookmarks.get(place)):
            truth = stage.truth(stream, path, report, day)
            entry = before.days.get((place, day))
            missing = truth and (stream, (path, report, day)) not in emitted
            if missing and entry is not None:
                sent = stage.history.get((place, day, entry.fetched_at))
                missing = not stage.had_last_look(day, entry) and (
                    stream == LEDGER or _sorted(sent or []) != _sorted(truth or [])
                )
            told_so = (path, report, day) in {*stage.unreported, *stage.restated}
            assert not missing or told_so, f"{place}: {day} is missing, and no line says so"
    _check_seats(stage, outcome, errors)


def _sorted(rows: list[Any]) -> list[str]:
    return sorted(map(_text, rows))


def _check_seats(stage: Stage, outcome: Outcome, errors: list[str]) -> None:
    if SEATS not in stage.streams or stage.last < stage.today - timedelta(days=1):
        return
    for path in stage.paths:
        seats = [row for row in outcome.records(SEATS) if stage.path_of(row) == path]
        if not any(SEATS in line and path.rsplit("/", 1)[1] in line for line in errors):
            assert len(seats) == len(made_up(stage.world.scopes[path], stage.today)), path


def _expected_bookmark(stage: Stage, before: Before, place: Place) -> date | None:
    """How far the bookmark of a run without a fault must have come."""
    _, path, report = place
    places = {*before.bookmarks, *(place for place, _ in before.days)}
    loaded = {known for _, known, about in places if about != AI_CREDITS}
    if report != AI_CREDITS and stage.is_silent(path) and path not in loaded:
        return None
    bookmark = before.bookmarks.get(place)
    for day in stage.days(bookmark):
        had_last_look = stage.had_last_look(day, before.days.get((place, day)))
        if not had_last_look and not stage.is_final(path, report, day):
            break
        bookmark = day
    return bookmark


def _compare_rows(stage: Stage, database: Database, place: Place, days: list[date]) -> None:
    stream, path, report = place
    expected = {day: _kept(stage, place, day) for day in days}
    got: dict[date, list[Any]] = {day: [] for day in days}
    for row in database.current(stream, stage.key_column, report):
        day = date.fromisoformat(row["day"])
        if stage.path_of(row) == path and day in got:
            got[day].append(shape(stream, row))
    for day, rows in expected.items():
        if (place, day) in stage.unseen or (path, report, day) in stage.restated:
            continue
        if rows or _tells_withdrawn(stage, place, day):
            same = _sorted(got[day]) == _sorted(rows)
            assert same, f"{place}, {day}: the table has {got[day]}, not {rows}"


def _tells_withdrawn(stage: Stage, place: Place, day: date) -> bool:
    """Whether the ledger tells that all rows of a day were withdrawn: it counts the report's."""
    stream, path, report = place
    reported = stage.world.rows(path, day, report)
    return LEDGER in stage.streams and not (stream == BREAKDOWNS and reported)


def _kept(stage: Stage, place: Place, day: date) -> list[Any]:
    """The rows of a day as an upsert leaves them: of those with one key, the last."""
    stream, path, report = place
    keys = ("user_id", "team_id", "repo_id")
    if stream == BREAKDOWNS:
        rows = {row["user_id"]: row for row in stage.world.rows(path, day, report)}
        return [entry for row in rows.values() for entry in entries_of(row)]
    truth = stage.truth(stream, path, report, day) or []
    if report == AI_CREDITS:
        return truth
    return list({tuple(row.get(name) for name in keys): row for row in truth}.values())


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _compare_ledger(
    stage: Stage, database: Database, path: str, report: str, days: list[date]
) -> None:
    rows = {
        row["day"]: (row["status"], row["row_count"], row["file_count"])
        for row in database.ledger(stage.key_column)
        if row["report"] == report and stage.path_of(row) == path
    }
    for day in days:
        if ((LEDGER, path, report), day) in stage.unseen or (path, report, day) in stage.restated:
            continue
        truth = stage.truth(LEDGER, path, report, day)
        expected = truth[0] if truth else (stage.unreported_status(day), None, None)
        got = rows.get(day.isoformat())
        assert got == expected, f"{LEDGER}, {path}, {report}, {day}: {got}, not {expected}"

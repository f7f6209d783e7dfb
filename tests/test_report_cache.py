"""Reports fetched once a run: where they wait, what a second fetch may find, what they cost."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
import threading
import tracemalloc
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from simulator.faults import FOR_EVER
from simulator.world import USERS, shards_of
from tap_github_copilot.github.report_cache import ReportCache
from tap_github_copilot.github.reports import Report
from tap_github_copilot.github.temporary_files import DiskBuffer, ReportFile, TemporaryBytes
from tap_github_copilot.scopes import Level, Scope
from tests.support.daily_usages import ACME, ago, closing, keys_of
from tests.support.tap_runs import USAGES, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.places import Files
    from simulator.server import Simulator
    from simulator.world import World

BREAKDOWNS = "github_copilot_daily_usage_breakdowns"
LEDGER = "github_copilot_report_days"
ALL = (USAGES, BREAKDOWNS, LEDGER)
AGE = 10  # a Friday


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk buffer without room: every stream fetches its reports again."""
    monkeypatch.setattr(DiskBuffer, "keep", lambda *_: None)


def read(github: Simulator, today: date, *streams: str, **settings: Any) -> Outcome:
    config = config_for(github, start_date=ago(today, AGE + 2), **settings)
    return run_tap(config, today, streams=streams or ALL)


def contents(outcome: Outcome) -> list[dict[str, Any]]:
    """All records, without their moments."""
    records = [r for stream in ALL for r in outcome.records(stream)]
    return [{n: v for n, v in r.items() if not n.endswith("ed_at")} for r in records]


def rebuild(
    monkeypatch: pytest.MonkeyPatch, world: World, day: date, *builds: Files | None
) -> None:
    """Serve these builds of a day's report one after the other, and then the last for ever."""
    files, left = world.files, list(builds)

    def rebuilt(path: str, report: str, asked: date) -> Files | None:
        if (report, asked) != (USERS, day):
            return files(path, report, asked)
        return left.pop(0) if len(left) > 1 else left[0]

    monkeypatch.setattr(world, "files", rebuilt)


@pytest.mark.usefixtures("nothing_kept")
def test_a_report_that_is_fetched_again_has_the_moment_of_its_first_fetch(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=30)
    day = today - timedelta(days=AGE)
    rows = world.rows(ACME, day)
    # The same rows in another order and in other files are the same version.
    rebuild(monkeypatch, world, day, shards_of(rows, 2), shards_of(rows[::-1], 3))
    # The clock moves on before the second fetch.
    github.faults.add(f"FILE .*users-1-day.*{ago(today, AGE + 1)}/part-00000", status=404, after=1)
    outcome = read(github, today, concurrency=1)
    assert outcome.code == 0, outcome.log
    assert outcome.clock.waits == [2]
    assert github.days_asked(ACME).count(str(day)) == 2
    moments = {r["day"]: r["fetched_at"] for r in outcome.records()}
    assert {r["day"]: r["fetched_at"] for r in outcome.records(BREAKDOWNS)} == moments
    assert outcome.bookmark(stream=BREAKDOWNS) == outcome.bookmark() == ago(today, 5)


REBUILT: dict[str, Callable[[list[dict[str, Any]]], Files | None]] = {
    "a row more": lambda rows: shards_of([*rows, rows[0] | {"user_id": 77}], 2),
    "a row less": lambda rows: shards_of(rows[1:], 2),
    "a row twice": lambda rows: shards_of([*rows, rows[0]], 2),
    "another figure": lambda rows: shards_of([*rows[1:], rows[0] | {"new": 1}], 2),
    "no rows": lambda _: [b""],
    "no report": lambda _: None,
}


@pytest.mark.parametrize("kind", REBUILT)
@pytest.mark.usefixtures("nothing_kept")
def test_a_report_that_changed_between_two_fetches_is_left_to_the_next_run(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    world.add(ACME, people=30)
    day = today - timedelta(days=AGE)
    rows = world.rows(ACME, day)
    rebuild(monkeypatch, world, day, shards_of(rows, 2), REBUILT[kind](rows))
    outcome = read(github, today)
    assert outcome.code == 0, outcome.log
    sent = [record for record in outcome.records() if record["day"] == str(day)]
    assert keys_of(sent) == keys_of(rows)
    assert str(day) not in outcome.days(BREAKDOWNS)
    assert ago(today, AGE - 1) in outcome.days(BREAKDOWNS)
    assert outcome.bookmark() == ago(today, 5)
    assert outcome.bookmark(stream=BREAKDOWNS) == ago(today, AGE + 1)
    assert len(lines_about(outcome.log, "WARNING", BREAKDOWNS, str(day), "rebuilt")) == 1
    [entry] = [row for row in outcome.records(LEDGER) if row["day"] == str(day)]
    assert entry["row_count"] == len(sent)
    assert {entry["fetched_at"]} == {record["fetched_at"] for record in sent}


@pytest.mark.usefixtures("nothing_kept")
def test_the_ledger_knows_what_was_sent_even_if_the_second_fetch_fails(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=30)
    day = ago(today, AGE)
    github.faults.add(f"FILE .*users-1-day.*{day}/", status=404, after=2, times=FOR_EVER)
    outcome = read(github, today)
    [line] = closing(outcome)
    assert f"{BREAKDOWNS}: bad_report: enterprise acme, users-1-day, {day}" in line
    assert outcome.bookmark(stream=BREAKDOWNS) == ago(today, AGE + 1)
    [entry] = [row for row in outcome.records(LEDGER) if row["day"] == day]
    assert entry["row_count"] == len([r for r in outcome.records() if r["day"] == day])


def test_a_report_that_finds_no_room_is_fetched_again_when_its_turn_comes(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=60)
    size = sum(map(len, world.files(ACME, USERS, today - timedelta(days=AGE)) or []))
    monkeypatch.setattr(DiskBuffer.__init__, "__defaults__", (3 * size,))
    outcome = read(github, today)
    assert outcome.code == 0, outcome.log
    days = github.days_asked(ACME)
    assert len(set(days)) < len(days) < 2 * len(set(days))
    monkeypatch.undo()
    assert contents(outcome) == contents(read(github, today))


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> int:
    """How many bytes each temporary file has room for."""
    write = TemporaryBytes._write  # noqa: SLF001 - the disk is full below it

    def write_as_far_as_there_is_room(self: TemporaryBytes, position: int, piece: bytes) -> None:
        if self.is_on_disk and position + len(piece) > request.param:
            write(self, position, piece[: max(0, request.param - position)])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, position, piece)

    monkeypatch.setattr(TemporaryBytes, "_write", write_as_far_as_there_is_room)
    return int(request.param)


@pytest.mark.parametrize("room", [0, 100, 2_000, 20_000], indirect=True)
@pytest.mark.usefixtures("room")
def test_a_disk_that_is_full_costs_memory_and_another_fetch_alone(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=30)
    outcome = read(github, today)
    assert outcome.code == 0, outcome.log
    assert outcome.clock.waits == []
    monkeypatch.undo()
    assert contents(outcome) == contents(read(github, today))


@pytest.mark.parametrize("room", [500_000], indirect=True)
@pytest.mark.usefixtures("room")
def test_a_disk_that_is_full_for_a_large_download_fails_its_day_with_a_cure(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=30)
    day = today - timedelta(days=AGE)
    world.put[ACME, USERS, day] = [b"\n".join((world.files(ACME, USERS, day) or []) * 60)]
    monkeypatch.setattr(TemporaryBytes.__init__, "__defaults__", (1_000_000,))
    assert sum(map(len, world.put[ACME, USERS, day] or [])) > 1_100_000
    outcome = read(github, today)
    assert outcome.code == 1
    for line in closing(outcome):
        for word in ("enterprise acme", USERS, str(day), "No space left", "TMPDIR", "4 times"):
            assert word in line
    assert "Traceback" not in outcome.log
    assert str(day) not in outcome.days()
    assert ago(today, AGE - 1) in outcome.days()


@pytest.fixture
def _no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder for the files of reports, as with a read-only disk."""

    def refuse(**_: object) -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)


@pytest.mark.usefixtures("_no_temporary_folder")
def test_without_a_temporary_folder_reports_are_held_in_memory(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=30)
    outcome = read(github, today)
    assert outcome.code == 0, outcome.log
    monkeypatch.undo()
    assert contents(outcome) == contents(read(github, today))


@pytest.mark.usefixtures("_no_temporary_folder")
def test_but_not_a_report_that_is_too_large_for_that(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=30)
    day = today - timedelta(days=AGE)
    world.put[ACME, USERS, day] = [b" " * 60_000, b" " * 60_000]
    monkeypatch.setattr(TemporaryBytes.__init__, "__defaults__", (100_000,))
    outcome = read(github, today, USAGES)
    [line] = closing(outcome)
    for word in ("enterprise acme", USERS, str(day), "no temporary folder", "TMPDIR"):
        assert word in line
    assert github.days_asked(ACME).count(str(day)) == 1
    assert ago(today, AGE - 1) in outcome.days()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs a list of open files")
def test_a_report_of_many_files_takes_one_descriptor(
    github: Simulator, world: World, today: date
) -> None:
    world.shards = 80
    world.add(ACME, people=80)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len([*Path("/proc/self/fd").iterdir()]) + 40, hard))
    try:
        outcome = read(github, today, USAGES)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert outcome.code == 0, outcome.log
    assert len(outcome.records()) > 100


def test_a_machine_without_a_further_thread_checks_files_in_the_one_it_has(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=30)
    start = threading.Thread.start

    def refuse(self: threading.Thread) -> None:
        if self.name.startswith("check"):
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    github.faults.add(f"FILE .*{ago(today, AGE)}/part-00001", change=(b"{", b"("))
    outcome = read(github, today, USAGES)
    assert outcome.code == 0, outcome.log
    assert outcome.clock.waits == [2]
    assert ago(today, AGE) in outcome.days()


def test_one_thread_reads_a_file_while_another_appends() -> None:
    content = TemporaryBytes()
    content.append(b"a" * 300_000)
    first = ReportFile(content, 0, 300_000)
    stop = threading.Event()

    def append() -> None:
        while not stop.is_set():
            content.append(b"b" * 1000)

    appending = threading.Thread(target=append)
    appending.start()
    try:
        for _ in range(50):
            with first.open() as file:
                assert set(file.read()) == {ord("a")}
    finally:
        stop.set()
        appending.join()
    with ReportFile(content, 300_000, content.size - 300_000).open() as file:
        assert set(file.read()) == {ord("b")}
    content.close()


class Made:
    """Makes up a report for each day."""

    def fetch(self, scope: Scope, report: str, day: date, *, once: bool) -> Report:
        return Report(
            day,
            "2026-11-23T12:00:00.000001Z",
            reported=day.day != 1,
            row_count=day.toordinal() + len(scope.name),
            repeated=3,
            byte_count=2**40,
            file_count=int(once) + 4,
            sha256="f0" * 32 if day.day != 1 else "",
            version="1-" + "e" * 32,
            aggregate=report == "enterprise-1-day",
        )


def test_what_is_known_of_reports_stays_the_same_and_takes_little_memory() -> None:
    made: Any = Made()
    cache = ReportCache(made, DiskBuffer())
    days = [date(2025, 12, 1) + timedelta(days=n) for n in range(-50, 315)]
    scopes = [Scope(Level.ENTERPRISE, f"acme-{n}") for n in range(30)]
    reports = (USERS, "enterprise-1-day")
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for scope in scopes:
            for report in reports:
                for day in [*days[50:], *days[:50]]:
                    cache.report(scope, report, day)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    count = len(scopes) * len(reports) * len(days)
    assert (after - before) / count < 15
    made.fetch = None  # nothing is fetched again
    for scope in scopes[::7]:
        for report in reports:
            for day in days:
                expected = Made().fetch(scope, report, day, once=False)
                assert cache.facts(scope, report, day) == expected
    cache.close()

"""What a run of the soak was given, and what it must make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from simulator.billing import REPORT as AI_CREDITS
from simulator.people import COUNTERS
from simulator.world import USERS
from tests.support.sqlite_loader import LEDGER
from tests.support.tap_runs import SEATS, USAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.people import Row
    from simulator.places import Files
    from simulator.world import World
    from tests.soak.random_faults import Day

BREAKDOWNS = "github_copilot_daily_usage_breakdowns"
REPORTS = {
    USAGES: USERS,
    BREAKDOWNS: USERS,
    "github_copilot_user_teams": "user-teams-1-day",
    "github_copilot_daily_totals": "",
    "github_copilot_daily_repositories": "repos-1-day",
    "github_copilot_daily_ai_credits": AI_CREDITS,
}
STREAMS = (*REPORTS, SEATS, LEDGER)
_CREDITS = ("product", "sku", "model", "net_quantity", "net_amount", "day")
_OURS = {"enterprise_slug", "organization_login", "fetched_at", "extra_fields", "active"}
Place = tuple[str, str, str]  # stream, path, report
Reached = dict[Place, "date | None"]
Remembered = dict[tuple[Place, "date"], "Entry"]
History = dict[tuple[Place, "date", str], list[Any]]


@dataclass(frozen=True)
class Entry:
    """What a state remembers of a loaded day."""

    version: str
    fetched_at: str
    checked_on: date


@dataclass(frozen=True)
class Stage:
    """What a run was given.

    Args:
        world: What was true then.
        today: The day of the run.
        first: The oldest day to read.
        last: The youngest day to read.
        settle_days: As configured.
        late_report_days: As configured.
        paths: The scopes.
        streams: The selected streams.
        state: What it started from.
        unreported: The days of which it may have been told that they have no report.
        restated: What GitHub said at first of the reports that it rebuilt during the run.
        history: What was emitted with each moment of a day, over all runs.
        unseen: Days that a run rightly never looked at when they were settled.
    """

    world: World
    today: date
    first: date
    last: date
    settle_days: int
    late_report_days: int
    paths: tuple[str, ...]
    streams: tuple[str, ...]
    state: dict[str, Any]
    unreported: frozenset[Day] = frozenset()
    restated: dict[Day, Files] = field(default_factory=dict)
    history: History = field(default_factory=dict)
    unseen: set[tuple[Place, date]] = field(default_factory=set)
    _known: dict[tuple[str, Day], list[Any] | None] = field(default_factory=dict)

    @property
    def key_column(self) -> str:
        """The column that names the scope in every key."""
        return "enterprise_slug" if "/enterprises/" in self.paths[0] else "organization_id"

    def reports(self, path: str) -> dict[str, str]:
        """The report of each stream of rows."""
        totals = "enterprise-1-day" if "/enterprises/" in path else "organization-1-day"
        return {stream: report or totals for stream, report in REPORTS.items()}

    def places(self) -> Iterator[Place]:
        """Every stream, scope and report that the run reads by day."""
        for path in self.paths:
            reports = self.reports(path)
            chosen = {s: report for s, report in reports.items() if s in self.streams}
            for stream, report in chosen.items():
                yield stream, path, report
            if LEDGER in self.streams:
                for report in sorted(set((chosen or reports).values())):
                    yield LEDGER, path, report

    def days(self, bookmark: date | None) -> list[date]:
        """The days after a bookmark, oldest first."""
        start = self.first if bookmark is None else bookmark + timedelta(days=1)
        return [start + timedelta(days=n) for n in range((self.last - start).days + 1)]

    def is_final(self, path: str, report: str, day: date) -> bool:
        """Whether a day, once read, needs never be read again."""
        age = (self.today - day).days
        published = self._files(path, report, day) is not None
        return age > self.settle_days and (published or age > self.late_report_days)

    def unreported_status(self, day: date) -> str:
        """What the ledger says of a day without a report."""
        return "pending" if (self.today - day).days <= self.late_report_days else "empty"

    def is_silent(self, path: str) -> bool:
        """Whether a scope has no report at all, lately or in the days to read."""
        days = self.days(None)
        any_day = any(self.world.files(path, USERS, day) is not None for day in days)
        return not any_day and not self.world.has_recent(path)

    def truth(self, stream: str, path: str, report: str, day: date) -> list[Any] | None:
        """What a stream must emit of a day, in order; None for no report."""
        key = (stream, (path, report, day))
        if key not in self._known:
            self._known[key] = _truth(stream, self._files(path, report, day))
        return self._known[key]

    def _files(self, path: str, report: str, day: date) -> Files | None:
        if report != AI_CREDITS:
            return self.world.files(path, report, day)
        items = self.world.credits(path, day) or []
        rows = [{_snake(name): value for name, value in item.items()} for item in items]
        return [msgspec.json.Encoder().encode_lines(row | {"day": str(day)} for row in rows)]

    def at_first(self, place: Place, day: date) -> list[Any] | None:
        """What a stream may have emitted of a day that GitHub rebuilt during the run."""
        stream, path, report = place
        return _truth(stream, self.restated.get((path, report, day)))

    def had_last_look(self, day: date, entry: Entry | None) -> bool:
        """Whether a remembered day is neither fetched nor sent any more."""
        if entry is None:
            return False
        age_then = (min(entry.checked_on, self.today) - day).days
        return age_then > self.settle_days or (self.today - day).days > self.late_report_days

    def path_of(self, row: Row) -> str:
        """The scope of a record."""
        name = row.get("enterprise_slug") or row.get("organization_login")
        return next(path for path in self.world.scopes if path.endswith(f"/{name}"))


def bookmarks(stage: Stage, state: dict[str, Any]) -> Reached:
    """The bookmark of each stream, scope and report in a state."""
    found: Reached = {}
    for place, partition in _partitions(stage, state):
        if value := partition.get("replication_key_value"):
            found[place] = date.fromisoformat(value)
    return found


def remembered(stage: Stage, state: dict[str, Any]) -> Remembered:
    """The loaded days that a state remembers."""
    found: Remembered = {}
    for place, partition in _partitions(stage, state):
        for text, told in partition.get("loaded", {}).items():
            entry = Entry(
                told["version"], told["fetched_at"], date.fromisoformat(told["checked_on"])
            )
            found[place, date.fromisoformat(text)] = entry
    return found


def shape(stream: str, record: Row) -> Any:
    """What a record says, as `Stage.truth` says it."""
    if stream == LEDGER:
        return record["status"], record["row_count"], record["file_count"]
    if stream == BREAKDOWNS:
        return record["user_id"], record["breakdown"], _told({n: record[n] for n in COUNTERS})
    extra = record["extra_fields"] or {}
    if "sku" in record:
        return tuple(record[name] for name in _CREDITS)
    return _told({name: value for name, value in record.items() if name not in _OURS} | extra)


def _truth(stream: str, files: Files | None) -> list[Any] | None:
    if files is None:
        return None
    rows = [msgspec.json.decode(line) for file in files for line in file.splitlines() if line]
    if stream == LEDGER:
        return [("loaded", len(rows), len(files))]
    if stream == BREAKDOWNS:
        return [entry for row in rows for entry in entries_of(row)]
    if rows and "sku" in rows[0]:
        return sorted(tuple(row[name] for name in _CREDITS) for row in rows)
    return [_told(row) for row in rows]


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _partitions(stage: Stage, state: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    for stream in (*REPORTS, LEDGER):
        for partition in state.get("bookmarks", {}).get(stream, {}).get("partitions", []):
            context = partition["context"]
            name = context.get("enterprise_slug") or context.get("organization_login")
            for path in stage.world.scopes:
                if path.endswith(f"/{name}"):
                    report = context.get("report") or stage.reports(path).get(stream, "")
                    yield (stream, path, report), partition


def entries_of(row: Row) -> Iterator[tuple[int, str, Row]]:
    """What the breakdowns say of a row: person, breakdown and counters of each entry."""
    for name, totals in row.items():
        for entry in totals if isinstance(totals, list) else [totals]:
            if name.startswith("totals_by_") and entry is not None:
                measured = {counter: entry.get(counter) for counter in COUNTERS}
                yield row["user_id"], name.removeprefix("totals_by_"), _told(measured)


def _told(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}

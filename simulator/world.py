"""What is true in the simulated GitHub: its scopes, and what it has published of each day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from simulator import billing
from simulator.people import Row, crowd, usages
from simulator.places import Files, Place
from simulator.reports import repositories, teams, totals

USERS = "users-1-day"
TOTALS = ("enterprise-1-day", "organization-1-day")
ROWS = {
    USERS: usages,
    "user-teams-1-day": teams,
    "repos-1-day": repositories,
    **dict.fromkeys(TOTALS, totals),
}


@dataclass
class World:
    """A made-up truth.

    Args:
        today: The UTC day it is there; a test may move it.
        lag: A day's report comes out when the day is this many days old.
        shards: Files in each report.
        put: The files of a report and day that replace those made up.
        put_credits: The billed items of a scope's day that replace those made up.
    """

    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    lag: int = 2
    shards: int = 2
    scopes: dict[str, Place] = field(default_factory=dict)
    put: dict[tuple[str, str, date], Files | None] = field(default_factory=dict)
    put_credits: dict[tuple[str, date], list[Row]] = field(default_factory=dict)
    _made: dict[tuple[str, str, date, int], Files] = field(default_factory=dict)

    def add(self, path: str, people: int = 5, **more: Any) -> Place:
        """Add an enterprise (`/enterprises/acme`) or organization (`/orgs/octo-org`)."""
        seed = len(self.scopes)
        place = Place(path, 1000 + seed, crowd(seed, people, self.today), **more)
        self.scopes[path] = place
        return place

    def revision(self, day: date) -> int:
        """How often the report of a day has been rebuilt by now."""
        return max(0, min((self.today - day).days - self.lag, 3))

    def is_out(self, day: date) -> bool:
        """Whether a day's report has been published."""
        age = (self.today - day).days
        return age >= self.lag and day >= self.today - timedelta(days=366)

    def rows(self, path: str, day: date, report: str = USERS) -> list[Row]:
        """The rows of a report as they stand in the files now."""
        files = self.files(path, report, day) or []
        return [msgspec.json.decode(line) for file in files for line in file.splitlines() if line]

    def truth(self, path: str, first: date, last: date) -> dict[tuple[str, int], Row]:
        """All rows of some days as published now, by day and person; the later one wins."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return {(row["day"], row["user_id"]): row for day in days for row in self.rows(path, day)}

    def files(self, path: str, report: str, day: date) -> Files | None:
        """The files of a day's report as published today; None for no report."""
        if (path, report, day) in self.put:
            return self.put[path, report, day]
        place = self.scopes[path]
        if report not in ROWS or not self.is_out(day) or day < place.open_since:
            return None
        key = (path, report, day, self.revision(day))
        if key not in self._made:
            rows = ROWS[report](place.people, day, place.ids, self.revision(day))
            self._made[key] = shards_of(rows, 1 if report in TOTALS else self.shards)
        return self._made[key]

    def credits(self, path: str, day: date) -> list[Row] | None:
        """The billed items of a day's AI credits; None for a scope that is billed elsewhere."""
        place = self.scopes[path]
        if not place.billed:
            return None
        made_up = billing.items(place.people, day, place.ids, self.revision(day))
        return self.put_credits.get((path, day), made_up if day < self.today else [])

    def has_recent(self, path: str) -> bool:
        """Whether any of the last 28 days has a report."""
        days = (self.today - timedelta(days=age) for age in range(1, 29))
        return any(self.files(path, USERS, day) is not None for day in days)


def shards_of(rows: list[Row], shards: int) -> Files:
    """Rows as NDJSON, dealt over so many files."""
    encode = msgspec.json.Encoder().encode_lines
    return [encode(rows[start::shards]) for start in range(shards)]

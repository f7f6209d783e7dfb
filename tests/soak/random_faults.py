"""What goes wrong and what changes at the simulated GitHub, all of it at random by a seed.

A fault that a run cannot get over makes it fail, never lose a day. A change comes only
while the tap still promises to look: a day is restated while it has not settled, and a
late day comes out while it is pending.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulator.wire import BROKEN, WHOLE
from simulator.world import ROWS, TOTALS, USERS, shards_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from random import Random

    from simulator.faults import Fault, Faults
    from simulator.people import Row
    from simulator.places import Files
    from simulator.world import World

Day = tuple[str, str, "date"]
What = dict[str, Any]

# One of the many ways to say that there is no report; a plain 404 is one, too.
NO_REPORT: tuple[What, ...] = (
    {"status": 204},
    {"status": 200},
    {"status": 200, "body": b'""'},
    {"status": 200, "body": b"null"},
    {"status": 200, "body": {"download_links": []}},
    {"status": 404, "body": {"message": "The report is not available"}},
    {"status": 404, "body": {"message": "Not Found"}},
)
REFUSED: tuple[What, ...] = (
    {"status": 403, "body": {"message": "Must be an admin"}},
    {"status": 403, "body": {"message": "The Copilot usage metrics policy is disabled"}},
    {"status": 422, "body": {"message": "Invalid"}},
    {"status": 502},
    {"status": 429, "headers": {"Retry-After": "86400"}},
    {"status": 200, "body": b"<html>a login page</html>"},
    {"status": 403, "body": b"<html>a web filter</html>"},
    {"status": 407},
    {"status": 302, "headers": {"Location": "https://portal.example/"}},
)
# Of one report alone it would mean that its days have no report.
UNKNOWN: What = {"status": 404, "body": {"message": "Not Found"}}
BAD_TOKEN: What = {"status": 401, "body": {"message": "Bad credentials"}}
PASSING: tuple[What, ...] = (
    {"status": 500},
    {"status": 502, "body": b"<html>"},
    {"status": 503},
    {"status": 503, "headers": {"Retry-After": "30"}},
    {"reset": True},
    {"delay": 0.01},
    {"status": 429, "headers": {"Retry-After": "30"}},
    {"status": 429, "headers": {"Retry-After": "9" * 400}},
    {"status": 403, "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1e99"}},
    {"status": 403, "body": {"message": "You have exceeded a secondary rate limit"}},
)
# None holds a link that can be followed: that would say that the scope has reports.
BAD_ENVELOPE: tuple[What, ...] = (
    {"status": 200, "body": b"{"},
    {"status": 200, "body": [7]},
    {"status": 200, "body": {"download_links": [7]}},
    {"status": 200, "body": {"download_links": "none"}},
    {"status": 200, "body": {"download_links": ["http://127.0.0.1/"], "report_day": "2026-01-01"}},
    {"status": 200, "body": {"download_links": [], "report_day": "2026-01-01"}},
    {"status": 200, "body": {"message": "Server is busy"}},
    {"status": 202, "body": b""},
)
BAD_FILE: tuple[What, ...] = (
    {"status": 403, "body": b"AuthenticationFailed: the link has expired"},
    {"status": 404},
    {"status": 503},
    {"reset": True},
    {"delay": 0.01},
    {"keep": 0},
    {"keep": 100},
    {"change": (b'{"day"', b"{day")},
    {"change": (b'"day":"20', b'"day":"19')},
    {"change": (b"}\n{", b"}{")},
    {"change": (b"\n", b"\nnull\n")},
    {"change": (b'"user_id"', b'"user_name"')},
    *({"wire": wire} for wire in BROKEN.values()),
    *({"wire": wire} for wire in WHOLE.values()),
)
# What the API may answer about some days for ever, while it answers about others.
FAILING_DAY: tuple[What, ...] = (
    {"status": 500},
    {"status": 400, "body": {"message": "Bad day"}},
    {"status": 422, "body": {"message": "Invalid"}},
    {"status": 200, "body": b"{"},
)
SHARES = {
    "broken file": 30,
    "lost file": 6,
    "failing days": 6,
    "fault": 20,
    "limit": 6,
    "envelope": 10,
    "no report": 14,
    "refused": 2,
    "gone": 1,
    "token": 1,
    "recent": 4,
    "rest": 6,
}
STUBBORN = 1_000  # often enough that no run gets over it, seldom enough to be counted


@dataclass
class Mischief:
    """Plans faults of a run and changes between two runs.

    Args:
        chance: Decides everything.
        world: What is changed.
        faults: Where faults are planned.
        first: The oldest day that is read.
        settle_days: As the tap is told.
        late_report_days: As the tap is told.
        late: Days that come out later, and how old they are then.
        planned: The faults of this run, and how often each was to happen.
        unreported: The days of which this run may be told that they have no report.
    """

    chance: Random
    world: World
    faults: Faults
    first: date
    settle_days: int
    late_report_days: int
    late: dict[Day, int] = field(default_factory=dict)
    planned: list[tuple[Fault, int]] = field(default_factory=list)
    unreported: set[Day] = field(default_factory=set)

    @property
    def met(self) -> int:
        """How many of this run's faults were met."""
        return sum(fault.times < times for fault, times in self.planned)

    def plan(self, paths: Sequence[str], now: datetime, *, most: int = 8) -> None:
        """Plan the faults of a run that starts now; forget those of the run before."""
        self.faults.clear()
        self.planned.clear()
        self.unreported.clear()
        many = self.chance.randint(0, most)
        kinds = self.chance.choices(tuple(SHARES), tuple(SHARES.values()), k=many)
        for kind in sorted(kinds, key=lambda kind: kind != "gone"):  # that is, from the start
            self._plan_one(kind, self.chance.choice(paths), now)

    def hold_back(self, days: Sequence[date], share: float = 0.1) -> None:
        """Let some reports of days that nobody has asked for yet be late, or never come."""
        for path in self.world.scopes:
            for report in self._reports(path):
                for day in days:
                    if self.chance.random() < share:
                        self.world.put[path, report, day] = None
                        self.late[path, report, day] = self.chance.randint(
                            self.world.lag + 1, self.late_report_days + 3
                        )

    def change(self, last_run: date) -> None:
        """What GitHub does between two runs: late reports come out, others are restated."""
        today = self.world.today
        for key, age in list(self.late.items()):
            still_pending = (last_run - key[2]).days <= self.late_report_days
            if still_pending and (today - key[2]).days >= age:
                del self.world.put[key], self.late[key]
        for age in range((today - last_run).days + self.settle_days + 1):
            day = today - timedelta(days=age)
            if (last_run - day).days <= self.settle_days and day >= self.first:
                self._restate_some(day)

    def _plan_one(self, kind: str, path: str, now: datetime) -> None:
        report, day = self.chance.choice(self._reports(path)), self._day(now.date())
        part = self.chance.randrange(self.world.shards)
        file = f"FILE {path}/{report}/green/v1/{day}/part-{part:05}"
        api = f"GET {path}/copilot/metrics/reports/{report}"
        asked, recent = rf"{api}\?day={day}$", f"GET {path}/.*users-28-day/latest$"
        rest = f"GET {path}{self.chance.choice(('', '/copilot/billing/seats'))}$"
        few, often = self.chance.randint(1, 3), self.chance.choice((1, 2, 4, STUBBORN))
        plans: dict[str, tuple[str, Sequence[What], int]] = {
            "broken file": (file, BAD_FILE, few),
            "lost file": (file, BAD_FILE, STUBBORN),
            "failing days": (rf"{api}\?day=({self._some_days(day)})$", FAILING_DAY, STUBBORN),
            "fault": (asked, PASSING, often),
            "limit": (asked, (_primary_limit(now),), 1),
            "envelope": (asked, BAD_ENVELOPE, often),
            "no report": (asked, NO_REPORT, few),
            "refused": (api, REFUSED, STUBBORN),
            "gone": (f"GET {path}", (*REFUSED, UNKNOWN), STUBBORN),
            "token": (asked, (BAD_TOKEN,), STUBBORN),
            "recent": (recent, PASSING + NO_REPORT[:5] + BAD_ENVELOPE[:4], few),
            "rest": (rest, PASSING + BAD_ENVELOPE[:1], few),
        }
        if kind == "no report":
            if (now.date() - day).days > self.late_report_days:
                return  # it would rightly be taken for an empty day
            self.unreported.add((path, report, day))
        self._add(*plans[kind])

    def _add(self, where: str, kinds: Sequence[What], times: int) -> None:
        fault = self.faults.add(where, **self.chance.choice(kinds), times=times)
        self.planned.append((fault, times))

    def _some_days(self, first: date) -> str:
        """A regular expression for some days in a row."""
        days = (first + timedelta(days=n) for n in range(self.chance.randint(1, 6)))
        return "|".join(map(str, days))

    def rebuilt_during_run(self, most: int) -> dict[Day, Files]:
        """Some published reports of unsettled days, each with what it will be rebuilt as."""
        found: dict[Day, Files] = {}
        for _ in range(self.chance.randint(0, most)):
            path = self.chance.choice(list(self.world.scopes))
            report = self.chance.choice(self._reports(path))
            day = self.world.today - timedelta(days=self.chance.randint(1, self.settle_days))
            if day >= self.first and self.world.files(path, report, day) is not None:
                rows = self._restated(self.world.rows(path, day, report), report)
                found[path, report, day] = shards_of(rows, 1)
        return found

    def _day(self, today: date) -> date:
        """Any day that may be read, the young ones more often."""
        oldest = (today - self.first).days
        if self.chance.random() < 0.7:
            oldest = min(oldest, self.settle_days + 3)
        return today - timedelta(days=self.chance.randint(1, oldest))

    def _reports(self, path: str) -> list[str]:
        other = TOTALS[0 if path.startswith("/orgs/") else 1]
        return [report for report in ROWS if report != other]

    def _restate_some(self, day: date) -> None:
        for path in self.world.scopes:
            for report in self._reports(path):
                files = self.world.files(path, report, day)
                if files is not None and self.chance.random() < 0.12:
                    rows = self.world.rows(path, day, report)
                    restated = self._restated(rows, report)
                    shards = 1 if report in TOTALS else self.chance.randint(1, 4)
                    self.world.put[path, report, day] = shards_of(restated, shards)

    def _restated(self, rows: list[Row], report: str) -> list[Row]:
        """Rows of a day as GitHub has them now: some withdrawn, some doubled, some changed."""
        if report not in TOTALS:
            if self.chance.random() < 0.2:
                return []
            rows = [row for row in rows if self.chance.random() < 0.8]
            if report == USERS:
                rows += [row for row in rows if self.chance.random() < 0.1]
        return [self._changed(row) for row in rows]

    def _changed(self, row: Row) -> Row:
        numbers = [n for n, v in row.items() if type(v) is int and not n.endswith("_id")]
        for name in numbers:
            row = row | {name: self.chance.choice((row[name], row[name] + 1, 0, None))}
        if numbers and self.chance.random() < 0.2:
            left_out = self.chance.choice(numbers)
            row = {name: value for name, value in row.items() if name != left_out}
        return row | self.chance.choice(
            ({}, {}, {"brand_new_count": 3}, {"brand_new": {"a": None}})
        )


def _primary_limit(now: datetime) -> What:
    reset = str(int((now + timedelta(minutes=10)).timestamp()))
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    return {"status": 403, "headers": headers, "body": {"message": "API rate limit exceeded"}}

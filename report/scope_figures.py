"""Every figure that the report shows, by scope, from the models."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from report import queries
from report.days import SPAN, Coverage, Span, coverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from report.databases import Row
    from report.models import Models

USERS = "users-1-day"
TEAMS, REPOSITORIES, BILLING = "user-teams-1-day", "repos-1-day", "ai_credit_usage"
TOTALS = ("enterprise-1-day", "organization-1-day")
_BY_NAME = {
    name.lower(): getattr(queries, name)
    for name in (
        *(
            "PEOPLE",
            "COMPLETIONS",
            "SEATS",
            "LISTING",
            "SEATS_BEFORE",
            "IDLE",
            "DAYS",
            "WEEKS",
            "TEAM_DAYS",
        ),
        *("TEAM_WEEKS", "TEAM_NAMES", "TEAM_REPORT_DAYS", "TEAMS", "WITHOUT_TEAM"),
        *("DAYS_OF_USE", "FEATURES", "LANGUAGES", "MODELS", "IDES", "AGENTS"),
        *("LANGUAGE_WEEKS", "MODEL_WEEKS", "IDE_WEEKS", "WAYS", "WAY_WEEKS", "BILLED", "PULLS"),
        *("REPOSITORIES", "LEDGER", "NAMES"),
    )
}


@dataclass(frozen=True)
class Options:
    """What the reader of a report chose.

    Args:
        now: The moment at which it is drawn.
        seat_price: USD per seat and month; None leaves out what idle seats cost.
        names: Whether idle people are named.
    """

    now: datetime
    seat_price: float | None = None
    names: bool = False


@dataclass(frozen=True)
class Loss:
    """A day whose table does not hold what the ledger counted.

    Args:
        report: The report.
        day: Its day.
        expected: Rows that the ledger counted, without repeated ones.
        found: Rows in the table, of the newest version that it has.
    """

    report: str
    day: date
    expected: int
    found: int


@dataclass(frozen=True, eq=False)
class ScopeFigures:
    """The figures of an enterprise or an organization.

    Args:
        scope: Its slug or id.
        name: What people call it.
        options: What the reader chose.
        coverages: What became of each day, by report; users-1-day is always there.
        rows: The answers of the queries, by their names in lower case.
        losses: Days on which rows and ledger disagree.
        tables: The tap's tables that are there.
    """

    scope: str
    name: str
    options: Options
    coverages: Mapping[str, Coverage]
    rows: dict[str, list[Row]] = field(repr=False)
    losses: list[Loss] = field(default_factory=list)
    tables: frozenset[str] = frozenset()

    @property
    def coverage(self) -> Coverage:
        """What became of each day of users-1-day."""
        return self.coverages[USERS]

    @property
    def newest(self) -> date | None:
        """The newest day with rows; the last day of every span."""
        return max((row["day"] for row in self.rows["days"]), default=None)

    @property
    def span(self) -> Span:
        """The 28 days up to the newest one. Only where there is a newest one."""
        return self.coverage.span(self.newest or self.options.now.date())

    @property
    def before(self) -> Span:
        """The 28 days before those."""
        return self.coverage.span((self.newest or self.options.now.date()) - timedelta(days=SPAN))

    def span_of(self, *reports: str, earlier: bool = False) -> Span:
        """The 28 days, or those before, of the first of these reports that the ledger knows."""
        known = [self.coverages[report] for report in reports if report in self.coverages]
        last = (self.newest or self.options.now.date()) - timedelta(days=SPAN * earlier)
        return (known or [self.coverage])[0].span(last)

    def one(self, name: str) -> Row:
        """The only row of an answer; empty if there is none."""
        return self.rows[name][0] if self.rows[name] else {}

    def pair(self, name: str) -> tuple[Row, Row]:
        """The rows of the 28 days and of those before."""
        found = {row["earlier"]: row for row in self.rows[name]}
        return found.get(0, {}), found.get(1, {})

    @property
    def calendar(self) -> dict[str, dict[date, Row]]:
        """The ledger: each report's days."""
        found: dict[str, dict[date, Row]] = defaultdict(dict)
        for row in sorted(
            self.rows["ledger"], key=lambda row: (row["report"] != USERS, row["report"], row["day"])
        ):
            found[row["report"]][row["day"]] = row
        return found


def all_figures(models: Models, options: Options) -> list[ScopeFigures]:
    """The figures of all scopes of which anything was loaded, in the order of their names.

    Raises:
        DatabaseError: The database refuses a query.
    """
    answers = {name: _by_scope(models.rows(query)) for name, query in _BY_NAME.items()}
    answers["idle_people"] = _by_scope(models.rows(queries.IDLE_PEOPLE)) if options.names else {}
    found = {
        report: _by_scope(models.rows(queries.rows_found(report)))
        for report, (table, _) in queries.CHECKED.items()
        if table in models.tables
    }
    scopes: set[str] = {scope for answer in answers.values() for scope in answer}
    names = {scope: str(rows[0]["name"]) for scope, rows in answers["names"].items()}
    drawn = []
    for scope in sorted(scopes, key=lambda one: natural(names.get(one) or one)):
        rows = {name: answer.get(scope, []) for name, answer in answers.items()}
        drawn.append(
            ScopeFigures(
                scope,
                names.get(scope, scope),
                options,
                _coverages(rows, options.now.date()),
                rows,
                _losses(rows["ledger"], {r: by.get(scope, []) for r, by in found.items()}),
                frozenset(models.tables),
            )
        )
    return drawn


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts names as people do: team-2 before team-10, whatever the case."""
    parts = re.findall(r"\d+|\D+", name.lower())
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts]


def _coverages(rows: dict[str, list[Row]], today: date) -> dict[str, Coverage]:
    """What the ledger says of each report; of users-1-day, without a ledger, what its rows say."""
    ledger: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows["ledger"], key=lambda row: row["day"]):
        ledger[row["report"]].append(row)
    days = {row["day"] for row in rows["days"]}
    return {
        report: coverage(ledger.get(report, []), days if report == USERS else (), today)
        for report in {USERS, *ledger}
    }


def _by_scope(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["scope"] is not None:
            found[row["scope"]].append(row)
    return dict(found)


def _losses(ledger: Sequence[Row], found: dict[str, list[Row]]) -> list[Loss]:
    """Days of which a table holds other rows than the ledger counted."""
    counts = {
        (report, row["day"]): int(row["found"]) for report, rows in found.items() for row in rows
    }
    losses = []
    for row in ledger:
        report, day = row["report"], row["day"]
        if row["status"] != "loaded" or not row["row_count"] or report not in found:
            continue
        expected = int(row["row_count"]) - int(row["repeated_count"] or 0)
        if (count := counts.get((report, day), 0)) != expected:
            losses.append(Loss(report, day, expected, count))
    return sorted(losses, key=lambda loss: (loss.report, loss.day))

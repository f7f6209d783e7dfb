"""Which days of a scope are loaded, what is missing, and the spans its figures are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

SPAN = 28  # days, as GitHub's own rolling figures
# GitHub publishes a day within two full UTC days after its end, so it is three days old by
# then; a pipeline that runs once a day sees it at most a day later.
EXPECTED_WITHIN = 4
COMPARABLE = 21  # days of a span that must be loaded before it is compared with another
NOT_ASKED = "not asked for"
_FINISHED = {"loaded", "provisional", "empty"}
_LOADED = {"loaded", "provisional"}


def long_date(day: date) -> str:
    """A day as people write it: 4 Nov 2026."""
    return f"{day.day} {day:%b %Y}"


def each_day(first: date, last: date) -> Iterator[date]:
    """All days from the first to the last one, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def plural(count: int, one: str, more: str = "") -> str:
    """A count with its noun: 1 day, 1,200 days."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


@dataclass(frozen=True)
class Span:
    """Up to 28 days and how many of them are loaded.

    Args:
        first: The first day that is loaded, at most 27 days before the last.
        last: The last day.
        loaded: How many of the days are loaded.
    """

    first: date
    last: date
    loaded: int

    @property
    def days(self) -> int:
        """How many days it has, loaded or not."""
        return (self.last - self.first).days + 1

    @property
    def is_whole(self) -> bool:
        """Whether all 28 days are loaded."""
        return self.loaded == SPAN

    def name(self) -> str:
        """What it is, short: "28 days", "10 days", "26 of 28 days"."""
        if self.loaded == self.days:
            return plural(self.days, "day")
        return f"{self.loaded} of {plural(self.days, 'day')}"

    def dates(self) -> str:
        """Its first and last day in words, and how many days are loaded if not all are."""
        if self.first == self.last:
            return long_date(self.last)
        dates = f"{long_date(self.first)} to {long_date(self.last)}"
        return dates if self.loaded == self.days else f"{dates} ({self.name()} loaded)"


@dataclass(frozen=True)
class Coverage:
    """What became of the days of one report of a scope, up to yesterday.

    Args:
        statuses: Of every day from the first that was asked for: `loaded`, `provisional`,
            `pending`, `empty`, or `not asked for`.
        today: The UTC day on which the report is drawn.
        has_ledger: Whether the ledger says anything of the scope; else only the days with
            rows are known.
        checked_on: The newest day on which a run looked at GitHub, if known.
    """

    statuses: Mapping[date, str]
    today: date
    has_ledger: bool = True
    checked_on: date | None = None

    @property
    def loaded(self) -> list[date]:
        """The days that are loaded, in order."""
        return [day for day, status in self.statuses.items() if status in _LOADED]

    @property
    def newest(self) -> date | None:
        """The newest loaded day."""
        return max(self.loaded, default=None)

    @property
    def complete_to(self) -> date | None:
        """The last day of the unbroken run of days about which nothing more is to come."""
        last = None
        for day, status in self.statuses.items():
            if status not in _FINISHED:
                break
            last = day
        return last

    @property
    def holes(self) -> dict[date, str]:
        """Days that are neither loaded nor empty although a later day is loaded."""
        newest = self.newest
        return {
            day: status
            for day, status in self.statuses.items()
            if newest and day < newest and status not in _FINISHED
        }

    def count(self, status: str) -> int:
        """How many days have a status."""
        return sum(found == status for found in self.statuses.values())

    def headline(self) -> str:
        """What one has to know before reading any figure, in one line."""
        newest = self.newest
        if newest is None:
            parts = ["No day is loaded yet"]
        elif not self.has_ledger:
            parts = [
                f"Newest day {long_date(newest)}; without a ledger nobody knows what is missing"
            ]
        elif self.holes and self.complete_to:
            parts = [f"Complete to {long_date(self.complete_to)}, newest day {long_date(newest)}"]
        elif self.holes:
            parts = [f"Not complete, newest day {long_date(newest)}"]
        else:
            parts = [f"Complete to {long_date(newest)}"]
        if pending := self.count("pending"):
            parts.append(f"{plural(pending, 'day')} pending")
        if unasked := self.count(NOT_ASKED):
            parts.append(f"{plural(unasked, 'day')} not asked for")
        return ", ".join(parts)

    def alarms(self) -> Iterator[str]:
        """What somebody must look after; nothing in the normal course of a pipeline."""
        newest = self.newest
        if newest and (age := (self.today - newest).days) > EXPECTED_WITHIN:
            yield f"The newest day is {long_date(newest)}, {age} days old. {self._cause()}"
        holes = {d: s for d, s in self.holes.items() if (self.today - d).days > EXPECTED_WITHIN}
        if holes:
            verb = "is" if len(holes) == 1 else "are"
            yield (
                f"{plural(len(holes), 'day')} before the newest {verb} missing: {_listed(holes)}. "
                "Figures of spans with such a day are too low."
            )

    def _cause(self) -> str:
        if self.checked_on is None:
            return "Is the pipeline still scheduled, and does it end without errors?"
        if (self.today - self.checked_on).days > 1:
            return (
                f"The pipeline last looked on {long_date(self.checked_on)}: is it still scheduled, "
                "and does it end without errors?"
            )
        return (
            "The pipeline runs, but GitHub has published nothing since: is the policy "
            "Copilot usage metrics still on?"
        )

    def span(self, last: date) -> Span:
        """The days of which a figure over 28 days up to a day is made."""
        found = [day for day in self.loaded if last - timedelta(days=SPAN) < day <= last]
        return Span(min(found, default=last), last, len(found))


def coverage(
    ledger: Sequence[Mapping[str, object]], days_with_rows: Collection[date], today: date
) -> Coverage:
    """What the ledger's rows of one report, or else the table's days, say about each day.

    Args:
        ledger: Rows with `day`, `status` and perhaps `provisional` and `checked_at`.
        days_with_rows: The days of the table, used where the ledger has nothing.
        today: The UTC day on which the report is drawn.
    """
    statuses: dict[date, str] = {}
    looked: list[date] = []
    for row in ledger:
        day = row["day"]
        if isinstance(day, date):
            loaded = row["status"] == "loaded"
            provisional = loaded and bool(row.get("provisional"))
            statuses[day] = "provisional" if provisional else str(row["status"])
        if isinstance(checked := row.get("checked_at"), datetime):
            looked.append(checked.date())
    known = statuses or dict.fromkeys(days_with_rows, "loaded")
    if not known:
        return Coverage({}, today, has_ledger=False)
    last = max(*known, today - timedelta(days=1)) if statuses else max(known)
    unknown = NOT_ASKED if statuses else "unknown"
    return Coverage(
        {day: known.get(day, unknown) for day in each_day(min(known), last)},
        today,
        has_ledger=bool(statuses),
        checked_on=max(looked, default=None),
    )


def _listed(days: Mapping[date, str], most: int = 6) -> str:
    """Days with their status, those that follow each other taken together."""
    runs: list[tuple[date, date, str]] = []
    for day, status in days.items():
        if runs and runs[-1][1] == day - timedelta(days=1) and runs[-1][2] == status:
            runs[-1] = (runs[-1][0], day, status)
        else:
            runs.append((day, day, status))
    named = [
        f"{long_date(last) if first == last else f'{long_date(first)} to {long_date(last)}'}"
        f" ({status})"
        for first, last, status in runs
    ]
    return ", ".join(named[:most]) + (f" and {len(named) - most} more" if len(named) > most else "")

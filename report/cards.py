"""The cards of a scope: a picture, its numbers as a table, and what is missing in words."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from report import figures
from report.models import IDLE_AFTER_DAYS, PACKAGE
from report.scope_figures import SPAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from report.models import Row
    from report.scope_figures import ScopeFigures

_BARS = 8
_LAST = f"the last {SPAN} days of reports"


@dataclass(frozen=True)
class Card:
    """A part of the report.

    Args:
        title: What it shows.
        note: How to read it; or what is missing, where there is no picture.
        picture: SVG; empty if there is nothing to draw.
        rows: The numbers behind it.
    """

    title: str
    note: str
    picture: str = ""
    rows: Sequence[Row] = ()


def breaks() -> list[Row]:
    """The days on which GitHub changed what it counts, oldest first."""
    with (PACKAGE / "seeds" / "github_copilot__series_breaks.csv").open(encoding="utf-8") as file:
        return [row | {"day": date.fromisoformat(row["day"])} for row in csv.DictReader(file)]


def cards(found: ScopeFigures) -> Iterator[Card]:
    """All cards of a scope."""
    if found.newest is not None:
        yield _people(found)
        yield _by_week(found, "Acceptance rate by week", "acceptance_rate", percent=True)
        yield _by_week(found, "Credits by week", "credits")
    yield _seats(found)
    if found.newest is not None:
        yield _features(found)
        yield _languages(found)
        yield _models(found)
        yield _teams(found)
    yield from _ledger(found)


def _people(found: ScopeFigures) -> Card:
    series = {
        "active": [row["active_people"] for row in found.weeks],
        "engaged": [row["engaged_people"] for row in found.weeks],
    }
    return Card(
        "Active people by week",
        "Engaged people prompted, or accepted code, themselves." + _about_weeks(found),
        figures.weeks(_mondays(found), series, _marks(found)),
        _columns(found.weeks, "week", "days_with_people", "active_people", "engaged_people"),
    )


_TEXTS = {
    "acceptance_rate": "Code completions accepted, of those shown.",
    "credits": "1 credit is 0.01 USD; this is no invoice figure.",
}


def _by_week(found: ScopeFigures, title: str, column: str, *, percent: bool = False) -> Card:
    values = [row[column] for row in found.weeks]
    if all(value is None for value in values):
        return Card(title, "Missing: no report loaded so far says anything of it.")
    return Card(
        title,
        _TEXTS[column] + _about_weeks(found),
        figures.weeks(_mondays(found), {title: values}, _marks(found), percent=percent),
        _columns(found.weeks, "week", "days_with_people", column),
    )


def _seats(found: ScopeFigures) -> Card:
    seats = found.summary
    if not seats.get("seats"):
        return Card(
            "Seats",
            "Missing: no seats were loaded; the credential may not be allowed to list them.",
        )
    if found.newest is None:
        return Card(
            "Seats",
            f"{seats['seats']} people with a seat. Missing: reports, to tell used from idle.",
            rows=_columns([seats], "seats"),
        )
    return Card(
        "Seats",
        f"People with a seat; idle: not seen within {IDLE_AFTER_DAYS} days. Ask before you take "
        "one away: GitHub sees editors only with telemetry on.",
        figures.share(seats["used_seats"], seats["idle_seats"]),
        _columns([seats], "seats", "used_seats", "idle_seats"),
    )


def _features(found: ScopeFigures) -> Card:
    rows = [(row["feature"], float(row["people"]), None) for row in found.features[:_BARS]]
    note = f"People who used it in {_LAST}; one person can count in several."
    return _ranked("Features", note, rows, found.features)


def _languages(found: ScopeFigures) -> Card:
    rows = [
        (row["language"], float(row["generated"]), float(row["accepted"] or 0))
        for row in found.languages[:_BARS]
    ]
    note = f"Code suggested or written in {_LAST}, and accepted of it (inner bar)."
    return _ranked("Languages", note, rows, found.languages)


def _models(found: ScopeFigures) -> Card:
    rows = [(row["model"], float(row["share"]), None) for row in found.models[:_BARS]]
    note = f"Share of prompts with a known model in {_LAST}; GitHub leaves some out."
    return _ranked("Models", note, rows, found.models, percent=True)


def _teams(found: ScopeFigures) -> Card:
    rows = [
        (row["team"] or "(no name)", float(row["members"]), float(row["active_people"]))
        for row in found.teams[:_BARS]
    ]
    note = (
        f"Active members (inner bar) of all in {_LAST}; teams with fewer than five seats are "
        "left out by GitHub."
    )
    return _ranked("Teams", note, rows, found.teams)


def _ranked(
    title: str,
    note: str,
    rows: Sequence[tuple[str, float, float | None]],
    all_rows: Sequence[Row],
    *,
    percent: bool = False,
) -> Card:
    if not rows:
        return Card(title, f"Missing: nothing of it was loaded for {_LAST}.")
    more = f" {len(all_rows) - len(rows)} more in the table." if len(all_rows) > len(rows) else ""
    return Card(title, note + more, figures.bars(rows, percent=percent), all_rows)


def _ledger(found: ScopeFigures) -> Iterator[Card]:
    if not found.ledger:
        yield Card(
            "Is the data whole?",
            "Missing: the table github_copilot_report_days has nothing of this scope.",
        )
    for report, days in sorted(found.ledger.items(), key=lambda entry: entry[0] != "users-1-day"):
        yield Card(
            f"Is the data whole? {report}",
            "Provisional: loaded, and GitHub may still change it. Pending: not out yet. Empty: "
            "never came.",
            figures.calendar([(row["day"], row["status"]) for row in days]),
            days,
        )


def _mondays(found: ScopeFigures) -> list[date]:
    return [row["week"] for row in found.weeks]


def _marks(found: ScopeFigures) -> list[tuple[date, str]]:
    """The breaks within the weeks, with the numbers they have in the page's note."""
    first, last = found.weeks[0]["week"], found.newest
    return [
        (row["day"], str(number))
        for number, row in enumerate(breaks(), 1)
        if last is not None and first <= row["day"] <= last
    ]


def _about_weeks(found: ScopeFigures) -> str:
    """What to know before comparing weeks."""
    first, last = found.weeks[0]["week"], found.weeks[-1]["week"]
    if first == last:
        return " One week of reports: no trend yet."
    partial = []
    if found.oldest is not None and found.oldest > first:
        partial.append("first")
    if found.newest is not None and found.newest < last + timedelta(days=6):
        partial.append("newest")
    if not partial:
        return ""
    whole = "weeks are" if len(partial) > 1 else "week is"
    return f" The {' and the '.join(partial)} {whole} not whole."


def _columns(rows: Sequence[Row], *names: str) -> list[dict[str, Any]]:
    return [{name: row[name] for name in names} for row in rows]

"""The cards of a scope, in the order in which people ask: who, at what cost, what for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from report import cost_cards, people_cards, series, use_cards
from report.days import NOT_ASKED, each_day, long_date, plural
from report.markup import Card, Chart, Column, Table, count
from report.series import calendar_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from report.scope_figures import ScopeFigures

_STATUS_LEGEND = (
    ("loaded", "loaded"),
    ("provisional", "provisional: loaded, GitHub may still change it"),
    ("pending", "pending: not published yet"),
    ("empty", "empty: never published"),
    (NOT_ASKED, "not asked for, or failed in every run"),
)
_COLORS = {NOT_ASKED: "unasked"}


def groups(found: ScopeFigures) -> Iterator[tuple[str, list[Card]]]:
    """The cards under their headings."""
    if found.losses:
        yield "Rows are missing", [losses(found)]
    if found.newest is not None:
        axis = series.Axis(found)
        yield "Is it used?", list(people_cards.over_time(found, axis))
        yield "By whom?", list(people_cards.people(found))
        yield "What does it cost?", list(cost_cards.cost(found, axis))
        yield "What is it used for?", list(use_cards.use(found, axis))
        yield "Pull requests", list(use_cards.pull_requests(found, axis))
    else:
        yield "By whom?", [people_cards.seats_alone(found)]


def losses(found: ScopeFigures) -> Card:
    """Days whose table holds other rows than the ledger counted."""
    return Card(
        "Tables and ledger disagree",
        "On the days below a table holds other rows than the tap sent: a loader may have lost "
        "some, or a stream map or a delete removed them. Figures of these "
        "days are doubtful. To send all days again, run the pipeline with --full-refresh.",
        table=Table(
            (
                Column("report", "Report"),
                Column("day", "Day"),
                Column("expected", "Rows sent", count),
                Column("found", "Rows in the table", count),
            ),
            [vars(loss) for loss in found.losses],
        ),
        wide=True,
    )


def data_by_day(found: ScopeFigures) -> Card:
    """What became of each report's days, as the ledger has it."""
    calendar = found.calendar
    if not calendar:
        return Card(
            "Data by day",
            "Missing: the table github_copilot_report_days has nothing of this scope, so nobody "
            "can tell a missing day from a quiet one.",
            wide=True,
        )
    reports = list(calendar)
    first = min(day for days in calendar.values() for day in days)
    last = max(found.coverage.statuses, default=first)
    rows = [
        {"day": day} | {report: _status(calendar[report].get(day)) for report in reports}
        for day in each_day(first, max(last, first))
    ]
    return Card(
        "Data by day",
        "What became of each report's days, up to yesterday. Rows are those that the tap sent.",
        Chart("calendar", [(name, _COLORS.get(status, status)) for status, name in _STATUS_LEGEND]),
        Table(
            (Column("day", "Day"), *(Column(report, report) for report in reports)),
            rows,
            unit="day",
        ),
        wide=True,
    )


def summary_of_days(found: ScopeFigures) -> list[dict[str, Any]]:
    """For each report: how many days have which status, and the newest loaded day."""
    yesterday_on = max(found.coverage.statuses, default=None)
    told = []
    for report, days in found.calendar.items():
        statuses = [
            calendar_status(days.get(day))
            for day in each_day(min(days), max(yesterday_on or max(days), *days))
        ]
        loaded = [day for day, row in days.items() if row["status"] == "loaded"]
        told.append(
            {"report": report, "newest": long_date(max(loaded)) if loaded else "none"}
            | {status: statuses.count(status) for status in series.STATUSES}
        )
    return told


def _status(row: dict[str, Any] | None) -> str:
    status = calendar_status(row)
    if row is None or row["row_count"] is None:
        return status
    return f"{status}, {plural(int(row['row_count']), 'row')}"

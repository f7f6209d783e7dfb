"""What the charts of a scope are drawn from: columns by day and by week, made for JSON."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from report.days import NOT_ASKED, each_day
from report.names import readable
from report.queries import FLAGS, PULL_REQUESTS
from report.scope_figures import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from report.databases import Row
    from report.scope_figures import ScopeFigures

EVERYBODY, NO_TEAM = "All people", "Without a team"
CATEGORIES = 6  # as many colors as can be told apart; the rest is one more
OTHERS = "All others"
STATUSES = ("loaded", "provisional", "pending", "empty", NOT_ASKED)
_BY_DAY = {"active": "active_people", "engaged": "engaged_people"}
_BY_WEEK = _BY_DAY | {"credits": "credits", "shown": "shown", "accepted": "accepted"}
_WEEK = timedelta(days=7)
Columns = dict[str, list[float | None]]


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


class Axis:
    """The days and weeks of a scope's charts, from its first loaded day to the newest.

    Args:
        found: The scope. It has at least one day with rows.
    """

    def __init__(self, found: ScopeFigures) -> None:
        loaded = set(found.coverage.loaded) | {row["day"] for row in found.rows["days"]}
        self.days = list(each_day(min(loaded), max(loaded)))
        self.loaded = loaded
        self.weeks = [
            monday(self.days[0]) + n * _WEEK
            for n in range((monday(self.days[-1]) - monday(self.days[0])).days // 7 + 1)
        ]

    def loaded_in(self, week: date) -> int:
        """How many days of a week are loaded."""
        return sum(week + timedelta(days=n) in self.loaded for n in range(7))


@cache
def payload(found: ScopeFigures) -> dict[str, Any]:
    """All that the charts of a scope need."""
    drawn: dict[str, Any] = {"calendar": _calendar(found)}
    if found.newest is None:
        return drawn
    axis = Axis(found)
    return drawn | {
        "first": axis.days[0].isoformat(),
        "days": len(axis.days),
        "week": axis.weeks[0].isoformat(),
        "loaded": [axis.loaded_in(week) for week in axis.weeks],
        "groups": groups(found, axis),
        "languages": shares(found.rows["language_weeks"], axis),
        "models": shares(found.rows["model_weeks"], axis),
        "ides": shares(found.rows["ide_weeks"], axis),
        "ways": _ways(found, axis),
        "pulls": _pulls(found, axis),
    }


def groups(found: ScopeFigures, axis: Axis) -> list[dict[str, Any]]:
    """Everybody, each team, and those without a team: their columns by day and by week."""
    drawn = [
        {
            "name": EVERYBODY,
            "day": _columns(found.rows["days"], "day", axis.days, _BY_DAY, axis.loaded),
            "week": _columns(
                found.rows["weeks"], "week", axis.weeks, _BY_WEEK, _weeks_of(axis.loaded)
            ),
        }
    ]
    known = {row["day"] for row in found.rows["team_report_days"]}
    days, weeks = _by_team(found.rows["team_days"]), _by_team(found.rows["team_weeks"])
    for team, name in team_names(found).items():
        if team is not None or team in days:
            drawn.append(
                {
                    "name": name,
                    "day": _columns(days[team], "day", axis.days, _BY_DAY, known),
                    "week": _columns(weeks[team], "week", axis.weeks, _BY_WEEK, _weeks_of(known)),
                }
            )
    return drawn


def team_names(found: ScopeFigures) -> dict[int | None, str]:
    """Each team's newest name, in natural order; those without a team stand last, as None."""
    names = {
        row["team_id"]: row["team"] or f"team {row['team_id']}" for row in found.rows["team_names"]
    }
    shared = {name for name, count in Counter(names.values()).items() if count > 1}
    told = {team: f"{name} ({team})" if name in shared else name for team, name in names.items()}
    ordered: dict[int | None, str] = dict(sorted(told.items(), key=lambda item: natural(item[1])))
    return ordered | {None: NO_TEAM} if ordered else {}


def shares(rows: Sequence[Row], axis: Axis) -> dict[str, Any]:
    """A value by week for each of the most frequent names, and for all others together."""
    totals: Counter[str] = Counter()
    for row in rows:
        totals[row["name"]] += int(row["value"] or 0)
    ranked = [name for name, total in totals.most_common() if total]
    shown = ranked if len(ranked) <= CATEGORIES + 1 else ranked[:CATEGORIES]
    values: dict[str, Counter[date]] = defaultdict(Counter)
    for row in rows:
        name = row["name"] if row["name"] in shown else OTHERS
        values[name][row["week"]] += int(row["value"] or 0)
    names = [*shown, *([OTHERS] if len(shown) < len(ranked) else [])]
    return {
        "names": [readable(name) for name in names],
        "values": [[values[name][week] for week in axis.weeks] for name in names],
    }


def _ways(found: ScopeFigures, axis: Axis) -> dict[str, Any]:
    by_week = {row["week"]: row for row in found.rows["way_weeks"]}
    used = [flag for flag in FLAGS if any(row[flag] for row in by_week.values())]
    return {
        "names": [FLAGS[flag] for flag in used],
        "values": [[_int(by_week.get(week, {}).get(flag)) for week in axis.weeks] for flag in used],
    }


def _pulls(found: ScopeFigures, axis: Axis) -> Columns:
    rows: dict[date, Row] = {}
    for row in found.rows["pulls"]:
        week = rows.setdefault(monday(row["day"]), {})
        for name in PULL_REQUESTS:
            if row[name] is not None:
                week[name] = week.get(name, 0) + int(row[name])
    return {name: [_int(rows.get(w, {}).get(name)) for w in axis.weeks] for name in PULL_REQUESTS}


def _calendar(found: ScopeFigures) -> dict[str, Any]:
    """Per report one digit per day (the index of its status), and its rows."""
    first = min((day for days in found.calendar.values() for day in days), default=None)
    if first is None:
        return {}
    last = max(*(day for days in found.calendar.values() for day in days), first)
    last = max(last, found.options.now.date() - timedelta(days=1))
    return {
        "first": first.isoformat(),
        "reports": [
            {
                "name": report,
                "status": "".join(
                    str(STATUSES.index(calendar_status(days.get(day))))
                    for day in each_day(first, last)
                ),
                "rows": [_int(days.get(day, {}).get("row_count")) for day in each_day(first, last)],
            }
            for report, days in found.calendar.items()
        ],
    }


def calendar_status(row: Row | None) -> str:
    """What became of a report's day, from its row of the ledger."""
    if row is None or row["status"] not in STATUSES:
        return NOT_ASKED
    if row["status"] == "loaded" and row["provisional"]:
        return "provisional"
    return str(row["status"])


def _columns(
    rows: Iterable[Row],
    key: str,
    places: Sequence[date],
    names: Mapping[str, str],
    known: Iterable[date],
) -> Columns:
    """Values in the order of the places: 0 where nobody has a row, null where nothing is known."""
    by_place = {row[key]: row for row in rows}
    known = set(known)
    empty = {name: 0 if name in _BY_DAY else None for name in names}
    drawn: Columns = {name: [] for name in names}
    for place in places:
        row = by_place.get(place, {})
        for name, column in names.items():
            value = row.get(column, empty[name] if place in known else None)
            drawn[name].append(_number(value))
    return drawn


def _by_team(rows: Iterable[Row]) -> dict[int | None, list[Row]]:
    found: dict[int | None, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["team_id"]].append(row)
    return found


def _weeks_of(days: Iterable[date]) -> set[date]:
    return {monday(day) for day in days}


def _number(value: Any) -> float | None:
    """A number as JSON should have it: counts whole, credits to a hundredth."""
    if value is None:
        return None
    rounded = round(float(value), 2)
    return int(rounded) if rounded.is_integer() else rounded


def _int(value: Any) -> int | None:
    return None if value is None else int(value)

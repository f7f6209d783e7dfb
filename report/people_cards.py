"""Who uses Copilot: over time, by days of use, by team, and whose seats are idle."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from report.days import long_date
from report.markup import Card, Chart, Column, Table, count, credit, percent
from report.models import IDLE_AFTER_DAYS
from report.scope_figures import TEAMS
from report.series import NO_TEAM, payload, team_names
from report.tiles import share_of_seats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from report.scope_figures import ScopeFigures
    from report.series import Axis

_PEOPLE = (("active", "active"), ("of them engaged", "engaged"))
_NO_USE = 999  # days, in the query
_MANY_DAYS, _SOME_DAYS = 4, 1  # days of use a week
_NO_SEATS = "Missing: no seats were loaded; the credential may not be allowed to list them."


def over_time(found: ScopeFigures, axis: Axis) -> Iterator[Card]:
    """Active people by day and by week."""
    everybody = payload(found)["groups"][0]
    engaged = "Engaged people prompted, or accepted code, themselves."
    yield Card(
        "Active people by day",
        f"{engaged} A gap is a day that is not loaded. Over more than 60 days, the thick line is "
        "the mean of 7 days.",
        Chart("day", [(name, color) for name, color in _PEOPLE]),
        Table(
            (
                Column("when", "Day"),
                Column("active", "Active", count, "active"),
                Column("engaged", "Engaged", count, "engaged"),
            ),
            [
                {"when": day} | {name: everybody["day"][name][i] for name in ("active", "engaged")}
                for i, day in enumerate(axis.days)
            ],
            unit="day",
            follows="team",
        ),
    )
    yield Card(
        "Active people by week",
        engaged + about_weeks(axis),
        Chart("week", [(name, color) for name, color in _PEOPLE], part=True),
        Table(
            (
                Column("when", "Week"),
                Column("loaded", "Days loaded", count),
                Column("active", "Active", count, "active"),
                Column("engaged", "Engaged", count, "engaged"),
            ),
            [
                {"when": week, "loaded": axis.loaded_in(week)}
                | {name: everybody["week"][name][i] for name in ("active", "engaged")}
                for i, week in enumerate(axis.weeks)
            ],
            unit="week",
            follows="team",
        ),
    )


def about_weeks(axis: Axis) -> str:
    """What to know before comparing weeks."""
    part = [week for week in axis.weeks if axis.loaded_in(week) < 7]  # noqa: PLR2004 - days
    if len(axis.weeks) == 1:
        return " One week of reports: no trend yet."
    if not part:
        return ""
    if len(part) > 2:  # noqa: PLR2004 - more than the two ends
        return f" {len(part)} weeks are not whole and drawn pale."
    listed = " and ".join(f"of {long_date(week)}" for week in part)
    return (
        f" The week {listed} is not whole and drawn pale."
        if len(part) == 1
        else (f" The weeks {listed} are not whole and drawn pale.")
    )


def people(found: ScopeFigures) -> Iterator[Card]:
    """Days of use, idle seats and teams."""
    yield _cohorts(found)
    yield _idle(found)
    yield _teams(found)


def seats_alone(found: ScopeFigures) -> Card:
    """Seats without reports: nobody can tell used from idle."""
    seats = found.one("seats")
    if not seats:
        return Card("Seats", _NO_SEATS)
    return Card(
        "Seats",
        f"{seats['seats']:,} people with a seat. Missing: reports, to tell used from idle.",
        table=Table(
            (Column("what", "Seats"), Column("people", "People", count)),
            [{"what": "all", "people": seats["seats"]}],
        ),
    )


def cohorts(found: ScopeFigures) -> dict[str, int]:
    """People by how often they used Copilot in the days of the span."""
    days = found.span.loaded
    told: Counter[str] = Counter()
    for row in found.rows["days_of_use"]:
        if not row["days"]:
            name = "never"
        elif row["days"] * 7 >= days * _MANY_DAYS:
            name = "daily"
        else:
            name = "weekly" if row["days"] * 7 >= days * _SOME_DAYS else "monthly"
        told[name] += int(row["people"])
    return {name: told[name] for name in ("daily", "weekly", "monthly", "never")}


def _cohorts(found: ScopeFigures) -> Card:
    days = found.span.loaded
    many, some = -(-days * _MANY_DAYS // 7), -(-days * _SOME_DAYS // 7)
    texts = {
        "daily": f"Daily: on {many} days or more of {days}",
        "weekly": f"Weekly: on {some} to {many - 1} days",
        "monthly": f"Monthly: on 1 to {some - 1} days" if some > 1 else "Monthly: fewer days",
        "never": "Never: a seat without a day of use",
    }
    if some >= many:
        texts["weekly"] = "Weekly: fewer days"
    told = cohorts(found)
    whole = sum(told.values())
    rows = [
        {
            "what": texts[name],
            "people": people,
            "share": people / whole if whole else None,
            "color": "idle" if name == "never" else "active",
        }
        for name, people in told.items()
    ]
    missing = "" if found.one("seats") else " Without seats nobody is known who never used it."
    return Card(
        "People by days of use",
        "Everybody with a seat or with use, by the days on which they were active: "
        f"{found.span.dates()}.{missing}",
        table=Table(
            (
                Column("what", "How often"),
                Column("people", "People", count),
                Column("share", "Share", percent),
            ),
            rows,
            bar="people",
        ),
    )


def idle_ages(found: ScopeFigures) -> dict[str, int]:
    """Idle seats by the time since their last use."""
    ages = {
        "28 to 59 days ago": 0,
        "60 to 89 days ago": 0,
        "90 days ago or more": 0,
        "Never used, granted before these days": 0,
        "Never used, granted in these 28 days": 0,
    }
    for row in found.rows["idle"]:
        ages[_age(int(row["idle_days"]), is_new=bool(row["is_new"]))] += int(row["people"])
    return ages


def _age(days: int, *, is_new: bool) -> str:
    if days == _NO_USE:
        return (
            "Never used, granted in these 28 days"
            if is_new
            else "Never used, granted before these days"
        )
    for most, name in ((60, "28 to 59 days ago"), (90, "60 to 89 days ago")):
        if days < most:
            return name
    return "90 days ago or more"


def _idle(found: ScopeFigures) -> Card:
    seats = share_of_seats(found)
    if seats is None:
        return Card("Idle seats", _NO_SEATS)
    used, whole = seats
    idle = whole - used
    note = (
        f"{idle:,} of {whole:,} seats: nobody active, nor seen by GitHub, within {IDLE_AFTER_DAYS} "
        "days. Ask before you take one away: GitHub sees editors only with telemetry on, and "
        "forgets a last use after 90 days. "
    )
    note += (
        "They are listed below."
        if found.options.names
        else "Who they are: make report … NAMES=1, the query \u201cIdle seats\u201d of "
        "docs/recipes.md, or the dbt model github_copilot__seats where not used."
    )
    rows = [{"what": name, "people": people} for name, people in idle_ages(found).items()]
    return Card(
        "Idle seats",
        note,
        table=Table(
            (Column("what", "Last used"), Column("people", "Seats", count)),
            rows,
            bar="people",
            color="idle",
        ),
        more=[("Idle people", _names(found))] if found.options.names and idle else (),
    )


def _names(found: ScopeFigures) -> Table:
    rows = [
        {
            "who": row["user_login"] or f"user {row['user_id']}",
            "used": row["last_used_on"] or "never, as far as is known",
        }
        for row in sorted(found.rows["idle_people"], key=lambda row: str(row["last_used_on"] or ""))
    ]
    return Table((Column("who", "Login"), Column("used", "Last used")), rows)


def team_rows(found: ScopeFigures) -> list[dict[str, Any]]:
    """Each team's people in the span, the lowest adoption first; then those without a team."""
    names = team_names(found)
    rows = [_team(names.get(row["team_id"], ""), row) for row in found.rows["teams"]]
    rows.sort(key=lambda row: (row["share"], row["team"]))
    if rows and (without := found.one("without_team")):
        rows.append(_team(NO_TEAM, without))
    return rows


def _team(name: str, row: dict[str, Any]) -> dict[str, Any]:
    members, active = int(row["members"]), int(row["active_people"])
    return {
        "team": name,
        "members": members,
        "active": active,
        "share": active / members if members else 0,
        "engaged": int(row["engaged_people"]),
        "credits": row["credits"],
    }


def _teams(found: ScopeFigures) -> Card:
    rows, span = team_rows(found), found.span_of(TEAMS)
    if not rows:
        return Card(
            "Teams",
            f"Missing: no team was loaded for {found.span.dates()}. GitHub leaves out teams with "
            "fewer than five seats.",
            wide=True,
        )
    return Card(
        "Teams",
        "The lowest adoption first. Members are those whom GitHub lists in these days; it may "
        "leave out who was not active, and then adoption is lower than shown. Teams with fewer "
        "than five seats are left out, so their people have no team here. Who is in two teams "
        f"counts in both. {span.dates()}.",
        table=Table(
            (
                Column("team", "Team"),
                Column("share", "Adoption", percent),
                Column("active", "Active", count),
                Column("members", "Members", count),
                Column("engaged", "Engaged", count),
                Column("credits", "Credits", credit),
            ),
            rows,
            bar="share",
        ),
        wide=True,
    )

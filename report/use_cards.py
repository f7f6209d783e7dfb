"""What Copilot is used for: features, languages, models, IDEs, agents, pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from report import tiles
from report.markup import Card, Chart, Column, Table, count, percent
from report.names import readable
from report.people_cards import about_weeks
from report.queries import FLAGS, PULL_REQUESTS
from report.scope_figures import REPOSITORIES, TOTALS
from report.series import CATEGORIES, OTHERS, payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from report.databases import Row
    from report.scope_figures import ScopeFigures
    from report.series import Axis

_PULLS = dict(
    zip(
        PULL_REQUESTS,
        (
            "Opened",
            "Opened by Copilot",
            "Merged",
            "Merged, by Copilot",
            "Reviewed",
            "Reviewed by Copilot",
        ),
        strict=True,
    )
)
_MOST_REPOSITORIES = 100
# Title, what a row is, by what it is ranked, how to read it.
_OVER_TIME = {
    "languages": ("Languages", "Language", "generated", "Code suggested or written."),
    "models": (
        "Models",
        "Model",
        "prompts",
        "Prompts with a known model; GitHub leaves some out, so read shares.",
    ),
    "ides": ("IDEs", "IDE", "people", "People by IDE; one person can count in several."),
}


def use(found: ScopeFigures, axis: Axis) -> Iterator[Card]:
    """Features, ways of use, completions, languages, models, IDEs and agents of others."""
    yield _features(found)
    yield _ways(found, axis, payload(found)["ways"])
    for kind in _OVER_TIME:
        yield _over_time(found, axis, kind)
    yield _acceptance(found, axis)
    yield _agents(found)


def _features(found: ScopeFigures) -> Card:
    return _ranked(
        "Features",
        f"People who used each; one person can count in several. {found.span.dates()}.",
        found.rows["features"],
        "people",
        found,
    )


def _agents(found: ScopeFigures) -> Card:
    return _ranked(
        "Agents of other makers",
        f"People who prompted each. {found.span.dates()}.",
        found.rows["agents"],
        "people",
        found,
    )


def _ranked(title: str, note: str, rows: Sequence[Row], by: str, found: ScopeFigures) -> Card:
    if not rows:
        return Card(title, f"Missing: nothing of it was reported for {found.span.dates()}.")
    return Card(title, note, table=_ranks(rows, by, "What"))


def _ranks(rows: Sequence[Row], by: str, label: str) -> Table:
    ranked = sorted(rows, key=lambda row: (-int(row[by] or 0), row["name"]))
    told = [
        {"what": readable(row["name"])}
        | {n: row[n] for n in ("people", "prompts", "generated", "accepted")}
        for row in ranked
    ]
    whole = sum(int(row[by] or 0) for row in rows)
    columns = [Column("what", label), Column("people", "People", count)]
    if any(row["prompts"] is not None for row in rows):
        columns.append(Column("prompts", "Prompts", count))
    if by == "prompts" and whole:
        told = [row | {"share": int(row[by] or 0) / whole} for row in told]
        columns.append(Column("share", "Share", percent))
    if by == "generated":
        columns += [
            Column("generated", "Suggested or written", count),
            Column("accepted", "Accepted", count),
        ]
    return Table(columns, told, bar=by)


def ways(found: ScopeFigures) -> list[dict[str, Any]]:
    """People by way of use in the span; a way that no row says anything of is left out."""
    row = found.one("ways")
    told = [
        {"what": name, "people": int(row[flag])}
        for flag, name in FLAGS.items()
        if row.get(f"known_{flag}")
    ]
    return sorted(told, key=lambda way: -int(str(way["people"])))


def _ways(found: ScopeFigures, axis: Axis, drawn: dict[str, Any]) -> Card:
    title = "Chat, agents, CLI and code review"
    rows = ways(found)
    if not rows:
        return Card(title, f"Missing: no row says anything of it for {found.span.dates()}.")
    note = (
        "People by way of use; one person can count in several. The table is of "
        f"{found.span.dates()}."
    )
    table = Table(
        (Column("what", "Way of use"), Column("people", "People", count)), rows, bar="people"
    )
    legend = [(name, f"c{place}") for place, name in enumerate(drawn["names"], 1)]
    return Card(
        title,
        note,
        Chart("ways", legend) if legend else None,
        table,
        more=[("Numbers by week", _by_week(axis, drawn))] if legend else (),
    )


def _acceptance(found: ScopeFigures, axis: Axis) -> Card:
    week = payload(found)["groups"][0]["week"]
    title = "Acceptance rate by week"
    if not any(week["shown"]):
        return Card(title, "Missing: no report loaded so far says anything of code completions.")
    rows = [
        {
            "when": monday,
            "rate": (week["accepted"][i] or 0) / shown if (shown := week["shown"][i]) else None,
            "shown": week["shown"][i],
            "accepted": week["accepted"][i],
        }
        for i, monday in enumerate(axis.weeks)
    ]
    return Card(
        title,
        "Code completions accepted, of those shown." + about_weeks(axis),
        Chart("rate", [("acceptance rate", "rate")], part=True),
        Table(
            (
                Column("when", "Week"),
                Column("rate", "Rate", percent, "rate"),
                Column("accepted", "Accepted", count, "accepted"),
                Column("shown", "Shown", count, "shown"),
            ),
            rows,
            unit="week",
            follows="team",
        ),
    )


def _over_time(found: ScopeFigures, axis: Axis, kind: str) -> Card:
    """A dimension's shares by week, and its figures in the span."""
    title, one, by, note = _OVER_TIME[kind]
    drawn = payload(found)[kind]
    rows = [row for row in found.rows[kind] if row[by]]
    if not rows and not drawn["names"]:
        return Card(title, "Missing: nothing of it was loaded.")
    legend = [
        (name, "others" if name == OTHERS or place > CATEGORIES else f"c{place}")
        for place, name in enumerate(drawn["names"], 1)
    ]
    return Card(
        title,
        f"{note} The table is of {found.span.dates()}.",
        Chart(kind, legend, part=True) if legend else None,
        _ranks(rows, by, one),
        more=[("Numbers by week", _by_week(axis, drawn))] if legend else (),
    )


def _by_week(axis: Axis, drawn: dict[str, Any]) -> Table:
    columns = [Column(str(place), name, count) for place, name in enumerate(drawn["names"])]
    rows = [
        {"when": week} | {str(place): of[i] for place, of in enumerate(drawn["values"])}
        for i, week in enumerate(axis.weeks)
    ]
    return Table([Column("when", "Week"), *columns], rows, unit="week", follows="range")


def pull_requests(found: ScopeFigures, axis: Axis) -> Iterator[Card]:
    """Pull requests by week and by repository, and Copilot's part in them."""
    title = "Pull requests by week"
    if not found.rows["pulls"]:
        yield Card(title, "Missing: no row of github_copilot_daily_totals has pull requests.")
    else:
        pulls = payload(found)["pulls"]
        rows = [
            {"when": week} | {name: pulls[name][i] for name in PULL_REQUESTS}
            for i, week in enumerate(axis.weeks)
        ]
        columns = [Column(name, label, count) for name, label in _PULLS.items() if any(pulls[name])]
        yield Card(
            title,
            f"{_copilots_part(found)} {found.span_of(*TOTALS).dates()}.",
            Chart(
                "pulls", [("merged", "all"), ("of them opened by Copilot", "copilot")], part=True
            ),
            Table([Column("when", "Week"), *columns], rows, unit="week", follows="range"),
        )
    yield _repositories(found)


def _copilots_part(found: ScopeFigures) -> str:
    whole = tiles.pull_requests(found, found.span_of(*TOTALS))

    def part(of: str, by: str, what: str) -> str:
        of_copilot = f", {whole[by]:,} by Copilot" if by in whole else ""
        return f"{whole[of]:,} {what}{of_copilot}" if of in whole else ""

    told = (
        part("total_created", "total_created_by_copilot", "opened"),
        part("total_merged", "total_merged_created_by_copilot", "merged"),
        part("total_reviewed", "total_reviewed_by_copilot", "reviewed"),
    )
    return ("; ".join(filter(None, told)) or "GitHub counted none") + "."


def _repositories(found: ScopeFigures) -> Card:
    title, span = "Repositories", found.span_of(REPOSITORIES)
    if not found.rows["repositories"]:
        return Card(title, f"Missing: no repository was loaded for {span.dates()}.")
    rows = [
        {"repository": row["name"] or f"repository {row['repo_id']}"}
        | {n: row[n] for n in PULL_REQUESTS}
        for row in found.rows["repositories"]
    ]
    rows.sort(key=lambda row: (-int(row["total_merged"] or 0), row["repository"]))
    hidden = (
        f" The {_MOST_REPOSITORIES} with the most of {len(rows):,}."
        if len(rows) > _MOST_REPOSITORIES
        else ""
    )
    columns = [
        Column(n, label, count) for n, label in _PULLS.items() if any(row[n] for row in rows)
    ]
    return Card(
        title,
        f"Pull requests and Copilot's part in them. {span.dates()}.{hidden}",
        table=Table(
            [Column("repository", "Repository"), *columns],
            rows[:_MOST_REPOSITORIES],
            bar="total_merged",
            color="all",
        ),
    )

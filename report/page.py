"""The page: one HTML file that needs no network, for a phone, a desk or paper."""

from __future__ import annotations

import csv
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import cards, charts
from report.days import long_date, plural
from report.headlines import alarms_of, notes_of
from report.markup import Column, Table, count, credit, folded, percent
from report.models import IDLE_AFTER_DAYS, PACKAGE
from report.series import OTHERS, STATUSES, payload
from report.tiles import share_of_seats, tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from report.scope_figures import Options, ScopeFigures

_HERE = Path(__file__).parent
# One meaning per color: active, engaged, idle, money, a rate, Copilot's part, the status of a
# day. c1 to c8 are the names of a chart's legend.
LIGHT = {
    "paper": "#f6f7f8",
    "card": "#ffffff",
    "ink": "#1b2226",
    "soft": "#56616a",
    "line": "#dde2e5",
    "edge": "#87929a",
    "link": "#0b62a8",
    "alarm": "#b3261e",
    "active": "#2f7f8c",
    "engaged": "#e0a458",
    "idle": "#8d979d",
    "cost": "#5a5fb0",
    "rate": "#a0527f",
    "all": "#a9b4ba",
    "copilot": "#7a3fb8",
    "c1": "#4477aa",
    "c2": "#ee6677",
    "c3": "#228833",
    "c4": "#ccbb44",
    "c5": "#66ccee",
    "c6": "#aa3377",
    "c7": "#7f5539",
    "c8": "#1b2226",
    "others": "#bbbbbb",
    "loaded": "#3f8f5b",
    "provisional": "#9ccfae",
    "pending": "#f0c419",
    "empty": "#c3cbd0",
    "unasked": "#e2574c",
}
DARK = LIGHT | {
    "paper": "#12171a",
    "card": "#1b2226",
    "ink": "#e8edef",
    "soft": "#a5b1b8",
    "line": "#323c42",
    "edge": "#6d7a82",
    "link": "#7cc0f5",
    "alarm": "#ff7b6e",
    "active": "#58a9b5",
    "engaged": "#f0c993",
    "idle": "#7d888e",
    "cost": "#8f94e0",
    "rate": "#d183ad",
    "all": "#66737b",
    "copilot": "#b889ee",
    "c1": "#77aadd",
    "c3": "#55bb66",
    "c7": "#b98a68",
    "c8": "#e8edef",
    "others": "#777f84",
    "loaded": "#4fa36e",
    "provisional": "#2f6344",
    "empty": "#4a565d",
}
_MEASURES = (
    ("Active", "any use of Copilot of their own on a day: activity, credits or a feature's flag."),
    ("Engaged", "prompted, or accepted code, on a day."),
    ("Acceptance rate", "code completions accepted, of those shown; no other feature."),
    (
        "Used seat",
        f"its holder was active, or seen by GitHub, within {IDLE_AFTER_DAYS} days; else idle.",
    ),
)
_PRESETS = ((28, "4 weeks"), (91, "13 weeks"), (182, "26 weeks"), (0, "All"))


def breaks() -> list[dict[str, str]]:
    """The days on which GitHub changed what it counts, oldest first."""
    path = PACKAGE / "seeds" / "github_copilot__series_breaks.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def page(found: Sequence[ScopeFigures], options: Options) -> str:
    """The whole file.

    Args:
        found: A scope each, in order; none where nothing was loaded.
        options: What the reader chose.
    """
    body = "".join(
        _scope(one, place, alone=len(found) == 1) for place, one in enumerate(found)
    ) or (
        '<p class="card missing">Missing: nothing was loaded yet. Run the pipeline first; '
        "<code>tap-github-copilot --check</code> says what GitHub would answer.</p>"
    )
    names = (
        "It names people whose seat is idle: share it with care."
        if options.names
        else "It names no person."
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>GitHub Copilot: adoption</title><style>{_style()}</style></head><body>"
        '<a class="skip" href="#figures-start">To the figures</a><main>'
        f"<h1>GitHub Copilot: adoption</h1>{_overview(found)}"
        f'<p class="soft">Drawn {long_date(options.now)}, {options.now:%H:%M} UTC. Days are UTC '
        f"days. {names}</p>"
        "<noscript><p class='soft'>Charts, filters and sorting need JavaScript; the numbers "
        f'below are all there.</p></noscript><div id="figures-start">{body}</div>{_footer()}</main>'
        f'<div id="tip" role="tooltip" hidden></div>{_scripts(found)}</body></html>\n'
    )


def _overview(found: Sequence[ScopeFigures]) -> str:
    """The truth about the data, first; of several scopes a table with links."""
    if len(found) < 2:  # noqa: PLR2004 - nothing to compare
        return "".join(map(_truth, found))
    stale = [one for one in found if [*alarms_of(one)]]
    alarm = (
        f'<p class="alarm">{plural(len(stale), "scope")} of {len(found)} '
        f"{'needs' if len(stale) == 1 else 'need'} a look: "
        + ", ".join(f'<a href="#scope-{found.index(one)}">{escape(one.name)}</a>' for one in stale)
        + ".</p>"
        if stale
        else ""
    )
    contents = "".join(
        f'<li><a href="#scope-{place}">{escape(one.name)}</a></li>'
        for place, one in enumerate(found)
    )
    return (
        f'<p class="truth">{_truth_of_all(found)}</p>{alarm}'
        '<p class="soft">Never add up organizations: GitHub credits a person\u2019s whole use to '
        'each organization they belong to.</p><section class="card" id="overview"><h4>Overview</h4>'
        f'{_overview_table(found)}</section><nav aria-label="Contents"><ol>{contents}</ol></nav>'
    )


def _truth_of_all(found: Sequence[ScopeFigures]) -> str:
    days = [one.coverage.complete_to for one in found]
    known = [day for day in days if day]
    if not known:
        return f"{len(found)} scopes; no day is loaded yet"
    least, most = min(known), max(known)
    span = (
        long_date(least) if least == most else f"between {long_date(least)} and {long_date(most)}"
    )
    silent = len(days) - len(known)
    more = f"; {plural(silent, 'scope')} without a complete day" if silent else ""
    return f"{len(found)} scopes, complete to {span}{more}"


def _overview_table(found: Sequence[ScopeFigures]) -> str:
    rows = []
    for one in found:
        seats = share_of_seats(one)
        now, before = one.pair("people")
        rows.append(
            {
                "name": one.name,
                "share": seats and seats[1] and seats[0] / seats[1],
                "used": seats and seats[0],
                "seats": seats[1] if seats else one.one("seats").get("seats"),
                "active": now.get("active_people"),
                "before": before.get("active_people"),
                "credits": now.get("credits"),
                "data": one.coverage.headline(),
            }
        )
    columns = (
        Column("name", "Scope"),
        Column("share", "Seats used", percent),
        Column("used", "Used", count),
        Column("seats", "Seats", count),
        Column("active", "Active, 28 days", count),
        Column("before", "28 days before", count),
        Column("credits", "Credits, 28 days", credit),
        Column("data", "Data"),
    )
    return Table(columns, rows, bar="share").html("Overview", 0)


def _truth(found: ScopeFigures) -> str:
    """How far the data goes, in one line, and what somebody must look after."""
    alarms = "".join(
        f'<p class="alarm" role="status">{escape(text)}</p>' for text in alarms_of(found)
    )
    notes = "".join(f'<p class="soft">{escape(text)}</p>' for text in notes_of(found))
    return f'<p class="truth">{escape(found.coverage.headline())}</p>{alarms}{notes}'


def _scope(found: ScopeFigures, place: int, *, alone: bool) -> str:
    about = "" if found.name == found.scope else f' <span class="soft">{escape(found.scope)}</span>'
    parts = [f'<section id="scope-{place}"><h2>{escape(found.name)}{about}</h2>']
    if not alone:
        parts.append(_truth(found))
    if found.newest is None:
        parts.append(
            '<p class="card missing">Missing: no person-day of this scope was loaded. Is the '
            "policy <em>Copilot usage metrics</em> on?</p>"
        )
    else:
        parts.append(_tiles(found))
    for number, (title, drawn) in enumerate(cards.groups(found)):
        controls = _controls(found, place) if title == "Is it used?" else ""
        parts.append(
            f'<h3 id="part-{place}-{number}">{escape(title)}</h3>{controls}'
            f'<div class="cards">{"".join(card.html(place) for card in drawn)}</div>'
        )
    return "".join([*parts, _technical(found, place), "</section>"])


def _tiles(found: ScopeFigures) -> str:
    drawn = "".join(tile.html() for tile in tiles(found))
    return (
        f'<p class="soft">Figures of {escape(found.span.name())}, {escape(found.span.dates())}.</p>'
        f'<div class="tiles">{drawn}</div>'
    )


def _controls(found: ScopeFigures, place: int) -> str:
    """Which days and which team the charts over time show."""
    drawn = payload(found)
    presets = "".join(
        f'<button type="button" data-days="{days}" aria-pressed="{str(not days).lower()}">'
        f"{name}</button>"
        for days, name in _PRESETS
        if days < drawn["days"]
    )
    teams = "".join(
        f'<option value="{number}">{escape(group["name"])}</option>'
        for number, group in enumerate(drawn["groups"])
    )
    team = (
        f'<label>Team <select name="team">{teams}</select></label>'
        if len(drawn["groups"]) > 1
        else ""
    )
    first, last = drawn["first"], found.coverage.newest or found.newest
    date_input = f'type="date" min="{first}" max="{last}"'
    return (
        f'<form class="controls" data-scope="{place}" hidden aria-label="Days and team of the '
        'charts over time">'
        f'<span role="group" aria-label="Range">{presets}</span>'
        f'<label>From <input name="from" {date_input} value="{first}"></label>'
        f'<label>to <input name="to" {date_input} value="{last}"></label>{team}'
        '<output aria-live="polite"></output></form>'
        '<p class="soft">Days and team choose what the charts by day and week show; figures in '
        "large and tables keep their 28 days. Not by team: features, languages, models, IDEs and "
        "pull requests.</p>"
    )


def _technical(found: ScopeFigures, place: int) -> str:
    """Details of the data, folded."""
    summary = cards.summary_of_days(found)
    columns = [Column("report", "Report"), Column("newest", "Newest loaded day")]
    columns += [Column(status, status.capitalize(), count) for status in STATUSES]
    table = (
        folded("Days by report", "Days by report", Table(columns, summary), place)
        if summary
        else ""
    )
    return (
        "<details><summary>Data by day, report by report</summary>"
        f'<div class="cards">{cards.data_by_day(found).html(place)}</div>{table}</details>'
    )


def _footer() -> str:
    marks = "".join(f"<li>{row['day']}: {escape(row['what'])}</li>" for row in breaks())
    measures = " ".join(f"<b>{name}</b>: {text}" for name, text in _MEASURES)
    return (
        f"<footer><p>{measures}</p><p>Dashed lines mark days on which GitHub changed what it "
        f"counts; a step there is no change of use:</p><ol>{marks}</ol></footer>"
    )


def _style() -> str:
    def colors(palette: dict[str, str]) -> str:
        return "".join(f"--{name}:{color};" for name, color in palette.items())

    return (
        f":root{{color-scheme:light dark;{colors(LIGHT)}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{colors(DARK)}}}}}"
        + (_HERE / "page.css").read_text(encoding="utf-8")
    )


def _scripts(found: Sequence[ScopeFigures]) -> str:
    """The figures of the charts, what draws them, and the page's own script."""
    if not found:
        return ""
    figures: dict[str, Any] = {
        "scopes": [payload(one) for one in found],
        "specs": charts.specs(),
        "palettes": {"light": LIGHT, "dark": DARK},
        "breaks": breaks(),
        "statuses": STATUSES,
        "others": OTHERS,
    }
    text = json.dumps(figures, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    own = (_HERE / "page.js").read_text(encoding="utf-8")
    return (
        f'<script id="figures" type="application/json">{text}</script>'
        f"<script>{charts.script()}</script><script>{own}</script>"
    )

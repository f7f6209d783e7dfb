"""The page: one HTML file that needs nothing else, on a phone or a desk, by day or night."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from report.cards import breaks, cards
from report.models import IDLE_AFTER_DAYS
from report.scope_figures import SPAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from report.cards import Card
    from report.scope_figures import ScopeFigures

_MOST_ROWS = 400
_STYLE = """
:root { color-scheme: light dark; --font: system-ui, sans-serif; --paper: #f6f7f8; --card: #fff;
  --ink: #1b2226; --soft: #5a656c; --line: #dde2e5; --first: #2f7f8c; --second: #e0a458;
  --third: #b4552d; --none: #c3cbd0; }
@media (prefers-color-scheme: dark) { :root { --paper: #12171a; --card: #1b2226; --ink: #e8edef;
  --soft: #9aa7ae; --line: #323c42; --first: #58a9b5; --second: #e9bd80; --third: #d9774d;
  --none: #4a565d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 var(--font); }
main { max-width: 1180px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.6rem; margin: 0 0 4px; } h2 { font-size: 1.25rem; margin: 36px 0 12px; }
h2 span { font-weight: 400; } h3 { font-size: 1rem; margin: 0 0 2px; }
p { margin: 0 0 8px; }
.soft, .card p, footer { color: var(--soft); font-size: .875rem; }
.tiles, .cards { display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
.cards { grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr));
  margin-top: 12px; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 16px; min-width: 0; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.2; }
.tile span { color: var(--soft); font-size: .8125rem; }
svg { display: block; width: 100%; max-width: 520px; height: auto; }
details { margin-top: 8px; font-size: .875rem; } summary { cursor: pointer; color: var(--soft); }
.table { overflow-x: auto; max-height: 320px; }
table { border-collapse: collapse; font-size: .8125rem; }
td, th { padding: 3px 12px 3px 0; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.missing { border-style: dashed; } footer { margin-top: 36px; }
ol { padding-left: 1.3em; margin: 4px 0; }
@media print { details { display: none; } .card { break-inside: avoid; } }
"""
_MEASURES = (
    ("Active", "any use of Copilot of their own on a day: activity, credits or a feature's flag."),
    ("Engaged", "prompted, or accepted code, on a day."),
    ("Acceptance rate", "code completions accepted, of those shown; no other feature."),
    (
        "Used seat",
        f"its holder was active, or seen by GitHub, within {IDLE_AFTER_DAYS} days; else idle.",
    ),
)


def page(found: Sequence[ScopeFigures], names: dict[str, str], now: datetime) -> str:
    """The whole file.

    Args:
        found: A scope each; none where nothing was loaded.
        names: What people call a scope, where that is not its id.
        now: When it was drawn.
    """
    body = "".join(_scope(one, names.get(one.scope, one.scope)) for one in found) or (
        '<p class="card missing">Missing: nothing was loaded yet. Run the pipeline first; '
        "<code>tap-github-copilot --check</code> says what GitHub would answer.</p>"
    )
    warning = (
        "<p class='soft'>Never add up organizations: GitHub credits a person's whole use to each "
        "organization they belong to.</p>"
        if len(found) > 1
        else ""
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>GitHub Copilot: adoption</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>GitHub Copilot: adoption</h1><p class='soft'>Drawn {now:%Y-%m-%d %H:%M} UTC. "
        f"Days are UTC days. It names no person.</p>{warning}{body}{_footer()}"
        "</main></body></html>\n"
    )


def _scope(found: ScopeFigures, name: str) -> str:
    about = [] if name == found.scope else [found.scope]
    if found.newest is not None:
        about.append(f"reports from {found.oldest} to {found.newest}")
    tiles = "".join(
        f"<div class='tile'><b>{escape(value)}</b><span>{escape(text)}</span></div>"
        for value, text in _tiles(found)
    )
    drawn = "".join(map(_card, cards(found)))
    missing = (
        '<p class="card missing">Missing: no person-day of this scope was loaded. Is the policy '
        "<em>Copilot usage metrics</em> on?</p>"
        if found.newest is None
        else ""
    )
    return (
        f"<section><h2>{escape(name)} <span class='soft'>{escape('; '.join(about))}</span></h2>"
        f"{missing}<div class='tiles'>{tiles}</div><div class='cards'>{drawn}</div></section>"
    )


def _tiles(found: ScopeFigures) -> Iterator[tuple[str, str]]:
    summary = found.summary
    span = f"last {SPAN} days"
    if found.newest is not None:
        yield _count(summary["active_people"]), f"active people, {span}"
        yield _count(summary["engaged_people"]), f"of them engaged, {span}"
    if summary.get("seats") and found.newest is not None:
        share = summary["used_seats"] / summary["seats"]
        yield f"{share:.0%}", f"of {summary['seats']} seats used, {span}"
    if summary.get("completions_shown"):
        rate = (summary["completions_accepted"] or 0) / summary["completions_shown"]
        yield f"{rate:.0%}", f"of code completions accepted, {span}"
    if summary.get("credits") is not None:
        yield (
            _count(summary["credits"]),
            f"credits (about {summary['credits'] / 100:,.0f} USD), {span}",
        )


def _card(card: Card) -> str:
    missing = "" if card.picture else " missing"
    picture = card.picture.replace("<svg", f'<svg role="img" aria-label="{escape(card.title)}"', 1)
    return (
        f"<div class='card{missing}'><h3>{escape(card.title)}</h3><p>{escape(card.note)}</p>"
        f"{picture}{_numbers(card.rows)}</div>"
    )


def _numbers(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in rows[0])
    body = "".join(
        "<tr>" + "".join(map(_cell, row.values())) + "</tr>" for row in rows[-_MOST_ROWS:]
    )
    return (
        "<details><summary>Numbers</summary><div class='table'><table>"
        f"<tr>{head}</tr>{body}</table></div></details>"
    )


def _cell(value: Any) -> str:
    if value is None:
        return "<td></td>"
    if isinstance(value, Decimal):
        return f"<td class=n>{round(value, 3).normalize():f}</td>"
    numeric = not isinstance(value, str | bool) and hasattr(value, "real")
    return f"<td{' class=n' if numeric else ''}>{escape(str(value))}</td>"


def _footer() -> str:
    marks = "".join(f"<li>{row['day']}: {escape(row['what'])}</li>" for row in breaks())
    measures = " ".join(f"<b>{name}</b>: {text}" for name, text in _MEASURES)
    return (
        f"<footer><p>{measures}</p><p>Dashed lines mark days on which GitHub changed what it "
        f"counts; a step there is no change of use:</p><ol>{marks}</ol></footer>"
    )


def _count(value: Any) -> str:
    return f"{value:,.0f}"

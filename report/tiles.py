"""The figures in large, each with its change against the 28 days before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from report.days import COMPARABLE, SPAN, Span, plural
from report.markup import Tile, count, credit, percent, usd
from report.scope_figures import TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from report.scope_figures import ScopeFigures

CREDITS_PER_USD = 100


def tiles(found: ScopeFigures) -> Iterator[Tile]:
    """All tiles of a scope that has rows."""
    now, before = found.pair("people")
    yield from _seats(found)
    yield Tile(
        count(now["active_people"]),
        "people active",
        _change(found, now["active_people"], before.get("active_people")),
    )
    yield Tile(
        f"{count(now['engaged_people'])}",
        f"people engaged ({percent(now['engaged_people'] / now['active_people'])} of the active)"
        if now["active_people"]
        else "people engaged",
        _change(found, now["engaged_people"], before.get("engaged_people")),
    )
    yield from _acceptance(found)
    yield from _credits(found)
    yield from _pulls(found)
    yield from _idle_cost(found)


def share_of_seats(found: ScopeFigures) -> tuple[int, int] | None:
    """Used seats and all seats; None without seats or without rows to tell them apart."""
    seats = found.one("seats")
    if not seats or found.newest is None:
        return None
    return int(seats["used_seats"]), int(seats["seats"])


def _seats(found: ScopeFigures) -> Iterator[Tile]:
    now = share_of_seats(found)
    if now is None:
        return
    used, seats = now
    before = found.one("seats_before")
    change = (
        _points(used / seats, int(before["used_seats"]) / int(before["seats"]))
        + f" ({before['used_seats']} of {before['seats']})"
        if before
        else f"no listing of seats from {SPAN} days before"
    )
    yield Tile(percent(used / seats), f"{used:,} of {plural(seats, 'seat')} used", change)


def _acceptance(found: ScopeFigures) -> Iterator[Tile]:
    now, before = found.pair("completions")
    if not now.get("shown"):
        return
    rate = float(now["accepted"] or 0) / float(now["shown"])
    change = _cannot_compare(found.span, found.before)
    if not change and before.get("shown"):
        change = _points(rate, float(before["accepted"] or 0) / float(before["shown"])) + _partly(
            found.before
        )
    yield Tile(
        percent(rate), "of code completions accepted", change or "none in the 28 days before"
    )


def _credits(found: ScopeFigures) -> Iterator[Tile]:
    now, before = found.pair("people")
    if now.get("credits") is None:
        return
    whole = float(now["credits"])
    spent = f"credits used: about {usd(whole / CREDITS_PER_USD)}"
    yield Tile(credit(whole), spent, _change(found, whole, before.get("credits"), summed=True))
    if now["active_people"]:
        each = whole / now["active_people"]
        was = before.get("credits")
        was = float(was) / before["active_people"] if was and before["active_people"] else None
        text = f"credits per active person: about {usd(each / CREDITS_PER_USD)}"
        yield Tile(credit(each), text, _change(found, each, was, summed=True))


def _pulls(found: ScopeFigures) -> Iterator[Tile]:
    spans = found.span_of(*TOTALS), found.span_of(*TOTALS, earlier=True)
    now, before = (pull_requests(found, span) for span in spans)
    if not now.get("total_merged"):
        return
    share = now.get("total_merged_created_by_copilot", 0) / now["total_merged"]
    change = _cannot_compare(*spans)
    if not change and before.get("total_merged"):
        was = before.get("total_merged_created_by_copilot", 0) / before["total_merged"]
        change = _points(share, was) + _partly(spans[1])
    text = f"of {now['total_merged']:,} merged pull requests opened by Copilot"
    yield Tile(percent(share), text, change or "none in the 28 days before")


def _idle_cost(found: ScopeFigures) -> Iterator[Tile]:
    price, now = found.options.seat_price, share_of_seats(found)
    if price is None or now is None:
        return
    used, seats = now
    before = found.one("seats_before")
    was = (
        f"; {usd((before['seats'] - before['used_seats']) * price)} for those of {SPAN} days before"
        if before
        else f"; no listing of seats from {SPAN} days before"
    )
    yield Tile(
        usd((seats - used) * price),
        f"a month for {plural(seats - used, 'idle seat')}",
        f"at {price:,.2f} USD per seat and month{was}",
    )


def pull_requests(found: ScopeFigures, span: Span) -> dict[str, int]:
    """The pull requests of a span, by GitHub's names; only those that GitHub counted."""
    whole: dict[str, int] = {}
    for row in found.rows["pulls"]:
        if span.first <= row["day"] <= span.last:
            for name, value in row.items():
                if name.startswith("total_") and value is not None:
                    whole[name] = whole.get(name, 0) + int(value)
    return whole


def _change(found: ScopeFigures, now: Any, before: Any, *, summed: bool = False) -> str:
    """A figure against that of the 28 days before; or why it is not compared."""
    if why := _cannot_compare(found.span, found.before, summed=summed):
        return why
    if not before:
        return "none in the 28 days before"
    change = (float(now) - float(before)) / float(before)
    told = f"{_signed(change * 100)} % against the 28 days before ({credit(before)})"
    return told + _partly(found.before)


def _cannot_compare(now: Span, before: Span, *, summed: bool = False) -> str:
    """Why a figure is not compared; sums only over days that are all loaded."""
    if before.loaded == 0:
        return "no days before to compare with"
    least = SPAN if summed else COMPARABLE
    for span, of in ((before, "of the 28 days before"), (now, "of these 28 days")):
        if span.loaded < least:
            return f"not compared: {span.loaded} {of} loaded"
    return ""


def _partly(before: Span) -> str:
    return "" if before.is_whole else f", of which {before.loaded} are loaded"


def _points(now: float, before: float) -> str:
    points = (now - before) * 100
    unit = "point" if abs(round(points)) == 1 else "points"
    return f"{_signed(points)} {unit} against the 28 days before"


def _signed(value: float) -> str:
    rounded = round(value)
    return "±0" if rounded == 0 else f"{rounded:+,d}".replace("-", "\u2212")

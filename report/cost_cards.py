"""What Copilot costs: credits by week and by model, and idle seats in money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from report.days import plural
from report.markup import Card, Chart, Column, Table, credit, usd
from report.people_cards import about_weeks
from report.scope_figures import BILLING
from report.series import payload
from report.tiles import CREDITS_PER_USD, share_of_seats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from report.scope_figures import ScopeFigures
    from report.series import Axis

_BILLS = "github_copilot_daily_ai_credits"


def cost(found: ScopeFigures, axis: Axis) -> Iterator[Card]:
    """Credits by week, credits by model, and what idle seats cost."""
    yield _by_week(found, axis)
    yield _by_model(found)
    yield _idle(found)


def _by_week(found: ScopeFigures, axis: Axis) -> Card:
    values = payload(found)["groups"][0]["week"]["credits"]
    if all(value is None for value in values):
        return Card("Credits by week", "Missing: no report loaded so far says anything of credits.")
    return Card(
        "Credits by week",
        "As the reports attribute them to people. 1 credit is 0.01 USD; this is not an invoice."
        + about_weeks(axis),
        Chart("credits", [("credits", "cost")], part=True),
        Table(
            (Column("when", "Week"), Column("credits", "Credits", credit, "credits")),
            [{"when": week, "credits": values[i]} for i, week in enumerate(axis.weeks)],
            unit="week",
            follows="team",
        ),
    )


def _by_model(found: ScopeFigures) -> Card:
    """GitHub's billing figures, by product and model."""
    title = "Billed credits by model"
    if not found.rows["billed"]:
        what = (
            "nothing of it was loaded for these days"
            if _BILLS in found.tables
            else "no table " + _BILLS
        )
        return Card(
            title, f"Missing: {what}. GitHub shows it to owners and billing managers alone."
        )
    rows: list[dict[str, Any]] = [
        {
            "model": row["name"] or "(no model)",
            "product": row["product"],
            "credits": float(row["credits"] or 0),
            "gross": float(row["gross"] or 0),
            "net": float(row["net"] or 0),
        }
        for row in found.rows["billed"]
    ]
    rows.sort(key=lambda row: (-row["gross"], row["model"], row["product"] or ""))
    whole = sum(row["gross"] for row in rows)
    net = sum(row["net"] for row in rows)
    each = int(found.pair("people")[0].get("active_people") or 0)
    days = found.span_of(BILLING).name()
    per_person = f", {usd(whole / each)} per active person" if each else ""
    return Card(
        title,
        f"{usd(whole)} in {days}{per_person}; {usd(net)} after what the plan "
        "includes. From GitHub's billing, which also counts what no person's report does.",
        table=Table(
            (
                Column("model", "Model"),
                Column("product", "Product"),
                Column("credits", "Credits", credit),
                Column("gross", "Before discount", usd),
                Column("net", "To pay", usd),
            ),
            rows,
            bar="gross",
            color="cost",
        ),
    )


def _idle(found: ScopeFigures) -> Card:
    now, price = share_of_seats(found), found.options.seat_price
    title = "Seats in money"
    if now is None:
        return Card(
            title, "Missing: no seats were loaded; the credential may not be allowed to list them."
        )
    used, seats = now
    if price is None:
        return Card(
            title,
            f"{plural(seats - used, 'seat')} of {seats:,} idle. With make report … SEAT_PRICE=19 "
            "(USD per seat and month) this says what they cost.",
        )
    rows = [
        {"what": name, "seats": number, "cost": number * price, "color": color}
        for name, number, color in (
            ("Used", used, "active"),
            ("Idle", seats - used, "idle"),
            ("All", seats, "all"),
        )
    ]
    people = found.pair("people")[0]
    credits_used = people.get("credits")
    note = f"At {price:,.2f} USD per seat and month."
    if credits_used is not None and used:
        in_usd = usd(float(credits_used) / CREDITS_PER_USD)
        note += f" The credits of {found.span.name()} come to {in_usd} beside that."
    return Card(
        title,
        note,
        table=Table(
            (
                Column("what", "Seats"),
                Column("seats", "Number", credit),
                Column("cost", "A month", usd),
            ),
            rows,
            bar="seats",
            color="cost",
        ),
    )

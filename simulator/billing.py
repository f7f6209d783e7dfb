"""What the AI credits of a day cost, as GitHub's billing endpoint answers it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulator.people import usages

if TYPE_CHECKING:
    from simulator.people import Person, Row
    from simulator.places import Place, Truth

PATH = "/settings/billing/ai_credit/usage"
REPORT = "ai_credit_usage"
_PRICE = 0.01  # USD per credit
_INCLUDED = 0.6  # of the quantity is covered by the plan


def items(people: list[Person], day: date, ids: Row, revision: int) -> list[Row]:
    """The items of a day: per model what people used, and some use of a second product."""
    used: dict[str, float] = defaultdict(float)
    for row in usages(people, day, ids, revision):
        models = row.get("totals_by_language_model") or [{"model": "auto"}]
        used[models[0]["model"]] += row.get("ai_credits_used", 0)
    chance = Random(f"billing {day} {ids}")
    made = [item("Copilot", "Copilot AI Credits", model, used[model]) for model in sorted(used)]
    if made and chance.random() < 0.5:
        made.append(item("Spark", "Spark AI Credits", "auto", chance.uniform(1, 50)))
    if made and chance.random() < 0.3:  # the same product, SKU and model at another price
        first = made[0]
        made.append(item("Copilot", first["sku"], first["model"], chance.uniform(1, 9), 0.008))
    chance.shuffle(made)
    return made


def item(product: str, sku: str, model: str, quantity: float, price: float = _PRICE) -> Row:
    """An item of the answer."""
    gross, free = round(quantity, 4), round(quantity * _INCLUDED, 4)
    return {
        "product": product,
        "sku": sku,
        "model": model,
        "unitType": "ai-credits",
        "pricePerUnit": price,
        "grossQuantity": gross,
        "grossAmount": round(gross * price, 6),
        "discountQuantity": free,
        "discountAmount": round(free * price, 6),
        "netQuantity": round(gross - free, 4),
        "netAmount": round((gross - free) * price, 6),
    }


def scope_of(path: str) -> str | None:
    """The path of the scope whose AI credits a path asks for; None for any other path."""
    if not path.endswith(PATH):
        return None
    return path.removesuffix(PATH).replace("/organizations/", "/orgs/", 1)


def answer(world: Truth, place: Place, query: dict[str, str]) -> web.Response:
    """The answer about one UTC day."""
    try:
        day = date(*(int(query[part]) for part in ("year", "month", "day")))
    except (KeyError, ValueError):
        return web.json_response({"message": "Invalid time period", "status": "400"}, status=400)
    found = body(world, place, day)
    if found is None:
        return web.json_response({"message": "Not Found", "status": "404"}, status=404)
    return web.json_response(found)


def body(world: Truth, place: Place, day: date) -> dict[str, Any] | None:
    """What GitHub answers about a day; None where it answers 404."""
    found = world.credits(place.path, day)
    if found is None:
        return None
    kind = "enterprise" if place.path.startswith("/enterprises/") else "organization"
    period = {"year": day.year, "month": day.month, "day": day.day}
    return {"timePeriod": period, kind: place.name, "usageItems": found}

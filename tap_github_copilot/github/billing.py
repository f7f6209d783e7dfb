"""What the AI credits of a day cost: the answer of GitHub's billing endpoint, checked.

https://docs.github.com/en/rest/billing/usage
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec

from tap_github_copilot.github.json_text import without_nul
from tap_github_copilot.github.report_files import INT64, whole_number
from tap_github_copilot.github.responses import BadEnvelopeError

if TYPE_CHECKING:
    from datetime import date

    from tap_github_copilot.github.responses import Response

AI_CREDITS = "ai_credit_usage"
KEY_FIELDS = ("product", "sku", "model")
_encode = msgspec.json.Encoder(order="sorted").encode

Item = dict[str, Any]


def usage_rows(response: Response, day: date) -> list[dict[str, Any]]:
    """The rows of a day, in an order that does not depend on the answer's.

    A row is `{"day": …, "line": …, "item": …}`, with the item as GitHub wrote it but without
    NUL characters. `line` is 1, and 2, 3, … for further items of one product, SKU and model.

    Raises:
        BadEnvelopeError: The answer is not about this day, or has no list of items.
    """
    met: Counter[tuple[str, ...]] = Counter()
    rows = []
    for item in sorted(_items(response, day), key=_order):
        key = key_of(item)
        met[key] += 1
        rows.append({"day": day.isoformat(), "line": met[key], "item": item})
    return rows


def key_of(item: Item) -> tuple[str, ...]:
    """Product, SKU and model of an item; empty text for what is no text or not there."""
    values = (item.get(name) for name in KEY_FIELDS)
    return tuple(value if isinstance(value, str) else "" for value in values)


def content_of(rows: list[dict[str, Any]]) -> bytes:
    """The rows as NDJSON."""
    return b"".join(_encode(row) + b"\n" for row in rows)


def _items(response: Response, day: date) -> list[Item]:
    if response.status != HTTPStatus.OK:
        raise BadEnvelopeError(f"GitHub answered {response.status} instead of a day's AI credits")
    try:
        body = response.json()
    except ValueError:
        raise BadEnvelopeError("the answer is not JSON") from None
    if not isinstance(body, dict):
        raise BadEnvelopeError("the answer is not a JSON object")
    period = body.get("timePeriod")
    parts = period if isinstance(period, dict) else {}
    asked = (day.year, day.month, day.day)
    if tuple(whole_number(parts.get(name)) for name in ("year", "month", "day")) != asked:
        raise BadEnvelopeError("the answer's timePeriod is not the day that was asked for")
    items = body.get("usageItems")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadEnvelopeError("the answer has no list of usageItems")
    found: list[Item] = without_nul(items)
    return found


def _order(item: Item) -> tuple[tuple[str, ...], float, bytes]:
    """Sorts items by their key, then by price, then by all that they hold."""
    price = item.get("pricePerUnit")
    if not isinstance(price, int | float) or abs(price) >= INT64:
        price = inf
    return key_of(item), price, _encode(_comparable(item))


def _comparable(value: Any) -> Any:
    """The value with 1 and 1.0 alike."""
    if isinstance(value, dict):
        return {name: _comparable(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_comparable(entry) for entry in value]
    whole = whole_number(value)
    return value if whole is None else whole

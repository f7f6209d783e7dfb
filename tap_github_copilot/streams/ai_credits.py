"""github_copilot_daily_ai_credits: what the AI credits of a day cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tap_github_copilot.github.billing import AI_CREDITS, KEY_FIELDS, key_of
from tap_github_copilot.streams.daily import DailyStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

_COLUMNS = {
    "product": "product",
    "sku": "sku",
    "model": "model",
    "unitType": "unit_type",
    "pricePerUnit": "price_per_unit",
    "grossQuantity": "gross_quantity",
    "grossAmount": "gross_amount",
    "discountQuantity": "discount_quantity",
    "discountAmount": "discount_amount",
    "netQuantity": "net_quantity",
    "netAmount": "net_amount",
}


class DailyAiCredits(DailyStream):
    """One row per product, SKU, model and day; more where GitHub lists several items of those.

    Under a token it is optional, too: billing is often another role's business.
    """

    name = "github_copilot_daily_ai_credits"
    report = AI_CREDITS
    key: ClassVar[tuple[str, ...]] = ("day", "product", "sku", "model", "line")
    optional: ClassVar[bool] = True
    optional_under_token: ClassVar[bool] = True
    read_if_silent: ClassVar[bool] = True  # bills do not hang on the policy
    computed: ClassVar[tuple[str, ...]] = ("day", "line")

    def records_of_row(
        self, row: dict[str, Any], scope_columns: dict[str, Any]
    ) -> Iterator[Record]:
        """The record of an item; `extra_fields` has GitHub's names for its fields."""
        item: dict[str, Any] = row["item"]
        given = {_COLUMNS[name]: value for name, value in item.items() if name in _COLUMNS}
        record, misfits = self._columns.record(given)
        extra = {n: v for n, v in item.items() if _COLUMNS.get(n, "") in {"", *misfits}}
        for name in extra:
            self.warn_about_extra_field(name)
        # A null cannot stand in a key.
        extra |= {name: None for name in KEY_FIELDS if item.get(name, "") is None}
        record |= dict(zip(KEY_FIELDS, key_of(item), strict=True))
        record |= {"day": row["day"], "line": row["line"], "extra_fields": extra or None}
        yield record | scope_columns

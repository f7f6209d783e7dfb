"""github_copilot_daily_usage_breakdowns: every `totals_by_*` of users-1-day as one long table."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from tap_github_copilot.github.reports import USERS
from tap_github_copilot.streams.daily import DailyStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_github_copilot.records import Columns

_PREFIX = "totals_by_"
_DIMENSIONS = ("ide", "feature", "language", "model")
_WITHOUT_COLUMN = "last_known_"  # documented, but kept in extra_fields
_TOKENS = ("prompt_tokens_sum", "output_tokens_sum", "avg_tokens_per_request")


class DailyUsageBreakdowns(DailyStream):
    """One row per array entry, and one per `totals_by_*` object, known or new."""

    name = "github_copilot_daily_usage_breakdowns"
    report = USERS
    key: ClassVar[tuple[str, ...]] = ("day", "user_id", "breakdown", "breakdown_key")
    optional: ClassVar[bool] = True
    computed: ClassVar[tuple[str, ...]] = (
        "day",
        "user_id",
        "user_login",
        "breakdown",
        "breakdown_key",
        "item",
        "item_id",
    )

    def records_of_row(
        self, row: dict[str, Any], scope_columns: dict[str, Any]
    ) -> Iterator[Record]:
        """One record per entry; none of what is neither an object nor an array of them."""
        login = row.get("user_login")
        scope_columns = scope_columns | {
            "day": row["day"],
            "user_id": int(row["user_id"]),
            "user_login": login if isinstance(login, str) else None,
        }
        for name, totals in row.items():
            if name.startswith(_PREFIX):
                breakdown = name.removeprefix(_PREFIX)
                met: Counter[str] = Counter()
                for entry in totals if isinstance(totals, list) else [totals]:
                    if isinstance(entry, dict):
                        yield self._record(breakdown, entry, met) | scope_columns

    def _record(self, breakdown: str, entry: dict[str, Any], met: Counter[str]) -> Record:
        """The record of one entry.

        Args:
            breakdown: The name of its array or object, without `totals_by_`.
            entry: As GitHub wrote it.
            met: How often each key has been met in this array.
        """
        rest = _with_tokens(entry)
        item, item_id = _item(breakdown, rest, self._columns), _item_id(rest)
        values = [rest[name] for name in _DIMENSIONS if isinstance(rest.get(name), str)]
        if item_id or item:
            values.append(str(rest[item_id or item]))
        key = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        met[key] += 1
        named = {
            "breakdown": breakdown,
            "breakdown_key": key if met[key] == 1 else f"{key}#{met[key]}",
            "item": rest.pop(item) if item else None,
            "item_id": str(rest.pop(item_id)) if item_id else None,
        }
        record, extra = self._columns.record(rest)
        record["extra_fields"] = extra or None
        for name in extra:
            if not name.startswith(_WITHOUT_COLUMN):
                self.warn_about_extra_field(f"{_PREFIX}{breakdown}.{name}")
        return record | named


def _item(breakdown: str, entry: dict[str, Any], columns: Columns) -> str:
    """The field that names what an entry is about and has no column; empty without.

    The name of its breakdown (`mcp`), else a `…_name`, else any text that is not an id.
    """
    texts = [name for name, v in entry.items() if isinstance(v, str) and name not in columns]
    texts = [name for name in texts if not name.endswith("_id")]
    if breakdown in texts:
        return breakdown
    return next((n for n in texts if n.endswith("_name")), texts[0] if texts else "")


def _item_id(entry: dict[str, Any]) -> str:
    """The field with the id of what an entry is about; empty without."""
    ids = (n for n, v in entry.items() if n.endswith("_id") and isinstance(v, str | int))
    return next(ids, "")


def _with_tokens(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with the three documented fields of `token_usage` lifted out of it."""
    tokens = entry.get("token_usage")
    if not isinstance(tokens, dict):
        return dict(entry)
    lifted = {n: tokens[n] for n in _TOKENS if n in tokens and n not in entry}
    left = {name: value for name, value in tokens.items() if name not in lifted}
    rest = {name: value for name, value in entry.items() if name != "token_usage"}
    return rest | lifted | ({"token_usage": left} if left else {})

"""What each table must hold, worked out from what the simulated GitHub serves.

Nothing here uses the tap: only the schemas' names of columns.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator import billing, seats
from simulator.people import COUNTERS
from simulator.world import USERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simulator.places import Place
    from simulator.world import World

Row = dict[str, Any]
Key = tuple[Any, ...]
SCHEMAS = Path(__file__).parents[2] / "schemas"
USAGES = "github_copilot_daily_usages"
BREAKDOWNS = "github_copilot_daily_usage_breakdowns"
TEAMS = "github_copilot_user_teams"
TOTALS = "github_copilot_daily_totals"
REPOSITORIES = "github_copilot_daily_repositories"
AI_CREDITS = "github_copilot_daily_ai_credits"
LEDGER = "github_copilot_report_days"
SEATS = "github_copilot_seats"
KEYS: dict[str, tuple[str, ...]] = {
    USAGES: ("day", "user_id"),
    BREAKDOWNS: ("day", "user_id", "breakdown", "breakdown_key"),
    TEAMS: ("day", "user_id", "team_id"),
    TOTALS: ("day",),
    REPOSITORIES: ("day", "repo_id"),
    AI_CREDITS: ("day", "product", "sku", "model", "line"),
    LEDGER: ("report", "day"),
    SEATS: ("user_id", "assigning_team_id"),  # a seat's id is a hash: not known here
}
_ROW_KEYS = ("user_id", "team_id", "repo_id", "product", "sku", "model", "line")
_DIMENSIONS = ("ide", "feature", "language", "model")
_TOKENS = ("prompt_tokens_sum", "output_tokens_sum", "avg_tokens_per_request")
SETTLE_DAYS, LATE_REPORT_DAYS = 4, 14


@dataclass(frozen=True)
class Truth:
    """What the tables must hold of some days of a world.

    Args:
        world: What is served.
        first: The first of the days; the last is yesterday.
    """

    world: World
    first: dt.date

    @property
    def days(self) -> list[dt.date]:
        """The days that a run reads."""
        count = (self.world.today - self.first).days
        return [self.first + dt.timedelta(days=number) for number in range(count)]

    def rows(self, stream: str) -> list[Row]:
        """The rows of a table, without `fetched_at` and without their nulls.

        Of rows with one key the later counts.
        """
        made = (row for place in self.world.scopes.values() for row in self._of(stream, place))
        rows = [{name: value for name, value in row.items() if value is not None} for row in made]
        return [*{_key(stream, row): row for row in rows}.values()]

    def _of(self, stream: str, place: Place) -> Iterator[Row]:
        scope = scope_columns(place)
        if stream == LEDGER:
            yield from (self._ledger(place, report, day) | scope for report, day in self._reports())
        elif stream == AI_CREDITS:
            for day in self.days:
                items = self.world.credits(place.path, day) or []
                yield from (row | scope for row in ai_credits(items, day))
        elif stream == SEATS:
            yield from (self._seat(seat) | scope for seat in self._listed(place))
        else:
            report = self._report(stream)
            for day in self.days:
                for row in self.world.rows(place.path, day, report):
                    made = breakdowns(row) if stream == BREAKDOWNS else [columns(stream, row)]
                    yield from (record | scope for record in made)

    def _report(self, stream: str) -> str:
        level = "organization" if any("/orgs/" in path for path in self.world.scopes) else ""
        return {
            USAGES: USERS,
            BREAKDOWNS: USERS,
            TEAMS: "user-teams-1-day",
            TOTALS: f"{level or 'enterprise'}-1-day",
            REPOSITORIES: "repos-1-day",
            AI_CREDITS: billing.REPORT,
        }[stream]

    def _reports(self) -> Iterator[tuple[str, dt.date]]:
        for stream in (USAGES, TEAMS, TOTALS, REPOSITORIES, AI_CREDITS):
            yield from ((self._report(stream), day) for day in self.days)

    def _ledger(self, place: Place, report: str, day: dt.date) -> Row:
        age = (self.world.today - day).days
        row: Row = {"report": report, "day": day.isoformat(), "provisional": age <= SETTLE_DAYS}
        files = self._files(place, report, day)
        if files is None:
            return row | {"status": "pending" if age <= LATE_REPORT_DAYS else "empty"}
        rows = self._rows(place, report, day)
        keys = {tuple(row.get(name) for name in _ROW_KEYS) for row in rows}
        hashes = sorted(hashlib.sha256(file).hexdigest() for file in files)
        return row | {
            "status": "loaded",
            "row_count": len(rows),
            "repeated_count": len(rows) - len(keys),
            "file_count": len(files),
            "byte_count": sum(map(len, files)),
            "sha256": hashlib.sha256("".join(hashes).encode()).hexdigest(),
        }

    def _files(self, place: Place, report: str, day: dt.date) -> list[bytes] | None:
        """The files of a report; of AI credits the answer, which is the only one."""
        if report != billing.REPORT:
            return self.world.files(place.path, report, day)
        body = billing.body(self.world, place, day)
        return None if body is None else [json.dumps(body).encode()]

    def _rows(self, place: Place, report: str, day: dt.date) -> list[Row]:
        if report == billing.REPORT:
            return ai_credits(self.world.credits(place.path, day) or [], day)
        return self.world.rows(place.path, day, report)

    def _listed(self, place: Place) -> list[Row]:
        return seats.made_up(place, self.world.today) if place.seats is None else place.seats

    def _seat(self, seat: Row) -> Row:
        team, person = seat.get("assigning_team") or {}, seat.get("assignee") or {}
        row = columns(SEATS, seat)
        for name in ("created_at", "updated_at", "last_activity_at"):
            if row.get(name):
                moment = dt.datetime.fromisoformat(row[name]).astimezone(dt.UTC)
                row[name] = plain(moment)
        return row | {
            "snapshot_date": self.world.today.isoformat(),
            "user_id": person.get("id"),
            "user_login": person.get("login"),
            "assigning_team_id": team.get("id"),
            "assigning_team_slug": team.get("slug"),
            "assigning_team_name": team.get("name"),
        }


def scope_columns(place: Place) -> Row:
    """The columns that say which scope a row is of."""
    if place.path.startswith("/enterprises/"):
        return {"enterprise_slug": place.name}
    return {"organization_id": str(place.number), "organization_login": place.name}


@cache
def schema_of(stream: str) -> dict[str, Any]:
    """A table's schema, for both levels."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{stream}.json").read_text())
    return schema


def columns(stream: str, row: Row) -> Row:
    """A row of GitHub's with what has no column in `extra_fields`."""
    known = schema_of(stream)["properties"]
    named = {name: value for name, value in row.items() if name in known}
    rest = {name: value for name, value in row.items() if name not in named}
    made = named | {"extra_fields": rest or None}
    return made | {"active": is_active(row)} if stream == USAGES else made


def ai_credits(items: list[Row], day: dt.date) -> list[Row]:
    """The rows of a day's items; those of one key are numbered by their price and amounts."""
    made: list[Row] = []
    key = ("product", "sku", "model")
    numbers = ("price_per_unit", "gross_quantity", "gross_amount", "discount_quantity")
    for row in sorted(map(_renamed, items), key=lambda row: [row[name] for name in numbers]):
        keyed = row | {name: row[name] or "" for name in key}
        without = {name: None for name in key if row[name] is None}
        record = columns(AI_CREDITS, keyed)
        if without:
            record["extra_fields"] = (record["extra_fields"] or {}) | without
        line = 1 + sum(all(keyed[name] == other[name] for name in key) for other in made)
        made.append(record | {"day": day.isoformat(), "line": line})
    return made


def _renamed(item: Row) -> Row:
    """An item whose documented fields have the names of columns."""
    known = schema_of(AI_CREDITS)["properties"]
    snake = {name: re.sub(r"(?=[A-Z])", "_", name).lower() for name in item}
    return {snake[n] if snake[n] in known else n: value for n, value in item.items()}


def is_active(row: Row) -> bool:
    """Whether a person-day shows any use of Copilot."""
    numbers = (row.get(name) or 0 for name in (*COUNTERS, "ai_credits_used"))
    flags = {name for name, value in row.items() if name.startswith("used_") and value is True}
    return any(number > 0 for number in numbers) or bool(
        flags - {"used_copilot_code_review_passive"}
    )


def breakdowns(row: Row) -> list[Row]:
    """The rows of the long table that a person's day makes; items are told by known names."""
    made: list[Row] = []
    met: Counter[tuple[str, str]] = Counter()
    for name, totals in row.items():
        if not name.startswith("totals_by_"):
            continue
        breakdown = name.removeprefix("totals_by_")
        for entry in totals if isinstance(totals, list) else [totals]:
            if entry is None:
                continue
            record = _entry(breakdown, entry)
            place = (breakdown, record["breakdown_key"])
            met[place] += 1
            if met[place] > 1:
                record["breakdown_key"] += f"#{met[place]}"
            made.append(record | {n: row.get(n) for n in ("day", "user_id", "user_login")})
    return made


def _entry(breakdown: str, entry: Row) -> Row:
    rest = dict(entry)
    naming = "agent_name" if breakdown == "3rd_party_agent" else breakdown
    item = None if naming in _DIMENSIONS else rest.pop(naming, None)
    item_id = rest.pop("agent_id", None)
    tokens = rest.pop("token_usage", None) or {}
    rest |= {name: tokens[name] for name in _TOKENS if name in tokens}
    left = {name: value for name, value in tokens.items() if name not in _TOKENS}
    values = [rest[name] for name in _DIMENSIONS if name in rest]
    values += [item_id or item] if item_id or item else []
    return columns(BREAKDOWNS, rest | ({"token_usage": left} if left else {})) | {
        "breakdown": breakdown,
        "breakdown_key": json.dumps(values, ensure_ascii=False, separators=(",", ":")),
        "item": item,
        "item_id": item_id,
    }


def differences(stream: str, truth: Iterable[Row], loaded: Iterable[Row]) -> list[str]:
    """What differs between the truth and a table; nothing if all is equal, row by row."""
    expected = {_key(stream, row): row for row in truth}
    found = {_key(stream, row): row for row in map(_given, loaded)}
    told = [f"{key}: not in the table" for key in expected.keys() - found.keys()]
    told += [f"{key}: only in the table" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        names = expected[key].keys() | found[key].keys()
        told += [
            f"{key}: {name}" for name in names if expected[key].get(name) != found[key].get(name)
        ]
    return sorted(told)


def _key(stream: str, row: Row) -> Key:
    scope = row.get("enterprise_slug") or row.get("organization_id")
    return (scope, *(row.get(name) for name in KEYS[stream]))


def _given(row: Row) -> Row:
    """A row of a table as JSON has it, without nulls and what only a run can tell."""
    return {
        name: plain(value)
        for name, value in row.items()
        if value is not None
        and name not in {"fetched_at", "checked_at", "seat_id"}
        and not name.startswith("_sdc_")
    }


def plain(value: Any) -> Any:
    """A value of a database as JSON has it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, dt.date) else value

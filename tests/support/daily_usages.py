"""Runs that read the daily usages alone, and what is said at their end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.tap_runs import USAGES, Outcome, run_tap

if TYPE_CHECKING:
    from simulator.world import World

ACME = "/enterprises/acme"
BUSY = "/enterprises/busy"
FAILED = "ERROR the run failed:"


def catalog_of(config: dict[str, Any], *streams: str) -> dict[str, Any]:
    """The discovered catalog with these streams selected, and no others."""
    tap = TapGitHubCopilot(config=config, validate_config=False, setup_mapper=False)
    catalog = tap.catalog_dict
    for entry in catalog["streams"]:
        metadata_of(entry)["selected"] = entry["tap_stream_id"] in streams
    return catalog


def metadata_of(entry: dict[str, Any], *breadcrumb: str) -> dict[str, Any]:
    """The metadata of a catalog's stream, or of a column of it."""
    found: dict[str, Any] = next(
        place["metadata"] for place in entry["metadata"] if place["breadcrumb"] == [*breadcrumb]
    )
    return found


def read_usages(
    config: dict[str, Any], today: date, *, state: dict[str, Any] | None = None
) -> Outcome:
    """Run with the daily usages alone selected, so that every call is theirs."""
    return run_tap(config, today, state=state, catalog=catalog_of(config, USAGES))


def state_at(day: str, scope: str = "acme") -> dict[str, Any]:
    """A state whose bookmark of the daily usages is this day."""
    partition = {
        "context": {"enterprise_slug": scope},
        "replication_key": "day",
        "replication_key_value": day,
    }
    return {"bookmarks": {USAGES: {"partitions": [partition]}}}


def ago(today: date, age: int) -> str:
    """The day of this age."""
    return (today - timedelta(days=age)).isoformat()


def closing(outcome: Outcome) -> list[str]:
    """The lines with which a failed run ends, one for each failure."""
    errors = outcome.errors()
    return errors[errors.index(FAILED) + 1 :]


def keys_of(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Day and person of each row, sorted."""
    return sorted((row["day"], row["user_id"]) for row in rows)


def truth(
    world: World, today: date, oldest: int, newest: int = 0, *, path: str = ACME
) -> list[tuple[str, int]]:
    """Day and person of each row that the world has of the days of these ages, sorted."""
    first, last = today - timedelta(days=oldest), today - timedelta(days=newest)
    return sorted(world.truth(path, first, last))

"""Reports as GitHub may send them one day, and reports that it corrected."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from simulator import billing, seats
from simulator.server import Simulator
from simulator.world import TOTALS as TOTALS_REPORTS
from simulator.world import USERS, World
from tests.support.expected_tables import USAGES, Truth, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from tests.support.expected_tables import Row

LONG = "a_name_of_more_than_sixty_bytes_" * 3
MANY = 2**62
INVENTED: Row = {"deep": [{"deeper": [None, 0.5, 2**40, False, ""]}], LONG: None}


def put_odd_rows(world: World, path: str, day: date) -> None:
    """Put what GitHub may do tomorrow into every report of a day, and into the seats."""
    place = world.scopes[path]
    base: Row = {"day": day.isoformat(), **place.ids}
    tokens = {"prompt_tokens_sum": MANY, "output_tokens_sum": MANY, "avg_tokens_per_request": None}
    cli = {"session_count": 1, "token_usage": tokens | {"invented": MANY}, "invented": INVENTED}
    person = base | {"user_login": LONG, "invented": INVENTED, LONG: 0, "loc_added_sum": MANY}
    person |= {
        "totals_by_cli": cli,
        "totals_by_ide": [{"ide": LONG, "loc_added_sum": MANY, "invented": INVENTED}, None],
        "totals_by_language_model": [None, {"language": LONG, "model": "ä"}, {"language": LONG}],
        f"totals_by_{LONG}": [{LONG: "x", "interaction_count": MANY}, None, {LONG: "x"}],
        "ai_adoption_phase": {"phase": "Phase 9", "invented": INVENTED},
        "ai_credits_used": 0.001,
    }
    nulls = {name: None for name in schema_of(USAGES)["properties"] if name.startswith("totals_")}
    idle = base | {"user_id": 3, **nulls, "used_cli": None, "distinct_skill_use_count": None}
    pulls = {"total_created": MANY, "median_minutes_to_merge": None, "invented": INVENTED}
    totals = base | {"daily_active_users": MANY, "pull_requests": pulls, "invented": INVENTED}
    totals |= {"totals_by_cli": cli, "totals_by_feature": [None, {"invented": INVENTED}]}
    totals |= {"totals_by_mcp": None, "totals_by_copilot_app": None}
    repository = base | {"repo_id": MANY, "repo_name": LONG, "invented": INVENTED}
    repository |= {"pull_requests": pulls, "pull_request_review_times": [{"invented": INVENTED}]}
    team = base | {"team_id": MANY, "slug": LONG, "invented": INVENTED}
    for report, rows in (
        (
            USERS,
            [
                person | {"user_id": MANY},
                person | {"user_id": 2},
                idle | {"ai_credits_used": 9.5},
                idle,
            ],
        ),
        ("user-teams-1-day", [team | {"user_id": MANY}, team | {"user_id": 2, "slug": None}]),
        (next(name for name in TOTALS_REPORTS if name[:3] in path), [totals]),
        ("repos-1-day", [repository, base | {"repo_id": 2, "pull_requests": None}]),
    ):
        world.put[path, report, day] = [msgspec.json.Encoder().encode_lines(rows)]
    item = billing.item("Copilot", LONG, "ä", 2.0**40) | {"invented": INVENTED}
    other = billing.item("Copilot", "sku", "auto", 0.001) | {"model": None, "unitType": None}
    world.put_credits[path, day] = [item, item | {"pricePerUnit": 9}, other]
    listed = seats.made_up(place, world.today)
    listed[0] |= {"invented": INVENTED, "assigning_team": {"id": MANY, "name": LONG, "x": INVENTED}}
    place.seats = [*listed, {"created_at": "2026-01-01T01:00:00+05:30", "assignee": None}]


def restate(world: World, path: str, day: date) -> None:
    """Let GitHub correct all reports of a day; no row of it goes."""
    cli = {"totals_by_cli": {"session_count": MANY}, "used_chat": None}
    changes: dict[str, Callable[[Row], Row]] = {
        USERS: lambda row: cli | {"ai_credits_used": row.get("ai_credits_used", 0) + 1},
        "user-teams-1-day": lambda row: {"slug": row["slug"] + "-renamed"},
        "repos-1-day": lambda row: {"repo_name": row["repo_name"] + "-renamed"},
        **dict.fromkeys(
            TOTALS_REPORTS, lambda row: {"daily_active_users": MANY, "new": row["day"]}
        ),
    }
    for report, change in changes.items():
        if report not in TOTALS_REPORTS or report[:3] in path:
            rows = [row | change(row) for row in world.rows(path, day, report)]
            assert rows
            world.put[path, report, day] = [msgspec.json.Encoder().encode_lines(rows)]
    items = world.credits(path, day)
    assert items
    changed = [item | {"netAmount": round(item["netAmount"] + 1, 6)} for item in items]
    world.put_credits[path, day] = changed


@contextmanager
def unusual_github(*scopes: str, people: int = 25) -> Iterator[tuple[Simulator, Truth]]:
    """A small GitHub whose first scope has every kind of unusual day.

    One day is full of what nobody has seen yet, one has a report without rows, and one has
    no report at all.

    Args:
        scopes: Paths, all of one level.
        people: In each scope.
    """
    world = World()
    for path in scopes:
        world.add(path, people=people)
    first_day = world.today - timedelta(days=18)
    put_odd_rows(world, scopes[0], world.today - timedelta(days=8))
    world.put[scopes[0], USERS, world.today - timedelta(days=9)] = [b""]
    world.put[scopes[0], USERS, world.today - timedelta(days=16)] = None
    with Simulator(world) as github:
        yield github, Truth(world, first_day)

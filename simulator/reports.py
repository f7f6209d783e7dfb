"""What the other reports say of a day: teams, totals and repositories."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from simulator.people import COUNTERS, usages

if TYPE_CHECKING:
    from datetime import date

    from simulator.people import Person, Row

TEAMS = ("platform", "payments", "mobile", "data")


def teams(people: list[Person], day: date, ids: Row, revision: int) -> list[Row]:  # noqa: ARG001
    """The rows of user-teams-1-day: one or two teams each."""
    return [
        {
            "day": day.isoformat(),
            "user_id": person.number,
            "user_login": person.login,
            **{
                name: value
                for name, value in ids.items()
                if name != "enterprise_id" or len(ids) == 1
            },
            "team_id": 40 + number,
            "slug": TEAMS[number],
        }
        for person in people
        if person.joined <= day < person.left
        for number in sorted({person.number % len(TEAMS), person.number // 3 % len(TEAMS)})
    ]


def totals(people: list[Person], day: date, ids: Row, revision: int) -> list[Row]:
    """The one row of enterprise-1-day or organization-1-day."""
    rows = usages(people, day, ids, revision)
    active = [row for row in rows if row.get("used_chat") or row.get("used_agent")]
    return [
        {
            "day": day.isoformat(),
            **ids,
            **{name: sum(row.get(name, 0) for row in rows) for name in COUNTERS},
            "daily_active_users": len(rows),
            "weekly_active_users": len(rows) + 3,
            "monthly_active_users": len(rows) + 9,
            "monthly_active_chat_users": len(active),
            "daily_active_cli_users": sum("totals_by_cli" in row for row in rows),
            "totals_by_feature": [{"feature": "code_completion", "loc_added_sum": 2**33}],
            "totals_by_ai_adoption_phase": [{"phase": "Phase 1", "users_in_phase_28d": len(rows)}],
            "pull_requests": _pull_requests(Random(f"totals {day} {ids}")),
        }
    ]


def repositories(people: list[Person], day: date, ids: Row, revision: int) -> list[Row]:  # noqa: ARG001
    """The rows of repos-1-day."""
    return [
        {
            "day": day.isoformat(),
            "enterprise_id": "1",
            "organization_id": ids.get("organization_id", "2002"),
            "repo_id": 900_000_000 + number,
            "repo_owner_name": "octo-org",
            "repo_name": f"service-{number}",
            "repo_visibility": "PRIVATE",
            "pull_requests": _pull_requests(Random(f"{day} {number}")),
            "pull_request_review_times": None,
        }
        for number in range(1 + len(people) // 10)
    ]


def _pull_requests(chance: Random) -> Row:
    merged = chance.randint(0, 9)
    return {
        "total_created": chance.randint(0, 12),
        "total_merged": merged,
        "total_merged_created_by_copilot": merged // 3,
        "median_minutes_to_merge": round(chance.uniform(5, 900), 2) if merged else None,
        "copilot_suggestions_by_comment_type": [],
    }

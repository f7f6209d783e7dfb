"""People and what they do with Copilot on a day, as GitHub would report it; fixed by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

Row = dict[str, Any]

_IDES = ("vscode", "intellij", "visualstudio", "neovim", "xcode")
_LANGUAGES = ("python", "typescript", "go", "java", "c#", "markdown", "yaml", "unknown")
_MODELS = ("claude-sonnet-4.5", "gpt-5.1", "gemini-2.5-pro", "auto")
_FEATURES = (
    "code_completion",
    "chat_panel_agent_mode",
    "chat_panel_ask_mode",
    "agent_edit",
    "chat_inline",
)
COUNTERS = (
    "user_initiated_interaction_count",
    "code_generation_activity_count",
    "code_acceptance_activity_count",
    "loc_suggested_to_add_sum",
    "loc_suggested_to_delete_sum",
    "loc_added_sum",
    "loc_deleted_sum",
)
_SATURDAY = 5


@dataclass(frozen=True)
class Person:
    """Somebody with a seat.

    Args:
        number: GitHub's id.
        login: Their login.
        joined: First day with a seat.
        left: First day without one.
        habit: How likely they use Copilot on a working day.
        uses_cli: Whether the CLI is among their tools.
        server_side_only: Whether only credits are known of them (telemetry off).
    """

    number: int
    login: str
    joined: date
    left: date
    habit: float
    uses_cli: bool
    server_side_only: bool


def crowd(seed: int, size: int, today: date) -> list[Person]:
    """So many people, some of whom joined or left within the last year."""
    chance = Random(f"crowd {seed}")
    people = []
    for index in range(size):
        joined = today - timedelta(days=chance.choice((800, 800, 800, 300, 200, 90, 20)))
        left = joined + timedelta(days=chance.choice((4000, 4000, 4000, 4000, 250, 120)))
        people.append(
            Person(
                number=10_000 * (seed + 1) + index,
                login=f"person-{seed}-{index:05}",
                joined=joined,
                left=left,
                habit=chance.choice((0.95, 0.9, 0.8, 0.5, 0.15, 0.02)),
                uses_cli=chance.random() < 0.3,
                server_side_only=chance.random() < 0.1,
            )
        )
    return people


def usages(people: list[Person], day: date, ids: Row, revision: int) -> list[Row]:
    """The rows of users-1-day."""
    return [row for person in people if (row := usage(person, day, ids, revision))]


def usage(person: Person, day: date, ids: Row, revision: int = 9) -> Row | None:
    """A person's row in the report of a day; None for an idle day.

    Args:
        person: Who.
        day: When.
        ids: The identification fields that the level adds.
        revision: How often GitHub has rebuilt the day. Until the third time some
            counters are low; in the first a few rows stand that are withdrawn later.
    """
    chance = Random(f"{person.number} {day}")
    if not person.joined <= day < person.left:
        return None
    habit = person.habit * (0.08 if day.weekday() >= _SATURDAY else 1.0)
    withdrawn_later = chance.random() < 0.01
    if chance.random() >= habit and not (withdrawn_later and revision == 0):
        return None
    row: Row = {"day": day.isoformat(), **ids, "user_id": person.number, "user_login": person.login}
    if person.server_side_only:
        return row | _credits(chance)
    share = 1.0 if revision > 2 else 0.8 + 0.05 * revision
    return row | _full(person, chance, share)


def _credits(chance: Random) -> Row:
    """The reduced row of somebody of whom only server-side data is known."""
    return {
        "ai_credits_used": round(chance.uniform(0.1, 40), 3),
        "ai_adoption_phase": {"phase_number": 1, "phase": "Phase 1", "version": "v1"},
    }


def _full(person: Person, chance: Random, share: float) -> Row:
    features = chance.sample(_FEATURES, chance.randint(1, 4))
    language, model = chance.choice(_LANGUAGES), chance.choice(_MODELS)
    by_feature = [{"feature": name, **_counters(chance, share)} for name in features]
    totals = {name: sum(entry[name] for entry in by_feature) for name in COUNTERS}
    without_prompts = [
        {key: value for key, value in entry.items() if key != COUNTERS[0]} for entry in by_feature
    ]
    row = {
        **totals,
        "totals_by_ide": [_ide(chance, totals)],
        "totals_by_feature": by_feature,
        "totals_by_language_feature": [
            {"language": language, **entry} for entry in without_prompts
        ],
        "totals_by_language_model": [
            {"language": language, "model": model} | {name: totals[name] for name in COUNTERS[1:]}
        ],
        "totals_by_model_feature": [{"model": model, **entry} for entry in by_feature],
        "used_agent": "agent_edit" in features,
        "used_chat": any(name.startswith("chat") for name in features),
        "used_cli": person.uses_cli,
        "used_copilot_coding_agent": chance.random() < 0.1,
        "used_copilot_code_review_active": chance.choice((True, False, None)),
        "used_copilot_code_review_passive": None,
        "ai_credits_used": round(chance.uniform(0, 60), 2),
        "ai_adoption_phase": {"phase_number": 2, "phase": "Phase 2", "version": "v1"},
    }
    row["used_copilot_cloud_agent"] = row["used_copilot_coding_agent"]
    return row | (_cli(chance) if person.uses_cli else {})


def _counters(chance: Random, share: float) -> Row:
    generated = chance.randint(0, 120)
    suggested = generated * chance.randint(1, 9)
    return {
        "user_initiated_interaction_count": int(chance.randint(0, 60) * share),
        "code_generation_activity_count": int(generated * share),
        "code_acceptance_activity_count": int(generated * chance.random() * share),
        "loc_suggested_to_add_sum": int(suggested * share),
        "loc_suggested_to_delete_sum": int(suggested * 0.1 * share),
        "loc_added_sum": int(suggested * chance.uniform(0.2, 1.3) * share),
        "loc_deleted_sum": int(suggested * 0.07 * share),
    }


def _ide(chance: Random, totals: Row) -> Row:
    ide = chance.choice(_IDES)
    return {
        "ide": ide,
        **totals,
        "last_known_ide_version": {
            "ide_version": f"1.{chance.randint(100, 139)}.0",
            "sampled_at": "2026-01-05T09:30:00.123Z",
        },
        "last_known_plugin_version": {
            "plugin": "copilot-chat",
            "plugin_version": f"0.{chance.randint(20, 40)}.1",
            "sampled_at": "2026-01-05T09:30:00.123Z",
        },
    }


def _cli(chance: Random) -> Row:
    requests = chance.randint(1, 400)
    prompt_tokens = requests * chance.randint(1_000, 60_000)
    return {
        "totals_by_cli": {
            "session_count": chance.randint(1, 12),
            "request_count": requests,
            "prompt_count": chance.randint(0, 50),
            "token_usage": {
                "prompt_tokens_sum": prompt_tokens,
                "output_tokens_sum": requests * 210,
                "avg_tokens_per_request": round(prompt_tokens / requests + 210, 2),
            },
            "last_known_cli_version": {
                "cli_version": "1.0.8",
                "sampled_at": "2026-01-05T09:30:00.123Z",
            },
        },
        "distinct_skill_use_count": chance.randint(0, 3),
        "distinct_mcp_use_count": 1,
        "distinct_plugin_use_count": None,
        "totals_by_mcp": [{"mcp": "github-mcp-server", "interaction_count": chance.randint(1, 30)}],
        "totals_by_skill": None,
        "totals_by_3rd_party_agent": [
            {
                "agent_id": "2246796",
                "agent_name": "Claude (Anthropic)",
                "user_initiated_interaction_count": chance.randint(0, 9),
            }
        ],
    }

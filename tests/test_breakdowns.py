"""The long table: a row for every entry of every `totals_by_*`, known or not."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from jsonschema import Draft202012Validator

from simulator.world import USERS
from tests.support.tap_runs import USAGES, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
OCTO = "/orgs/octo-org"
BREAKDOWNS = "github_copilot_daily_usage_breakdowns"
DAY = "2026-11-13"
SEVEN = {
    "user_initiated_interaction_count": 11,
    "code_generation_activity_count": 12,
    "code_acceptance_activity_count": 13,
    "loc_suggested_to_add_sum": 14,
    "loc_suggested_to_delete_sum": 15,
    "loc_added_sum": 16,
    "loc_deleted_sum": 17,
}
SIX = {name: value for name, value in SEVEN.items() if name != "user_initiated_interaction_count"}
SAMPLED = {"ide_version": "1.139.0", "sampled_at": "2026-11-13T09:30:00.123Z"}
TOKENS = {
    "prompt_tokens_sum": 2**62,
    "output_tokens_sum": 2**40,
    "avg_tokens_per_request": 1234.5,
}
WHERE_AND_WHEN = {"enterprise_slug", "day", "user_id", "user_login", "breakdown", "fetched_at"}


class Load(Protocol):
    """Runs the tap over one day whose only row has the given fields."""

    def __call__(self, path: str = ACME, **fields: Any) -> Outcome:
        """What the run left behind."""


@pytest.fixture
def load(github: Simulator, world: World, today: date) -> Load:
    def run(path: str = ACME, **fields: Any) -> Outcome:
        world.add(path)
        row = {"day": DAY, "user_id": 7, "user_login": "octocat", **fields}
        world.put[path, USERS, date.fromisoformat(DAY)] = [json.dumps(row).encode()]
        config = config_for(github, start_date=DAY, end_date=DAY)
        outcome = run_tap(config, today, streams=(USAGES, BREAKDOWNS))
        assert outcome.code == 0, outcome.log
        return outcome

    return run


def filled(outcome: Outcome) -> list[dict[str, Any]]:
    """The breakdowns' records without nulls, and without what all of them have."""
    return [
        {n: v for n, v in record.items() if v is not None and n not in WHERE_AND_WHEN}
        for record in outcome.records(BREAKDOWNS)
    ]


DOCUMENTED: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "ide",
        [{"ide": "vscode", **SEVEN, "last_known_ide_version": SAMPLED}],
        {
            "ide": "vscode",
            **SEVEN,
            "breakdown_key": '["vscode"]',
            "extra_fields": {"last_known_ide_version": SAMPLED},
        },
    ),
    (
        "feature",
        [{"feature": "agent_edit", **SEVEN}],
        {"feature": "agent_edit", **SEVEN, "breakdown_key": '["agent_edit"]'},
    ),
    (
        "language_feature",
        [{"language": "c#", "feature": "chat_inline", **SIX}],
        {
            "language": "c#",
            "feature": "chat_inline",
            **SIX,
            "breakdown_key": '["chat_inline","c#"]',
        },
    ),
    (
        "language_model",
        [{"language": "go", "model": "auto", **SIX}],
        {"language": "go", "model": "auto", **SIX, "breakdown_key": '["go","auto"]'},
    ),
    (
        "model_feature",
        [{"model": "auto", "feature": "copilot_cli", **SEVEN}],
        {
            "model": "auto",
            "feature": "copilot_cli",
            **SEVEN,
            "breakdown_key": '["copilot_cli","auto"]',
        },
    ),
    (
        "3rd_party_agent",
        [{"agent_id": "22", "agent_name": "Claude", "user_initiated_interaction_count": 3}],
        {
            "item": "Claude",
            "item_id": "22",
            "user_initiated_interaction_count": 3,
            "breakdown_key": '["22"]',
        },
    ),
    *(
        (
            name,
            [{name: "other", "interaction_count": 4}],
            {"item": "other", "interaction_count": 4, "breakdown_key": '["other"]'},
        )
        for name in ("mcp", "skill", "custom_agent", "slash_cmd", "plugin")
    ),
    (
        "cli",
        {
            "session_count": 1,
            "request_count": 2,
            "prompt_count": 0,
            "token_usage": TOKENS,
            "last_known_cli_version": {"cli_version": "unknown", "sampled_at": None},
        },
        {
            "session_count": 1,
            "request_count": 2,
            "prompt_count": 0,
            **TOKENS,
            "breakdown_key": "[]",
            "extra_fields": {
                "last_known_cli_version": {"cli_version": "unknown", "sampled_at": None}
            },
        },
    ),
    (
        "copilot_app",
        {"session_count": 5, "token_usage": {"prompt_tokens_sum": 6}},
        {"session_count": 5, "prompt_tokens_sum": 6, "breakdown_key": "[]"},
    ),
    (
        "vscode_agent",
        {"session_count": 5, "total_user_messages": 2},
        {"session_count": 5, "total_user_messages": 2, "breakdown_key": "[]"},
    ),
]


@pytest.mark.parametrize(
    ("breakdown", "totals", "expected"), DOCUMENTED, ids=[case[0] for case in DOCUMENTED]
)
def test_a_documented_breakdown_fills_its_columns(
    breakdown: str, totals: Any, expected: dict[str, Any], load: Load
) -> None:
    outcome = load(**{f"totals_by_{breakdown}": totals})
    assert filled(outcome) == [expected]
    [record] = outcome.records(BREAKDOWNS)
    [usage] = outcome.records(USAGES)
    assert record["breakdown"] == breakdown
    for name in ("enterprise_slug", "day", "user_id", "user_login", "fetched_at"):
        assert record[name] == usage[name]
    assert not lines_about(outcome.log, "extra_fields")


def test_records_have_every_column_and_fit_their_schema(load: Load) -> None:
    outcome = load(**{f"totals_by_{name}": totals for name, totals, _ in DOCUMENTED})
    [schema] = [
        m["schema"] for m in outcome.messages if m["type"] == "SCHEMA" and m["stream"] == BREAKDOWNS
    ]
    records = outcome.records(BREAKDOWNS)
    assert [record["breakdown"] for record in records] == [name for name, _, _ in DOCUMENTED]
    validator = Draft202012Validator(schema)
    for record in records:
        assert record.keys() == schema["properties"].keys()
        assert list(validator.iter_errors(record)) == []


def test_an_array_that_appears_tomorrow_is_a_breakdown_of_its_own(load: Load) -> None:
    outcome = load(
        totals_by_mood=[
            {"mood": "good", "interaction_count": 3, "loc_added_sum": 4},
            {"mood": "bad", "interaction_count": 1},
        ],
        totals_by_robot=[{"robot_id": 9, "robot_name": "R9", "beeps": 2.5, "ide": "vim"}],
        totals_by_weather={"session_count": 8, "sunny": True},
    )
    assert [record["breakdown"] for record in outcome.records(BREAKDOWNS)] == [
        "mood",
        "mood",
        "robot",
        "weather",
    ]
    assert filled(outcome) == [
        {
            "item": "good",
            "interaction_count": 3,
            "loc_added_sum": 4,
            "breakdown_key": '["good"]',
        },
        {"item": "bad", "interaction_count": 1, "breakdown_key": '["bad"]'},
        {
            "item": "R9",
            "item_id": "9",
            "ide": "vim",
            "extra_fields": {"beeps": 2.5},
            "breakdown_key": '["vim","9"]',
        },
        {"session_count": 8, "extra_fields": {"sunny": True}, "breakdown_key": "[]"},
    ]
    [usage] = outcome.records(USAGES)
    assert sorted(usage["extra_fields"]) == [
        "totals_by_mood",
        "totals_by_robot",
        "totals_by_weather",
    ]


def test_repeated_dimension_values_stay_apart_within_their_array(load: Load) -> None:
    entries = [{"feature": "others", "loc_added_sum": number} for number in (1, 2, 3)]
    outcome = load(totals_by_feature=entries, totals_by_new=[{"feature": "others"}])
    assert [
        (r["breakdown"], r["breakdown_key"], r["loc_added_sum"])
        for r in outcome.records(BREAKDOWNS)
    ] == [
        ("feature", '["others"]', 1),
        ("feature", '["others"]#2', 2),
        ("feature", '["others"]#3', 3),
        ("new", '["others"]', None),
    ]


def test_values_that_look_alike_when_joined_have_keys_of_their_own(load: Load) -> None:
    pairs = [("a", "b,c"), ("a,b", "c"), ('a","b', "c"), ("a", 'b","c'), ("a]#2", "b"), ("", "ab")]
    pairs += [("ä", "ß"), ("a", "b"), ("a", "b")]
    entries = [{"feature": feature, "language": language} for feature, language in pairs]
    outcome = load(totals_by_language_feature=entries)
    keys = [record["breakdown_key"] for record in outcome.records(BREAKDOWNS)]
    assert len(set(keys)) == len(pairs)
    assert [json.loads(key.partition("]#")[0].rstrip("]") + "]") for key in keys[-3:]] == [
        ["ä", "ß"],
        ["a", "b"],
        ["a", "b"],
    ]


def test_an_id_tells_entries_of_one_name_apart_and_outlives_a_rename(load: Load) -> None:
    agents = [{"agent_id": "1", "agent_name": "Claude"}, {"agent_id": "2", "agent_name": "Claude"}]
    outcome = load(totals_by_3rd_party_agent=agents, totals_by_skill=[{"skill": "1"}])
    assert [record["breakdown_key"] for record in outcome.records(BREAKDOWNS)] == [
        '["1"]',
        '["2"]',
        '["1"]',
    ]


@pytest.mark.parametrize("nothing", [None, [], [None, None], "none", 5, False, ["text", 3]])
def test_what_holds_no_entry_makes_no_row_and_does_no_harm(nothing: Any, load: Load) -> None:
    outcome = load(
        totals_by_skill=nothing,
        totals_by_language_model=nothing,
        totals_by_cli=nothing,
        totals_by_unheard_of=nothing,
        totals_by_ide=[None, {"ide": "zed"}, None],
    )
    assert [r["breakdown"] for r in outcome.records(BREAKDOWNS)] == ["ide"]


def test_a_missing_or_null_dimension_leaves_its_column_null(load: Load) -> None:
    entries = [{"language": None, "feature": "x"}, {"language": "go"}, {}]
    outcome = load(totals_by_language_feature=entries)
    assert [(r["language"], r["feature"]) for r in outcome.records(BREAKDOWNS)] == [
        (None, "x"),
        ("go", None),
        (None, None),
    ]


def test_null_and_zero_measures_stay_what_they_are(load: Load) -> None:
    usage = {"prompt_tokens_sum": 0, "output_tokens_sum": None, "avg_tokens_per_request": None}
    outcome = load(totals_by_cli={"session_count": 0, "prompt_count": None, "token_usage": usage})
    [record] = outcome.records(BREAKDOWNS)
    assert (record["session_count"], record["prompt_tokens_sum"]) == (0, 0)
    assert record["prompt_count"] is record["output_tokens_sum"] is None
    assert record["avg_tokens_per_request"] is record["extra_fields"] is None


def test_fields_that_github_adds_to_an_entry_are_kept_and_told_once(load: Load) -> None:
    entry = {"feature": "others", "loc_added_sum": 1, "new_count": 2, "new_object": {"a": [None]}}
    usage = {**TOKENS, "cached_tokens_sum": 2**50}
    outcome = load(totals_by_feature=[entry, entry], totals_by_cli={"token_usage": usage})
    of_feature, _, of_cli = outcome.records(BREAKDOWNS)
    assert of_feature["extra_fields"] == {"new_count": 2, "new_object": {"a": [None]}}
    assert of_cli["extra_fields"] == {"token_usage": {"cached_tokens_sum": 2**50}}
    assert of_cli["prompt_tokens_sum"] == 2**62
    for name in ("totals_by_feature.new_count", "totals_by_cli.token_usage"):
        assert len(lines_about(outcome.log, "WARNING", "users-1-day", f" {name} ")) == 1


@pytest.mark.parametrize("value", ["5", 1.5, True, 2**63, [1]])
def test_a_measure_of_another_type_is_kept_and_its_column_is_null(value: Any, load: Load) -> None:
    outcome = load(totals_by_feature=[{"feature": "others", "loc_added_sum": value}])
    [record] = outcome.records(BREAKDOWNS)
    assert record["loc_added_sum"] is None
    assert record["extra_fields"] == {"loc_added_sum": value}
    assert len(lines_about(outcome.log, "WARNING", "totals_by_feature.loc_added_sum")) == 1


def test_an_entry_never_overwrites_whose_and_when_it_is(load: Load) -> None:
    theirs = {
        "day": 1,
        "user_login": None,
        "breakdown_key": 5,
        "fetched_at": False,
        "enterprise_slug": {"slug": "somebody-else"},
    }
    outcome = load(totals_by_feature=[{"feature": "others", **theirs}])
    [record] = outcome.records(BREAKDOWNS)
    assert (record["day"], record["user_login"]) == (DAY, "octocat")
    assert (record["enterprise_slug"], record["breakdown_key"]) == ("acme", '["others"]')
    assert record["extra_fields"] == theirs


def test_a_name_beside_token_usage_is_not_lost(load: Load) -> None:
    outcome = load(totals_by_cli={"prompt_tokens_sum": 1, "token_usage": {"prompt_tokens_sum": 2}})
    [record] = outcome.records(BREAKDOWNS)
    assert record["prompt_tokens_sum"] == 1
    assert record["extra_fields"] == {"token_usage": {"prompt_tokens_sum": 2}}


def test_at_organization_level_the_key_is_the_organizations_id(load: Load, world: World) -> None:
    outcome = load(path=OCTO, totals_by_feature=[{"feature": "others"}])
    [record] = outcome.records(BREAKDOWNS)
    assert record["organization_id"] == str(world.scopes[OCTO].number)
    assert record["organization_login"] == "octo-org"
    [keys] = [
        m["key_properties"]
        for m in outcome.messages
        if m["type"] == "SCHEMA" and m["stream"] == BREAKDOWNS
    ]
    assert keys == ["organization_id", "day", "user_id", "breakdown", "breakdown_key"]


def test_every_key_of_a_real_days_worth_is_met_once(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=60)
    config = config_for(github, start_date="2026-11-02", end_date="2026-11-08")
    outcome = run_tap(config, today, streams=(BREAKDOWNS,))
    records = outcome.records(BREAKDOWNS)
    rows = [row for day in range(2, 9) for row in world.rows(ACME, date(2026, 11, day))]
    entries = [
        totals
        for row in rows
        for name, value in row.items()
        if name.startswith("totals_by_") and value is not None
        for totals in (value if isinstance(value, list) else [value])
    ]
    assert len(records) == len(entries) > 1000
    names = ("day", "user_id", "breakdown", "breakdown_key")
    assert len({tuple(record[name] for name in names) for record in records}) == len(records)
    assert sum(record["loc_added_sum"] or 0 for record in records) == sum(
        entry.get("loc_added_sum", 0) for entry in entries
    )

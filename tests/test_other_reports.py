"""The reports beside the people's: teams, totals, repositories; and how all of them share a run."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from jsonschema import Draft202012Validator

from simulator.faults import FOR_EVER
from simulator.people import COUNTERS
from simulator.world import USERS
from tests.support.app_scene import Scene
from tests.support.tap_runs import USAGES, Outcome, config_for, days_back, lines_about, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
BUSY = "/enterprises/busy"
OCTO = "/orgs/octo-org"
DAY = "2026-11-13"
BREAKDOWNS = "github_copilot_daily_usage_breakdowns"
TEAMS = "github_copilot_user_teams"
TOTALS = "github_copilot_daily_totals"
REPOSITORIES = "github_copilot_daily_repositories"
LEDGER = "github_copilot_report_days"
BILLED = "ai_credit_usage"
REPORTS = {
    USAGES: USERS,
    TEAMS: "user-teams-1-day",
    TOTALS: "enterprise-1-day",
    REPOSITORIES: "repos-1-day",
}
OTHERS = (TEAMS, TOTALS, REPOSITORIES)
KEYS: dict[str, dict[str, Any]] = {
    TEAMS: {"day": DAY, "user_id": 1, "team_id": 2},
    TOTALS: {"day": DAY},
    REPOSITORIES: {"day": DAY, "repo_id": 3},
}
PARTITION: dict[str, Any] = {"etl_id": "green", "day_partition": DAY, "entity_id_partition": 5}
PULL_REQUESTS: dict[str, Any] = {
    "total_created": 1,
    "total_reviewed": 2,
    "total_merged": 3,
    "median_minutes_to_merge": 4.5,
    "total_suggestions": 5,
    "total_applied_suggestions": 6,
    "total_created_by_copilot": 7,
    "total_reviewed_by_copilot": 8,
    "total_merged_created_by_copilot": 9,
    "total_merged_reviewed_by_copilot": 10,
    "median_minutes_to_merge_copilot_authored": None,
    "median_minutes_to_merge_copilot_reviewed": 0.5,
    "total_copilot_suggestions": 11,
    "total_copilot_applied_suggestions": 12,
    "copilot_suggestions_by_comment_type": [{"comment_type": "security", "total": 13}],
}
ITEMS = ("skill", "custom_agent", "mcp", "slash_cmd", "plugin")
DOCUMENTED: dict[str, dict[str, Any]] = {
    TEAMS: {**KEYS[TEAMS], "user_login": "octocat", "slug": "platform", **PARTITION},
    TOTALS: {
        **KEYS[TOTALS],
        **{name: 2**40 + number for number, name in enumerate(COUNTERS)},
        **{f"{span}_active_users": 21 for span in ("daily", "weekly", "monthly")},
        "monthly_active_chat_users": 22,
        "monthly_active_agent_users": 23,
        "daily_active_cli_users": 24,
        **{
            f"{span}_active_copilot_cloud_agent_users": 25
            for span in ("daily", "weekly", "monthly")
        },
        **{
            f"{span}_{how}_copilot_code_review_users": 26
            for span in ("daily", "weekly", "monthly")
            for how in ("active", "passive")
        },
        "daily_active_copilot_app_users": 27,
        **{f"distinct_{name}_use_count": 29 for name in ITEMS},
        **{f"{span}_active_vscode_agent_users": 28 for span in ("daily", "weekly", "monthly")},
        **{
            f"totals_by_{name}": [{name: "x", "loc_added_sum": 1}]
            for name in (
                "ide",
                "feature",
                "language_feature",
                "language_model",
                "model_feature",
                "3rd_party_agent",
                *ITEMS,
            )
        },
        "totals_by_cli": {"session_count": 1, "token_usage": {"prompt_tokens_sum": 2**62}},
        "totals_by_copilot_app": {"session_count": 2},
        "totals_by_ai_adoption_phase": [
            {"phase": "Phase 1", "phase_number": 1, "total_engaged_users": 3, "avg_credits": 0.5}
        ],
        "pull_requests": PULL_REQUESTS,
        **PARTITION,
    },
    REPOSITORIES: {
        **KEYS[REPOSITORIES],
        "repo_owner_name": "octo-org",
        "repo_name": "a" * 100,
        "repo_visibility": "INTERNAL",
        "pull_requests": PULL_REQUESTS,
        "pull_request_review_times": [
            {"authored_by": "copilot", "reviewed_by": "user", "median_minutes": 1.25}
        ],
        **PARTITION,
    },
}


class Load(Protocol):
    """Runs the tap over one day of which one report has the given files."""

    def __call__(self, stream: str, *files: bytes, path: str = ACME) -> Outcome:
        """What the run left behind."""


@pytest.fixture
def load(github: Simulator, world: World, today: date) -> Load:
    def run(stream: str, *files: bytes, path: str = ACME) -> Outcome:
        world.add(path, people=30)
        report = REPORTS[stream]
        if stream == TOTALS and path == OCTO:
            report = "organization-1-day"
        world.put[path, report, date.fromisoformat(DAY)] = list(files)
        config = config_for(github, start_date=DAY, end_date=DAY)
        return run_tap(config, today, streams=(stream, LEDGER))

    return run


def line(row: object) -> bytes:
    return json.dumps(row).encode()


def ago(today: date, age: int) -> str:
    return (today - timedelta(days=age)).isoformat()


def without_nulls(records: Iterable[dict[str, Any]], *but: str) -> list[dict[str, Any]]:
    return [{n: v for n, v in r.items() if v is not None and n not in but} for r in records]


def same(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("stream", OTHERS)
def test_every_documented_field_is_a_column(stream: str, load: Load) -> None:
    ids = {"enterprise_id": "77"} | ({"organization_id": "8"} if stream == REPOSITORIES else {})
    row = DOCUMENTED[stream] | ids
    outcome = load(stream, line(row))
    assert outcome.code == 0, outcome.log
    records = outcome.records(stream)
    assert without_nulls(records, "fetched_at", "enterprise_slug") == [same(row)]
    assert not lines_about(outcome.log, "extra_fields")
    [schema] = [
        m["schema"] for m in outcome.messages if m["type"] == "SCHEMA" and m["stream"] == stream
    ]
    assert records[0].keys() == schema["properties"].keys()
    assert list(Draft202012Validator(schema).iter_errors(records[0])) == []


@pytest.mark.parametrize("stream", OTHERS)
def test_an_organizations_rows_have_its_id_and_login(stream: str, load: Load, world: World) -> None:
    outcome = load(stream, line(DOCUMENTED[stream] | {"enterprise_id": None}), path=OCTO)
    assert outcome.code == 0, outcome.log
    expected = same(DOCUMENTED[stream]) | {
        "organization_id": str(world.scopes[OCTO].number),
        "organization_login": "octo-org",
    }
    assert without_nulls(outcome.records(stream), "fetched_at") == [expected]


@pytest.mark.parametrize("stream", OTHERS)
def test_what_github_left_out_is_null(stream: str, load: Load) -> None:
    outcome = load(stream, line(KEYS[stream]))
    [record] = without_nulls(outcome.records(stream), "fetched_at", "enterprise_slug")
    assert record == KEYS[stream]


@pytest.mark.parametrize("stream", OTHERS)
def test_what_has_no_column_goes_to_extra_fields_and_is_told_once(stream: str, load: Load) -> None:
    new = {"novelty": {"deep": [None, 1.5]}, "x" * 70: 0, "fetched_at": "never"}
    rows = [KEYS[stream] | new]
    if stream != TOTALS:
        rows.append({name: value if name == "day" else 99 for name, value in KEYS[stream].items()})
        rows[1] |= new
    outcome = load(stream, *(line(row) for row in rows))
    assert outcome.code == 0, outcome.log
    assert [record["extra_fields"] for record in outcome.records(stream)] == [new] * len(rows)
    assert {record["fetched_at"][:10] for record in outcome.records(stream)} == {"2026-11-23"}
    for name in new:
        assert len(lines_about(outcome.log, "WARNING", f"{REPORTS[stream]}:", f" {name} ")) == 1


def test_a_documented_field_of_another_type_is_kept_beside_a_null_column(load: Load) -> None:
    wrong = {"daily_active_users": "many", "pull_requests": [1], "totals_by_ide": {"ide": "vim"}}
    outcome = load(TOTALS, line(KEYS[TOTALS] | wrong))
    [record] = outcome.records(TOTALS)
    assert record["extra_fields"] == wrong
    assert {record[name] for name in wrong} == {None}
    assert len(lines_about(outcome.log, "WARNING", "enterprise-1-day", "daily_active_users")) == 1


ONE = {"day": DAY, "daily_active_users": 7, "pull_requests": {"total_created": 2}}
WRAPPER = {"report_start_day": DAY, "report_end_day": DAY, "created_at": "x", "day_totals": [ONE]}


@pytest.mark.parametrize(
    "files",
    [
        [line(ONE)],
        [line(ONE) + b"\n"],
        [b"\n\n" + line(ONE) + b"\n\n"],
        [b"\xef\xbb\xbf" + line(ONE)],
        [json.dumps(ONE, indent=2).encode()],
        [b"\xef\xbb\xbf" + json.dumps(ONE, indent="\t").encode() + b"\r\n"],
        [line([ONE])],
        [json.dumps([ONE], indent=2).encode()],
        [line(WRAPPER)],
        [json.dumps(WRAPPER, indent=2).encode()],
        [line([WRAPPER])],
        [line(WRAPPER | {"day_totals": ONE})],
        [line({"day_totals": [], "created_at": "x"}) + b"\n" + line(WRAPPER) + b"\n"],
        [line(WRAPPER | {"day_totals": []}), line(ONE)],
    ],
)
def test_totals_are_read_in_every_shape_they_come_in(files: list[bytes], load: Load) -> None:
    outcome = load(TOTALS, *files)
    assert outcome.code == 0, outcome.log
    assert without_nulls(outcome.records(TOTALS), "fetched_at", "enterprise_slug") == [ONE]
    [entry] = outcome.records(LEDGER)
    assert (entry["status"], entry["row_count"]) == ("loaded", 1)


@pytest.mark.parametrize(
    "content",
    [
        line(ONE) + b"\n" + line(ONE | {"daily_active_users": 8}),
        line(WRAPPER) + b"\n" + line(WRAPPER | {"day_totals": [ONE | {"daily_active_users": 8}]}),
        line([ONE, ONE | {"daily_active_users": 8}]),
        line(WRAPPER | {"day_totals": [ONE, ONE | {"daily_active_users": 8}]}),
    ],
)
def test_a_days_totals_that_come_twice_are_both_emitted_and_told(
    content: bytes, load: Load
) -> None:
    outcome = load(TOTALS, content)
    assert [record["daily_active_users"] for record in outcome.records(TOTALS)] == [7, 8]
    assert lines_about(outcome.log, "WARNING", "enterprise-1-day", DAY, "1 rows")


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b"7",
        b'"No report"',
        b"[]",
        b"{}",
        b"[[]]",
        b"[null]",
        line({"message": "Not Found"}),
        line({"day_totals": []}),
        line({"day_totals": None}),
        line({"day_totals": "none"}),
        line({"day_totals": [None]}),
        line({"day_totals": [{"daily_active_users": 7}]}),
        line({"daily_active_users": 7}),
        line({"totals": [ONE]}),
        line(ONE | {"day": "2026-11-12"}),
        line([ONE, ONE | {"day": "2026-11-14"}]),
        line(ONE)[:-4],
        line(ONE) + b"\n" + line(ONE)[:-4],
        json.dumps(WRAPPER, indent=2).encode()[:-4],
    ],
)
def test_a_shape_that_is_none_of_these_is_never_a_loaded_day(content: bytes, load: Load) -> None:
    outcome = load(TOTALS, content)
    assert outcome.code == 1
    assert outcome.records(TOTALS) == outcome.records(LEDGER) == []
    assert outcome.bookmark(stream=TOTALS) is None
    [closing] = outcome.errors()[-1:]
    for word in ("bad_report", "enterprise acme", "enterprise-1-day", DAY):
        assert word in closing


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_an_empty_file_of_daily_totals_is_a_report_without_rows(content: bytes, load: Load) -> None:
    outcome = load(TOTALS, content)
    assert outcome.code == 0, outcome.log
    assert outcome.records(TOTALS) == []
    [row] = outcome.records(LEDGER)
    assert (row["status"], row["row_count"], row["file_count"]) == ("loaded", 0, 1)
    assert outcome.bookmark(stream=TOTALS) == DAY


@pytest.mark.parametrize("stream", [TEAMS, REPOSITORIES])
def test_a_row_without_its_key_fails_the_day(stream: str, load: Load) -> None:
    missing = [*KEYS[stream]][-1]
    row = {name: value for name, value in KEYS[stream].items() if name != missing}
    outcome = load(stream, line(KEYS[stream]) + b"\n" + line(row))
    assert outcome.code == 1
    assert outcome.records(stream) == []
    assert lines_about(outcome.log, "bad_report", REPORTS[stream], "line 2", missing)


@pytest.mark.parametrize("stream", [TEAMS, REPOSITORIES])
def test_a_day_without_rows_is_loaded_with_none(stream: str, load: Load) -> None:
    outcome = load(stream, b"", b"\n")
    assert outcome.code == 0, outcome.log
    assert outcome.records(stream) == []
    assert [(r["status"], r["row_count"]) for r in outcome.records(LEDGER)] == [("loaded", 0)]


@pytest.mark.parametrize("stream", OTHERS)
def test_each_report_is_loaded_whole_for_every_scope_and_keeps_its_own_bookmark(
    github: Simulator, world: World, today: date, stream: str
) -> None:
    for path in (ACME, BUSY):
        world.add(path, people=25)
    late = today - timedelta(days=9)
    world.put[BUSY, REPORTS[stream], late] = None
    config = config_for(github, start_date=ago(today, 12))
    first = run_tap(config, today, streams=(USAGES, stream, LEDGER))
    assert first.code == 0, first.log
    assert first.bookmark(stream=stream) == first.bookmark("busy") == ago(today, 5)
    assert first.bookmark("busy", stream) == ago(today, 10)
    given = [
        (path.rpartition("/")[2], row)
        for path in (ACME, BUSY)
        for day in days_back(today, 12)
        for row in world.rows(path, day, REPORTS[stream])
    ]
    records = without_nulls(first.records(stream), "fetched_at")
    assert records == [same(row) | {"enterprise_slug": slug} for slug, row in given]

    del world.put[BUSY, REPORTS[stream], late]
    github.seen.clear()
    second = run_tap(config, today, state=first.state, streams=(USAGES, stream, LEDGER))
    assert second.bookmark("busy", stream) == ago(today, 5)
    asked = sorted(github.days_asked(BUSY, REPORTS[stream]))
    assert asked == [ago(today, n) for n in (9, 4, 3, 2, 1)]
    assert sorted(github.days_asked(BUSY)) == [ago(today, n) for n in range(4, 0, -1)]
    of_late = [r for r in second.records(stream) if r["day"] == late.isoformat()]
    assert len(of_late) == len(world.rows(BUSY, late, REPORTS[stream])) > 0


@pytest.mark.parametrize("stream", OTHERS)
def test_a_restated_day_comes_again_until_it_settles(
    github: Simulator, world: World, today: date, stream: str
) -> None:
    world.add(ACME, people=10)
    day, report = today - timedelta(days=4), REPORTS[stream]
    config = config_for(github, start_date=ago(today, 6))
    first = run_tap(config, today, streams=(stream, LEDGER))
    world.put[ACME, report, day] = [line(KEYS[stream] | {"day": day.isoformat()})]
    second = run_tap(config, today, state=first.state, streams=(stream, LEDGER))
    assert len([r for r in second.records(stream) if r["day"] == day.isoformat()]) == 1
    hashes = [
        {r["day"]: r["sha256"] for r in outcome.records(LEDGER)}[day.isoformat()]
        for outcome in (first, second)
    ]
    assert hashes[0] != hashes[1]
    tomorrow = today + timedelta(days=1)
    world.today = tomorrow
    third = run_tap(config, tomorrow, state=second.state, streams=(stream, LEDGER))
    assert day.isoformat() in {r["day"] for r in second.records(stream)}
    assert third.bookmark(stream=stream) == day.isoformat()
    fourth = run_tap(config, tomorrow, state=third.state, streams=(stream, LEDGER))
    assert day.isoformat() not in {r["day"] for r in fourth.records(stream)}


@pytest.mark.parametrize("stream", OTHERS)
def test_a_report_that_is_refused_leaves_the_others_alone(
    github: Simulator, world: World, today: date, stream: str
) -> None:
    for path in (ACME, BUSY):
        world.add(path, people=5)
    body = {"message": "Must be an admin"}
    where = f"/acme/.*{REPORTS[stream]}"
    github.faults.add(where, status=403, body=body, times=FOR_EVER)
    outcome = run_tap(config_for(github, start_date=ago(today, 7)), today, streams=None)
    assert outcome.code == 1
    assert outcome.bookmark(stream=stream) is None
    assert outcome.bookmark("busy", stream) == ago(today, 5)
    for other in {*REPORTS} - {stream}:
        assert outcome.bookmark(stream=other) == ago(today, 5)
    closing = outcome.log.partition("the run failed:")[2].strip().splitlines()
    assert len(closing) == 1
    assert lines_about(closing[0], stream, "invalid_permissions", "enterprise acme")
    ledger = {(r["enterprise_slug"], r["report"]) for r in outcome.records(LEDGER)}
    assert ledger == {
        (slug, report) for slug in ("acme", "busy") for report in (*REPORTS.values(), BILLED)
    } - {("acme", REPORTS[stream])}


def test_a_report_is_fetched_once_a_day_whatever_the_number_of_streams(
    github: Simulator, world: World, today: date
) -> None:
    for path in (ACME, BUSY):
        world.add(path, people=12)
    config = config_for(github, start_date=ago(today, 9))
    outcome = run_tap(config, today, streams=None)
    assert outcome.code == 0, outcome.log
    for path in (ACME, BUSY):
        for report in REPORTS.values():
            asked = sorted(github.days_asked(path, report))
            assert asked == [ago(today, n) for n in range(9, 0, -1)]
    files = github.calls("FILE ")
    assert len(files) == len(set(files))
    for stream in (BREAKDOWNS, TEAMS, TOTALS, REPOSITORIES):
        assert outcome.records(stream)
        assert outcome.bookmark(stream=stream) == ago(today, 5)


@pytest.mark.parametrize("stream", [USAGES, BREAKDOWNS, *OTHERS])
def test_a_stream_that_is_not_selected_costs_no_call(
    github: Simulator, world: World, today: date, stream: str
) -> None:
    world.add(ACME, people=12)
    run_tap(config_for(github, start_date=ago(today, 6)), today, streams=(stream, LEDGER))
    asked = {call.partition("/reports/")[2].partition("?")[0] for call in github.calls()}
    assert asked == {REPORTS.get(stream, USERS), "users-28-day/latest"}


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("stream", [BREAKDOWNS, *OTHERS])
def test_an_optional_stream_that_was_loaded_before_fails_when_it_is_closed(
    github: Simulator, world: World, today: date, stream: str, status: int
) -> None:
    scene = Scene(github, world, today)
    scene.add_acme()
    config = scene.config(enterprises=["acme"])
    first = run_tap(config, today, streams=(stream,))
    assert first.code == 0
    body = {"message": "Resource not accessible by integration"}
    github.faults.add("/metrics/reports/", status=status, body=body, times=FOR_EVER)
    second = run_tap(config, today, streams=(stream,), state=first.state)
    assert second.code == 1
    assert second.records(stream) == []
    assert second.bookmark(stream=stream) == first.bookmark(stream=stream)
    closing = second.log.partition("the run failed:")[2]
    assert stream in closing
    assert "optional" not in closing
    # Of what was never loaded the same refusal is a warning.
    assert run_tap(config, today, streams=(stream,)).code == 0

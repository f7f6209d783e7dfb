"""github_copilot_daily_ai_credits: what the credits of a day cost, from the billing endpoint."""

from __future__ import annotations

import itertools
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from simulator.faults import FOR_EVER
from tests.support.app_scene import Scene
from tests.support.daily_usages import ACME, ago, closing
from tests.support.expected_tables import AI_CREDITS, LEDGER, USAGES, Truth, differences
from tests.support.tap_runs import SEATS, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World

ORG = "/orgs/octo-org"
BILLING = "settings/billing/ai_credit/usage"
DAY = date(2026, 11, 13)
NUMBERS = (
    "pricePerUnit",
    "grossQuantity",
    "grossAmount",
    "discountQuantity",
    "discountAmount",
    "netQuantity",
    "netAmount",
)


def item(**more: Any) -> dict[str, Any]:
    """An item of the answer."""
    own: dict[str, Any] = {
        "product": "Copilot",
        "sku": "Copilot AI Credits",
        "model": "gpt-5.1",
        "unitType": "ai-credits",
        "pricePerUnit": 0.01,
        "grossQuantity": 120.5,
        "grossAmount": 1.205,
        "discountQuantity": 100,
        "discountAmount": 1,
        "netQuantity": 20.5,
        "netAmount": 0.205,
    }
    return own | more


def period(day: date = DAY) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def read(github: Simulator, today: date, **more: Any) -> Outcome:
    """Run with the AI credits and the ledger."""
    own = {"start_date": DAY.isoformat(), "end_date": DAY.isoformat()}
    return run_tap(config_for(github, **(own | more)), today, streams=(AI_CREDITS, LEDGER))


class Load(Protocol):
    """Runs the tap over one day of the given items."""

    def __call__(self, *items: Any) -> list[dict[str, Any]]:
        """The rows of the day."""


@pytest.fixture
def load(github: Simulator, world: World, today: date) -> Load:
    world.add(ACME)

    def run(*items: Any) -> list[dict[str, Any]]:
        world.put_credits[ACME, DAY] = [*items]
        outcome = read(github, today)
        assert outcome.code == 0, outcome.log
        return outcome.records(AI_CREDITS)

    return run


def test_an_item_is_a_row_in_snake_case(load: Load) -> None:
    assert load(item()) == [
        {
            "enterprise_slug": "acme",
            "day": "2026-11-13",
            "product": "Copilot",
            "sku": "Copilot AI Credits",
            "model": "gpt-5.1",
            "line": 1,
            "unit_type": "ai-credits",
            "price_per_unit": 0.01,
            "gross_quantity": 120.5,
            "gross_amount": 1.205,
            "discount_quantity": 100,
            "discount_amount": 1,
            "net_quantity": 20.5,
            "net_amount": 0.205,
            "extra_fields": None,
            "fetched_at": "2026-11-23T12:00:00.000000Z",
        }
    ]


@pytest.mark.parametrize(
    ("path", "start"),
    [(ACME, "GET /enterprises/acme/"), (ORG, "GET /organizations/octo-org/")],
)
def test_each_day_is_asked_for_by_year_month_and_day(
    github: Simulator, world: World, today: date, path: str, start: str
) -> None:
    world.add(path)
    outcome = read(github, today, start_date="2026-10-31", end_date="2026-11-02")
    assert outcome.code == 0
    assert sorted(github.calls(start + BILLING)) == [
        f"{start}{BILLING}?year=2026&month=10&day=31",
        f"{start}{BILLING}?year=2026&month=11&day=1",
        f"{start}{BILLING}?year=2026&month=11&day=2",
    ]
    assert not github.calls("FILE")


@pytest.mark.parametrize("path", [ACME, ORG])
@pytest.mark.parametrize("way", ["token", "app"])
def test_table_and_ledger_hold_what_github_serves(
    github: Simulator, world: World, today: date, path: str, way: str
) -> None:
    scene = Scene(github, world, today)
    for number in range(2):
        scene.install(path + ("" if number else "-2"), people=30)
    config = config_for(github) if way == "token" else scene.config(**named(world))
    config["start_date"] = ago(today, 30)
    outcome = run_tap(config, today, streams=(AI_CREDITS, LEDGER))
    assert outcome.code == 0, outcome.log
    truth = Truth(world, today - timedelta(days=30))
    assert differences(AI_CREDITS, truth.rows(AI_CREDITS), outcome.records(AI_CREDITS)) == []
    ledger = [row for row in truth.rows(LEDGER) if row["report"] == "ai_credit_usage"]
    assert differences(LEDGER, ledger, outcome.records(LEDGER)) == []
    assert max(row["line"] for row in outcome.records(AI_CREDITS)) == 2


def named(world: World) -> dict[str, Any]:
    """The setting that names the world's scopes."""
    kind = "enterprises" if ACME in world.scopes else "organizations"
    return {kind: [place.name for place in world.scopes.values()]}


def test_rows_fit_the_schema(load: Load, github: Simulator, today: date) -> None:
    load(item(), item(model=None), item(product=5), {}, item(netAmount="1"), item(line=9, day="x"))
    outcome = read(github, today)
    [schema] = [
        m["schema"] for m in outcome.messages if m["type"] == "SCHEMA" and m["stream"] == AI_CREDITS
    ]
    check = Draft202012Validator(schema, format_checker=FormatChecker())
    rows = outcome.records(AI_CREDITS)
    assert len(rows) == 6
    for row in rows:
        check.validate(row)
        assert row.keys() == schema["properties"].keys()


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_items_of_one_key_are_numbered_whatever_their_order(
    load: Load, order: tuple[int, ...]
) -> None:
    items = [
        item(pricePerUnit=0.008, netAmount=9.0),
        item(pricePerUnit=0.01),
        item(pricePerUnit=10),
        item(model="auto", pricePerUnit=1),
    ]
    rows = load(*(items[number] for number in order))
    assert [(row["model"], row["line"], row["price_per_unit"]) for row in rows] == [
        ("auto", 1, 1),
        ("gpt-5.1", 1, 0.008),
        ("gpt-5.1", 2, 0.01),
        ("gpt-5.1", 3, 10),
    ]


def test_items_alike_in_every_field_are_as_many_rows(load: Load) -> None:
    rows = load(item(), item(), item(unitType="requests"))
    assert sorted(row["line"] for row in rows) == [1, 2, 3]
    assert sorted(str(row["unit_type"]) for row in rows) == ["ai-credits", "ai-credits", "requests"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["0.01", "", True, [1], {"value": 1}])
def test_a_number_of_another_type_is_kept_in_extra_fields(
    load: Load, name: str, value: object
) -> None:
    [row] = load(item(**{name: value}))
    assert row["extra_fields"] == {name: value}
    assert None in row.values()
    assert [n for n, v in row.items() if v is None] == [snake(name)]


def snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


@pytest.mark.parametrize("name", [*NUMBERS, "unitType"])
def test_what_github_leaves_out_is_null(load: Load, name: str) -> None:
    absent = {n: v for n, v in item().items() if n != name}
    for given in (absent, item(**{name: None})):
        [row] = load(given)
        assert row[snake(name)] is None
        assert row["extra_fields"] is None


@pytest.mark.parametrize("name", ["product", "sku", "model"])
@pytest.mark.parametrize("value", [None, 5, ["x"]])
def test_a_part_of_the_key_that_is_no_text_is_empty_and_kept_in_extra_fields(
    load: Load, name: str, value: object
) -> None:
    absent = {n: v for n, v in item().items() if n != name}
    rows = load(item(**{name: value}), absent)
    assert [row[name] for row in rows] == ["", ""]
    assert sorted(row["line"] for row in rows) == [1, 2]
    assert [row["extra_fields"] for row in rows if row["extra_fields"]] == [{name: value}]


def test_what_has_no_column_keeps_githubs_name_in_extra_fields(load: Load) -> None:
    more = {"costCenterName": "R&D", "net_amount": 5, "line": 7, "day": "x", "fetched_at": 1}
    [row] = load(item(**more))
    assert row["extra_fields"] == more
    assert (row["net_amount"], row["line"], row["day"]) == (0.205, 1, "2026-11-13")


def test_nul_characters_and_unpaired_surrogates_are_replaced(
    load: Load, github: Simulator, today: date
) -> None:
    [row] = load(item(model="gpt\0-5", note="a\0b"))
    assert (row["model"], row["extra_fields"]) == ("gpt-5", {"note": "ab"})
    body = json.dumps({"timePeriod": period(), "usageItems": [item(model="canary")]})
    github.faults.add(BILLING, status=200, body=body.replace("canary", "\\ud800").encode())
    [row] = read(github, today).records(AI_CREDITS)
    assert row["model"] == "�"


def test_a_day_without_items_is_loaded_with_no_rows(
    load: Load, github: Simulator, today: date
) -> None:
    assert load() == []
    outcome = read(github, today)
    [row] = outcome.records(LEDGER)
    assert (row["report"], row["status"], row["row_count"]) == ("ai_credit_usage", "loaded", 0)
    assert (row["file_count"], row["repeated_count"]) == (1, 0)
    assert outcome.bookmark(stream=AI_CREDITS) == "2026-11-13"


BAD: list[Any] = [
    b"",
    b"null",
    b"[]",
    b'"No report available"',
    b"{",
    {},
    {"message": "Server is busy"},
    {"timePeriod": period()},
    {"timePeriod": period(), "usageItems": None},
    {"timePeriod": period(), "usageItems": {}},
    {"timePeriod": period(), "usageItems": ["canary"]},
    {"timePeriod": period(), "usageItems": [None]},
    {"usageItems": []},
    {"timePeriod": None, "usageItems": []},
    {"timePeriod": "2026-11-13", "usageItems": []},
    {"timePeriod": {"year": 2026}, "usageItems": [item()]},
    {"timePeriod": {"year": 2026, "month": 11}, "usageItems": [item()]},
    {"timePeriod": {"month": 11, "day": 13}, "usageItems": [item()]},
    {"timePeriod": period(date(2026, 11, 12)), "usageItems": [item()]},
    {"timePeriod": period(date(2025, 11, 13)), "usageItems": []},
    {"timePeriod": period() | {"day": "13"}, "usageItems": [item()]},
    {"timePeriod": period() | {"day": None}, "usageItems": [item()]},
]


@pytest.mark.parametrize("answer", [*({"status": 200, "body": b} for b in BAD), {"status": 204}])
def test_an_answer_that_is_not_about_the_day_is_a_bad_report(
    github: Simulator, world: World, today: date, answer: dict[str, Any]
) -> None:
    world.add(ACME)
    github.faults.add("day=13$", times=FOR_EVER, **answer)
    outcome = read(github, today, end_date="2026-11-14")
    assert outcome.code == 1
    for line in closing(outcome):
        for word in ("bad_report", "enterprise acme", "ai_credit_usage", "2026-11-13"):
            assert word in line
    assert "canary" not in outcome.log
    assert {row["day"] for row in outcome.records(LEDGER)} == {"2026-11-14"}
    assert set(outcome.days(AI_CREDITS)) <= {"2026-11-14"}
    assert outcome.bookmark(stream=AI_CREDITS) is None


@pytest.mark.parametrize("answer", [{"status": 200, "body": {}}, {"status": 204}, {"status": 502}])
def test_a_bad_answer_is_asked_for_again(
    github: Simulator, world: World, today: date, answer: dict[str, Any]
) -> None:
    world.add(ACME)
    world.put_credits[ACME, DAY] = [item()]
    github.faults.add(BILLING, times=2, **answer)
    outcome = read(github, today)
    assert outcome.code == 0
    assert len(outcome.records(AI_CREDITS)) == 1
    assert len(github.calls(f"GET {ACME}/{BILLING}")) == 3


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (403, "Must be an admin", "invalid_permissions"),
        (403, "Resource not accessible by integration", "invalid_permissions"),
        (404, "Not Found", "no_resource"),
        (404, "No report available for this day", "no_resource"),
    ],
)
@pytest.mark.parametrize("path", [ACME, ORG])
def test_under_a_token_it_is_optional_too(
    github: Simulator, world: World, today: date, path: str, status: int, message: str, code: str
) -> None:
    world.add(path)
    github.faults.add(BILLING, status=status, body={"message": message}, times=FOR_EVER)
    outcome = run_tap(config_for(github, start_date=ago(today, 7)), today, streams=None)
    assert outcome.code == 0, outcome.log
    assert outcome.records(AI_CREDITS) == []
    assert "ai_credit_usage" not in {row["report"] for row in outcome.records(LEDGER)}
    assert outcome.records(USAGES)
    [line] = lines_about(outcome.log, "WARNING", AI_CREDITS, code, "optional")
    assert "billing" in line
    assert not lines_about(outcome.log, "WARNING", LEDGER)


def test_a_token_that_is_not_authorized_for_sso_is_told_so(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ORG)
    address = "https://github.com/orgs/octo-org/sso"
    headers = {"X-GitHub-SSO": f"required; url={address}"}
    github.faults.add(BILLING, status=403, body={}, headers=headers, times=FOR_EVER)
    outcome = read(github, today)
    assert outcome.code == 0
    assert lines_about(outcome.log, "WARNING", AI_CREDITS, "sso_required", address, "optional")


def test_an_organization_that_is_billed_through_its_enterprise_is_told_so(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ORG, billed=False)
    world.add("/orgs/own-bill")
    outcome = read(github, today)
    assert outcome.code == 0
    assert lines_about(outcome.log, "WARNING", "octo-org", "no_resource", "enterprise")
    assert {row["organization_login"] for row in outcome.records(LEDGER)} == {"own-bill"}
    assert len(github.calls("GET /organizations/octo-org")) <= 4


@pytest.mark.parametrize("way", ["token", "app"])
def test_it_is_not_optional_once_it_was_loaded(
    github: Simulator, world: World, today: date, way: str
) -> None:
    scene = Scene(github, world, today)
    scene.install(ACME)
    config = config_for(github) if way == "token" else scene.config(enterprises=["acme"])
    config["start_date"] = ago(today, 9)
    first = run_tap(config, today, streams=(AI_CREDITS,))
    assert first.code == 0
    github.faults.add(BILLING, status=403, body={"message": "No"}, times=FOR_EVER)
    second = run_tap(config, today, streams=(AI_CREDITS,), state=first.state)
    assert second.code == 1
    assert second.bookmark(stream=AI_CREDITS) == first.bookmark(stream=AI_CREDITS)


@pytest.mark.parametrize("way", ["token", "app"])
def test_without_permission_other_streams_of_an_app_go_on(
    github: Simulator, world: World, today: date, way: str
) -> None:
    scene = Scene(github, world, today)
    place = world.add(ORG)
    permissions = {"organization_copilot_metrics": "read"}
    github.access.app.install(place.path, place.number, permissions=permissions)
    if way == "token":
        github.faults.add(BILLING, status=403, body={"message": "No"}, times=FOR_EVER)
    config = config_for(github) if way == "token" else scene.config()
    config["start_date"] = ago(today, 6)
    outcome = run_tap(config, today, streams=(USAGES, AI_CREDITS))
    assert outcome.code == 0
    assert outcome.records(USAGES)
    assert outcome.records(AI_CREDITS) == []


def test_a_silent_scope_is_read_all_the_same(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, open_since=today)
    config = config_for(github, start_date=ago(today, 20))
    first = run_tap(config, today, streams=(USAGES, AI_CREDITS, SEATS, LEDGER))
    assert first.code == 0
    assert lines_about(first.log, "WARNING", "policy_disabled")
    assert first.bookmark(stream=AI_CREDITS) == ago(today, 5)
    assert first.bookmark(stream=USAGES) is None
    assert {row["report"] for row in first.records(LEDGER)} == {"ai_credit_usage"}
    assert len(first.records(LEDGER)) == 20
    assert first.records(SEATS)
    # What was billed says nothing about reports: the scope stays silent.
    second = run_tap(config, today, streams=(USAGES, AI_CREDITS, LEDGER), state=first.state)
    assert lines_about(second.log, "WARNING", "policy_disabled")
    assert second.bookmark(stream=USAGES) is None


def test_figures_of_a_day_that_change_are_loaded_again_until_it_settles(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    day = today - timedelta(days=3)
    world.put_credits[ACME, day] = [item(), item(model="auto")]
    config = config_for(github, start_date=ago(today, 6))
    first = run_tap(config, today, streams=(AI_CREDITS, LEDGER))
    world.put_credits[ACME, day] = [item(netAmount=7.5)]
    second = run_tap(config, today, streams=(AI_CREDITS, LEDGER), state=first.state)
    of_day = [row for row in second.records(AI_CREDITS) if row["day"] == day.isoformat()]
    assert [row["net_amount"] for row in of_day] == [7.5]
    hashes = [
        {row["day"]: row["sha256"] for row in outcome.records(LEDGER)}[day.isoformat()]
        for outcome in (first, second)
    ]
    assert hashes[0] != hashes[1]


def test_the_same_items_in_another_order_are_not_sent_again(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    day = today - timedelta(days=2)
    items = [item(), item(pricePerUnit=0.008), item(model="auto"), item(product="Spark")]
    world.put_credits[ACME, day] = items
    config = config_for(github, start_date=day.isoformat())
    first = run_tap(config, today, streams=(AI_CREDITS, LEDGER))
    world.put_credits[ACME, day] = [dict(reversed(entry.items())) for entry in reversed(items)]
    second = run_tap(config, today, streams=(AI_CREDITS, LEDGER), state=first.state)
    assert len([r for r in first.records(AI_CREDITS) if r["day"] == day.isoformat()]) == 4
    assert second.records(AI_CREDITS) == []
    moments = [
        {row["day"]: row["fetched_at"] for row in outcome.records(LEDGER)}
        for outcome in (first, second)
    ]
    assert moments[0] == moments[1]
    world.put_credits[ACME, day] = [*items[1:], item(netAmount=0.3)]
    third = run_tap(config, today, streams=(AI_CREDITS, LEDGER), state=second.state)
    assert len(third.records(AI_CREDITS)) == 4


def test_calls_pass_the_rate_limiter(github: Simulator, world: World, today: date) -> None:
    github.latency = (0.003, 0.0)
    for number in range(4):
        world.add(f"/enterprises/e-{number}")
    config = config_for(github, start_date=ago(today, 25), concurrency=32)
    assert run_tap(config, today, streams=(AI_CREDITS,)).code == 0
    assert github.most_busy <= 2


def test_the_key_has_product_sku_model_and_line(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ORG)
    outcome = read(github, today)
    [message] = [m for m in outcome.messages if m["type"] == "SCHEMA" and m["stream"] == AI_CREDITS]
    key = ["organization_id", "day", "product", "sku", "model", "line"]
    assert message["key_properties"] == key

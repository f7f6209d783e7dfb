"""`--check`: every endpoint tried once, and what to do about each that is closed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from simulator.access import TOKEN
from simulator.apps import App
from simulator.faults import FOR_EVER
from tests.support.daily_usages import ago, catalog_of
from tests.support.expected_tables import AI_CREDITS, LEDGER, TEAMS, TOTALS
from tests.support.tap_runs import NOON, SEATS, USAGES, Outcome, config_for, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
REPORTS = ("users-1-day", "user-teams-1-day", "enterprise-1-day", "repos-1-day")
BILLING = "settings/billing/ai_credit/usage"
COPILOT_SEATS = "copilot/billing/seats"
HINT = re.compile(r"^(\d+)\. ")


@dataclass
class Row:
    """A line of the table, with its hint and the words of its line for curl."""

    scope: str
    endpoint: str
    result: str
    to_do: str
    curl: list[str]

    @property
    def url(self) -> str:
        return self.curl[-1]


def checked(
    config: dict[str, Any], today: date, *streams: str, **more: Any
) -> tuple[Outcome, list[Row]]:
    """What --check prints for these streams; without any, for all."""
    outcome = run_tap(config, today, options=("--check",), streams=streams or None, **more)
    head, _, rest = outcome.out.partition("\n\n")
    lines = head.splitlines()
    assert re.split(r"  +", lines[0]) == ["scope", "endpoint", "result", "what to do"]
    columns = [found.start() for found in re.finditer(r"-+", lines[1])]
    curls = [shlex.split(line) for line in rest.splitlines() if line.startswith("curl ")]
    assert len(curls) == len(lines) - 2
    hints = hints_in(rest)
    rows = []
    for line, curl in zip(lines[2:], curls, strict=True):
        assert len(line) <= 100
        ends = [*columns[1:], None]
        cells = [line[start:end].strip() for start, end in zip(columns, ends, strict=True)]
        cells[3] = hints[cells[3].removeprefix("see ")] if cells[3] else ""
        rows.append(Row(cells[0], cells[1], cells[2], cells[3], curl))
    return outcome, rows


def hints_in(text: str) -> dict[str, str]:
    """The numbered hints, each on one line; none stands there twice."""
    found = {}
    for part in text.split("\n\n"):
        assert all(len(line) <= 100 for line in part.splitlines() if not line.startswith("curl"))
        if number := HINT.match(part):
            found[number[1]] = " ".join(part[number.end() :].split())
    assert len(set(found.values())) == len(found)
    return found


def app_config(github: Simulator, today: date, **more: Any) -> dict[str, Any]:
    app = github.access.app
    app.now = datetime.combine(today, NOON).timestamp()
    key = app.pem(PrivateFormat.PKCS8)
    return {"api_url": github.url, "app_id": app.app_id, "private_key": key} | more


def closed(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.result != "ok"]


def test_every_endpoint_is_tried_once_and_nothing_is_downloaded(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 0
    assert {row.scope for row in rows} == {"enterprise acme"}
    assert [(row.endpoint, row.result) for row in rows] == [
        *((f"reports/{report}", "ok") for report in REPORTS),
        ("billing/ai_credit/usage", "ok"),
        ("copilot/billing/seats", "ok"),
    ]
    assert len(github.calls()) == 6
    assert github.calls("FILE ") == []
    assert github.most_busy <= 2


def test_the_curl_line_can_be_pasted_and_holds_no_credential(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome, rows = checked(config_for(github), today)
    assert TOKEN not in outcome.out + outcome.log
    assert [f"GET {row.url.removeprefix(github.url)}" for row in rows] == github.calls()
    for row in rows:
        assert row.curl[0] == "curl"
        assert "Authorization: Bearer YOUR_TOKEN" in row.curl
        assert {f"X-GitHub-Api-Version: {seen.api_version}" for seen in github.seen} <= {*row.curl}


@pytest.mark.parametrize("endpoint", [*REPORTS, COPILOT_SEATS])
def test_under_a_token_every_endpoint_but_billing_is_needed(
    github: Simulator, world: World, today: date, endpoint: str
) -> None:
    world.add(ACME)
    body = {"message": "Must be an admin"}
    github.faults.add(endpoint, status=403, body=body, times=FOR_EVER)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 1
    [row] = closed(rows)
    assert endpoint in row.url
    assert row.result == "invalid_permissions"
    assert "manage_billing:copilot" in row.to_do


@pytest.mark.parametrize("status", [403, 404])
def test_billing_is_optional_under_a_token_too(
    github: Simulator, world: World, today: date, status: int
) -> None:
    world.add(ACME)
    github.faults.add(BILLING, status=status, body={"message": "No"}, times=FOR_EVER)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 0
    [row] = closed(rows)
    assert BILLING in row.url
    assert "optional" in row.to_do
    assert "enterprise billing" in row.to_do


def test_an_optional_endpoint_that_was_loaded_before_is_needed(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    config = config_for(github, start_date=ago(today, 9))
    before = run_tap(config, today, streams=(AI_CREDITS,))
    github.faults.add(BILLING, status=403, body={"message": "No"}, times=FOR_EVER)
    outcome, rows = checked(config, today, state=before.state)
    assert outcome.code == 1
    assert "optional" not in closed(rows)[0].to_do


def test_a_wrong_slug_is_told_from_a_day_without_a_report(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    for day in range(5, 40):
        world.put[ACME, "users-1-day", date.fromordinal(today.toordinal() - day)] = None
    world.put[ACME, "users-1-day", date.fromordinal(today.toordinal() - 4)] = None
    outcome, rows = checked(config_for(github, enterprises=["acme", "acne"]), today)
    assert outcome.code == 1
    results = {(row.scope, row.result) for row in rows}
    assert results == {("enterprise acme", "ok"), ("enterprise acne", "no_resource")}
    assert github.calls("FILE ") == []


@pytest.mark.parametrize("path", [ACME, "/orgs/one"])
def test_of_a_scope_without_any_report_the_policy_is_named_and_it_does_not_fail(
    github: Simulator, world: World, today: date, path: str
) -> None:
    world.add(path, open_since=today)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 0
    [row] = closed(rows)
    assert row.result == "policy_disabled"
    assert "Copilot usage metrics" in row.to_do
    assert len(github.calls(f"GET {path}")) <= 12
    assert github.calls("FILE") == []


def test_a_scope_of_which_the_state_knows_reports_is_not_silent(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add(ACME)
    config = config_for(github, start_date=ago(today, 9))
    before = run_tap(config, today, streams=(USAGES,))
    place.open_since = today
    outcome, rows = checked(config, today, state=before.state)
    assert outcome.code == 0
    assert closed(rows) == []


def test_a_policy_that_is_off_fails_a_scope_that_is_named(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    body = {"message": "The Copilot usage metrics policy must be enabled"}
    github.faults.add("reports", status=403, body=body, times=FOR_EVER)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 1
    assert [row.result for row in closed(rows)] == ["policy_disabled"] * 4
    assert outcome.out.count("Enabled everywhere") == 1


def test_a_policy_that_is_off_does_not_fail_a_scope_that_an_app_found(
    github: Simulator, world: World, today: date
) -> None:
    for name in ("one", "two"):
        place = world.add(f"/orgs/{name}")
        github.access.app.install(place.path, place.number)
    body = {"message": "The Copilot usage metrics policy must be enabled"}
    github.faults.add("one/copilot/metrics", status=403, body=body, times=FOR_EVER)
    outcome, rows = checked(app_config(github, today), today)
    assert outcome.code == 0
    assert {row.result for row in rows if row.scope == "organization two"} == {"ok"}
    assert "does not name it" in closed(rows)[0].to_do


def test_what_is_closed_to_an_app_is_named_and_does_not_fail_it(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add(ACME)
    github.access.app.install(ACME, place.number)
    outcome, rows = checked(app_config(github, today, enterprises=["acme"]), today)
    assert outcome.code == 0
    [seats] = closed(rows)
    assert "seats" in seats.endpoint
    assert "optional" in seats.to_do
    assert "Enterprise Copilot license management" in seats.to_do
    assert "Authorization: Bearer YOUR_INSTALLATION_TOKEN" in seats.curl


def test_the_report_of_people_is_needed_under_an_app(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add(ACME)
    github.access.app.install(ACME, place.number, permissions={})
    outcome, rows = checked(app_config(github, today, enterprises=["acme"]), today)
    assert outcome.code == 1
    assert rows[1].endpoint == "reports/users-1-day"
    assert rows[1].result == "invalid_permissions"
    assert "Enterprise Copilot metrics" in rows[1].to_do


@pytest.mark.parametrize(
    ("named", "scope", "path"),
    [
        ({}, "the App", "/app/installations?per_page=100"),
        ({"organizations": ["one", "two"]}, "organization one", "/orgs/one/installation"),
        ({"enterprises": ["acme", "busy"]}, "enterprise acme", f"{ACME}/installation"),
    ],
)
def test_a_wrong_key_is_one_row(
    github: Simulator, world: World, today: date, named: dict[str, Any], scope: str, path: str
) -> None:
    world.add("/orgs/one")
    other = App(key=rsa.generate_private_key(65537, 2048)).pem(PrivateFormat.PKCS8)
    config = app_config(github, today, **named) | {"private_key": other}
    outcome, [row] = checked(config, today)
    assert outcome.code == 1
    assert (row.scope, row.result) == (scope, "invalid_credentials")
    assert row.url == github.url + path
    assert "Authorization: Bearer YOUR_APP_JWT" in row.curl
    assert "app_id" in row.to_do
    assert len(github.seen) == 1


def test_a_refused_token_is_one_row(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    world.add("/enterprises/busy")
    github.access.tokens.clear()
    outcome, [row] = checked(config_for(github), today)
    assert outcome.code == 1
    assert row.result == "invalid_credentials"
    assert len(github.seen) == 1


def test_a_host_that_cannot_be_reached_is_one_row(today: date) -> None:
    config = {"api_url": "http://127.0.0.1:9", "token": TOKEN, "enterprises": ["one", "two"]}
    outcome, [row] = checked(config, today)
    assert outcome.code == 1
    assert (row.scope, row.result) == ("enterprise one", "github_unavailable")
    assert outcome.clock.waited < 60


def test_an_installation_whose_fresh_token_is_refused_does_not_hide_the_others(
    github: Simulator, world: World, today: date
) -> None:
    for name in ("one", "two"):
        place = world.add(f"/orgs/{name}")
        github.access.app.install(place.path, place.number)
    body = {"message": "Bad credentials"}
    github.faults.add("GET /orgs/one/", status=401, body=body, times=FOR_EVER)
    outcome, rows = checked(app_config(github, today), today)
    assert outcome.code == 1
    assert {row.result for row in rows if row.scope == "organization two"} == {"ok"}
    assert "invalid_credentials" in {row.result for row in rows if row.scope == "organization one"}


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("endpoint", [*REPORTS[1:], COPILOT_SEATS, BILLING])
def test_an_optional_endpoint_does_not_fail_an_app(
    github: Simulator, world: World, today: date, endpoint: str, status: int
) -> None:
    place = world.add(ACME)
    permissions = {
        "enterprise_copilot_metrics": "",
        "enterprise_copilot_license_management": "",
        "enterprise_billing": "",
    }
    github.access.app.install(ACME, place.number, permissions=permissions)
    body = {"message": "Resource not accessible by integration"}
    github.faults.add(endpoint, status=status, body=body, times=FOR_EVER)
    github.faults.add("users-28-day", status=status, body=body, times=FOR_EVER)
    outcome, rows = checked(app_config(github, today, enterprises=["acme"]), today)
    assert outcome.code == 0
    assert outcome.errors() == []
    [row] = closed(rows)
    assert endpoint in row.url
    assert row.result == ("invalid_permissions" if status == 403 else "no_resource")
    assert "optional" in row.to_do


@pytest.mark.parametrize("status", [401, 422, 500])
def test_an_optional_endpoint_refused_in_another_way_fails_an_app_too(
    github: Simulator, world: World, today: date, status: int
) -> None:
    place = world.add("/orgs/one")
    github.access.app.install(place.path, place.number)
    fault: dict[str, Any] = {"status": status, "body": {"message": "No"}}
    github.faults.add(COPILOT_SEATS, times=FOR_EVER, **fault)
    outcome, rows = checked(app_config(github, today), today)
    assert outcome.code == 1
    [row] = closed(rows)
    assert "optional" not in row.to_do


@pytest.mark.parametrize("why", ["not installed", "suspended"])
def test_a_named_organization_without_installation_fails_and_the_others_are_tried(
    github: Simulator, world: World, today: date, why: str
) -> None:
    for name in ("one", "two"):
        place = world.add(f"/orgs/{name}")
        if name == "two" or why == "suspended":
            github.access.app.install(place.path, place.number, suspended=name == "one")
    config = app_config(github, today, organizations=["one", "two"])
    outcome, rows = checked(config, today)
    assert outcome.code == 1
    assert {row.result for row in rows if row.scope == "organization two"} == {"ok"}
    [row] = [row for row in rows if row.scope == "organization one"]
    assert why in row.to_do


def test_an_apps_table_holds_no_credential_and_names_the_one_each_line_takes(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add("/orgs/one")
    github.access.app.install(place.path, place.number)
    config = app_config(github, today)
    outcome, rows = checked(config, today)
    sent = {seen.authorization.removeprefix("Bearer ") for seen in github.seen}
    assert set(github.access.app.made) < sent
    for secret in [*sent, *config["private_key"].splitlines()[1:-1]]:
        assert secret[:40] not in outcome.out + outcome.log
    for row in rows:
        asks = "APP_JWT" if row.url.endswith("/installation") else "INSTALLATION_TOKEN"
        assert f"Authorization: Bearer YOUR_{asks}" in row.curl


def test_rows_of_organizations_name_only_endpoints_that_were_tried(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add("/orgs/one")
    github.access.app.install(place.path, place.number)
    config = app_config(github, today, organizations=["one"])
    _, rows = checked(config, today)
    tried = {f"GET {row.url.removeprefix(github.url)}" for row in rows}
    assert tried <= set(github.calls())


def test_two_calls_at_most_are_under_way(github: Simulator, world: World, today: date) -> None:
    github.latency = (0.003, 0.0)
    for number in range(8):
        world.add(f"/enterprises/e-{number}")
    outcome, rows = checked(config_for(github, concurrency=32), today)
    assert outcome.code == 0
    assert len(rows) == 8 * 6
    assert github.most_busy <= 2
    assert github.calls("FILE ") == []


def test_fifty_installations_are_a_few_calls_each(
    github: Simulator, world: World, today: date
) -> None:
    for number in range(50):
        place = world.add(f"/orgs/org-{number:02}", people=1)
        github.access.app.install(place.path, place.number)
    outcome, rows = checked(app_config(github, today), today)
    assert outcome.code == 0
    assert len({row.scope for row in rows}) == 50
    assert len(github.seen) <= 50 * 9
    assert github.most_busy <= 2


@pytest.mark.parametrize("body", [b"", b"null", {"login": "one"}, ["canary"], {"id": "x"}])
def test_an_organization_without_an_id_is_refused(
    github: Simulator, world: World, today: date, body: object
) -> None:
    world.add("/orgs/one")
    github.faults.add("GET /orgs/one$", status=200, body=body)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 1
    assert (rows[0].scope, rows[0].endpoint) == ("organization one", "account")
    assert rows[0].result == "refused_request"
    assert {row.result for row in rows[1:]} == {"ok"}
    assert "canary" not in outcome.out + outcome.log


NOT_ANSWERS: list[Any] = [{"message": "Server is busy"}, {"canary": [1]}, [1], 5, b"{", b"\xff"]


@pytest.mark.parametrize("body", NOT_ANSWERS)
@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("users-1-day", "bad_report"),
        ("repos-1-day", "bad_report"),
        (BILLING, "bad_report"),
        (COPILOT_SEATS, "refused_request"),
    ],
)
def test_an_answer_that_a_run_cannot_read_is_not_ok(
    github: Simulator, world: World, today: date, endpoint: str, code: str, body: object
) -> None:
    world.add(ACME)
    github.faults.add(endpoint, status=200, body=body, times=FOR_EVER)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 1
    [row] = closed(rows)
    assert endpoint in row.url
    assert row.result == code
    assert row.to_do
    assert "canary" not in outcome.out + outcome.log


@pytest.mark.parametrize("endpoint", ["users-1-day", BILLING, COPILOT_SEATS, "GET /orgs/one$"])
def test_a_login_page_is_not_ok(
    github: Simulator, world: World, today: date, endpoint: str
) -> None:
    world.add("/orgs/one")
    page = b"<!DOCTYPE html><html><title>Sign in</title></html>"
    headers = {"Content-Type": "text/html; charset=utf-8"}
    github.faults.add(endpoint, status=200, body=page, headers=headers, times=FOR_EVER)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 1
    assert "not_github" in {row.result for row in rows}


@pytest.mark.parametrize("endpoint", ["users-1-day", BILLING, COPILOT_SEATS])
def test_an_answer_that_passes_is_asked_for_again(
    github: Simulator, world: World, today: date, endpoint: str
) -> None:
    world.add(ACME)
    github.faults.add(endpoint, status=200, body={"message": "Server is busy"})
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 0
    assert closed(rows) == []


@pytest.mark.parametrize(
    ("streams", "endpoints"),
    [
        ((USAGES,), ["reports/users-1-day"]),
        ((USAGES, LEDGER), ["reports/users-1-day"]),
        ((TEAMS, TOTALS), ["reports/user-teams-1-day", "reports/enterprise-1-day"]),
        ((SEATS,), ["copilot/billing/seats"]),
        ((AI_CREDITS, SEATS), ["billing/ai_credit/usage", "copilot/billing/seats"]),
        ((LEDGER,), [*(f"reports/{name}" for name in REPORTS), "billing/ai_credit/usage"]),
    ],
)
def test_only_what_the_selected_streams_need_is_tried(
    github: Simulator, world: World, today: date, streams: tuple[str, ...], endpoints: list[str]
) -> None:
    world.add(ACME)
    github.faults.add("canary", status=403)
    outcome, rows = checked(config_for(github), today, *streams)
    assert outcome.code == 0
    assert [row.endpoint for row in rows] == endpoints
    assert len(github.calls()) == len(endpoints)


def test_a_catalog_tells_what_is_needed(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    config = config_for(github)
    _, rows = checked(config, today, catalog=catalog_of(config, TEAMS, SEATS))
    assert [row.endpoint for row in rows] == ["reports/user-teams-1-day", "copilot/billing/seats"]


def test_a_bounded_backfill_needs_no_seats(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    _, rows = checked(config_for(github, end_date=ago(today, 30)), today)
    assert "copilot/billing/seats" not in [row.endpoint for row in rows]


def test_lines_fit_whatever_the_names(github: Simulator, world: World, today: date) -> None:
    names = ["a", "o" * 39, "long-" * 19 + "name"]
    for name in names:
        world.add(f"/orgs/{name}")
    body = {"message": "No " * 80}
    github.faults.add("reports", status=403, body=body, times=FOR_EVER)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 1
    for name in names:
        assert sum(f"/{name}/" in row.url for row in rows) == 6
    assert len({row.to_do for row in closed(rows)}) == 1


def test_each_line_comes_as_soon_as_its_endpoint_has_answered(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME)
    told = []

    def echo(line: str) -> None:
        told.append((line.partition("  ")[0], len(github.calls())))

    monkeypatch.setattr("click.echo", echo)
    run_tap(config_for(github), today, options=("--check",), streams=None)
    assert [calls for scope, calls in told if scope == "enterprise acme"] == [1, 2, 3, 4, 5, 6]

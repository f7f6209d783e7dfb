"""`--check`: every endpoint tried once, and what to do about each that is closed."""

from __future__ import annotations

import shlex
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from simulator.access import TOKEN
from simulator.apps import App
from simulator.faults import FOR_EVER
from tests.support.tap_runs import NOON, Outcome, config_for, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
REPORTS = ("users-1-day", "user-teams-1-day", "enterprise-1-day", "repos-1-day")


def checked(config: dict[str, Any], today: date) -> tuple[Outcome, list[list[str]]]:
    outcome = run_tap(config, today, options=("--check",), streams=None)
    rows = [[cell.strip() for cell in line.split(" | ")] for line in outcome.out.splitlines()]
    assert rows[0] == ["scope", "endpoint", "result", "what to do", "by hand"]
    assert all(len(row) == 5 for row in rows)
    return outcome, rows[1:]


def app_config(github: Simulator, today: date, **more: Any) -> dict[str, Any]:
    app = github.access.app
    app.now = datetime.combine(today, NOON).timestamp()
    key = app.pem(PrivateFormat.PKCS8)
    return {"api_url": github.url, "app_id": app.app_id, "private_key": key} | more


def test_every_endpoint_is_tried_once_and_nothing_is_downloaded(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 0
    assert [row[0] for row in rows] == ["enterprise acme"] * 6
    assert [row[2] for row in rows] == ["ok"] * 6
    for report, row in zip(REPORTS, rows, strict=False):
        assert f"{ACME}/copilot/metrics/reports/{report}?day=" in row[1]
    assert rows[-1][1].startswith(f"{ACME}/copilot/billing/seats")
    assert len(github.calls()) == 6
    assert github.calls("FILE ") == []
    assert github.most_busy <= 2


def test_the_curl_line_can_be_pasted_and_holds_no_credential(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome, rows = checked(config_for(github), today)
    assert TOKEN not in outcome.out + outcome.log
    for row in rows:
        command = shlex.split(row[4])
        assert command[0] == "curl"
        assert command[-1] == github.url + row[1]
        assert "Authorization: Bearer YOUR_TOKEN" in command
        assert {f"X-GitHub-Api-Version: {seen.api_version}" for seen in github.seen} <= {*command}


@pytest.mark.parametrize("report", [*REPORTS, "copilot/billing/seats"])
def test_under_a_token_every_endpoint_is_needed(
    github: Simulator, world: World, today: date, report: str
) -> None:
    world.add(ACME)
    body = {"message": "Must be an admin"}
    github.faults.add(report, status=403, body=body, times=FOR_EVER)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 1
    [closed] = [row for row in rows if row[2] != "ok"]
    assert report in closed[1]
    assert closed[2] == "invalid_permissions"
    assert "manage_billing:copilot" in closed[3]


def test_a_wrong_slug_is_told_from_a_day_without_a_report(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    for day in range(40):
        world.put[ACME, "users-1-day", date.fromordinal(today.toordinal() - day)] = None
    outcome, rows = checked(config_for(github, enterprises=["acme", "acne"]), today)
    assert outcome.code == 1
    results = {(row[0], row[2]) for row in rows}
    assert results == {("enterprise acme", "ok"), ("enterprise acne", "no_resource")}


def test_what_is_closed_to_an_app_is_named_and_does_not_fail_it(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add(ACME)
    github.access.app.install(ACME, place.number)
    outcome, rows = checked(app_config(github, today, enterprises=["acme"]), today)
    assert outcome.code == 0
    [seats] = [row for row in rows if row[2] != "ok"]
    assert "seats" in seats[1]
    assert "optional" in seats[3]
    assert "Enterprise Copilot license management" in seats[3]
    assert "YOUR_INSTALLATION_TOKEN" in seats[4]


def test_the_report_of_people_is_needed_under_an_app(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add(ACME)
    github.access.app.install(ACME, place.number, permissions={})
    outcome, rows = checked(app_config(github, today, enterprises=["acme"]), today)
    assert outcome.code == 1
    assert rows[0][2] == "invalid_permissions"
    assert "Enterprise Copilot metrics" in rows[0][3]


@pytest.mark.parametrize(
    ("named", "row"),
    [
        ({}, ["the App", "/app/installations"]),
        ({"organizations": ["one", "two"]}, ["organization one", "/orgs/one"]),
        ({"enterprises": ["acme", "busy"]}, ["enterprise acme", f"{ACME}/copilot/metrics/"]),
    ],
)
def test_a_wrong_key_is_one_row(
    github: Simulator, world: World, today: date, named: dict[str, Any], row: list[str]
) -> None:
    world.add("/orgs/one")
    other = App(key=rsa.generate_private_key(65537, 2048)).pem(PrivateFormat.PKCS8)
    config = app_config(github, today, **named) | {"private_key": other}
    outcome, [[scope, endpoint, result, to_do, _]] = checked(config, today)
    assert outcome.code == 1
    assert scope == row[0]
    assert endpoint.startswith(row[1])
    assert result == "invalid_credentials"
    assert "app_id" in to_do
    assert len(github.seen) == 1


def test_a_refused_token_is_one_row(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    world.add("/enterprises/busy")
    github.access.tokens.clear()
    outcome, [row] = checked(config_for(github), today)
    assert outcome.code == 1
    assert row[2] == "invalid_credentials"
    assert len(github.seen) == 1


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
    assert {row[2] for row in rows if row[0] == "organization two"} == {"ok"}
    assert "invalid_credentials" in {row[2] for row in rows if row[0] == "organization one"}


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("endpoint", [*REPORTS[1:], "copilot/billing/seats"])
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
    [closed] = [row for row in rows if row[2] != "ok"]
    assert endpoint in closed[1]
    assert closed[2] == ("invalid_permissions" if status == 403 else "no_resource")
    assert closed[3].startswith("optional for an App; to open it: ")


@pytest.mark.parametrize("status", [401, 422, 500])
def test_an_optional_endpoint_refused_in_another_way_fails_an_app_too(
    github: Simulator, world: World, today: date, status: int
) -> None:
    place = world.add("/orgs/one")
    github.access.app.install(place.path, place.number)
    fault: dict[str, Any] = {"status": status, "body": {"message": "No"}}
    github.faults.add("copilot/billing/seats", times=FOR_EVER, **fault)
    outcome, rows = checked(app_config(github, today), today)
    assert outcome.code == 1
    [closed] = [row for row in rows if row[2] != "ok"]
    assert "optional" not in closed[3]


@pytest.mark.parametrize("closed", ["not installed", "suspended"])
def test_a_named_organization_without_installation_fails_and_the_others_are_tried(
    github: Simulator, world: World, today: date, closed: str
) -> None:
    for name in ("one", "two"):
        place = world.add(f"/orgs/{name}")
        if name == "two" or closed == "suspended":
            github.access.app.install(place.path, place.number, suspended=name == "one")
    config = app_config(github, today, organizations=["one", "two"])
    outcome, rows = checked(config, today)
    assert outcome.code == 1
    assert {row[2] for row in rows if row[0] == "organization two"} == {"ok"}
    for row in rows:
        assert row[0] == "organization two" or closed in row[3]


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
    for _, endpoint, _, _, by_hand in rows:
        asks = "JWT" if endpoint.endswith("/installation") else "INSTALLATION_TOKEN"
        assert f"Bearer YOUR_{'APP_' if asks == 'JWT' else ''}{asks}" in by_hand


def test_rows_of_organizations_name_only_endpoints_that_were_tried(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add("/orgs/one")
    github.access.app.install(place.path, place.number)
    config = app_config(github, today, organizations=["one"])
    _, rows = checked(config, today)
    assert {f"GET {row[1]}" for row in rows} <= set(github.calls())


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
    assert len({row[0] for row in rows}) == 50
    assert len(github.seen) <= 50 * 8
    assert github.most_busy <= 2


@pytest.mark.parametrize("body", [b"[", b"", b"null", {"login": "one"}, ["canary"]])
def test_an_organization_without_an_id_is_refused(
    github: Simulator, world: World, today: date, body: object
) -> None:
    world.add("/orgs/one")
    github.faults.add("GET /orgs/one$", status=200, body=body)
    outcome, rows = checked(config_for(github), today)
    assert outcome.code == 1
    assert rows[0][:3] == ["organization one", "/orgs/one", "refused_request"]
    assert {row[2] for row in rows[1:]} == {"ok"}
    assert "canary" not in outcome.out + outcome.log

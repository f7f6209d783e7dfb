"""`--check`: every endpoint tried once, and what to do about each that is closed."""

from __future__ import annotations

import shlex
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.running import NOON, Outcome, config_for, run_tap
from tests.simulator.access import TOKEN
from tests.simulator.apps import App
from tests.simulator.faults import FOR_EVER

if TYPE_CHECKING:
    from tests.simulator.server import Simulator
    from tests.simulator.world import World

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
    assert [row[0] for row in rows] == ["enterprise acme"] * 5
    assert [row[2] for row in rows] == ["ok"] * 5
    for report, row in zip(REPORTS, rows, strict=False):
        assert f"{ACME}/copilot/metrics/reports/{report}?day=" in row[1]
    assert rows[-1][1].startswith(f"{ACME}/copilot/billing/seats")
    assert len(github.calls()) == 5
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


def test_a_wrong_key_is_one_row(github: Simulator, world: World, today: date) -> None:
    world.add("/orgs/octo-org")
    other = App(key=rsa.generate_private_key(65537, 2048)).pem(PrivateFormat.PKCS8)
    config = app_config(github, today) | {"private_key": other}
    outcome, rows = checked(config, today)
    assert outcome.code == 1
    assert [row[:3] for row in rows] == [["the App", "/app/installations", "invalid_credentials"]]


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

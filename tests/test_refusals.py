"""What GitHub may refuse: each is named, told once at the end, and stops nothing else."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from simulator.access import TOKEN
from simulator.faults import FOR_EVER
from tap_github_copilot.github.rate_limit import MAX_CONCURRENT
from tests.support.daily_usages import (
    ACME,
    BUSY,
    ago,
    closing,
    keys_of,
    read_usages,
    state_at,
    truth,
)
from tests.support.tap_runs import Outcome, config_for, lines_about

if TYPE_CHECKING:
    from datetime import date

    from simulator.server import Simulator
    from simulator.world import World

DAILY = "/copilot/metrics/reports/users-1-day"
RECENT = "/copilot/metrics/reports/users-28-day/latest"


def forbidden(message: str, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": 403, "body": {"message": message, "status": "403"}, "headers": named}


def read_from_day_5(github: Simulator, today: date, **settings: Any) -> Outcome:
    """A run that begins with the report of the day of age 5."""
    config = config_for(github, concurrency=1, start_date=ago(today, 9), **settings)
    return read_usages(config, today, state=state_at(ago(today, 6)))


REFUSALS = {
    "role": (
        forbidden("You must be an enterprise owner or billing manager."),
        "invalid_permissions",
        ("enterprise owner, billing manager", "View Enterprise Copilot Metrics", "You must be an"),
    ),
    "scope": (
        forbidden("Must have admin rights to Enterprise.", X_OAuth_Scopes="repo, gist"),
        "invalid_permissions",
        ("manage_billing:copilot or read:enterprise", "it has: repo, gist"),
    ),
    "no scope at all": (
        forbidden("Must have admin rights to Enterprise.", X_OAuth_Scopes=""),
        "invalid_permissions",
        ("it has: none",),
    ),
    "permission": (
        forbidden(
            "Resource not accessible by personal access token",
            X_Accepted_GitHub_Permissions="enterprise_copilot_metrics=read",
        ),
        "invalid_permissions",
        ("it needs enterprise_copilot_metrics=read", "Resource not accessible by personal"),
    ),
    "policy": (
        forbidden("The 'Copilot usage metrics' policy must be enabled for this enterprise."),
        "policy_disabled",
        ("Enabled everywhere", "AI controls", "policy must be enabled"),
    ),
    "ip allow list": (
        forbidden(
            "Although you appear to have the correct authorization credentials, the `acme` "
            "enterprise has an IP allow list enabled, and your IP address is not permitted."
        ),
        "ip_not_allowed",
        ("allow list", "enterprise level"),
    ),
    "sso": (
        forbidden(
            "Resource protected by organization SAML enforcement.",
            X_GitHub_SSO="required; url=https://github.com/enterprises/acme/sso?authorization=AB12",
        ),
        "sso_required",
        ("authorize the token at https://github.com/enterprises/acme/sso?authorization=AB12",),
    ),
    "sso with a long address": (
        forbidden(
            "Resource protected by organization SAML enforcement.",
            X_GitHub_SSO=f"required; url=https://github.com/orgs/o/sso?authorization={'A' * 300}Z",
        ),
        "sso_required",
        (f"?authorization={'A' * 300}Z; GitHub says",),
    ),
    "sso without an address": (
        forbidden("Resource protected by organization SAML enforcement."),
        "sso_required",
        ("Configure SSO",),
    ),
    "400": ({"status": 400, "body": {"message": "Bad version"}}, "refused_request", ("400", "Bad")),
    "422": ({"status": 422, "body": {"message": "Not a day"}}, "refused_request", ("422", "Not a")),
    "451": ({"status": 451, "body": {"message": "Blocked"}}, "refused_request", ("451", "Blocked")),
    "a redirect": (
        {"status": 301, "headers": {"Location": "/elsewhere"}},
        "refused_request",
        ("301",),
    ),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_told_once_with_what_to_do_and_never_tried_again(
    github: Simulator, world: World, today: date, kind: str
) -> None:
    fault, code, words = REFUSALS[kind]
    world.add(ACME, people=20)
    world.add(BUSY, people=20)
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, **fault)
    outcome = read_from_day_5(github, today)
    asked = f"GET {ACME}{DAILY}?day={ago(today, 5)}"
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (f" {code}: ", "enterprise acme", asked, *words):
        assert word in line
    # 400 and 422 may be about one day alone, which only other days can tell.
    ages = (5, 4, 3, 1) if kind in {"400", "422"} else (5,)
    assert github.days_asked(ACME) == [ago(today, age) for age in ages]
    assert github.calls(f"GET {ACME}/")[0] == asked
    assert outcome.clock.waits == []


@pytest.mark.parametrize("kind", ["role", "policy", "422"])
def test_a_refused_scope_keeps_its_bookmark_and_the_others_load(
    github: Simulator, world: World, today: date, kind: str
) -> None:
    world.add(ACME, people=20)
    world.add(BUSY, people=20)
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, **REFUSALS[kind][0])
    outcome = read_from_day_5(github, today)
    assert outcome.bookmark("acme") == ago(today, 6)
    assert outcome.bookmark("busy") == ago(today, 5)
    assert keys_of(outcome.records()) == truth(world, today, 9, path=BUSY)


def test_what_came_before_a_refusal_stays_loaded(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    refusal, refused_day = REFUSALS["role"][0], ago(today, 7)
    github.faults.add(f"day={refused_day}$", **refusal)
    outcome = read_usages(config_for(github, start_date=ago(today, 10)), today)
    assert outcome.code == 1
    assert f"{DAILY}?day={refused_day}: " in closing(outcome)[0]
    assert outcome.bookmark() == ago(today, 8)
    assert keys_of(outcome.records()) == truth(world, today, 10, 8)


def test_a_404_on_day_and_28_day_report_tells_that_it_may_be_missing_access(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    world.add(BUSY, people=20)
    not_found = {"message": "Not Found", "status": "404"}
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, status=404, body=not_found)
    outcome = read_from_day_5(github, today)
    [line] = closing(outcome)
    for word in (" no_resource: ", "enterprise acme", f"day={ago(today, 5)}", "without access"):
        assert word in line
    assert github.calls(f"GET {ACME}/") == [
        f"GET {ACME}{DAILY}?day={ago(today, 5)}",
        f"GET {ACME}{RECENT}",
    ]
    assert outcome.bookmark("busy") == ago(today, 5)


def test_an_organization_is_told_of_the_roles_and_scopes_of_organizations(
    github: Simulator, world: World, today: date
) -> None:
    world.add("/orgs/octo-org", people=20)
    world.add("/orgs/other-org", people=20)
    github.faults.add("GET /orgs/octo-org/", times=FOR_EVER, **REFUSALS["role"][0])
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    [line] = closing(outcome)
    for word in ("organization octo-org", "View Organization Copilot Metrics", "read:org"):
        assert word in line
    assert outcome.bookmark("other-org") == ago(today, 5)


def test_an_organization_whose_id_is_refused_is_left_where_it_was(
    github: Simulator, world: World, today: date
) -> None:
    world.add("/orgs/octo-org", people=20)
    github.faults.add("GET /orgs/octo-org$", times=FOR_EVER, **REFUSALS["ip allow list"][0])
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    [line] = closing(outcome)
    assert "ip_not_allowed: organization octo-org, GET /orgs/octo-org: " in line
    assert outcome.bookmark("octo-org") is None
    assert outcome.records() == []


def test_a_refused_token_ends_the_run_at_once_and_nothing_is_asked_afterwards(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    world.add(BUSY)
    github.access.tokens.clear()
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("invalid_credentials", "enterprise acme", RECENT, "the token", "Bad credentials"):
        assert word in line
    assert github.calls() == [f"GET {ACME}{RECENT}"]


@pytest.mark.parametrize("concurrency", [1, 32])
def test_days_fetched_ahead_are_not_asked_for_with_a_refused_token(
    github: Simulator, world: World, today: date, concurrency: int
) -> None:
    world.add(ACME)
    world.add(BUSY)
    github.access.tokens.clear()
    github.latency = (0.02, 0.0)
    config = config_for(github, concurrency=concurrency)
    outcome = read_usages(config, today, state=state_at(ago(today, 40)))
    assert len(closing(outcome)) == 1
    assert len(github.calls()) <= min(concurrency, MAX_CONCURRENT)


def test_a_token_revoked_in_the_middle_leaves_what_was_loaded(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    world.add(BUSY)
    revoked = {"status": 401, "body": {"message": "Bad credentials"}}
    github.faults.add(DAILY, after=3, times=FOR_EVER, **revoked)
    config = config_for(github, start_date=ago(today, 12), concurrency=1)
    outcome = read_usages(config, today)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert f"day={ago(today, 9)}: " in line
    assert outcome.bookmark() == ago(today, 10)
    assert github.calls()[-1] == f"GET {ACME}{DAILY}?day={ago(today, 9)}"
    assert github.calls(f"GET {BUSY}") == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_stays_down_is_told_with_how_often_it_was_tried(
    github: Simulator, world: World, today: date, status: int
) -> None:
    world.add(ACME, people=20)
    world.add(BUSY, people=20)
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, status=status, body=b"<html>sorry</html>")
    outcome = read_from_day_5(github, today)
    asked = f"GET {ACME}{DAILY}?day={ago(today, 5)}"
    [line] = closing(outcome)
    for word in ("github_unavailable", "enterprise acme", asked, str(status), "tried 5 times"):
        assert word in line
    # Three days in a row, then the newest.
    assert github.days_asked(ACME) == [ago(today, age) for age in (5, 4, 3, 1) for _ in range(5)]
    assert outcome.clock.waits == [1, 2, 4, 8] * 4
    assert outcome.bookmark("busy") == ago(today, 5)


def test_a_connection_that_is_always_reset_is_tried_as_often(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    world.add(BUSY, people=20)
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, reset=True)
    outcome = read_from_day_5(github, today)
    [line] = closing(outcome)
    for word in ("github_unavailable", "enterprise acme", "no answer", "tried 5 times"):
        assert word in line
    assert len(github.calls(f"GET {ACME}/")) == 4 * 5
    assert outcome.bookmark("busy") == ago(today, 5)


def test_an_api_that_cannot_be_reached_at_all_is_unavailable(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    outcome = read_from_day_5(github, today, api_url=f"http://127.0.0.1:{closed}")
    [line] = closing(outcome)
    for word in ("github_unavailable", "enterprise acme", "no answer", "tried 5 times"):
        assert word in line
    assert outcome.clock.waits == [1, 2, 4, 8]


@pytest.mark.parametrize("host", ["a..b", ".acme.ghe.com", f"{'a' * 64}.ghe.com"])
def test_an_api_url_whose_host_cannot_be_one_is_a_wrong_setting(
    github: Simulator, world: World, today: date, host: str
) -> None:
    world.add(ACME)
    outcome = read_usages(config_for(github, api_url=f"https://{host}"), today)
    assert outcome.code == 1
    assert lines_about(outcome.log, "ERROR", "Setting api_url: ")


@pytest.mark.parametrize("where", [DAILY, RECENT])
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502, "times": 2},
        {"status": 503, "body": b"<html>", "times": 4},
        {"reset": True, "times": 1},
    ],
)
def test_a_fault_that_passes_costs_nothing(
    github: Simulator, world: World, today: date, where: str, fault: dict[str, Any]
) -> None:
    world.add(ACME, people=20)
    github.faults.add(where, **fault)
    config = config_for(github, start_date=ago(today, 9), concurrency=1)
    outcome = read_usages(config, today)
    assert outcome.code == 0
    assert outcome.errors() == []
    assert outcome.clock.waits == [1, 2, 4, 8][: fault["times"]]
    assert keys_of(outcome.records()) == truth(world, today, 9)
    assert outcome.bookmark() == ago(today, 5)


def test_githubs_message_is_quoted_on_one_line_of_at_most_200_characters(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    message = "No.\n\tAsk\u2028your \x1b[31mowner\x07 " + "x" * 500
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, **forbidden(message))
    [line] = closing(read_from_day_5(github, today))
    _, quote = line.split("GitHub says: ")
    assert quote.startswith("No. Ask your [31mowner xxx")
    assert len(quote) == 200


@pytest.mark.parametrize("status", [400, 403, 404, 500])
@pytest.mark.parametrize(
    "body",
    [
        {"message": "No", "errors": [{"person": "canary"}], "documentation_url": "canary"},
        {"person": "canary"},
        {"message": {"person": "canary"}},
        [{"message": "canary"}],
        b"<html>canary</html>",
        b'{"message": "canary"',
        b"\xff\xfe canary",
    ],
)
def test_a_body_is_never_quoted(
    github: Simulator, world: World, today: date, status: int, body: object
) -> None:
    world.add(ACME)
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, status=status, body=body)
    outcome = read_from_day_5(github, today)
    assert outcome.code == 1
    assert len(closing(outcome)) == 1
    assert "canary" not in outcome.log


@pytest.mark.parametrize("token", [TOKEN, "a-token-of-no-known-shape"], ids=["known", "odd"])
@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_token_that_github_echoes_is_not_printed(
    github: Simulator, world: World, today: date, token: str, status: int
) -> None:
    world.add(ACME)
    body = {"message": f"Who is {token}? Not even Bearer {token} knows."}
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, status=status, body=body)
    outcome = read_from_day_5(github, today, token=token)
    assert len(lines_about(outcome.log, "ERROR", "Who is ***? Not even Bearer *** knows.")) >= 1
    assert token not in outcome.log

"""Signing in as a GitHub App: each scope through an installation of its own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.reading import ACME, ago, catalog_of, closing, keys_of, read_usages, truth
from tests.running import (
    NOON,
    USAGES,
    Outcome,
    SetClock,
    bookmark,
    config_for,
    lines_about,
    run_tap,
)
from tests.simulator.faults import FOR_EVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from tests.simulator.apps import App, Installation
    from tests.simulator.server import Simulator
    from tests.simulator.world import World

SEATS = "github_copilot_seats"
BAD = {"status": 401, "body": {"message": "Bad credentials", "status": "401"}}
NOT_FOUND = {"status": 404, "body": {"message": "Not Found", "status": "404"}}
Settings = dict[str, Any]


@pytest.fixture
def app(github: Simulator, today: date) -> App:
    """The App, which lives at the time of the run."""
    github.access.app.now = datetime.combine(today, NOON).timestamp()
    return github.access.app


def app_config(github: Simulator, today: date, **more: Any) -> Settings:
    """A configuration that signs in as the App and reads a few days."""
    key = github.access.app.pem(PrivateFormat.PKCS8)
    return {
        "api_url": github.url,
        "app_id": 123456,
        "private_key": key,
        "start_date": ago(today, 9),
    } | more


def add(github: Simulator, world: World, *names: str, people: int = 20) -> None:
    """Organisations that have installed the App."""
    for name in names:
        place = world.add(f"/orgs/{name}", people)
        github.access.app.install(place.path, place.number)


def add_acme(github: Simulator, world: World, people: int = 20) -> Installation:
    """An enterprise that has installed the App."""
    place = world.add(ACME, people)
    return github.access.app.install(place.path, place.number)


def read(config: Settings, today: date, *streams: str) -> Outcome:
    """Run with these streams alone."""
    return run_tap(config, today, catalog=catalog_of(config, *streams))


def bearers(github: Simulator, start: str) -> set[str]:
    """The bearers of the calls that begin like this."""
    return {
        seen.authorization.removeprefix("Bearer ")
        for seen in github.seen
        if seen.call.startswith(start)
    }


def claims_of(github: Simulator, token: str) -> dict[str, Any]:
    """The claims of a JWT that the App's key signed."""
    unbound = {"verify_exp": False, "verify_iat": False}
    key = github.access.app.key.public_key()
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=unbound)
    return claims


# The JWT


@pytest.mark.parametrize("app_id", [123456, "123456", "Iv23liSimulated"])
def test_the_jwt_is_backdated_a_minute_short_and_names_the_app(
    github: Simulator, world: World, app: App, today: date, app_id: int | str
) -> None:
    add_acme(github, world)
    assert (
        read_usages(app_config(github, today, app_id=app_id, enterprises=["acme"]), today).code == 0
    )
    [token] = bearers(github, f"GET {ACME}/installation")
    claims = claims_of(github, token)
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert claims["iat"] == app.now - 60
    assert 0 < claims["exp"] - app.now <= 9 * 60
    assert claims["iss"] == str(app_id)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("given", ["text", "literal newlines", "path"])
def test_the_key_signs_in_every_form_it_comes_in(
    github: Simulator,
    world: World,
    app: App,
    today: date,
    tmp_path: Path,
    form: PrivateFormat,
    given: str,
) -> None:
    add_acme(github, world)
    pem = app.pem(form)
    file = tmp_path / "app.pem"
    file.write_text(pem)
    key = {
        "text": {"private_key": pem},
        "literal newlines": {"private_key": pem.replace("\n", "\\n")},
        "path": {"private_key": None, "private_key_path": str(file)},
    }[given]
    outcome = read_usages(app_config(github, today, enterprises=["acme"], **key), today)
    assert outcome.code == 0
    assert outcome.bookmark() == ago(today, 5)


@pytest.mark.parametrize(
    "named", [{"organizations": ["one", "two"]}, {"enterprises": ["acme"]}, {}]
)
def test_a_refused_jwt_ends_the_run_at_once(
    github: Simulator, world: World, app: App, today: date, named: Settings
) -> None:
    add(github, world, "one", "two")
    app.key = rsa.generate_private_key(65537, 2048)
    config = app_config(github, today, **named)
    app.key = rsa.generate_private_key(65537, 2048)
    outcome = run_tap(config, today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("invalid_credentials", "the App's JWT", "could not be decoded"):
        assert word in line
    assert len(github.seen) == 1
    assert outcome.records() == []


def test_an_app_id_that_is_not_the_keys_is_told(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "one")
    outcome = read_usages(app_config(github, today, app_id=app.app_id + "7"), today)
    [line] = closing(outcome)
    for word in ("invalid_credentials", "app_id", "Integration not found"):
        assert word in line
    assert outcome.code == 1


def test_a_jwt_refused_in_the_middle_ends_the_run_and_leaves_what_was_loaded(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "one", "two", "zoo")
    github.faults.add("POST /app/installations/7001/", times=FOR_EVER, **BAD)
    outcome = read_usages(app_config(github, today), today)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert "the App's JWT" in line
    assert outcome.bookmark("one") == ago(today, 5)
    assert github.calls("GET /orgs/zoo") == []
    assert len(app.made) == 1


@pytest.mark.parametrize(("hours", "skew"), [(1, "3600 s behind"), (-1, "3600 s ahead of")])
def test_a_skewed_clock_is_told_from_a_bad_key(
    github: Simulator, world: World, app: App, today: date, hours: int, skew: str
) -> None:
    add(github, world, "one")
    app.now += 3600 * hours
    outcome = read_usages(app_config(github, today), today)
    [line] = closing(outcome)
    for word in ("invalid_credentials", "the App's JWT", f"clock is {skew} GitHub's"):
        assert word in line


def test_a_jwt_that_grew_old_while_a_limit_was_waited_for_is_made_anew(
    github: Simulator, world: World, app: App, today: date, same_time: SetClock
) -> None:
    add(github, world, "one")
    message = {"message": "You have exceeded a secondary rate limit."}
    limit: dict[str, Any] = {"status": 429, "body": message, "headers": {"Retry-After": "1800"}}
    github.faults.add("GET /app/installations", **limit)
    github.faults.add("POST /app/installations/", **limit)
    outcome = read_usages(app_config(github, today), today)
    assert outcome.code == 0, outcome.log
    assert same_time.waits == [1800, 1800]
    assert outcome.bookmark("one") == ago(today, 5)


# The three ways in


WAYS: dict[str, Callable[[], Settings]] = {
    "an enterprise": lambda: {"enterprises": ["acme"]},
    "organizations, named": lambda: {"organizations": ["Octo-Org", "zoo"]},
    "organizations, found": dict,
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_gives_the_rows_that_a_token_gives(
    github: Simulator, world: World, app: App, today: date, way: str
) -> None:
    del app
    named = WAYS[way]()
    if "enterprises" in named:
        add_acme(github, world, people=60)
    else:
        add(github, world, "octo-org", "zoo", people=60)
    by_app = read_usages(app_config(github, today, **named), today)
    by_token = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert by_app.code == by_token.code == 0
    assert len(by_token.records()) > 100
    assert _without_time(by_app) == _without_time(by_token)
    assert by_app.state == by_token.state


def _without_time(outcome: Outcome) -> list[dict[str, Any]]:
    return [record | {"fetched_at": None} for record in outcome.records()]


def test_an_enterprise_is_read_through_its_own_installation_only(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "octo-org")
    own = add_acme(github, world)
    outcome = read_usages(app_config(github, today, enterprises=["ACME"]), today)
    assert outcome.code == 0
    assert bearers(github, f"GET {ACME}/copilot/") == set(app.made)
    assert github.calls("POST ") == [f"POST /app/installations/{own.number}/access_tokens"]
    assert github.calls("GET /app") == github.calls("GET /orgs") == []


def test_an_organizations_installation_does_not_reach_the_enterprise(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "octo-org")
    world.add(ACME)
    outcome = read_usages(app_config(github, today, enterprises=["acme"]), today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("no_resource", "enterprise acme", "not installed", "installation of its own"):
        assert word in line
    assert app.made == []


def test_each_organization_is_read_with_the_token_of_its_own_installation(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "one", "two")
    outcome = read_usages(app_config(github, today, organizations=["two", "One"]), today)
    assert outcome.code == 0
    one, two = (bearers(github, f"GET /orgs/{name}/copilot/") for name in ("one", "two"))
    assert len(one) == len(two) == 1
    assert one | two == set(app.made)
    assert one != two
    assert github.calls("GET /app") == []


def test_tokens_are_as_long_as_githubs_new_ones(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add_acme(github, world)
    assert read_usages(app_config(github, today, enterprises=["acme"]), today).code == 0
    [token] = app.made
    assert len(token) == 520
    assert "." in token


# Installations that the App finds by itself


@pytest.mark.parametrize(("page_size", "pages"), [(100, 1), (30, 2), (1, 35)])
def test_every_installation_is_found_over_all_pages(
    github: Simulator, world: World, app: App, today: date, page_size: int, pages: int
) -> None:
    app.page_size = page_size
    names = [f"org-{number:02}" for number in range(35)]
    add(github, world, *names, people=2)
    outcome = read_usages(app_config(github, today, start_date=ago(today, 6)), today)
    assert outcome.code == 0
    listed = github.calls("GET /app/installations")
    assert len(listed) == pages
    assert listed[0] == "GET /app/installations?per_page=100"
    assert [outcome.bookmark(name) for name in names] == [ago(today, 5)] * 35


def test_what_cannot_be_read_is_left_out_with_a_line_each(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "octo-org")
    app.install("/orgs/asleep", 1, suspended=True)
    app.install("/users/somebody", 2)
    app.install("/enterprises/acme", 3)
    app.install("/orgs/closed", 4, permissions={"members": "read"})
    outcome = run_tap(app_config(github, today), today)
    assert outcome.code == 0
    for name, why in (
        ("Asleep", "suspended"),
        ("Somebody", "user"),
        ("Acme", "enterprise"),
        ("Closed", "Organization Copilot metrics"),
    ):
        [line] = lines_about(outcome.log, f" {name} ")
        assert line.startswith("WARNING")
        assert why in line
    assert [p["context"] for p in outcome.state["bookmarks"][USAGES]["partitions"]] == [
        {"organization_login": "octo-org"}
    ]
    assert len(app.made) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"account": None, "target_type": "Organization"},
        {"account": None, "target_type": None},
        {"account": {"login": None, "id": 5}, "target_type": "Organization"},
        {"account": {"login": "../../user", "id": 5}, "target_type": "Organization"},
        {"account": {"login": "odd", "id": 5}, "target_type": "Organization", "permissions": None},
        {"account": {"slug": "odd", "id": 5}},
    ],
)
def test_an_odd_installation_does_not_stop_the_others(
    github: Simulator, world: World, app: App, today: date, odd: dict[str, Any]
) -> None:
    add(github, world, "octo-org")
    complete: dict[str, Any] = {
        "id": 1,
        "permissions": {"organization_copilot_metrics": "read"},
        "suspended_at": None,
    }
    listed = [complete | odd, app.installations[0].as_json()]
    github.faults.add("GET /app/installations", status=200, body=listed)
    outcome = read_usages(app_config(github, today), today)
    assert outcome.code == 0
    assert len(lines_about(outcome.log, "WARNING", "installation", "skipped")) == 1
    assert outcome.bookmark("octo-org") == ago(today, 5)
    assert len(outcome.state["bookmarks"][USAGES]["partitions"]) == 1


def test_an_installation_that_is_listed_twice_is_read_once(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "octo-org")
    app.page_size = 1
    app.installations.append(app.installations[0])
    outcome = read_usages(app_config(github, today), today)
    assert outcome.code == 0
    assert keys_of(outcome.records()) == truth(world, today, 9, path="/orgs/octo-org")


@pytest.mark.parametrize(
    ("installed", "why"),
    [
        ([], "nobody has installed it"),
        ([("/orgs/asleep", {"suspended": True})], "suspended"),
        ([("/enterprises/acme", {})], "enterprises"),
        ([("/users/a", {}), ("/orgs/b", {"permissions": {}})], "Organization Copilot metrics"),
    ],
)
def test_an_app_with_nothing_to_read_says_why(
    github: Simulator,
    app: App,
    today: date,
    installed: list[tuple[str, dict[str, Any]]],
    why: str,
) -> None:
    for number, (path, more) in enumerate(installed):
        app.install(path, number, **more)
    outcome = run_tap(app_config(github, today), today)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert "no organization installation to read" in line
    assert why in line
    assert len(github.seen) == 1


@pytest.mark.parametrize("closed", ["policy", "permission"])
@pytest.mark.parametrize("named", [False, True])
def test_a_closed_organization_fails_only_if_it_is_named(
    github: Simulator, world: World, app: App, today: date, closed: str, *, named: bool
) -> None:
    del app
    add(github, world, "one", "two")
    message, code = {
        "policy": ("The Copilot usage metrics policy must be enabled.", "policy_disabled"),
        "permission": ("Resource not accessible by integration", "invalid_permissions"),
    }[closed]
    github.faults.add("/orgs/one/", status=403, body={"message": message}, times=FOR_EVER)
    names = {"organizations": ["one", "two"]} if named else {}
    outcome = read_usages(app_config(github, today, **names), today)
    assert outcome.code == int(named)
    level = "ERROR" if named else "WARNING"
    assert lines_about(outcome.log, level, code, "organization one")
    assert bool(outcome.errors()) is named
    assert outcome.bookmark("one") is None
    assert outcome.bookmark("two") == ago(today, 5)


# Installations that are not there, or no more


def test_an_organization_that_has_not_installed_the_app_fails_alone(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "one", "two")
    world.add("/orgs/away")
    config = app_config(github, today, organizations=["one", "away", "two"])
    outcome = read_usages(config, today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("no_resource", "organization away", "not installed"):
        assert word in line
    assert outcome.bookmark("away") is None
    assert outcome.bookmark("one") == outcome.bookmark("two") == ago(today, 5)
    assert len(app.made) == 2


def test_a_named_installation_that_is_suspended_fails_alone(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "one", "two")
    app.installations[0].suspended = True
    outcome = read_usages(app_config(github, today, organizations=["one", "two"]), today)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert "invalid_permissions: organization one: " in line
    assert "suspended" in line
    assert outcome.bookmark("two") == ago(today, 5)


@pytest.mark.parametrize("named", [{}, {"organizations": ["one", "two"]}])
@pytest.mark.parametrize("stream", [USAGES, SEATS])
def test_an_installation_that_vanishes_fails_alone(
    github: Simulator, world: World, app: App, today: date, named: Settings, stream: str
) -> None:
    add(github, world, "one", "two")
    github.faults.add("POST /app/installations/7000/", times=FOR_EVER, **NOT_FOUND)
    outcome = read(app_config(github, today, **named), today, stream)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (stream, "no_resource", "organization one", "is gone"):
        assert word in line
    assert {record["organization_login"] for record in outcome.records(stream)} == {"two"}
    assert len(app.made) == 1


@pytest.mark.parametrize("after", [0, 4])
def test_a_freshly_made_token_that_is_refused_ends_its_scope_and_only_that(
    github: Simulator, world: World, app: App, today: date, after: int
) -> None:
    add(github, world, "one", "two", "zoo")
    github.faults.add("GET /orgs/two/", after=after, times=FOR_EVER, **BAD)
    outcome = read_usages(app_config(github, today, concurrency=1), today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("invalid_credentials", "organization two", "a fresh token", "installation"):
        assert word in line
    assert outcome.bookmark("one") == outcome.bookmark("zoo") == ago(today, 5)
    assert outcome.bookmark("two") == (ago(today, 7) if after else None)
    assert len(bearers(github, "GET /orgs/two/")) == (2 if after else 1)
    assert len(github.calls("GET /orgs/two/")) == after + (2 if after else 1)
    assert len(app.made) == (4 if after else 3)


# Tokens grow old


class SameTime(SetClock):
    """A clock that the App keeps in step with."""

    def __init__(self, today: date, app: App) -> None:
        super().__init__(today)
        self._app = app

    def wait(self, seconds: float) -> None:
        """Move on, and the App too."""
        super().wait(seconds)
        self._app.now = self.now().timestamp()


@pytest.fixture
def same_time(app: App, today: date, monkeypatch: pytest.MonkeyPatch) -> SameTime:
    """The clock of the run, and of the App."""
    clock = SameTime(today, app)
    monkeypatch.setattr("tests.running.SetClock", lambda _: clock)
    return clock


@pytest.mark.parametrize("pause", [200, 400, 590, 600, 3000])
def test_a_token_is_renewed_before_it_expires(
    github: Simulator, world: World, app: App, today: date, same_time: SameTime, pause: int
) -> None:
    add_acme(github, world)
    app.token_life = 600
    for day in (8, 6):
        github.faults.add(
            f"day={ago(today, day)}",
            status=429,
            body={"message": "You have exceeded a secondary rate limit."},
            headers={"Retry-After": str(pause)},
        )
    config = app_config(github, today, enterprises=["acme"], concurrency=1)
    outcome = read_usages(config, today)
    assert outcome.code == 0
    assert same_time.waited == 2 * pause
    assert github.access.refused == []
    assert len(app.made) == (2 if pause == 200 else 3)
    assert keys_of(outcome.records()) == truth(world, today, 9)


def test_a_token_that_lives_shorter_than_a_run_needs_is_used_until_it_is_refused(
    github: Simulator, world: World, app: App, today: date, same_time: SameTime
) -> None:
    add_acme(github, world)
    app.token_life = 20
    github.faults.add("copilot/metrics/reports/users-1-day", status=502, times=4)
    github.faults.add("copilot/metrics/reports/users-1-day", status=502, after=4, times=4)
    outcome = read_usages(app_config(github, today, enterprises=["acme"], concurrency=1), today)
    assert outcome.code == 0
    assert same_time.waited == 30
    assert len(app.made) == 2
    assert keys_of(outcome.records()) == truth(world, today, 9)


@pytest.mark.parametrize("repetition", range(3))
def test_a_token_refused_in_the_middle_is_renewed_and_nothing_is_lost(
    github: Simulator, world: World, app: App, today: date, repetition: int
) -> None:
    del repetition
    names = [f"org-{number:02}" for number in range(35)]
    add(github, world, *names, people=3)
    app.calls_per_token = 5
    outcome = read(app_config(github, today, concurrency=8), today, USAGES, SEATS)
    assert outcome.errors() == []
    assert outcome.code == 0
    assert github.most_busy <= 2
    for name in names:
        rows = [r for r in outcome.records() if r["organization_login"] == name]
        assert keys_of(rows) == truth(world, today, 9, path=f"/orgs/{name}")
        assert bookmark(outcome.state, name) == ago(today, 5)
    assert {r["organization_login"] for r in outcome.records(SEATS)} == set(names)
    assert len(app.made) == 35 * 3


def test_threads_that_need_a_token_at_once_share_one(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add_acme(github, world)
    config = app_config(github, today, enterprises=["acme"], concurrency=32)
    outcome = read_usages(config | {"start_date": ago(today, 60)}, today)
    assert outcome.code == 0
    assert len(app.made) == 1


# What signing in tells


@pytest.mark.parametrize("named", [{}, {"organizations": ["octo-org"]}])
def test_an_organizations_id_is_its_accounts_and_not_asked_for(
    github: Simulator, world: World, app: App, today: date, named: Settings
) -> None:
    del app
    add(github, world, "octo-org")
    outcome = read(app_config(github, today, **named), today, USAGES, SEATS)
    assert outcome.code == 0
    assert "GET /orgs/octo-org" not in github.calls()
    number = str(world.scopes["/orgs/octo-org"].number)
    for stream in (USAGES, SEATS):
        assert {r["organization_id"] for r in outcome.records(stream)} == {number}


# Streams that are optional


CLOSED = {
    "403": (
        {
            "status": 403,
            "body": {"message": "Resource not accessible by integration"},
            "headers": {"X-Accepted-GitHub-Permissions": "some_key=read"},
        },
        ("invalid_permissions", "some_key=read"),
    ),
    "403 without the header": (
        {"status": 403, "body": {"message": "Resource not accessible by integration"}},
        ("invalid_permissions",),
    ),
    "404": (NOT_FOUND, ("no_resource",)),
}
OPENED_BY = {
    "organizations": ("octo-org", "GitHub Copilot Business"),
    "enterprises": ("acme", "Enterprise Copilot license management"),
}


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("level", OPENED_BY)
def test_seats_closed_to_the_app_are_skipped_and_what_opens_them_is_named(
    github: Simulator, world: World, app: App, today: date, closed: str, level: str
) -> None:
    del app
    name, permission = OPENED_BY[level]
    add_acme(github, world)
    add(github, world, "octo-org")
    fault, words = CLOSED[closed]
    github.faults.add("/copilot/billing/seats", times=FOR_EVER, **fault)
    outcome = read(app_config(github, today, **{level: [name]}), today, USAGES, SEATS)
    assert outcome.code == 0
    assert outcome.errors() == []
    [line] = lines_about(outcome.log, "WARNING", SEATS, name)
    for word in (*words, permission):
        assert word in line or "some_key=read" in line
    assert outcome.bookmark(name) == ago(today, 5)
    assert outcome.records(SEATS) == []


def test_seats_closed_for_one_organization_are_loaded_for_the_others(
    github: Simulator, world: World, app: App, today: date
) -> None:
    add(github, world, "one", "two")
    del app.installations[0].permissions["organization_copilot_seat_management"]
    outcome = read(app_config(github, today), today, USAGES, SEATS)
    assert outcome.code == 0
    needed = "organization_copilot_seat_management=read"
    assert lines_about(outcome.log, "WARNING", SEATS, "organization one", needed)
    assert {r["organization_login"] for r in outcome.records(SEATS)} == {"two"}


@pytest.mark.parametrize("closed", CLOSED)
def test_seats_closed_to_a_token_are_a_failure(
    github: Simulator, world: World, today: date, closed: str
) -> None:
    world.add(ACME, people=20)
    fault, words = CLOSED[closed]
    github.faults.add("/copilot/billing/seats", times=FOR_EVER, **fault)
    config = config_for(github, start_date=ago(today, 9))
    outcome = read(config, today, USAGES, SEATS)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (SEATS, "enterprise acme", *words):
        assert word in line
    assert outcome.bookmark() == ago(today, 5)


@pytest.mark.parametrize("status", [401, 422, 500])
def test_other_refusals_of_seats_are_failures_for_an_app_too(
    github: Simulator, world: World, app: App, today: date, status: int
) -> None:
    del app
    add(github, world, "one")
    fault = {"status": status, "body": {"message": "No"}}
    github.faults.add("/copilot/billing/seats", times=FOR_EVER, **fault)
    outcome = read(app_config(github, today), today, USAGES, SEATS)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert SEATS in line
    assert outcome.bookmark("one") == ago(today, 5)


# Secrets


@pytest.mark.parametrize("broken", ["nothing", "key", "token", "server"])
@pytest.mark.parametrize("options", [(), ("--check",)])
def test_no_credential_of_the_app_is_ever_printed(
    github: Simulator,
    world: World,
    app: App,
    today: date,
    broken: str,
    options: tuple[str, ...],
) -> None:
    add(github, world, "one", "two")
    config = app_config(github, today)
    if broken == "key":
        app.key = rsa.generate_private_key(65537, 2048)
    elif broken == "token":
        github.faults.add("GET /orgs/", times=FOR_EVER, **BAD)
    elif broken == "server":
        github.faults.add("/access_tokens", times=FOR_EVER, status=500)
    outcome = run_tap(config, today, options=options)
    assert outcome.code == int(broken != "nothing")
    shown = outcome.log + outcome.out
    sent = {seen.authorization.removeprefix("Bearer ") for seen in github.seen} - {""}
    key = [line for line in str(config["private_key"]).splitlines() if "-" not in line]
    assert len(sent) >= 1
    for secret in [*sent, *app.made, *key]:
        assert secret not in shown
        assert secret[:40] not in shown


def test_a_token_that_github_echoes_is_not_printed(
    github: Simulator, world: World, app: App, today: date
) -> None:
    del app
    add(github, world, "one")
    token = f"ghs_123456_eyJ0eXAi.{'y' * 300}.-_z"
    github.faults.add(
        "POST /app/installations/",
        status=201,
        body={"token": token, "expires_at": f"{datetime.combine(today, NOON):%Y-%m-%dT13:00:00Z}"},
    )
    message = {"message": f"Nobody knows {token} here"}
    github.faults.add("GET /orgs/one/", status=422, body=message, times=FOR_EVER)
    outcome = read_usages(app_config(github, today), today)
    [line] = closing(outcome)
    assert "Nobody knows *** here" in line
    assert token not in outcome.log

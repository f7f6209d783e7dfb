"""Signing in as a GitHub App: each scope through an installation of its own."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from simulator.faults import FOR_EVER
from tests.support.app_scene import Scene
from tests.support.daily_usages import ACME, closing, keys_of, read_usages, truth
from tests.support.tap_runs import (
    NOON,
    SEATS,
    USAGES,
    Outcome,
    SetClock,
    config_for,
    lines_about,
    run_tap,
)

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from simulator.apps import App
    from simulator.server import Simulator
    from simulator.world import World

ONE_DAY = "copilot/metrics/reports/users-1-day"
BAD: dict[str, Any] = {"status": 401, "body": {"message": "Bad credentials", "status": "401"}}
NOT_FOUND: dict[str, Any] = {"status": 404, "body": {"message": "Not Found", "status": "404"}}


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
def scene(github: Simulator, world: World, today: date) -> Scene:
    """An App that nobody has installed yet."""
    return Scene(github, world, today)


@pytest.fixture
def same_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> SameTime:
    """The clock of the run and of the App."""
    clock = SameTime(scene.today, scene.app)
    monkeypatch.setattr("tests.support.tap_runs.SetClock", lambda _: clock)
    return clock


def limit(seconds: int) -> dict[str, Any]:
    """A rate limit that is over in so many seconds."""
    message = {"message": "You have exceeded a secondary rate limit."}
    return {"status": 429, "body": message, "headers": {"Retry-After": str(seconds)}}


def org(name: str) -> str:
    return f"/orgs/{name}"


@pytest.mark.parametrize("app_id", [123456, "123456", "Iv23liSimulated"])
def test_the_jwt_is_backdated_a_minute_lives_shortly_and_names_the_app(
    scene: Scene, app_id: int | str
) -> None:
    scene.add_acme()
    assert scene.read(app_id=app_id, enterprises=["acme"]).code == 0
    [token] = scene.bearers(f"GET {ACME}/installation")
    unbound = {"verify_exp": False, "verify_iat": False}
    key = scene.app.key.public_key()
    claims = jwt.decode(token, key, algorithms=["RS256"], options=unbound)  # type: ignore[arg-type]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert claims["iat"] == scene.app.now - 60
    assert 0 < claims["exp"] - scene.app.now <= 9 * 60
    assert claims["iss"] == str(app_id)


@pytest.mark.parametrize(
    ("form", "given"),
    [
        (PrivateFormat.TraditionalOpenSSL, "text"),
        (PrivateFormat.PKCS8, "literal newlines"),
        (PrivateFormat.TraditionalOpenSSL, "path"),
    ],
)
def test_the_key_signs_in_every_form_it_comes_in(
    scene: Scene, tmp_path: Path, form: PrivateFormat, given: str
) -> None:
    scene.add_acme()
    pem = scene.app.pem(form)
    file = tmp_path / "app.pem"
    file.write_text(pem)
    keys: dict[str, dict[str, Any]] = {
        "text": {"private_key": pem},
        "literal newlines": {"private_key": pem.replace("\n", "\\n")},
        "path": {"private_key": None, "private_key_path": str(file)},
    }
    outcome = scene.read(enterprises=["acme"], **keys[given])
    assert outcome.code == 0
    assert outcome.bookmark() == scene.ago(5)


@pytest.mark.parametrize(
    "named", [{"organizations": ["one", "two"]}, {"enterprises": ["acme", "busy"]}, {}]
)
def test_a_refused_jwt_ends_the_run_at_once(scene: Scene, named: dict[str, Any]) -> None:
    scene.add("one", "two")
    config = scene.config(**named)
    scene.app.key = rsa.generate_private_key(65537, 2048)
    outcome = run_tap(config, scene.today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("invalid_credentials", "the App's JWT", "could not be decoded"):
        assert word in line
    assert len(scene.github.seen) == 1
    assert outcome.records() == []


def test_an_app_id_that_is_not_the_keys_is_told(scene: Scene) -> None:
    scene.add("one")
    outcome = scene.read(app_id=654321)
    [line] = closing(outcome)
    for word in ("invalid_credentials", "app_id", "Integration not found"):
        assert word in line
    assert outcome.code == 1


def test_a_jwt_refused_in_the_middle_ends_the_run_and_leaves_what_was_loaded(scene: Scene) -> None:
    scene.add("one", "two", "zoo")
    scene.github.faults.add("POST /app/installations/7001/", times=FOR_EVER, **BAD)
    outcome = scene.read()
    [line] = closing(outcome)
    assert outcome.code == 1
    assert "the App's JWT" in line
    assert outcome.bookmark("one") == scene.ago(5)
    assert scene.github.calls("GET /orgs/zoo") == []
    assert len(scene.app.made) == 1


@pytest.mark.parametrize(("hours", "skew"), [(1, "3600 s behind"), (-1, "3600 s ahead of")])
def test_a_skewed_clock_is_told_from_a_bad_key(scene: Scene, hours: int, skew: str) -> None:
    scene.add("one")
    scene.app.now += 3600 * hours
    [line] = closing(scene.read())
    for word in ("invalid_credentials", "the App's JWT", f"clock is {skew} GitHub's"):
        assert word in line


def test_a_clock_that_goes_right_is_not_blamed(scene: Scene) -> None:
    scene.add("one")
    [line] = closing(scene.read(app_id=654321))
    assert "clock" not in line


@pytest.mark.parametrize("call", ["GET /app/installations", "POST /app/installations/"])
def test_a_jwt_does_not_grow_too_old_while_a_limit_is_waited_for(
    scene: Scene, same_time: SameTime, call: str
) -> None:
    scene.add("one")
    scene.github.faults.add(call, **limit(1800))
    outcome = scene.read()
    assert outcome.code == 0
    assert same_time.waits == [1800]
    assert outcome.bookmark("one") == scene.ago(5)


@pytest.mark.parametrize(
    ("paths", "named"),
    [
        ([ACME], {"enterprises": ["acme"]}),
        (["/orgs/octo-org", "/orgs/zoo"], {"organizations": ["Octo-Org", "zoo"]}),
        (["/orgs/octo-org", "/orgs/zoo"], {}),
    ],
    ids=["an enterprise", "organizations that are named", "organizations that are found"],
)
def test_each_way_in_gives_the_rows_that_a_token_gives(
    scene: Scene, paths: list[str], named: dict[str, Any]
) -> None:
    for path in paths:
        scene.install(path, people=60)
    by_app = scene.read(**named)
    by_token = read_usages(config_for(scene.github, start_date=scene.ago(9)), scene.today)
    assert by_app.code == by_token.code == 0
    assert len(by_token.records()) > 100
    assert without_time(by_app) == without_time(by_token)
    assert by_app.state == by_token.state


def without_time(outcome: Outcome) -> list[dict[str, Any]]:
    return [record | {"fetched_at": None} for record in outcome.records()]


def test_an_enterprise_is_read_through_its_own_installation_only(scene: Scene) -> None:
    scene.add("octo-org")
    own = scene.add_acme()
    assert scene.read(enterprises=["ACME"]).code == 0
    assert scene.bearers(f"GET {ACME}/copilot/") == set(scene.app.made)
    assert scene.github.calls("POST ") == [f"POST /app/installations/{own.number}/access_tokens"]
    assert scene.github.calls("GET /app") == scene.github.calls("GET /orgs") == []


def test_an_organizations_installation_does_not_reach_the_enterprise(scene: Scene) -> None:
    scene.add("octo-org")
    scene.world.add(ACME)
    outcome = scene.read(enterprises=["acme"])
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("no_resource", "enterprise acme", "not installed", "installation of its own"):
        assert word in line
    assert scene.app.made == []


def test_each_organization_is_read_with_the_token_of_its_own_installation(scene: Scene) -> None:
    scene.add("one", "two")
    assert scene.read(organizations=["two", "One"]).code == 0
    one, two = (scene.bearers(f"GET /orgs/{name}/copilot/") for name in ("one", "two"))
    assert len(one) == len(two) == 1
    assert one != two
    assert one | two == set(scene.app.made)
    assert scene.github.calls("GET /app") == []


def test_tokens_may_be_as_long_as_githubs_new_ones_and_hold_dots(scene: Scene) -> None:
    scene.add_acme()
    assert scene.read(enterprises=["acme"]).code == 0
    [token] = scene.app.made
    assert len(token) == 520
    assert "." in token


@pytest.mark.parametrize(("page_size", "pages"), [(100, 1), (30, 2)])
def test_every_installation_is_found_over_all_pages(
    scene: Scene, page_size: int, pages: int
) -> None:
    scene.app.page_size = page_size
    names = [f"org-{number:02}" for number in range(35)]
    scene.add(*names, people=3)
    outcome = scene.read(start_date=scene.ago(6))
    assert outcome.code == 0
    listed = scene.github.calls("GET /app/installations")
    assert len(listed) == pages
    assert listed[0] == "GET /app/installations?per_page=100"
    assert [outcome.bookmark(name) for name in names] == [scene.ago(5)] * 35


def test_what_cannot_be_read_is_left_out_with_a_line_each(scene: Scene) -> None:
    scene.add("octo-org")
    scene.app.install("/orgs/asleep", 1, suspended=True)
    scene.app.install("/users/somebody", 2)
    scene.app.install("/enterprises/big", 3)
    scene.app.install("/orgs/closed", 4, permissions={"members": "read"})
    outcome = scene.read(USAGES, SEATS)
    assert outcome.code == 0
    reasons = {
        "Asleep": "suspended",
        "Somebody": "User",
        "Big": "Enterprise",
        "Closed": "'Organization Copilot metrics'",
    }
    for name, why in reasons.items():
        [line] = lines_about(outcome.log, f" {name} ")
        assert line.startswith("WARNING")
        assert why in line
    assert {record["organization_login"] for record in outcome.records()} == {"octo-org"}
    assert len(scene.app.made) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"account": None, "target_type": "Organization"},
        {"account": None, "target_type": None},
        {"account": {"login": None, "id": 5}, "target_type": "Organization"},
        {"account": {"login": "../../user", "id": 5}, "target_type": "Organization"},
        {"account": {"login": "odd", "id": 5}, "target_type": "Organization", "permissions": None},
        {"account": {"slug": "odd", "id": 5}},
        {"account": "octo-org", "target_type": "Organization"},
        {"account": ["octo-org"], "target_type": "Organization"},
        {"account": {"login": ["octo-org"]}, "target_type": "Organization"},
        {"account": {"login": "odd"}, "target_type": ["Organization"]},
        {"account": {"login": "odd"}, "target_type": {"canary": 1}},
        {"account": {"login": "odd"}, "target_type": "Organization", "permissions": "canary"},
        {
            "account": {"login": "odd"},
            "target_type": "Organization",
            "permissions": ["organization_copilot_metrics"],
        },
        {"account": {"login": "odd"}, "target_type": "Organization", "id": "1"},
        {"account": {"login": "odd"}, "target_type": "Organization", "id": None},
        {"account": {"login": "odd"}, "target_type": "Organization", "id": True},
        {"account": {"login": "odd"}, "target_type": "Organization", "id": 1.5},
        {"account": {"login": "odd"}, "target_type": "Organization", "id": -1},
        {"account": {"login": "odd"}, "target_type": "Organization", "id": [1]},
        None,
        "canary",
        7,
        ["canary"],
        {},
    ],
)
def test_an_odd_installation_does_not_stop_the_others(scene: Scene, odd: object) -> None:
    scene.add("octo-org")
    permissions = {"organization_copilot_metrics": "read"}
    entry = {"id": 1, "permissions": permissions} | odd if isinstance(odd, dict) and odd else odd
    listed = [entry, scene.app.installations[0].as_json()]
    scene.github.faults.add("GET /app/installations", status=200, body=listed)
    outcome = scene.read()
    assert outcome.code == 0
    assert len(lines_about(outcome.log, "WARNING", "installation", "skipped")) == 1
    assert outcome.bookmark("octo-org") == scene.ago(5)
    assert {record["organization_login"] for record in outcome.records()} == {"octo-org"}
    assert "canary" not in outcome.log


@pytest.mark.parametrize("account_id", ["5", None, True, 5.0, -5, [5], {"canary": 1}])
def test_an_account_id_that_is_not_a_number_is_asked_for(scene: Scene, account_id: object) -> None:
    scene.add("one")
    listed = scene.app.installations[0].as_json()
    listed["account"]["id"] = account_id
    scene.github.faults.add("GET /app/installations", status=200, body=[listed])
    outcome = scene.read()
    assert outcome.code == 0
    number = str(scene.app.installations[0].account)
    assert {row["organization_id"] for row in outcome.records()} == {number}
    assert scene.github.calls("GET /orgs/one").count("GET /orgs/one") == 1


@pytest.mark.parametrize("number", ["5", None, True, 5.5, 0, -5, [5], {"canary": 1}])
def test_an_organization_id_that_is_not_a_number_is_refused(
    github: Simulator, world: World, today: date, number: object
) -> None:
    world.add("/orgs/one")
    world.add("/orgs/two", people=20)
    github.faults.add("GET /orgs/one$", status=200, body={"id": number}, times=FOR_EVER)
    outcome = read_usages(config_for(github), today)
    [line] = closing(outcome)
    for word in ("refused_request: organization one, GET /orgs/one: ", "no numeric id"):
        assert word in line
    assert outcome.bookmark("two") is not None
    assert "canary" not in outcome.log


@pytest.mark.parametrize(
    "expires_at",
    [
        "{:%Y-%m-%dT%H:%M:%S}",
        "{:%Y-%m-%dT%H:%M:%S+00:00}",
        "{:%Y-%m-%d}",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "tomorrow",
        "",
        None,
        5,
        ["canary"],
    ],
)
def test_a_token_is_used_whatever_is_said_of_its_end(scene: Scene, expires_at: object) -> None:
    scene.add_acme()
    now = datetime.combine(scene.today, NOON)
    said = expires_at.format(now) if isinstance(expires_at, str) else expires_at
    token = "an-odd-minted-token"
    scene.github.access.tokens.add(token)
    body = {"token": token, "expires_at": said}
    scene.github.faults.add("POST /app/", status=201, body=body, times=FOR_EVER)
    outcome = scene.read(enterprises=["acme"])
    assert outcome.code == 0
    assert keys_of(outcome.records()) == truth(scene.world, scene.today, 9)
    assert len(scene.github.calls("POST /app/")) == 1


@pytest.mark.parametrize("call", ["GET /app/installations", "GET /orgs/one/inst", "POST /app/inst"])
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"id":' * 5000 + b"1" + b"}" * 5000])
def test_an_answer_that_is_nested_very_deeply_is_a_refusal(
    scene: Scene, call: str, body: bytes
) -> None:
    scene.add("one", "two")
    scene.github.faults.add(call, status=200, body=body, times=FOR_EVER)
    named = {} if call.startswith("GET /app") else {"organizations": ["one", "two"]}
    outcome = scene.read(**named)
    assert outcome.code == 1
    assert "refused_request: " in closing(outcome)[0]
    assert (outcome.bookmark("two") is None) == (call[:8] in {"GET /app", "POST /ap"})


@pytest.mark.parametrize(
    ("kind", "asked"), [("new numbers", 31), ("beyond the last", 9), ("the same page", 11)]
)
def test_a_listing_without_an_end_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: str, asked: int
) -> None:
    monkeypatch.setattr("tap_github_copilot.github.client.MOST_PAGES", 30)
    monkeypatch.setattr("tap_github_copilot.github.client._PAGES_AFTER_LAST", 5)
    scene.add("one")
    [listed] = [installation.as_json() for installation in scene.app.installations]
    for number in range(1, 100):
        path = "/app/installations?per_page=100"
        link = f'<{scene.github.url}{path}&page={number + 1}>; rel="next"'
        if kind == "beyond the last":
            link += f', <{scene.github.url}{path}&page=3>; rel="last"'
        entry = listed | ({} if kind == "the same page" else {"id": number})
        call = f"GET {path}" + (f"&page={number}" if number > 1 else "")
        scene.github.faults.add(
            f"^{re.escape(call)}$", status=200, body=[entry], headers={"Link": link}
        )
    outcome = scene.read()
    [line] = closing(outcome)
    for word in ("refused_request: the App, GET /app/installations", "does not end"):
        assert word in line
    assert len(scene.github.calls("GET /app/installations")) == asked


def test_an_installation_that_is_listed_on_two_pages_is_read_once(scene: Scene) -> None:
    scene.add("octo-org")
    scene.app.page_size = 1
    scene.app.installations *= 2
    outcome = scene.read()
    assert outcome.code == 0
    assert keys_of(outcome.records()) == truth(scene.world, scene.today, 9, path=org("octo-org"))


@pytest.mark.parametrize("body", [b"[", b"null", {"message": "canary"}])
@pytest.mark.parametrize(
    "call", ["GET /app/installations", "installation$", "POST /app/installations"]
)
def test_an_answer_that_is_something_else_is_a_refusal(
    scene: Scene, call: str, body: object
) -> None:
    scene.add("one")
    scene.github.faults.add(call, status=200, body=body, times=FOR_EVER)
    named = {"organizations": ["one"]} if call == "installation$" else {}
    outcome = scene.read(**named)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert "refused_request" in line
    assert "canary" not in outcome.log


@pytest.mark.parametrize(
    ("installed", "why"),
    [
        ({}, "nobody has installed it"),
        ({"/orgs/asleep": {"suspended": True}}, "suspended"),
        ({"/enterprises/big": {}}, "in the setting enterprises"),
        ({"/users/a": {}, "/orgs/b": {"permissions": {}}}, "'Organization Copilot metrics'"),
    ],
)
def test_an_app_with_nothing_to_read_says_why(
    scene: Scene, installed: dict[str, dict[str, Any]], why: str
) -> None:
    for number, (path, more) in enumerate(installed.items()):
        scene.app.install(path, number, **more)
    outcome = run_tap(scene.config(), scene.today)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert "no organization installation to read" in line
    assert why in line
    assert len(scene.github.seen) == 1


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("The Copilot usage metrics policy must be enabled.", "policy_disabled"),
        ("Resource not accessible by integration", "invalid_permissions"),
    ],
)
@pytest.mark.parametrize("named", [{}, {"organizations": ["one", "two"]}], ids=["found", "named"])
def test_a_closed_organization_fails_only_if_it_is_named(
    scene: Scene, named: dict[str, Any], message: str, code: str
) -> None:
    scene.add("one", "two")
    body = {"message": message}
    scene.github.faults.add("/orgs/one/copilot", status=403, body=body, times=FOR_EVER)
    outcome = scene.read(**named)
    assert outcome.code == bool(named)
    assert lines_about(outcome.log, "ERROR" if named else "WARNING", code, "organization one")
    assert bool(outcome.errors()) is bool(named)
    assert outcome.bookmark("one") is None
    assert outcome.bookmark("two") == scene.ago(5)


def test_an_organization_that_has_not_installed_the_app_fails_alone(scene: Scene) -> None:
    scene.add("one", "two")
    scene.world.add("/orgs/away")
    outcome = scene.read(organizations=["one", "away", "two"])
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("no_resource", "organization away", "not installed"):
        assert word in line
    assert outcome.bookmark("away") is None
    assert outcome.bookmark("one") == outcome.bookmark("two") == scene.ago(5)
    assert len(scene.app.made) == 2


def test_a_named_installation_that_is_suspended_fails_alone(scene: Scene) -> None:
    scene.add("one", "two")
    scene.app.installations[0].suspended = True
    outcome = scene.read(organizations=["one", "two"])
    [line] = closing(outcome)
    assert outcome.code == 1
    assert "invalid_permissions: organization one: " in line
    assert "suspended" in line
    assert outcome.bookmark("one") is None
    assert outcome.bookmark("two") == scene.ago(5)


def test_an_installation_that_is_suspended_after_it_was_looked_up_fails_alone(
    scene: Scene,
) -> None:
    scene.add("one", "two")
    body = {"message": "This installation has been suspended"}
    call = "POST /app/installations/7000/"
    scene.github.faults.add(call, status=403, body=body, times=FOR_EVER)
    outcome = scene.read(organizations=["one", "two"])
    [line] = closing(outcome)
    for word in ("invalid_permissions: organization one", "may be suspended", "GitHub says: This"):
        assert word in line
    assert outcome.bookmark("two") == scene.ago(5)


@pytest.mark.parametrize("stream", [USAGES, SEATS])
@pytest.mark.parametrize("named", [{}, {"organizations": ["one", "two"]}], ids=["found", "named"])
def test_an_installation_that_vanishes_fails_alone(
    scene: Scene, named: dict[str, Any], stream: str
) -> None:
    scene.add("one", "two")
    scene.github.faults.add("POST /app/installations/7000/", times=FOR_EVER, **NOT_FOUND)
    outcome = scene.read(stream, **named)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (stream, "no_resource", "organization one", "is gone"):
        assert word in line
    assert {record["organization_login"] for record in outcome.records(stream)} == {"two"}
    assert len(scene.app.made) == 1


@pytest.mark.parametrize(("good", "bookmark_age"), [(0, None), (4, 7)])
def test_a_freshly_made_token_that_is_refused_ends_its_scope_and_only_that(
    scene: Scene, good: int, bookmark_age: int | None
) -> None:
    scene.add("one", "two", "zoo")
    scene.github.faults.add("GET /orgs/two/", after=good, times=FOR_EVER, **BAD)
    outcome = scene.read(concurrency=1)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in ("invalid_credentials", "organization two", "a fresh token", "installation"):
        assert word in line
    assert outcome.bookmark("one") == outcome.bookmark("zoo") == scene.ago(5)
    assert outcome.bookmark("two") == (bookmark_age and scene.ago(bookmark_age))
    made_for_two = 2 if good else 1
    assert len(scene.bearers("GET /orgs/two/")) == made_for_two
    assert len(scene.github.calls("GET /orgs/two/")) == good + made_for_two
    assert len(scene.app.made) == 2 + made_for_two


@pytest.mark.parametrize(("pause", "made"), [(100, 1), (200, 2), (590, 3), (600, 3), (3000, 3)])
def test_a_token_is_renewed_before_it_expires(
    scene: Scene, same_time: SameTime, pause: int, made: int
) -> None:
    scene.add_acme()
    scene.app.token_life = 600
    for age in (8, 6):
        scene.github.faults.add(f"day={scene.ago(age)}", **limit(pause))
    outcome = scene.read(enterprises=["acme"], concurrency=1)
    assert outcome.code == 0
    assert same_time.waited == 2 * pause
    assert scene.github.access.refused == []
    assert len(scene.app.made) == made
    assert keys_of(outcome.records()) == truth(scene.world, scene.today, 9)


def test_a_token_with_a_very_short_life_is_used_until_it_is_refused(
    scene: Scene, same_time: SameTime
) -> None:
    scene.add_acme()
    scene.app.token_life = 25
    scene.github.faults.add(f"{ONE_DAY}.day={scene.ago(8)}", status=502, times=4)
    scene.github.faults.add(f"{ONE_DAY}.day={scene.ago(6)}", status=502, times=4)
    outcome = scene.read(enterprises=["acme"], concurrency=1)
    assert outcome.code == 0
    assert same_time.waited == 30
    assert len(scene.github.access.refused) == 1
    assert len(scene.app.made) == 2
    assert keys_of(outcome.records()) == truth(scene.world, scene.today, 9)


@pytest.mark.parametrize("repetition", range(3))
def test_a_token_refused_in_the_middle_is_renewed_and_nothing_is_lost(
    scene: Scene, repetition: int
) -> None:
    assert repetition < 3
    names = [f"org-{number:02}" for number in range(35)]
    scene.add(*names, people=3)
    scene.app.calls_per_token = 5
    outcome = scene.read(USAGES, SEATS, concurrency=8, start_date=scene.ago(6))
    assert outcome.errors() == []
    assert outcome.code == 0
    assert scene.github.most_busy <= 2
    for name in names:
        rows = [row for row in outcome.records() if row["organization_login"] == name]
        assert keys_of(rows) == truth(scene.world, scene.today, 6, path=org(name))
        assert outcome.bookmark(name) == scene.ago(5)
    seated = {
        place.name
        for place in scene.world.scopes.values()
        if any(person.joined <= scene.today < person.left for person in place.people)
    }
    assert {row["organization_login"] for row in outcome.records(SEATS)} == seated
    assert len(scene.app.made) == 35 * 2  # for 8 calls each


def test_threads_that_need_a_token_at_once_share_one(scene: Scene) -> None:
    scene.add_acme()
    outcome = scene.read(enterprises=["acme"], concurrency=32, start_date=scene.ago(60))
    assert outcome.code == 0
    assert len(scene.app.made) == 1


@pytest.mark.parametrize("named", [{}, {"organizations": ["octo-org"]}], ids=["found", "named"])
def test_an_organizations_id_is_its_accounts_and_not_asked_for(
    scene: Scene, named: dict[str, Any]
) -> None:
    scene.add("octo-org")
    outcome = scene.read(USAGES, SEATS, **named)
    assert outcome.code == 0
    assert "GET /orgs/octo-org" not in scene.github.calls()
    number = str(scene.app.installations[0].account)
    for stream in (USAGES, SEATS):
        assert {row["organization_id"] for row in outcome.records(stream)} == {number}


ACCESS_DENIED: dict[str, tuple[dict[str, Any], str]] = {
    "403": (
        {"status": 403, "body": {"message": "Resource not accessible by integration"}},
        "invalid_permissions",
    ),
    "403 of another kind": ({"status": 403, "body": {"message": "No"}}, "invalid_permissions"),
    "404": (NOT_FOUND, "no_resource"),
}


@pytest.mark.parametrize("closed", ACCESS_DENIED)
@pytest.mark.parametrize(
    ("named", "name", "permission"),
    [
        ({"organizations": ["octo-org"]}, "octo-org", "GitHub Copilot Business"),
        ({"enterprises": ["acme"]}, "acme", "Enterprise Copilot license management"),
    ],
)
def test_seats_closed_to_the_app_are_skipped_and_what_opens_them_is_named(
    scene: Scene, named: dict[str, Any], name: str, permission: str, closed: str
) -> None:
    scene.add_acme()
    scene.add("octo-org")
    fault, code = ACCESS_DENIED[closed]
    scene.github.faults.add("/copilot/billing/seats", times=FOR_EVER, **fault)
    outcome = scene.read(USAGES, SEATS, **named)
    assert outcome.code == 0
    assert outcome.errors() == []
    [line] = lines_about(outcome.log, "WARNING", SEATS, name)
    assert code in line
    assert permission in line
    assert outcome.bookmark(name) == scene.ago(5)
    assert outcome.records(SEATS) == []


@pytest.mark.parametrize("closed", ACCESS_DENIED)
@pytest.mark.parametrize("named", [{}, {"organizations": ["octo-org"]}], ids=["found", "named"])
def test_seats_that_were_listed_before_and_are_closed_now_are_a_failure_where_named(
    scene: Scene, named: dict[str, Any], closed: str
) -> None:
    scene.add("octo-org")
    first = scene.read(USAGES, SEATS, **named)
    assert first.records(SEATS)
    fault, code = ACCESS_DENIED[closed]
    scene.github.faults.add("/copilot/billing/seats", times=FOR_EVER, **fault)
    second = scene.read_from(first.state, USAGES, SEATS, **named)
    assert second.code == bool(named)
    level = "ERROR" if named else "WARNING"
    assert lines_about(second.log, level, SEATS, code, "organization octo-org")
    # To forget it, its partition is removed from the state.
    state = {"bookmarks": {USAGES: second.state["bookmarks"][USAGES]}}
    third = scene.read_from(state, USAGES, SEATS, **named)
    assert third.code == 0
    assert lines_about(third.log, "WARNING", SEATS, code, "organization octo-org")


def test_a_daily_stream_that_loaded_a_day_but_has_no_bookmark_counts_as_loaded(
    scene: Scene,
) -> None:
    scene.add("octo-org")
    config = {"organizations": ["octo-org"], "start_date": scene.ago(3)}
    teams = "github_copilot_user_teams"
    first = scene.read(USAGES, teams, **config)
    assert first.bookmark("octo-org", teams) is None
    fault = {"status": 403, "body": {"message": "Resource not accessible by integration"}}
    scene.github.faults.add("/user-teams-1-day", times=FOR_EVER, **fault)
    second = scene.read_from(first.state, USAGES, teams, **config)
    assert second.code == 1
    assert lines_about(second.log, "ERROR", teams, "invalid_permissions")


def test_seats_closed_for_one_organization_are_loaded_for_the_others(scene: Scene) -> None:
    scene.add("one", "two")
    del scene.app.installations[0].permissions["organization_copilot_seat_management"]
    outcome = scene.read(USAGES, SEATS)
    assert outcome.code == 0
    needed = "organization_copilot_seat_management=read"
    assert lines_about(outcome.log, "WARNING", SEATS, "organization one", needed)
    assert {row["organization_login"] for row in outcome.records(SEATS)} == {"two"}


@pytest.mark.parametrize("closed", ACCESS_DENIED)
def test_seats_closed_to_a_token_are_a_failure(scene: Scene, closed: str) -> None:
    scene.add_acme()
    fault, code = ACCESS_DENIED[closed]
    scene.github.faults.add("/copilot/billing/seats", times=FOR_EVER, **fault)
    config = config_for(scene.github, start_date=scene.ago(9))
    outcome = run_tap(config, scene.today, streams=(USAGES, SEATS))
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (SEATS, "enterprise acme", code):
        assert word in line
    assert outcome.bookmark() == scene.ago(5)


@pytest.mark.parametrize("status", [401, 422, 500])
def test_seats_refused_in_another_way_are_a_failure_of_an_app_too(
    scene: Scene, status: int
) -> None:
    scene.add("one")
    fault: dict[str, Any] = {"status": status, "body": {"message": "No"}}
    scene.github.faults.add("/copilot/billing/seats", times=FOR_EVER, **fault)
    outcome = scene.read(USAGES, SEATS)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert SEATS in line
    assert outcome.bookmark("one") == scene.ago(5)


@pytest.mark.parametrize("broken", ["nothing", "key", "token", "server"])
@pytest.mark.parametrize("options", [(), ("--check",)], ids=["run", "check"])
def test_no_credential_of_the_app_is_ever_printed(
    scene: Scene, broken: str, options: tuple[str, ...]
) -> None:
    scene.add("one", "two")
    config = scene.config()
    if broken == "key":
        scene.app.key = rsa.generate_private_key(65537, 2048)
    elif broken == "token":
        scene.github.faults.add("GET /orgs/", times=FOR_EVER, **BAD)
    elif broken == "server":
        scene.github.faults.add("/access_tokens", times=FOR_EVER, status=500)
    outcome = run_tap(config, scene.today, options=options)
    assert outcome.code == (broken != "nothing")
    shown = outcome.log + outcome.out
    sent = scene.bearers("GET ") | scene.bearers("POST ")
    key = [line for line in config["private_key"].splitlines() if "-" not in line]
    assert sent >= set(scene.app.made)
    assert len(sent) > len(scene.app.made)
    for secret in [*sent, *key]:
        assert secret[:40] not in shown
        assert secret[-40:] not in shown


def test_a_token_that_github_echoes_is_not_printed(scene: Scene) -> None:
    scene.add("one")
    token = f"ghs_123456_eyJ0eXAi.{'y' * 300}.-_z"
    expires_at = f"{datetime.combine(scene.today, NOON):%Y-%m-%dT13:00:00Z}"
    body = {"token": token, "expires_at": expires_at}
    scene.github.faults.add("POST /app/installations/", status=201, body=body)
    message = {"message": f"Nobody knows {token} here"}
    scene.github.faults.add("GET /orgs/one/", status=422, body=message, times=FOR_EVER)
    outcome = scene.read()
    [line] = closing(outcome)
    assert "Nobody knows *** here" in line
    assert token[:40] not in outcome.log

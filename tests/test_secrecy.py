"""No credential is ever printed: not a token, not a key, not the query of a link."""

from __future__ import annotations

import json
import logging
import re
import signal
import socketserver
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from singer_sdk.logging import StructuredFormatter

from simulator.access import TOKEN
from simulator.faults import FOR_EVER
from simulator.world import World
from tap_github_copilot import endpoints
from tap_github_copilot.redaction import protect_logs, redacted, remember_secret
from tap_github_copilot.run import Run
from tap_github_copilot.settings import Settings
from tests.support.daily_usages import ACME, ago, state_at
from tests.support.tap_process import COMMAND, HURRIED, Process, eventually
from tests.support.tap_runs import NOON, SetClock, config_for, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from simulator.server import Simulator

DEBUG = {"TAP_GITHUB_COPILOT_LOGLEVEL": "DEBUG"}
LOOKS_SECRET = re.compile(r"sig=\w|Bearer [^*\s]|PRIVATE KEY-----|eyJ\w")
ECHO = {"message": f"Authorization: Bearer {TOKEN} and link https://x/?se=1&sig=c2ln is bad"}


@pytest.fixture
def today() -> date:
    """The day it is: a process of its own cannot be told another."""
    return World().today


def printed(run: Process) -> str:
    """All that a run has said, once it has ended."""
    run.end()
    said = b"".join(run.lines).decode() + run.log
    assert "| DEBUG " in run.log
    assert "Traceback" not in run.log
    return said


def assert_no_secret(said: str, *secrets: str) -> None:
    """Neither these secrets nor anything that looks like one was said."""
    assert [secret for secret in (TOKEN, *secrets) if secret in said] == []
    assert LOOKS_SECRET.findall(said) == []


def test_what_looks_secret_is_found() -> None:
    for text in ("Bearer abc", "&sig=c2ln", "-----BEGIN PRIVATE KEY-----", "eyJhbGciOi"):
        assert LOOKS_SECRET.search(f"it says {text} here")


@pytest.mark.parametrize("by", ["config", "environment"])
def test_a_run_that_goes_well_tells_nothing(
    github: Simulator, world: World, today: date, tmp_path: Path, by: str
) -> None:
    world.add(ACME)
    config = config_for(github, start_date=ago(today, 9))
    environment = dict(DEBUG)
    if by == "environment":
        environment["TAP_GITHUB_COPILOT_TOKEN"] = config.pop("token")
        environment["TAP_GITHUB_COPILOT_ENTERPRISES"] = "acme"
        environment["TAP_GITHUB_COPILOT_API_URL"] = config.pop("api_url")
        environment["TAP_GITHUB_COPILOT_START_DATE"] = config.pop("start_date")
    given = config if by == "config" else None
    with Process(tmp_path, given, command=COMMAND, environment=environment) as run:
        assert_no_secret(printed(run))
        assert run.end() == 0
        assert run.records()


def test_refusals_of_every_kind_tell_nothing(
    github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    faults: dict[str, dict[str, Any]] = {
        "role": {"status": 403},
        "sso": {"status": 403, "headers": {"X-GitHub-SSO": "required"}},
        "unknown": {"status": 404},
        "odd": {"status": 422},
        "moved": {"status": 302, "headers": {"Location": f"/?access_token={TOKEN}"}},
        "down": {"status": 500},
        "cut": {"reset": True},
        "garbled": {"status": 200, "body": f'"{TOKEN}'.encode()},
        "slow": {"status": 429, "headers": {"Retry-After": "86400"}},
    }
    for slug, fault in faults.items():
        world.add(f"/enterprises/{slug}")
        github.faults.add(f"GET /enterprises/{slug}/", times=FOR_EVER, **{"body": ECHO} | fault)
    config = config_for(github, start_date=ago(today, 9))
    with Process(tmp_path, config, command=HURRIED, environment=DEBUG) as run:
        said = printed(run)
        assert_no_secret(said)
        assert run.end() == 1
    codes = set(re.findall(r"\b(\w+_\w+): enterprise (\w+)", said))
    assert codes >= {
        ("invalid_permissions", "role"),
        ("sso_required", "sso"),
        ("no_resource", "unknown"),
        ("refused_request", "odd"),
        ("refused_request", "moved"),
        ("github_unavailable", "down"),
        ("github_unavailable", "cut"),
        ("bad_report", "garbled"),
        ("rate_limited", "slow"),
    }


def test_a_refused_token_is_not_told(
    github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    world.add(ACME)
    github.faults.add("GET ", times=FOR_EVER, status=401, body=ECHO)
    config = config_for(github, start_date=ago(today, 9))
    with Process(tmp_path, config, command=COMMAND, environment=DEBUG) as run:
        said = printed(run)
        assert_no_secret(said)
        assert "invalid_credentials" in said


def test_broken_downloads_of_every_kind_tell_nothing(
    github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    world.add(ACME, people=300)  # so that no file of a weekend is empty
    faults: list[dict[str, Any]] = [
        {"status": 403, "body": f"Signature did not match: sig=c2ln {TOKEN}".encode()},
        {"status": 302, "headers": {"Location": "https://127.0.0.1/file?sig=c2ln"}},
        {"keep": 100},
        {"reset": True},
        {"change": (b'{"day"', b"{sig=c2ln")},
        {"status": 200, "body": b"sig=c2ln", "headers": {"Content-Encoding": "gzip"}},
        {"status": 200, "body": b'{"day": "sig=c2ln"}'},
    ]
    links = ["http://[::1/file?sig=c2ln", "http://a..b/file?sig=c2ln", "http://127.0.0.1:1/?sig=c2"]
    ages = iter(range(8, 40))
    for fault in faults:
        day = ago(today, next(ages))
        github.faults.add(f"FILE .*/{day}/part-00000", times=FOR_EVER, **fault)
    for link in links:
        day = ago(today, next(ages))
        body = {"download_links": [link], "report_day": day}
        github.faults.add(f"users-1-day.day={day}$", times=FOR_EVER, status=200, body=body)
    config = config_for(github, start_date=ago(today, 40))
    with Process(tmp_path, config, command=HURRIED, environment=DEBUG) as run:
        said = printed(run)
        assert_no_secret(said)
    assert len(set(re.findall(r"bad_report: enterprise acme, users-1-day, (\S+):", said))) == 10


def test_a_download_host_with_bad_headers_tells_nothing(
    github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    world.add(ACME)
    day = ago(today, 1)
    with bad_headers() as url:
        body = {"download_links": [f"{url}/file?sig=c2ln"], "report_day": day}
        github.faults.add(f"users-1-day.day={day}$", times=FOR_EVER, status=200, body=body)
        config = config_for(github, start_date=ago(today, 2))
        with Process(tmp_path, config, command=HURRIED, environment=DEBUG) as run:
            said = printed(run)
    assert_no_secret(said)
    assert f"bad_report: enterprise acme, users-1-day, {day}" in said


LOG_CONFIG = """\
version: 1
disable_existing_loggers: false
formatters:
  one: {FORMATTER}
handlers:
  file: {{class: logging.FileHandler, filename: odd.log, formatter: one, level: DEBUG}}
  console: {{class: logging.StreamHandler, formatter: one, level: DEBUG}}
root: {{level: DEBUG, handlers: [file, console]}}
loggers:
  urllib3: {{level: DEBUG}}
  urllib3.connectionpool: {{level: DEBUG, handlers: [file], propagate: true}}
  requests: {{level: DEBUG}}
"""
FORMATTERS = {
    "plain": "{format: '%(name)s | %(levelname)s | %(message)s | %(args)r'}",
    "json": "{(): singer_sdk.logging.StructuredFormatter}",
}


@pytest.mark.parametrize("formatter", FORMATTERS)
def test_no_configuration_of_the_loggers_shows_a_secret(
    github: Simulator, world: World, today: date, tmp_path: Path, formatter: str
) -> None:
    world.add(ACME)
    app = github.access.app
    app.install(ACME, 1)
    pem = app.pem(PrivateFormat.PKCS8)
    config = config_for(github, start_date=ago(today, 9), app_id=app.app_id, private_key=pem)
    del config["token"]
    github.faults.add("FILE ", keep=10, times=2)
    path = tmp_path / "logging.yaml"
    path.write_text(LOG_CONFIG.format(FORMATTER=FORMATTERS[formatter]))
    environment = DEBUG | {"SINGER_SDK_LOG_CONFIG": str(path)}
    with Process(tmp_path, config, command=HURRIED, environment=environment) as run:
        assert run.end() == 0
        said = b"".join(run.lines).decode() + run.log + (tmp_path / "odd.log").read_text()
    assert_no_secret(said, *pem.splitlines()[1:-1], *app.made)
    assert re.search(r"part-00000\.json\?\*\*\* HTTP", said)


@pytest.mark.parametrize(
    "token",
    [
        "ghs_canary\n",
        "ghs_canary\r\nX-Canary: 1",
        " ghs_canary",
        "ghs canary",
        "ghs_\u00e9canary",
        "ghs_\U0001f511canary",
        "ghs_\x00canary",
        "",
        None,
        5,
        True,
        ["ghs_canary"],
        {"canary": 1},
    ],
)
def test_a_minted_token_that_no_header_can_hold_is_one_clear_refusal(
    github: Simulator, world: World, today: date, token: object
) -> None:
    world.add("/orgs/one", people=20)
    world.add("/orgs/two", people=20)
    app = github.access.app
    app.now = datetime.combine(today, NOON).timestamp()
    app.install("/orgs/one", 1)
    app.install("/orgs/two", 2)
    minted = {"token": token, "expires_at": f"{today}T13:00:00Z"}
    github.faults.add("POST /app/installations/7000/", status=201, body=minted, times=FOR_EVER)
    config = config_for(github, app_id=app.app_id, private_key=app.pem(PrivateFormat.PKCS8))
    outcome = run_tap({**config, "token": None, "start_date": ago(today, 9)}, today)
    assert outcome.code == 1
    lines = outcome.log.splitlines()
    closing = lines[lines.index("ERROR the run failed:") + 1 :]
    assert len([line for line in closing if "holds no installation token" in line]) == 2
    assert all("refused_request: organization one, POST /app/" in line for line in closing)
    assert "canary" not in outcome.log
    assert outcome.bookmark("two") == ago(today, 5)


def test_no_repr_shows_a_secret(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    app = github.access.app
    app.install(ACME, 1)
    pem = app.pem(PrivateFormat.PKCS8)
    secret = "odd-canary-token"
    github.access.tokens = {secret}
    app.now = datetime.combine(today, NOON).timestamp()
    for way in ({"token": secret}, {"app_id": app.app_id, "private_key": pem}):
        config = {"api_url": github.url, "enterprises": ["acme"], **way}
        run = Run(Settings.from_config(config), SetClock(today))
        [scope] = run.scopes
        credential = run.sign_in.credential(scope)
        answer = run.client.call(endpoints.account(scope), credential)
        bearer = run.client.bearer(credential)
        report = run.reports.fetch(scope, "users-1-day", today - timedelta(days=5))
        met = list(reachable([run, answer, credential, report]))
        run.close()
        assert {"Settings", "Client", "Response", type(credential).__name__} <= {
            type(one).__name__ for one in met
        }
        for one in met:
            shown = f"{one!r} {one}"
            for word in (secret, bearer, *pem.splitlines()[1:-1], "sig="):
                assert word not in shown, type(one)


def reachable(roots: list[object]) -> Iterator[object]:
    """What this project's objects hold, each of its classes and containers, at any depth."""
    met: set[int] = set()
    left = list(roots)
    while left:
        one = left.pop()
        if id(one) in met:
            continue
        met.add(id(one))
        if type(one).__module__.startswith("tap_github_copilot"):
            yield one
            left += [getattr(one, name) for name in getattr(type(one), "__slots__", ())]
            left += getattr(one, "__dict__", {}).values()
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            left += one


def fail_over(secret: str) -> None:
    """Raise an error that hides another one."""
    try:
        int(secret)
    except ValueError:
        raise OSError("outer") from None


def test_a_record_with_a_secret_anywhere_is_cleaned(caplog: pytest.LogCaptureFixture) -> None:
    protect_logs()
    protect_logs()
    link = "https://x.example/part-0.json?sv=1&se=2&sig=c2ln"
    remember_secret("an-odd-credential")
    logger = logging.getLogger("some.library")
    secrets = [link, f"'{link}'", "Bearer c2ln", "an-odd-credential", f"ghp_{'c2ln' * 9}"]
    secrets += ["eyJhbGciOiJSUzI1NiJ9.c2ln.c2ln", "http://me:c2ln@proxy.example"]
    for secret in secrets:
        logger.warning("it says %s", secret)
        logger.warning("it says %r", [secret])
        logger.warning(f"it says {secret}")  # noqa: G004 - as others do
        logger.warning("it says %(this)s", {"this": secret})
        logger.warning("%s %d", secret, secret)  # cannot be formatted
        try:
            fail_over(secret)
        except OSError:
            logger.exception("it failed")
        logger.warning("it stands here", stack_info=True)
    formats = [logging.Formatter(), StructuredFormatter()]
    said = "\n".join(one.format(record) for record in caplog.records for one in formats)
    for word in ("c2ln", "an-odd-credential"):
        assert word not in said
    assert "it says ***" in said
    assert "part-0.json?***" in said


def test_a_record_without_a_secret_stays_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    protect_logs()
    caplog.set_level("INFO")
    logging.getLogger("tap-github-copilot").info("%s: GET /x?day=%s", "scope", "2026-11-01")
    [record] = caplog.records
    assert record.args == ("scope", "2026-11-01")
    assert record.getMessage() == "scope: GET /x?day=2026-11-01"


@pytest.mark.parametrize(
    "piece", ["eyJ", "ghp_", "sig=", "?", "://", "-----BEGIN ", "Bearer ", "a"]
)
def test_a_long_message_is_cleaned_in_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    started = time.monotonic()
    assert len(redacted(text)) <= 200
    logging.getLogRecordFactory()("x", 10, "x", 1, text, (), None)
    assert time.monotonic() - started < 2


def test_a_secret_at_the_end_of_what_is_quoted_is_not_cut_out_of_its_cover() -> None:
    token = f"ghp_{'x' * 36}"
    for length in range(150, 2100, 7):
        assert "ghp_" not in redacted("y" * length + " " + token)
        assert "x" not in redacted("y" * length + " " + token)


@contextmanager
def bad_headers() -> Iterator[str]:
    """A server whose answers hold a line that is not a header."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 2\r\n\r\n{}")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_private_key_is_not_told(
    github: Simulator, world: World, today: date, tmp_path: Path, form: PrivateFormat
) -> None:
    world.add(ACME)
    app = github.access.app
    app.install(ACME, 1)
    pem = app.pem(form)
    config = config_for(github, start_date=ago(today, 9), app_id="1", private_key=pem)
    del config["token"]
    with Process(tmp_path, config, command=COMMAND, environment=DEBUG) as run:
        said = printed(run)
        assert_no_secret(said, *pem.splitlines()[1:-1])
        assert "invalid_credentials" in said


def test_tokens_of_installations_are_not_told(
    github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    world.add(ACME)
    app = github.access.app
    app.install(ACME, 1)
    app.calls_per_token = 5
    pem = app.pem(PrivateFormat.PKCS8)
    config = config_for(github, start_date=ago(today, 30), app_id=app.app_id, private_key=pem)
    del config["token"]
    github.faults.add("day=.*1$", status=403, body=ECHO, times=FOR_EVER)
    with Process(tmp_path, config, command=COMMAND, environment=DEBUG) as run:
        said = printed(run)
    assert app.made
    assert_no_secret(said, *pem.splitlines()[1:-1], *app.made)


@pytest.mark.parametrize(
    "settings",
    [
        {"token": [TOKEN]},
        {"token": {"value": TOKEN}},
        {"token": f"{TOKEN}\n"},
        {"token": f"Bearer {TOKEN}"},
        {"token": TOKEN, "app_id": "1"},
        {"token": None, "enterprises": [TOKEN + "!"]},
        {"start_date": TOKEN},
        {"concurrency": TOKEN},
        {"api_url": f"https://{TOKEN}@api.github.com"},
        {"api_url": f"https://api.github.com/?access_token={TOKEN}"},
        {"user_agent": f"{TOKEN}\n"},
        {"token": None, "app_id": "1", "private_key": f"-----BEGIN PRIVATE KEY-----\n{TOKEN}"},
        {"token": None, "app_id": "1", "private_key": [TOKEN]},
        {"token": None, "app_id": "1", "private_key_path": f"/nowhere/{TOKEN}"},
    ],
)
def test_a_secret_in_the_wrong_place_is_not_told(
    settings: dict[str, Any], today: date, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"token": TOKEN, "enterprises": ["acme"]} | settings
    outcome = run_tap(config, today)
    assert outcome.code == 1
    assert_no_secret(outcome.out + outcome.log + caplog.text)


@pytest.mark.parametrize("damage", [{"bookmarks": TOKEN}, {"bookmarks": {TOKEN: [TOKEN]}}])
def test_a_damaged_state_is_not_told(
    github: Simulator, world: World, tmp_path: Path, damage: dict[str, Any]
) -> None:
    world.add(ACME)
    with Process(tmp_path, config_for(github), environment=DEBUG, state=damage) as run:
        run.end()
        assert_no_secret(run.log)


def test_an_interrupted_run_tells_nothing(
    github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    world.add(ACME)
    github.faults.add("FILE ", delay=30, times=FOR_EVER)
    state = state_at(ago(today, 9))
    with Process(tmp_path, config_for(github), environment=DEBUG, state=state) as run:
        eventually(lambda: github.calls("FILE "))
        run.signal(signal.SIGTERM)
        assert_no_secret(printed(run))
        assert json.loads(run.lines[-1]) == {"type": "STATE", "value": state}

"""Calls that bring no answer of GitHub's: each cause is told with its cure, and once a run."""

from __future__ import annotations

import errno
import gzip
import os
import socket
import socketserver
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator import wire
from simulator.access import TOKEN
from simulator.faults import FOR_EVER
from tests.support.app_scene import Scene
from tests.support.daily_usages import ACME, BUSY, ago, closing, keys_of, read_usages, truth
from tests.support.tap_runs import Outcome, SetClock, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from simulator.server import Simulator
    from simulator.world import World

RECENT = "users-28-day/latest"
NOWHERE = "https://api.nowhere.example"
ROUND = [1, 2, 4, 8]


def read(today: date, api_url: str, **more: Any) -> Outcome:
    """A run over two enterprises, whose days would all be asked for."""
    config = {"token": TOKEN, "enterprises": ["acme", "busy"], "start_date": ago(today, 9)}
    return read_usages(config | {"api_url": api_url} | more, today)


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port that answers each connection in some way of its own."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            answer(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A caller that hangs up is what these tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def saying(text: str) -> Callable[[socket.socket], None]:
    """Reads a request and answers with this."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text.replace("\n", "\r\n").encode())

    return answer


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes every name fail to resolve, in one of the resolver's ways."""

    def fail(number: int) -> None:
        def lookup(*_: object, **__: object) -> None:
            raise socket.gaierror(number, "canary")

        monkeypatch.setattr(socket, "getaddrinfo", lookup)

    return fail


@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_name_that_does_not_exist_ends_the_run_without_another_try(
    today: date, no_names: Callable[[int], None], number: int
) -> None:
    no_names(number)
    outcome = read(today, NOWHERE)
    [line] = closing(outcome)
    for word in ("github_unavailable", "no host called api.nowhere.example", "once", "api_url"):
        assert word in line
    assert "githubstatus" not in line
    assert outcome.code == 1
    assert outcome.clock.waits == []


def test_a_name_that_cannot_be_looked_up_now_is_tried_again(
    today: date, no_names: Callable[[int], None]
) -> None:
    no_names(socket.EAI_AGAIN)
    outcome = read(today, NOWHERE)
    [line] = closing(outcome)
    for word in ("github_unavailable", "api.nowhere.example", "5 times", "DNS"):
        assert word in line
    assert outcome.clock.waits == ROUND


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("options", [(), ("--check",)], ids=["run", "check"])
def test_a_closed_port_ends_the_run_after_one_round(
    today: date, concurrency: int, options: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
    config = {"token": TOKEN, "enterprises": ["acme", "busy"], "api_url": f"http://{place}"}
    outcome = run_tap(config | {"concurrency": concurrency}, today, options=options, streams=None)
    assert outcome.code == 1
    said = outcome.out if options else closing(outcome)[0]
    for word in ("github_unavailable", f"{place} refuses the connection", "5 times"):
        assert word in said
    assert len(lines_about(said, "github_unavailable")) == 1
    assert outcome.clock.waits == ROUND


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES])
def test_a_host_without_a_way_to_it_ends_the_run_after_one_round(
    today: date, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    failing_sockets(monkeypatch, OSError(number, "canary"))
    outcome = read(today, "http://127.0.0.1:9")
    [line] = closing(outcome)
    for word in ("github_unavailable", "cannot be reached", os.strerror(number), "5 times"):
        assert word in line
    assert outcome.clock.waits == ROUND


def test_a_host_that_drops_packets_ends_the_run_after_one_round(
    today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_sockets(monkeypatch, TimeoutError("timed out"))
    outcome = read(today, "http://127.0.0.1:9")
    [line] = closing(outcome)
    for word in ("github_unavailable", "no connection to 127.0.0.1:9 within 10 s", "5 times"):
        assert word in line
    assert outcome.clock.waits == ROUND


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_machine_that_gives_no_socket_is_told_as_that(
    today: date, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    failing_sockets(monkeypatch, OSError(number, "canary"))
    outcome = read(today, "http://127.0.0.1:9")
    assert outcome.code == 1
    assert lines_about(outcome.log, "ERROR", os.strerror(number), "concurrency")
    assert "Traceback" not in outcome.log
    assert outcome.clock.waits == []


def failing_sockets(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """Let no connection come about."""

    def connect(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket.socket, "connect", connect)


def test_a_host_that_accepts_and_never_answers_ends_the_run_after_one_round(
    today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_github_copilot.github.client.CONNECT_AND_READ", (1.0, 0.05))
    over = threading.Event()

    def hang(_: socket.socket) -> None:
        over.wait(30)

    with serving(hang) as port:
        outcome = read(today, f"http://127.0.0.1:{port}")
        over.set()
    [line] = closing(outcome)
    for word in ("github_unavailable", "took too long", "5 times"):
        assert word in line
    assert outcome.clock.waits == ROUND


def test_a_call_that_hangs_where_others_are_answered_stops_its_scope_alone(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_github_copilot.github.client.CONNECT_AND_READ", (1.0, 0.3))
    world.add(ACME, people=20)
    world.add(BUSY, people=20)
    github.faults.add(f"GET {ACME}/.*1-day", times=FOR_EVER, delay=30)
    outcome = read_usages(config_for(github, start_date=ago(today, 9), concurrency=1), today)
    [line] = closing(outcome)
    for word in ("github_unavailable", "enterprise acme", "took too long", "5 times"):
        assert word in line
    assert outcome.bookmark("busy") == ago(today, 5)


@pytest.mark.parametrize("in_headers", [False, True], ids=["body", "headers"])
def test_an_answer_that_drips_stops_its_scope_alone(
    github: Simulator,
    world: World,
    today: date,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_headers: bool,
) -> None:
    class Fast(SetClock):
        """A clock on which a second of this machine is five minutes."""

        def elapsed(self) -> float:
            return super().elapsed() + time.monotonic() * 300

    def drip(content: bytes) -> wire.Sent:
        whole = wire.plain(content, X_Filler="x" * 1000)
        return replace(whole, pause=0.01, pause_in_headers=in_headers)

    monkeypatch.setattr("tests.support.tap_runs.SetClock", Fast)
    world.add(ACME, people=20)
    world.add(BUSY, people=20)
    github.faults.add(f"GET {ACME}/", after=1, times=FOR_EVER, wire=drip)
    outcome = read_usages(config_for(github, start_date=ago(today, 9), concurrency=1), today)
    [line] = closing(outcome)
    for word in ("github_unavailable", "enterprise acme", "too slow" if not in_headers else "long"):
        assert word in line
    assert outcome.bookmark("busy") == ago(today, 5)


def test_a_host_that_never_speaks_http_ends_the_run_after_one_round(today: date) -> None:
    with serving(saying("SSH-2.0-canary\n")) as port:
        outcome = read(today, f"http://127.0.0.1:{port}", enterprises=["acme", "busy"])
    [line] = closing(outcome)
    assert outcome.clock.waits == ROUND
    for word in ("github_unavailable", "is not HTTP", "5 times"):
        assert word in line
    assert "canary" not in outcome.log


def certificate(folder: Path, name: str) -> Path:
    """A certificate that nobody has signed, with its key."""
    key = rsa.generate_private_key(65537, 2048)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    path = folder / f"{name}.pem"
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, form, plain))
    return path


@contextmanager
def tls(path: Path) -> Iterator[str]:
    """A server with this certificate, which answers that it is down."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            saying("HTTP/1.1 503 Down\nContent-Length: 0\nConnection: close\n\n")(secured)

    with serving(answer) as port:
        yield f"https://localhost:{port}"


@pytest.mark.parametrize("trusted", [False, True], ids=["unknown", "of another host"])
@pytest.mark.parametrize("options", [(), ("--check",)], ids=["run", "check"])
def test_a_certificate_that_is_not_trusted_ends_the_run_without_another_try(
    today: date,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    *,
    trusted: bool,
) -> None:
    path = certificate(tmp_path, "other.example" if trusted else "localhost")
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    with tls(path) as url:
        config = {"token": TOKEN, "enterprises": ["acme", "busy"], "api_url": url}
        outcome = run_tap(config, today, options=options)
    said = outcome.out if options else closing(outcome)[0]
    place = url.removeprefix("https://")
    for word in ("github_unavailable", f"certificate of {place} is not trusted", "once"):
        assert word in said
    assert "REQUESTS_CA_BUNDLE" in said
    assert outcome.code == 1
    assert outcome.clock.waits == []


def test_a_ca_bundle_makes_a_certificate_trusted(
    today: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path, "localhost")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    with tls(path) as url:
        outcome = read(today, url, enterprises=["acme"])
    assert "GitHub answered 503, tried 5 times" in closing(outcome)[0]


def test_a_ca_bundle_without_certificates_is_told(
    today: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with tls(certificate(tmp_path, "localhost")) as url:
        outcome = read(today, url)
    [line] = closing(outcome)
    assert "REQUESTS_CA_BUNDLE" in line
    assert outcome.clock.waits == []


def test_a_port_without_tls_ends_the_run_after_one_round(github: Simulator, today: date) -> None:
    outcome = read(today, github.url.replace("http:", "https:"))
    [line] = closing(outcome)
    for word in ("github_unavailable", "no TLS connection", "5 times"):
        assert word in line
    assert outcome.clock.waits == ROUND


@pytest.mark.parametrize(
    ("status", "waits", "words"),
    [
        (407, [], ["asks for another sign-in (407)", "once"]),
        (403, [], ["refuses the connection (403)", "once"]),
        (502, ROUND, ["refuses the connection (502)", "5 times"]),
    ],
)
def test_a_proxy_that_refuses_is_told_without_its_password(
    today: date,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    waits: list[int],
    words: list[str],
) -> None:
    with serving(saying(f"HTTP/1.1 {status} canary\nContent-Length: 0\n\n")) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:pass-canary@127.0.0.1:{port}")
        outcome = read(today, NOWHERE)
    [line] = closing(outcome)
    for word in ("github_unavailable", f"the proxy 127.0.0.1:{port}", "HTTPS_PROXY", *words):
        assert word in line
    assert outcome.clock.waits == waits
    assert "canary" not in outcome.log


@pytest.mark.parametrize("url", [NOWHERE, NOWHERE.replace("https", "http")])
def test_a_proxy_that_cannot_be_reached_is_told(
    today: date, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://somebody:pass-canary@127.0.0.1:{port}")
    outcome = read(today, url)
    [line] = closing(outcome)
    for word in ("github_unavailable", f"the proxy 127.0.0.1:{port} refuses", "5 times"):
        assert word in line
    assert outcome.clock.waits == ROUND
    assert "canary" not in outcome.log


@pytest.mark.parametrize(
    ("proxy", "word"),
    [
        ("socks5://somebody:pass-canary@127.0.0.1:1080", "PySocks"),
        ("socks5h://127.0.0.1:1080", "PySocks"),
        ("ftp://somebody:pass-canary@127.0.0.1:21", "not the URL of one"),
        ("http://", "not the URL of one"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_at_once(
    today: date, monkeypatch: pytest.MonkeyPatch, proxy: str, word: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    outcome = read(today, NOWHERE)
    [line] = closing(outcome)
    for expected in ("github_unavailable", word, "HTTPS_PROXY", "once"):
        assert expected in line
    assert outcome.clock.waits == []
    assert "canary" not in outcome.log


FOREIGN: dict[str, dict[str, Any]] = {
    "a login page": {"status": 200, "body": b"<!DOCTYPE html><html>canary</html>"},
    "a page with a mark": {"status": 200, "body": b"\xef\xbb\xbf\n <html>canary</html>"},
    "a page called so": {
        "status": 200,
        "body": b"canary",
        "headers": {"Content-Type": "text/html; charset=utf-8"},
    },
    "a page with an empty status": {"status": 202, "body": b"<html>canary"},
    "a web filter": {"status": 403, "body": b"<html>canary</html>"},
    "a page for 404": {"status": 404, "body": b"<html>canary</html>"},
    "a page for 401": {"status": 401, "body": b"<html>canary</html>"},
    "a page for 400": {"status": 400, "body": b"<?xml version='1.0'?><canary/>"},
    "a proxy": {"status": 407, "body": b""},
    "a proxy in JSON": {"status": 407, "body": {"message": "canary"}},
    "a portal": {
        "status": 302,
        "headers": {"Location": "https://portal.example/login?canary=1&token=canary"},
    },
    "a portal with a page": {
        "status": 307,
        "body": b"<html>canary</html>",
        "headers": {"Location": "//portal.example/canary"},
    },
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_answer_that_github_did_not_write_is_told_as_that_and_asked_for_once(
    github: Simulator, world: World, today: date, kind: str
) -> None:
    world.add(ACME, people=20)
    world.add(BUSY, people=20)
    github.faults.add(f"GET {ACME}/", times=FOR_EVER, **FOREIGN[kind])
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    [line] = closing(outcome)
    for word in (" not_github: enterprise acme, GET ", RECENT, "proxy", "captive portal"):
        assert word in line
    assert ("://portal.example:" in line) == ("Location" in FOREIGN[kind].get("headers", {}))
    assert "canary" not in outcome.log
    assert len(github.calls(f"GET {ACME}/")) == 1
    assert outcome.clock.waits == []
    assert outcome.bookmark("busy") == ago(today, 5)


def test_the_host_that_passed_a_page_on_is_named(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    page = {"status": 403, "body": b"<html>", "headers": {"Via": "1.1 filter.acme.example (x/1)"}}
    github.faults.add(ACME, times=FOR_EVER, **page)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert "filter.acme.example" in closing(outcome)[0]


@pytest.mark.parametrize("status", [200, 403])
def test_json_that_is_called_html_is_githubs(
    github: Simulator, world: World, today: date, status: int
) -> None:
    world.add(ACME)
    headers = {"Content-Type": "text/html"}
    body = b'{"message": "You must be an owner."}' if status == 403 else b"[]"
    github.faults.add(RECENT, status=status, body=body, headers=headers)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert "not_github" not in outcome.log
    assert bool(lines_about(outcome.log, "invalid_permissions", "You must be an owner.")) == (
        status == 403
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("form", ["path", "url"])
def test_a_redirect_of_githubs_is_followed_once(
    github: Simulator, world: World, today: date, status: int, form: str
) -> None:
    world.add(ACME, people=20)
    day = ago(today, 7)
    path = f"{ACME}/copilot/metrics/reports/users-1-day?day={day}&moved=1"
    location = path if form == "path" else github.url + path
    headers = {"Location": location}
    github.faults.add(f"day={day}$", status=status, headers=headers, times=FOR_EVER)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert keys_of(outcome.records()) == truth(world, today, 9)
    assert github.calls(f"GET {path}") == [f"GET {path}"]


def test_a_redirect_without_an_end_is_refused(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    headers = {"Location": f"{ACME}/copilot/metrics/reports/{RECENT}"}
    github.faults.add(RECENT, status=302, headers=headers, times=FOR_EVER)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    [line] = closing(outcome)
    for word in (" refused_request: ", "302", "leads nowhere"):
        assert word in line
    assert len(github.calls()) == 2


@pytest.mark.parametrize(
    "location", ["", "http://[::1", "http://127.0.0.1:99999/x", "https://127.0.0.1/"]
)
def test_a_redirect_that_leads_nowhere_is_refused(
    github: Simulator, world: World, today: date, location: str
) -> None:
    world.add(ACME)
    headers = {"Location": location} if location else {}
    github.faults.add(RECENT, status=302, headers=headers, times=FOR_EVER)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    [line] = closing(outcome)
    assert " refused_request: " in line
    assert "302" in line
    assert ("check api_url" in line) == location.startswith("https")
    assert len(github.calls()) == 1


def test_a_redirect_of_a_call_that_makes_a_token_keeps_its_method(
    github: Simulator, world: World, today: date
) -> None:
    scene = Scene(github, world, today)
    scene.add("one", "two")
    path = "/app/installations/7000/access_tokens"
    moved = {"Location": "/app/installations/7000/access_tokens?moved=1"}
    github.faults.add(f"POST {path}$", status=307, headers=moved)
    github.faults.add("POST /app/installations/7001/access_tokens$", status=301, headers=moved)
    outcome = scene.read()
    assert github.calls("POST ").count(f"POST {path}?moved=1") == 1
    assert outcome.bookmark("one") == ago(today, 5)
    assert "refused_request: organization two" in closing(outcome)[0]


@pytest.mark.parametrize("call", [RECENT, "users-1-day.day="])
def test_an_answer_of_more_than_64_mib_is_refused_without_being_held(
    github: Simulator, world: World, today: date, call: str
) -> None:
    world.add(ACME, people=5)
    bomb = gzip.compress(b" " * (65 * 2**20))
    headers = {"Content-Encoding": "gzip"}
    github.faults.add(call, status=200, body=bomb, headers=headers, times=FOR_EVER)
    outcome = read_usages(config_for(github, start_date=ago(today, 2)), today)
    assert outcome.code == 1
    assert "more than 67108864 bytes" in closing(outcome)[0]


@pytest.mark.parametrize("way", [way for way in wire.BROKEN if way != "empty"])
def test_an_answer_that_is_not_whole_is_asked_for_again(
    github: Simulator, world: World, today: date, way: str
) -> None:
    world.add(ACME, people=20)
    github.faults.add(f"day={ago(today, 7)}$", wire=wire.BROKEN[way], times=2)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert keys_of(outcome.records()) == truth(world, today, 9)


def test_a_refusal_without_a_body_and_without_its_length_counts(today: date) -> None:
    with serving(saying("HTTP/1.0 403 Forbidden\n\n")) as port:
        outcome = read(today, f"http://127.0.0.1:{port}", enterprises=["acme"])
    assert " invalid_permissions: " in closing(outcome)[0]

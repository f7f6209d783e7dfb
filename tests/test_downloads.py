"""Signed links into files: all of them, whole, without credentials, fetched afresh where broken."""

from __future__ import annotations

import errno
import gzip
import os
import re
import socket
import tempfile
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator.access import TOKEN
from simulator.faults import FOR_EVER
from simulator.wire import unframed
from simulator.world import USERS, shards_of
from tap_github_copilot.clock import Clock
from tap_github_copilot.github.bodies import BUFFER
from tap_github_copilot.github.downloads import BrokenDownloadError, Downloads, UnreachableHostError
from tap_github_copilot.github.temporary_files import TemporaryBytes
from tap_github_copilot.settings import Settings
from tests.support.daily_usages import ACME, ago, closing, keys_of, read_usages, state_at, truth
from tests.support.tap_runs import Outcome, config_for, lines_about

if TYPE_CHECKING:
    from simulator.places import Files
    from simulator.server import Simulator
    from simulator.world import World

BAD_AGE = 10
BOM = b"\xef\xbb\xbf"
FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"status": 403, "body": b"AuthenticationFailed"},
    "gone": {"status": 404, "body": b"BlobNotFound"},
    "error": {"status": 500},
    "redirected": {"status": 302, "headers": {"Location": "/elsewhere"}},
    "empty": {"status": 204},
    "short": {"keep": 100},
    "short by a byte": {"keep": -1},
    "nothing sent": {"keep": 0},
    "reset in the middle": {"reset": True},
    "not JSON": {"change": (b'{"day"', b"{day")},
    "of another day": {"change": (b'"day":"2026-11-13"', b'"day":"2026-11-12"')},
    "damaged gzip": {"status": 200, "body": b"{}", "headers": {"Content-Encoding": "gzip"}},
}


def read_last_days(github: Simulator, world: World, today: date, **settings: Any) -> Outcome:
    """A run over twelve days, from a bookmark on."""
    if not world.scopes:
        world.add(ACME, people=30)
    state = state_at(ago(today, BAD_AGE + 3))
    return read_usages(config_for(github, **settings), today, state=state)


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("part", [0, 1])
def test_a_broken_download_is_fetched_again_with_fresh_links(
    github: Simulator, world: World, today: date, kind: str, part: int
) -> None:
    day = ago(today, BAD_AGE)
    github.faults.add(f"FILE .*{day}/part-0000{part}", **FAULTS[kind])
    outcome = read_last_days(github, world, today)
    assert outcome.code == 0, outcome.log
    assert github.days_asked(ACME).count(day) == 2
    assert outcome.clock.waits == [2]
    assert keys_of(outcome.records()) == truth(world, today, BAD_AGE + 2)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_download_that_stays_broken_fails_its_day_and_no_other(
    github: Simulator, world: World, today: date, kind: str
) -> None:
    day = ago(today, BAD_AGE)
    github.faults.add(f"FILE .*{day}/part-00001", times=FOR_EVER, **FAULTS[kind])
    outcome = read_last_days(github, world, today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (" bad_report: ", "enterprise acme", "users-1-day", day, "tried 4 times"):
        assert word in line
    assert github.days_asked(ACME).count(day) == 4
    assert len(outcome.clock.waits) == 3
    assert outcome.clock.waited < 20
    assert outcome.bookmark() == ago(today, BAD_AGE + 1)
    before = truth(world, today, BAD_AGE + 2, BAD_AGE + 1)
    assert keys_of(outcome.records()) == before + truth(world, today, BAD_AGE - 1)


def test_a_link_that_expired_is_asked_for_again(
    github: Simulator, world: World, today: date
) -> None:
    github.link_life = -1
    world.add(ACME)
    config = config_for(github, concurrency=1)
    outcome = read_usages(config, today, state=state_at(ago(today, 3)))
    assert "the download host answered 403" in closing(outcome)[0]
    assert github.days_asked(ACME) == [ago(today, 2)] * 4 + [ago(today, 1)]


def test_a_report_rebuilt_between_two_tries_is_read_as_it_is_then(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=30)
    day = today - timedelta(days=BAD_AGE)
    rows = world.rows(ACME, day)
    builds: list[Files] = [shards_of(rows[1:], 2), shards_of(rows, 5)]
    files = world.files

    def rebuilt(path: str, report: str, asked: date) -> Files | None:
        return builds.pop(0) if asked == day else files(path, report, asked)

    expected = truth(world, today, BAD_AGE + 2)
    monkeypatch.setattr(world, "files", rebuilt)
    github.faults.add(f"FILE .*{day}/part-00001", status=404)
    outcome = read_last_days(github, world, today)
    assert outcome.code == 0, outcome.log
    assert builds == []
    assert keys_of(outcome.records()) == expected


def test_a_redirect_of_the_download_host_is_not_followed(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=30)
    day = ago(today, BAD_AGE)
    elsewhere = github._link("/elsewhere", b"".join(world.files(ACME, USERS, today) or []))  # noqa: SLF001
    for status in (301, 302, 303, 307, 308):
        headers = {"Location": elsewhere}
        github.faults.add(f"FILE .*{day}/part-00001", status=status, headers=headers)
    outcome = read_last_days(github, world, today)
    [line] = closing(outcome)
    assert f"{day}: the download host answered 30" in line
    assert not github.calls("FILE /elsewhere")


@pytest.mark.parametrize("reads", [1, 2, 3])
def test_a_large_body_that_breaks_off_at_the_end_of_a_line_is_not_whole(
    github: Simulator, world: World, today: date, reads: int
) -> None:
    world.add(ACME, people=30)
    day = today - timedelta(days=BAD_AGE)
    line = b'{"day":"%s","user_id":%%d,"new":"%s"}\n' % (str(day).encode(), b"x" * 950)
    lines = [line % (10**6 + n) for n in range(reads * BUFFER // 1000 + 500)]
    world.put[ACME, USERS, day] = [b"".join(lines)]
    keep = (reads * BUFFER // len(lines[0]) + 1) * len(lines[0])
    github.faults.add(f"FILE .*{day}/", keep=keep, times=3)
    outcome = read_last_days(github, world, today)
    assert outcome.code == 0, outcome.log
    assert len(outcome.clock.waits) == 3
    assert len([r for r in outcome.records() if r["day"] == str(day)]) == len(lines)


EMPTY_FILES = [[b""], [b"", b"\n"], [BOM], [b"[]"], [BOM + b" [ \n ] \n"], [b" " * 100_000]]
FILES_WITH_A_ROW = [
    [b'{"user_id":1}'],
    [b"", b'{"user_id":1}\n'],
    [BOM + b"\r\n" + b'{"user_id":1}\n{'],
    [b"[]", b'[ {"user_id":1},'],
    [b"\n" * 40_000 + b'{"user_id":"\\ud800"}\n'],
    [b'{"user_id":1,"new":"%s"}\n{' % (b"x" * 100_000)],
]


def recent_report(github: Simulator, files: list[bytes]) -> None:
    """Serve these files as the 28-day users report."""
    links = [
        github._link(f"/recent/{number}", file)  # noqa: SLF001
        for number, file in enumerate(files)
    ]
    body = {"download_links": links, "report_start_day": "2026-10-26"}
    github.faults.add("users-28-day", status=200, body=body, times=FOR_EVER)


@pytest.mark.parametrize("files", EMPTY_FILES, ids=range(len(EMPTY_FILES)))
def test_a_28_day_report_whose_files_are_all_empty_is_none(
    github: Simulator, world: World, today: date, files: list[bytes]
) -> None:
    world.add(ACME, open_since=today)
    recent_report(github, files)
    outcome = read_usages(config_for(github, start_date=ago(today, 30)), today)
    assert outcome.code == 0
    assert lines_about(outcome.log, "WARNING", "policy_disabled", "enterprise acme")
    assert outcome.bookmark() is None
    assert len(github.days_asked(ACME)) == 18


@pytest.mark.parametrize("files", FILES_WITH_A_ROW, ids=range(len(FILES_WITH_A_ROW)))
def test_a_28_day_report_with_a_row_is_enough(
    github: Simulator, world: World, today: date, files: list[bytes]
) -> None:
    world.add(ACME, open_since=today)
    recent_report(github, files)
    outcome = read_usages(config_for(github, start_date=ago(today, 30)), today)
    assert outcome.code == 0
    assert outcome.bookmark() == ago(today, 15)


def test_of_a_28_day_report_no_more_is_read_than_its_first_row(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, open_since=today)
    recent_report(github, [b'{"user_id":1}\n' * 4_000_000, b"{"])
    outcome = read_usages(config_for(github, start_date=ago(today, 30)), today)
    assert outcome.bookmark() == ago(today, 15)
    assert github.calls("FILE ") == ["FILE /recent/0"]
    assert github.bytes_sent < 20_000_000


BROKEN_RECENT: dict[str, dict[str, Any]] = {
    "refused": {"status": 403},
    "cut": {"keep": 7},
    "not JSON": {"change": (b'{"user_id"', b"<html>")},
    "not a row": {"change": (b'{"user_id":1}', b"[1]")},
    "not an object": {"change": (b'{"user_id":1}', b"7")},
    "unframed": {"wire": unframed},
    "a line without an end": {"change": (b'{"user_id":1}', b"x" * 2_000_000)},
}


@pytest.mark.parametrize("kind", BROKEN_RECENT)
def test_a_28_day_report_that_breaks_is_asked_for_again(
    github: Simulator, world: World, today: date, kind: str
) -> None:
    world.add(ACME, open_since=today)
    recent_report(github, [b'{"user_id":1}\n'])
    github.faults.add("FILE /recent/0", **BROKEN_RECENT[kind])
    outcome = read_usages(config_for(github, start_date=ago(today, 30)), today)
    assert outcome.clock.waits == [2]
    assert outcome.bookmark() == ago(today, 15)


def test_where_the_28_day_report_stays_broken_the_sampled_days_decide(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, open_since=today)
    recent_report(github, [b'{"user_id":1}\n'])
    github.faults.add("FILE /recent/0", status=404, times=FOR_EVER)
    silent = read_usages(config_for(github, start_date=ago(today, 30)), today)
    assert silent.bookmark() is None
    world.put[ACME, USERS, today - timedelta(days=12)] = [b""]
    alive = read_usages(config_for(github, start_date=ago(today, 30)), today)
    assert alive.bookmark() == ago(today, 15)


def test_every_one_of_many_files_is_read(github: Simulator, world: World, today: date) -> None:
    world.shards = 7
    world.add(ACME, people=40)
    outcome = read_usages(config_for(github), today, state=state_at(ago(today, 13)))
    day = ago(today, 12)
    read = sorted(file for file in github.calls("FILE ") if f"/{day}/" in file)
    assert [file[-15:] for file in read] == [f"part-{number:05}.json" for number in range(7)]
    assert keys_of(outcome.records()) == truth(world, today, 12)


def test_no_credential_goes_to_the_download_host(
    github: Simulator, world: World, today: date
) -> None:
    outcome = read_last_days(github, world, today)
    assert outcome.code == 0
    sent = {(seen.call.split()[0], seen.authorization) for seen in github.seen}
    assert sent == {("GET", f"Bearer {TOKEN}"), ("FILE", "")}


def test_a_netrc_file_changes_no_credential(
    github: Simulator,
    world: World,
    today: date,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text("machine 127.0.0.1 login somebody password canary\n")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    test_no_credential_goes_to_the_download_host(github, world, today)


def test_a_gzipped_body_is_read(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, people=30)
    day = today - timedelta(days=BAD_AGE)
    for number, file in enumerate(world.files(ACME, USERS, day) or []):
        zipped = {"body": gzip.compress(file), "headers": {"Content-Encoding": "gzip"}}
        github.faults.add(f"FILE .*{day}/part-0000{number}", status=200, **zipped)
    outcome = read_last_days(github, world, today)
    assert outcome.code == 0
    assert github.days_asked(ACME).count(day.isoformat()) == 1
    assert keys_of(outcome.records()) == truth(world, today, BAD_AGE + 2)


def unreachable_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_unreachable_download_host_ends_the_scope_after_three_days(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    github.link_url = unreachable_address()
    outcome = read_usages(config_for(github), today, state=state_at(ago(today, 40)))
    assert outcome.code == 1
    *bad_days, last = closing(outcome)
    assert all(" bad_report: enterprise acme, users-1-day, " in line for line in bad_days)
    for word in (
        " github_unavailable: enterprise acme, users-1-day, ",
        "copilot-reports.github.com",
        "copilot-reports.SUBDOMAIN.ghe.com",
    ):
        assert word in last
    told = dict.fromkeys(re.findall(r"users-1-day, (\S+):", "".join([*bad_days, last])))
    assert [*told] == [ago(today, 39), ago(today, 38), ago(today, 37)]
    assert len(set(github.days_asked(ACME))) < 10
    assert outcome.bookmark() == ago(today, 40)


def test_days_that_are_unreachable_now_and_then_do_not_end_the_scope(
    github: Simulator, world: World, today: date
) -> None:
    away = {"download_links": [f"{unreachable_address()}/file?sig=1"]}
    for age in (12, 11, 9, 8):
        day = ago(today, age)
        body = away | {"report_day": day}
        github.faults.add(f"day={day}$", status=200, body=body, times=FOR_EVER)
    outcome = read_last_days(github, world, today)
    assert len(closing(outcome)) == 4
    assert all(" bad_report: " in line for line in closing(outcome))
    expected = truth(world, today, 10, 10) + truth(world, today, 7)
    assert keys_of(outcome.records()) == expected


@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_a_download_host_that_has_no_address_is_named_and_only_tried_again_if_that_may_help(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    look_up = socket.getaddrinfo

    def fail(host: str, *more: Any, **named: Any) -> Any:
        if host == "reports.invalid":
            raise socket.gaierror(number, "no address")
        return look_up(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    day = ago(today, BAD_AGE)
    body = {"download_links": ["http://reports.invalid/file?sig=canary"], "report_day": day}
    github.faults.add(f"day={day}$", status=200, body=body, times=FOR_EVER)
    outcome = read_last_days(github, world, today)
    [line] = closing(outcome)
    for word in (" bad_report: ", day, "download host cannot be reached", "reports.invalid"):
        assert word in line
    assert len(outcome.clock.waits) == (0 if number == socket.EAI_NONAME else 3)
    assert "canary" not in outcome.log


def test_a_machine_without_a_descriptor_for_a_connection_says_so(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = ago(today, BAD_AGE)

    class NoDescriptor(socket.socket):
        def connect(self, address: Any) -> None:
            if address[1] == 9:
                raise OSError(errno.EMFILE, "Too many open files")
            super().connect(address)

    monkeypatch.setattr(socket, "socket", NoDescriptor)
    body = {"download_links": ["http://127.0.0.1:9/file?sig=canary"], "report_day": day}
    github.faults.add(f"day={day}$", status=200, body=body, times=FOR_EVER)
    outcome = read_last_days(github, world, today)
    [line] = closing(outcome)
    for word in (" bad_report: ", day, "Too many open files", "ulimit -n"):
        assert word in line


@pytest.mark.parametrize(
    "links",
    [
        ["ftp://127.0.0.1/file"],
        ["/file"],
        [""],
        ["http://[::1/file?sig=canary"],
        ["http://a..b/file?sig=canary"],
        ["http://127.0.0.1:99999/file?sig=canary"],
        ["http:///file?sig=canary"],
        [7],
        "http://127.0.0.1/file?sig=canary",
        {"0": "http://127.0.0.1/file?sig=canary"},
    ],
    ids=range(10),
)
def test_a_link_that_is_none_fails_its_day_and_no_other(
    github: Simulator, world: World, today: date, links: object
) -> None:
    day = ago(today, BAD_AGE)
    body = {"download_links": links, "report_day": day}
    github.faults.add(f"day={day}$", status=200, body=body, times=FOR_EVER)
    outcome = read_last_days(github, world, today)
    [line] = closing(outcome)
    assert f" bad_report: enterprise acme, users-1-day, {day}: " in line
    assert "canary" not in outcome.log
    assert truth(world, today, 9) == keys_of(outcome.records())[-len(truth(world, today, 9)) :]


def downloads(api_url: str) -> Downloads:
    config = {"token": TOKEN, "enterprises": ["acme"], "api_url": api_url}
    return Downloads(Settings.from_config(config).link_schemes, "test", 1, Clock())


@pytest.mark.parametrize("api_url", ["https://api.github.com", "https://api.acme.ghe.com"])
def test_an_http_link_is_refused_where_the_api_is_https(github: Simulator, api_url: str) -> None:
    fetching = downloads(api_url)
    with pytest.raises(BrokenDownloadError, match="not https"):
        fetching.fetch(f"{github.link_url}/file?sig=1", TemporaryBytes())
    fetching.close()
    assert github.seen == []


def test_an_https_link_is_followed_where_the_api_is_http(github: Simulator) -> None:
    fetching = downloads(github.url)
    secure = unreachable_address().replace("http:", "https:")
    with pytest.raises(UnreachableHostError):
        fetching.fetch(f"{secure}/file?sig=1", TemporaryBytes())
    fetching.close()


@pytest.fixture
def disk_buffer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs a list of open files")
@pytest.mark.parametrize(
    "fault",
    [
        {"where": "nowhere"},
        {"where": "FILE ", "change": (b'{"day"', b"{day"), "times": 9},
        {"where": "FILE .*part-00001", "keep": 10, "times": FOR_EVER},
        {"where": "day=2026-11-12", "status": 403, "body": {"message": "No"}, "delay": 0.1},
        {"where": "day=2026-11-13", "status": 401, "body": {"message": "No"}, "delay": 0.1},
    ],
)
def test_no_temporary_file_is_left_behind(
    github: Simulator, world: World, today: date, disk_buffer: Path, fault: dict[str, Any]
) -> None:
    github.faults.add(**fault)
    outcome = read_last_days(github, world, today, concurrency=8)
    for thread in threading.enumerate():
        if thread.name.startswith("prefetch"):
            thread.join(5)
    assert outcome.messages
    assert list(disk_buffer.iterdir()) == []
    opened = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    assert [path for path in opened if str(path).startswith(f"{disk_buffer}{os.sep}")] == []

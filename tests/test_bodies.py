"""Bodies of downloads: accepted only where something says that they are whole."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

import pytest
import requests

from simulator.wire import BROKEN, WHOLE, Sent, chunked, flushed, plain, unframed, zipped
from tap_github_copilot.clock import Clock, InterruptedRun
from tap_github_copilot.github import downloads
from tap_github_copilot.github.bodies import (
    BUFFER,
    BodyTooLargeError,
    BrokenBodyError,
    read_body,
)
from tap_github_copilot.github.sessions import CONNECT_AND_READ, Pace, session_of
from tap_github_copilot.github.temporary_files import TemporaryBytes
from tests.support.daily_usages import ACME, ago, closing, keys_of, read_usages, state_at, truth
from tests.support.tap_runs import config_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from simulator.server import Simulator
    from simulator.world import World

AGE = 10


class FastClock(Clock):
    """A clock on which a second is as long as a fiftieth of one."""

    def elapsed(self) -> float:
        return time.monotonic() * 50


def opened(
    github: Simulator, wire: Callable[[bytes], Sent], pace: Pace | None = None
) -> requests.Response:
    """A response of the download host whose body has not been read."""
    github.faults.add("FILE ", wire=wire)
    session = session_of("tests", 1, pace or Pace(Clock()))
    link = github._link("/file", b"")  # noqa: SLF001 - any file will do
    return session.get(link, stream=True, timeout=CONNECT_AND_READ)


def body_of(response: requests.Response, limit: int | None = None) -> bytes:
    body = bytearray()
    with response:
        read_body(response, body.extend, limit=limit)
    return bytes(body)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_body_is_read_however_it_is_sent(
    github: Simulator, world: World, today: date, name: str
) -> None:
    world.add(ACME, people=30)
    github.faults.add(f"FILE .*{ago(today, AGE)}/part-00001", wire=WHOLE[name])
    outcome = read_usages(config_for(github), today, state=state_at(ago(today, AGE + 1)))
    assert outcome.code == 0, outcome.log
    assert outcome.clock.waits == []
    assert keys_of(outcome.records()) == truth(world, today, AGE)


@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_is_not_whole_fails_its_day_and_no_other(
    github: Simulator, world: World, today: date, name: str
) -> None:
    world.add(ACME, people=30)
    day = ago(today, AGE)
    github.faults.add(f"FILE .*{day}/part-00001", wire=BROKEN[name], times=4)
    outcome = read_usages(config_for(github), today, state=state_at(ago(today, AGE + 1)))
    [line] = closing(outcome)
    assert f" bad_report: enterprise acme, users-1-day, {day}: " in line
    assert outcome.code == 1
    assert outcome.bookmark() == ago(today, AGE + 1)
    assert keys_of(outcome.records()) == truth(world, today, AGE - 1)


@pytest.mark.parametrize("size", [0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 5 * BUFFER])
@pytest.mark.parametrize("name", WHOLE)
def test_bodies_of_all_sizes_arrive_as_they_are(github: Simulator, name: str, size: int) -> None:
    content = bytes(n * n % 251 for n in range(size))
    assert body_of(opened(github, lambda _: WHOLE[name](content))) == content


@pytest.mark.parametrize("extra", range(1, 40))
def test_what_the_decoder_still_holds_at_the_end_of_its_input_comes_out(
    github: Simulator, extra: int
) -> None:
    coder = zlib.compressobj(9, wbits=-15)
    content = b"a" * (BUFFER + 7 * extra)
    sent = coder.compress(content) + coder.flush()
    response = opened(github, lambda _: plain(sent, Content_Encoding="deflate"))
    assert body_of(response) == content


def test_a_body_that_expands_far_is_handed_on_in_small_pieces_up_to_the_limit(
    github: Simulator,
) -> None:
    bomb = zipped(bytes(300 * 1024**2))
    sizes: list[int] = []
    with (
        opened(github, lambda _: plain(bomb, Content_Encoding="gzip")) as response,
        pytest.raises(BodyTooLargeError),
    ):
        read_body(response, lambda piece: sizes.append(len(piece)), limit=10**8)
    assert max(sizes) <= BUFFER
    assert sum(sizes) <= 10**8


@pytest.mark.parametrize("wire", [unframed, lambda b: unframed(zipped(b), Content_Encoding="gzip")])
def test_a_document_that_shows_its_own_end_may_end_with_its_connection(
    github: Simulator, wire: Callable[[bytes], Sent]
) -> None:
    body = bytearray()
    with opened(github, lambda _: wire(b"{}")) as response:
        read_body(response, body.extend, ends_itself=True)
    assert body == b"{}"


@pytest.mark.parametrize(
    "wire",
    [
        lambda _: unframed(b""),
        lambda _: unframed(zipped(b""), Content_Encoding="gzip"),
        lambda _: unframed(flushed(b"[1]\n[2]\n"), Content_Encoding="gzip"),
    ],
)
def test_but_not_an_empty_one_and_none_that_was_cut(
    github: Simulator, wire: Callable[[bytes], Sent]
) -> None:
    with (
        opened(github, wire) as response,
        pytest.raises(BrokenBodyError),
    ):
        read_body(response, bytearray().extend, ends_itself=True)


@pytest.mark.parametrize("framing", [plain, chunked])
def test_a_body_that_drips_is_given_up(github: Simulator, framing: Callable[[bytes], Sent]) -> None:
    sent = framing(bytes(2000))
    drip = Sent(sent.body, sent.headers, pause=0.01)  # 2 bytes per second of the clock
    begun = time.monotonic()
    with pytest.raises(BrokenBodyError, match="too slowly"):
        body_of(opened(github, lambda _: drip, Pace(FastClock())))
    assert time.monotonic() - begun < 5


def test_headers_that_drip_are_given_up(github: Simulator) -> None:
    sent = plain(b"{}", X_Filler="x" * 2000)
    drip = Sent(sent.body, sent.headers, pause=0.01, pause_in_headers=True)
    with pytest.raises(requests.ReadTimeout):
        opened(github, lambda _: drip, Pace(FastClock()))


def test_an_answer_with_a_deadline_ends_there_even_if_it_makes_progress(
    github: Simulator,
) -> None:
    drip = Sent(bytes(10**6), {"Content-Length": str(10**6)}, pause=0.0001)
    response = opened(github, lambda _: drip, Pace(FastClock(), total=20))
    with pytest.raises(BrokenBodyError, match="too slowly"):
        body_of(response)


def test_a_slow_body_that_makes_progress_is_read(github: Simulator) -> None:
    class SlowClock(Clock):
        """Each look at it is a second later; a body of 2 MB takes more than two minutes."""

        seconds = 0.0

        def elapsed(self) -> float:
            self.seconds += 10
            return self.seconds

    clock = SlowClock()
    content = bytes(2_000_000)
    assert body_of(opened(github, lambda _: plain(content), Pace(clock))) == content
    assert clock.seconds > 120


def test_a_stopped_run_reads_no_further(github: Simulator) -> None:
    clock = Clock()
    response = opened(github, lambda _: plain(bytes(10**7)), Pace(clock))
    clock.stop()
    with pytest.raises(InterruptedRun):
        body_of(response)


def test_a_line_that_expands_without_end_is_given_up_on_the_way(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "LARGEST_DOCUMENT", 4 * BUFFER)
    sizes = []
    append = TemporaryBytes.append

    def noted(self: TemporaryBytes, piece: bytes) -> None:
        append(self, piece)
        sizes.append(self.size)

    monkeypatch.setattr(TemporaryBytes, "append", noted)
    world.add(ACME, people=30)
    bomb = plain(zipped(b"\n" + b" " * 40 * BUFFER), Content_Encoding="gzip")
    day = ago(today, AGE)
    github.faults.add(f"FILE .*{day}/part-00001", wire=lambda _: bomb, times=4)
    outcome = read_usages(config_for(github), today, state=state_at(ago(today, AGE + 1)))
    [line] = closing(outcome)
    assert day in line
    assert "a line of the file has more than" in line
    assert max(sizes) < 7 * BUFFER

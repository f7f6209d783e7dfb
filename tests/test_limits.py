"""GitHub's rate limits, the rate limiter before its API, and what is fetched ahead."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from simulator.faults import FOR_EVER
from tap_github_copilot.clock import Clock, InterruptedRun
from tap_github_copilot.github.rate_limit import (
    ALL_CREDENTIALS,
    MAX_CONCURRENT,
    MAX_PER_MINUTE,
    WINDOW,
    RateLimiter,
)
from tap_github_copilot.streams.prefetch import Ahead
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
from tests.support.tap_process import eventually
from tests.support.tap_runs import SetClock, config_for, lines_about

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from simulator.server import Simulator
    from simulator.world import World

RECENT = "users-28-day/latest"
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes."
PRIMARY = "API rate limit exceeded for user ID 1."
Waits = list[float]


def told(message: str, start: datetime, **headers: str) -> dict[str, Any]:
    """An answer of this moment, in whose headers `{date+90}` is the time 90 s from then."""
    named = {
        name.replace("_", "-"): value.format_map(_Later(start)) for name, value in headers.items()
    }
    date = format_datetime(start, usegmt=True)
    return {"body": {"message": message}, "headers": {"Date": date} | named}


class _Later(dict[str, str]):
    """`{date+90}` as an HTTP date, `{epoch+90}` in seconds since 1970."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self._start = start

    def __missing__(self, key: str) -> str:
        form, _, seconds = key.partition("+")
        when = self._start + timedelta(seconds=int(seconds))
        return str(int(when.timestamp())) if form == "epoch" else format_datetime(when, usegmt=True)


LIMITS: dict[str, tuple[str, dict[str, str], float, str]] = {
    "seconds": (SECONDARY, {"Retry_After": "90"}, 90, "secondary"),
    "a date": (SECONDARY, {"Retry_After": "{date+90}"}, 90, "secondary"),
    "a date that is over": (SECONDARY, {"Retry_After": "{date+-90}"}, 1, "secondary"),
    "seconds, told in no words": ("", {"Retry_After": "30"}, 30, "secondary"),
    "nothing remains": (
        PRIMARY,
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "{epoch+600}"},
        601,
        "primary",
    ),
    "nothing remains, in no words": (
        "",
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "{epoch+600}"},
        601,
        "primary",
    ),
    "nothing remains, until just now": (
        PRIMARY,
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "{epoch+-5}"},
        1,
        "primary",
    ),
    "seconds before the reset": (
        PRIMARY,
        {"Retry_After": "7", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "{epoch+600}"},
        7,
        "primary",
    ),
    "words alone": (SECONDARY, {}, 60, "secondary"),
    "words of old": ("You have triggered an abuse detection mechanism.", {}, 60, "secondary"),
    "seconds before a wrong reset": (
        PRIMARY,
        {"Retry_After": "7", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1e99"},
        7,
        "primary",
    ),
    "a date in an old form": (
        SECONDARY,
        {"Retry_After": "Mon Nov 23 12:01:30 2026"},
        90,
        "secondary",
    ),
    "a reset a day ahead": (
        PRIMARY,
        {"X_RateLimit_Remaining": " 00 ", "X_RateLimit_Reset": "{epoch+3599}"},
        3600,
        "primary",
    ),
    **{
        f"nonsense: {text[:30]}": (SECONDARY, {"Retry_After": text}, 60, "secondary")
        for text in (
            "soon",
            "9" * 400,
            "9" * 5000,
            "-5",
            "+90",
            "1.5",
            "1e3",
            "NaN",
            "inf",
            "\u00b2",
            "90, 90",
            "999999999999",
            "31536000",
            "Mon, 23 Nov 99999 12:00:00 GMT",
            "Mon, 23 Nov 9999 12:00:00 GMT",
            "Mon, 23 Nov 0001 12:00:00 +2359",
            "Mon, 23 Nov 2026 12:00:00 +9999",
            "Mon, 23 Nov 1926 12:00:00 GMT",
            "2026-11-23T12:01:30Z",
            ", 23",
        )
    },
    **{
        f"nonsense: reset {text[:30]}": (
            PRIMARY,
            {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": text},
            60,
            "primary",
        )
        for text in (
            "",
            "0",
            "3600",
            "1795435200000",
            "9" * 400,
            "-1",
            "NaN",
            "1795435200.5",
            "\u00b3",
            "{epoch+-7200}",
            "{epoch+172800}",
            "{date+600}",
        )
    },
    "remaining is nonsense": (
        SECONDARY,
        {"X_RateLimit_Remaining": "-1", "X_RateLimit_Reset": "{epoch+600}"},
        60,
        "secondary",
    ),
}


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("kind", LIMITS)
def test_a_limit_is_waited_for_as_github_says_and_costs_nothing_else(
    github: Simulator, world: World, today: date, kind: str, status: int
) -> None:
    message, headers, seconds, name = LIMITS[kind]
    start = SetClock(today).now()
    world.add(ACME, people=20)
    github.faults.add(RECENT, status=status, **told(message, start, **headers))
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert outcome.clock.waits == [seconds]
    until = f"{start + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    words = (f"{name} rate limit", f"waiting {seconds:.0f} s", until, "enterprise acme", RECENT)
    assert lines_about(outcome.log, "WARNING", *words)
    assert keys_of(outcome.records()) == truth(world, today, 9)


def test_429_is_a_limit_even_if_it_says_nothing(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    github.faults.add(RECENT, status=429)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert outcome.clock.waits == [60]


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry_After": "0"}, [1, 120, 240]),
        ({"Retry_After": "{date+-90}"}, [1, 120, 240]),
        ({"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "{epoch+-5}"}, [1, 120, 240]),
        ({"Retry_After": "7"}, [7, 7, 7]),
    ],
)
def test_a_moment_that_has_passed_is_believed_once(
    github: Simulator, world: World, today: date, headers: dict[str, str], waits: Waits
) -> None:
    world.add(ACME, people=20)
    limit = told(PRIMARY, SetClock(today).now(), **headers)
    github.faults.add(RECENT, status=429, times=3, **limit)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert outcome.clock.waits == waits


@pytest.mark.parametrize("wrong_by", [-7200, -900, 900, 7200, 400 * 86400])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "{epoch+600}"}, 601),
        ({"Retry_After": "{date+600}"}, 600),
    ],
)
def test_moments_are_measured_by_githubs_clock_and_not_by_this_machines(
    github: Simulator,
    world: World,
    today: date,
    headers: dict[str, str],
    seconds: float,
    wrong_by: int,
) -> None:
    world.add(ACME, people=20)
    theirs = SetClock(today).now() + timedelta(seconds=wrong_by)
    github.faults.add(RECENT, status=403, **told(PRIMARY, theirs, **headers))
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert outcome.clock.waits == [seconds]


@pytest.mark.parametrize("date_header", ["", "yesterday", "Mon, 23 Nov 99999 12:00:00 GMT"])
def test_this_machines_clock_counts_where_an_answer_has_no_date(
    github: Simulator, world: World, today: date, date_header: str
) -> None:
    world.add(ACME, people=20)
    headers = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "{epoch+600}"}
    limit = told(PRIMARY, SetClock(today).now(), Date=date_header, **headers)
    github.faults.add(RECENT, status=403, **limit)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert outcome.clock.waits == [601]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("90", 90), ("{date+90}", 90), ("900", 900), ("86400", 900), ("0", 1), ("9" * 400, 1)],
)
def test_a_server_that_is_down_is_asked_again_when_it_says(
    github: Simulator, world: World, today: date, retry_after: str, seconds: float, status: int
) -> None:
    world.add(ACME, people=20)
    fault = told("", SetClock(today).now(), Retry_After=retry_after)
    github.faults.add(RECENT, status=status, **fault)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert outcome.clock.waits == [seconds]


def test_a_server_that_stays_down_is_obeyed_for_a_quarter_of_an_hour(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    headers = {"Retry-After": "500"}
    github.faults.add(RECENT, status=503, headers=headers, times=FOR_EVER)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert "github_unavailable" in closing(outcome)[0]
    assert outcome.clock.waits == [500, 400, 4, 8]


def test_a_server_that_is_down_for_one_call_holds_back_no_other(
    github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=20)
    day = ago(today, 9)
    headers = {"Retry-After": "600"}
    github.faults.add(f"day={day}$", status=503, headers=headers)
    state = state_at(ago(today, 10))
    waited: list[float] = []

    class Held(SetClock):
        """A clock on which the wait for that day lasts until the other days have been asked for."""

        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if seconds == 600:
                eventually(lambda: len(github.days_asked(ACME)) >= 8)
                waited.append(seconds)

    monkeypatch.setattr("tests.support.tap_runs.SetClock", Held)
    outcome = read_usages(config_for(github, concurrency=8), today, state=state)
    assert outcome.code == 0
    assert waited == [600]


def test_a_limit_without_a_time_is_waited_for_longer_each_time(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    github.faults.add(RECENT, status=403, body={"message": SECONDARY}, times=4)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert outcome.clock.waits == [60, 120, 240, 480]
    assert len(lines_about(outcome.log, "WARNING", "secondary rate limit")) == 4


def test_the_waiting_for_a_limit_is_bounded(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    github.faults.add(RECENT, status=429, body={"message": SECONDARY}, times=FOR_EVER)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    [line] = closing(outcome)
    assert outcome.code == 1
    assert 3600 < outcome.clock.waited < 7200
    next_wait = timedelta(seconds=60 * 2 ** len(outcome.clock.waits))
    until = f"{outcome.clock.now() + next_wait:%Y-%m-%dT%H:%M:%SZ}"
    for word in (" rate_limited: ", "enterprise acme", RECENT, f"until {until}", SECONDARY):
        assert word in line


def test_an_hour_until_the_reset_is_waited_for(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    start = SetClock(today).now()
    headers = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "{epoch+3600}"}
    github.faults.add(RECENT, status=403, **told(PRIMARY, start, **headers))
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert outcome.code == 0
    assert outcome.clock.waits == [3601]


def test_nobody_waits_for_a_day_nor_asks_before_it_is_over(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    world.add(BUSY)
    github.faults.add(ACME, status=429, headers={"Retry-After": "86400"}, times=FOR_EVER)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    first, second = closing(outcome)
    until = (today + timedelta(days=1)).isoformat()
    for line, scope in ((first, "enterprise acme"), (second, "enterprise busy")):
        for word in (" rate_limited: ", scope, f"until {until}T12:00:00Z"):
            assert word in line
    assert outcome.clock.waits == []
    assert len(github.calls()) == 1


@pytest.mark.parametrize(
    ("message", "headers"),
    [
        ("You must be an enterprise owner.", {}),
        ("Resource not accessible by integration", {"X-RateLimit-Remaining": "4999"}),
        ("Must have admin rights.", {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "9"}),
    ],
)
def test_a_missing_permission_is_not_taken_for_a_limit(
    github: Simulator, world: World, today: date, message: str, headers: dict[str, str]
) -> None:
    world.add(ACME)
    body = {"message": message}
    github.faults.add(ACME, status=403, body=body, headers=headers, times=FOR_EVER)
    outcome = read_usages(config_for(github, start_date=ago(today, 9)), today)
    assert "invalid_permissions" in closing(outcome)[0]
    assert outcome.clock.waits == []
    assert len(github.calls()) == 1


@pytest.mark.parametrize("concurrency", [1, 8])
def test_at_most_two_calls_are_under_way_however_many_days_are_fetched(
    github: Simulator, world: World, today: date, concurrency: int
) -> None:
    world.add(ACME)
    github.latency = (0.01, 0.02)
    config = config_for(github, concurrency=concurrency)
    outcome = read_usages(config, today, state=state_at(ago(today, 25)))
    assert outcome.code == 0
    assert github.most_busy == min(MAX_CONCURRENT, concurrency)


def test_the_rate_limiter_lets_800_calls_start_in_any_minute(today: date) -> None:
    clock = SetClock(today)
    rate_limiter = RateLimiter(clock)
    starts = []
    for number in range(3 * MAX_PER_MINUTE):
        clock.wait(number % 3 * 0.02)
        with rate_limiter.passing("token"):
            starts.append(clock.elapsed())
    after_a_window = zip(starts, starts[MAX_PER_MINUTE:], strict=False)
    assert all(later - earlier >= WINDOW - 1e-6 for earlier, later in after_a_window)
    assert starts[-1] < 3 * WINDOW


def test_a_wait_for_this_taps_own_limit_is_told_now_and_then(
    today: date, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SetClock(today)
    rate_limiter = RateLimiter(clock)
    caplog.set_level("INFO")
    for _ in range(2 * MAX_PER_MINUTE + 1):
        clock.wait(0.01)
        with rate_limiter.passing("token"):
            pass
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["waiting: this tap makes at most 800 calls a minute, about 52 s left"] * 2


def test_a_wait_that_github_asked_for_is_not_told_as_this_taps_own(
    today: date, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SetClock(today)
    rate_limiter = RateLimiter(clock)
    caplog.set_level("INFO")
    rate_limiter.hold(600)
    with rate_limiter.passing("token"):
        assert clock.waited == 600
    assert caplog.records == []


def test_a_shut_rate_limiter_lets_no_call_of_any_credential_start(today: date) -> None:
    rate_limiter = RateLimiter(SetClock(today))
    rate_limiter.shut(ALL_CREDENTIALS, LookupError())
    for credential in ("a", "b"):
        with pytest.raises(LookupError), rate_limiter.passing(credential):
            pass


def test_the_rate_limiter_lets_no_third_call_in_before_one_is_over(today: date) -> None:
    rate_limiter = RateLimiter(SetClock(today))
    third = threading.Event()

    def call() -> None:
        with rate_limiter.passing("token"):
            third.set()

    with rate_limiter.passing("token"), rate_limiter.passing("other"):
        thread = threading.Thread(target=call)
        thread.start()
        assert not third.wait(0.1)
    assert third.wait(5)
    thread.join()


@pytest.mark.parametrize(
    ("held", "waits"), [("", {"a": [50], "b": [50]}), ("a", {"a": [50], "b": []})]
)
def test_a_hold_is_for_all_or_for_one_credential(
    today: date, held: str, waits: dict[str, Waits]
) -> None:
    for credential, expected in waits.items():
        clock = SetClock(today)
        rate_limiter = RateLimiter(clock)
        rate_limiter.hold(50, held)
        with rate_limiter.passing(credential):
            assert clock.waits == expected


def test_a_shut_rate_limiter_lets_no_call_of_that_credential_start(today: date) -> None:
    rate_limiter = RateLimiter(SetClock(today))
    rate_limiter.shut("a", LookupError())
    with pytest.raises(LookupError), rate_limiter.passing("a"):
        pass
    with rate_limiter.passing("b"), rate_limiter.passing("c"):
        pass


def test_a_secondary_limit_holds_back_the_days_fetched_ahead(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    github.latency = (0.02, 0.0)
    github.faults.add("users-1-day", status=429, headers={"Retry-After": "86400"}, times=FOR_EVER)
    config = config_for(github, concurrency=32)
    outcome = read_usages(config, today, state=state_at(ago(today, 40)))
    assert " rate_limited: " in closing(outcome)[0]
    assert len(github.calls()) <= MAX_CONCURRENT


def test_a_shorter_hold_does_not_end_a_longer_one(today: date) -> None:
    clock = SetClock(today)
    rate_limiter = RateLimiter(clock)
    rate_limiter.hold(50)
    rate_limiter.hold(5)
    rate_limiter.hold(20, "a")
    with rate_limiter.passing("a"):
        assert clock.waited == 50


@pytest.mark.parametrize(("given_up", "refused"), [("", {"a", "b"}), ("a", {"a"})])
def test_a_limit_given_up_on_ends_with_its_time(
    today: date, given_up: str, refused: set[str]
) -> None:
    clock = SetClock(today)
    rate_limiter = RateLimiter(clock)
    rate_limiter.give_up(50, given_up)
    clock.wait(49)
    assert {name for name in ("a", "b") if rate_limiter.given_up(name) > 0} == refused
    clock.wait(1)
    assert rate_limiter.given_up("a") <= 0


def test_what_is_fetched_ahead_comes_in_order_however_it_arrives(today: date) -> None:
    arrived = [threading.Event() for _ in range(7)]
    arrived[6].set()

    def fetch(number: int) -> int:
        assert arrived[number + 1].wait(5)
        arrived[number].set()
        return number * 10

    fetched = Ahead(fetch, range(6), 6, SetClock(today), ignore)
    assert list(fetched) == [(number, number * 10) for number in range(6)]


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_is_fetched_ahead_than_the_bound(today: date, at_once: int) -> None:
    begun: list[int] = []
    asked: list[int] = []

    def items() -> Any:
        for number in range(9):
            asked.append(number)
            yield number

    fetched = Ahead(noting(begun), items(), at_once, SetClock(today), ignore)
    for taken, _ in enumerate(fetched, 1):
        assert len(asked) <= taken + at_once - 1
    assert sorted(begun) == list(range(9))


def test_what_was_begun_early_is_not_fetched_again(today: date) -> None:
    begun: list[int] = []
    all_begun = threading.Event()

    def fetch(number: int) -> int:
        begun.append(number)
        if len(begun) == 2:
            all_begun.set()
        return number

    fetched = Ahead(fetch, range(4), 2, SetClock(today))
    fetched.begin()
    fetched.begin()
    assert all_begun.wait(5)
    assert sorted(begun) == [0, 1]
    assert list(fetched) == [(number, number) for number in range(4)]
    assert sorted(begun) == [0, 1, 2, 3]


def test_an_error_is_raised_at_its_own_place(today: date) -> None:
    def fetch(number: int) -> int:
        if number == 2:
            raise LookupError
        return number

    fetched = Ahead(fetch, range(9), 4, SetClock(today), ignore)
    assert [next(fetched), next(fetched)] == [(0, 0), (1, 1)]
    with pytest.raises(LookupError):
        next(fetched)


def test_closing_early_begins_nothing_more_and_drops_what_nobody_took(today: date) -> None:
    begun: list[int] = []
    dropped: list[int] = []
    under_way = threading.Barrier(3, timeout=5)
    all_dropped, go_on = threading.Event(), threading.Event()

    def fetch(number: int) -> int:
        begun.append(number)
        if number > 0:
            under_way.wait()
            assert go_on.wait(5)
        return number

    def drop(number: int) -> None:
        dropped.append(number)
        if len(dropped) == 2:
            all_dropped.set()

    fetched = Ahead(fetch, range(99), 3, SetClock(today), drop)
    assert next(fetched) == (0, 0)
    under_way.wait()
    fetched.close()
    go_on.set()
    assert all_dropped.wait(5)
    assert sorted(begun) == [0, 1, 2]
    assert sorted(dropped) == [1, 2]


def test_a_stop_ends_the_wait_for_what_is_fetched() -> None:
    clock = Clock()
    hangs, go_on = threading.Event(), threading.Event()

    def fetch(_: int) -> None:
        hangs.set()
        go_on.wait(10)

    fetched = Ahead(fetch, range(3), 2, clock, ignore)

    def stop() -> None:
        hangs.wait(5)
        clock.stop()

    threading.Thread(target=stop).start()
    try:
        with pytest.raises(InterruptedRun):
            next(fetched)
    finally:
        go_on.set()


def ignore(_: object) -> None:
    """Let a result go."""


def noting(begun: list[int]) -> Callable[[int], int]:
    """A fetch that notes what it was asked for."""

    def fetch(number: int) -> int:
        begun.append(number)
        return number

    return fetch

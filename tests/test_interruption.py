"""Runs that are stopped, killed or left by their reader, and those that go on from there."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.faults import FOR_EVER
from simulator.world import World
from tests.support.daily_usages import ACME, ago, catalog_of, keys_of, state_at
from tests.support.tap_process import COMMAND, Process, eventually
from tests.support.tap_runs import USAGES, bookmark, config_for

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.server import Simulator

pytestmark = pytest.mark.slow

HANGS = 30.0  # seconds
IN_TIME = 3.0  # seconds


@pytest.fixture
def today() -> date:
    """The day it is: a process of its own cannot be told another."""
    return World().today


@pytest.fixture
def config(github: Simulator, world: World, today: date) -> dict[str, Any]:
    """Reads sixty days of an enterprise."""
    world.add(ACME, people=60)
    return config_for(github, start_date=ago(today, 60))


def start(folder: Path, config: dict[str, Any], state: dict[str, Any] | None = None) -> Process:
    """A run that reads the daily usages alone."""
    return Process(folder, config, state=state, catalog=catalog_of(config, USAGES))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_signal_ends_a_run_whose_downloads_hang(
    github: Simulator,
    config: dict[str, Any],
    tmp_path: Path,
    number: signal.Signals,
    concurrency: int,
) -> None:
    hanging = f"FILE .*/{ago(date.fromisoformat(config['start_date']), -10)}/"
    github.faults.add(hanging, delay=HANGS, times=FOR_EVER)
    with start(tmp_path, config | {"concurrency": concurrency}) as run:
        run.read_states(10)
        eventually(lambda: [call for call in github.calls("FILE") if hanging[7:] in call])
        before = run.state
        ends_in_time(run, number)
        assert run.state == before
        assert bookmark(before, "acme") == ago(date.fromisoformat(config["start_date"]), -9)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "fault",
    [
        {"delay": HANGS},
        {"status": 429, "headers": {"Retry-After": "600"}},
        {"status": 502, "times": 4},
    ],
)
def test_a_signal_ends_a_run_that_waits_for_its_first_answer(
    github: Simulator,
    config: dict[str, Any],
    tmp_path: Path,
    number: signal.Signals,
    fault: dict[str, Any],
) -> None:
    state = state_at(ago(World().today, 30))
    github.faults.add("GET ", **{"times": FOR_EVER} | fault)
    with start(tmp_path, config, state) as run:
        eventually(lambda: len(github.calls()) >= fault.get("times", 1))
        ends_in_time(run, number)
        assert run.messages[-1] == {"type": "STATE", "value": state}


def ends_in_time(run: Process, number: signal.Signals) -> None:
    """The signal ends the run soon, with a state, its own code and no traceback."""
    began = time.monotonic()
    run.signal(number)
    assert run.end() == 128 + number
    assert time.monotonic() - began < IN_TIME
    assert run.messages[-1]["type"] == "STATE"
    assert f"interrupted ({number.name})" in run.log
    assert "Traceback" not in run.log


HANGING = {"delay": HANGS, "times": FOR_EVER}


@pytest.mark.parametrize(
    ("waits", "signals"),
    [
        (True, (signal.SIGTERM, signal.SIGTERM)),
        (True, (signal.SIGINT, signal.SIGTERM)),
        (False, (signal.SIGHUP, signal.SIGHUP)),
        (False, (signal.SIGINT, signal.SIGINT, signal.SIGINT, signal.SIGINT)),
        (False, (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT)),
    ],
)
def test_a_signal_that_comes_twice_or_with_another_one_ends_the_run_as_whole(
    github: Simulator,
    config: dict[str, Any],
    tmp_path: Path,
    signals: tuple[signal.Signals, ...],
    waits: bool,
) -> None:
    with start(tmp_path, config) as run:
        run.read_states(3)
        if waits:
            github.faults.add("GET ", **HANGING)
            github.faults.add("FILE ", **HANGING)
            eventually(run.is_idle)
        for number in signals:
            run.signal(number)
            time.sleep(0.02)
        # Of signals that are pending together the one with the lowest number comes first.
        assert run.end() in {128 + number for number in signals}
        assert all(line.endswith(b"\n") for line in run.lines)
        assert run.messages[-1]["type"] == "STATE"
        assert "Traceback" not in run.log
        assert run.log.count("interrupted (") == 1


def test_gnu_timeout_which_sends_two_signals_ends_a_run_with_its_state(
    github: Simulator, config: dict[str, Any], tmp_path: Path
) -> None:
    github.faults.add(f"FILE .*/{ago(World().today, 40)}/", **HANGING)
    with Process(
        tmp_path,
        config,
        command=("timeout", "--preserve-status", "4", *COMMAND),
        catalog=catalog_of(config, USAGES),
    ) as run:
        assert run.end() == 128 + signal.SIGTERM
        assert run.messages[-1]["type"] == "STATE"
        assert "Traceback" not in run.log


def test_a_signal_while_the_pipe_is_full_waits_for_the_reader(
    config: dict[str, Any], tmp_path: Path
) -> None:
    with start(tmp_path, config) as run:
        run.read_states(2)
        eventually(run.waits_for_its_reader)
        run.signal(signal.SIGTERM)
        time.sleep(2.5)
        assert run.end() == 128 + signal.SIGTERM
        assert all(line.endswith(b"\n") for line in run.lines)
        assert run.messages[-1]["type"] == "STATE"


@pytest.mark.parametrize("patience", [1.5, HANGS])
def test_a_reader_that_reads_no_more_holds_no_run_for_ever(
    config: dict[str, Any], tmp_path: Path, patience: float
) -> None:
    code = (
        "from tap_github_copilot import __main__, signals\n"
        f"signals.HARD = {patience}\n"
        "__main__.main()"
    )
    with Process(
        tmp_path,
        config,
        command=(sys.executable, "-c", code),
        catalog=catalog_of(config, USAGES),
    ) as run:
        run.read_states(2)
        eventually(run.waits_for_its_reader)
        codes = {128 + signal.SIGTERM}
        run.signal(signal.SIGTERM)
        if patience == HANGS:  # a third signal does not wait
            codes.add(128 + signal.SIGINT)  # it comes first where both are pending
            run.signal(signal.SIGINT)
            time.sleep(0.1)
            run.signal(signal.SIGHUP)
        began = time.monotonic()
        assert run.wait() in codes
        assert time.monotonic() - began < IN_TIME


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after", [0.0, 0.1, 0.4])
def test_a_signal_right_at_the_start_leaves_no_traceback(
    config: dict[str, Any], tmp_path: Path, number: signal.Signals, after: float
) -> None:
    with start(tmp_path, config) as run:
        eventually(lambda: run.log)
        time.sleep(after)
        run.signal(number)
        assert run.end() == 128 + number
        assert "Traceback" not in run.log
        assert all(line.endswith(b"\n") for line in run.lines)


def test_a_run_under_nohup_outlives_its_terminal(config: dict[str, Any], tmp_path: Path) -> None:
    with Process(
        tmp_path, config, command=("nohup", *COMMAND), catalog=catalog_of(config, USAGES)
    ) as run:
        run.read_states(3)
        run.signal(signal.SIGHUP)
        assert run.end() == 0


def test_a_signal_in_the_middle_of_records_leaves_whole_messages_and_a_state(
    world: World, config: dict[str, Any], tmp_path: Path
) -> None:
    world.shards = 1
    with start(tmp_path, config) as run:
        run.read_states(5)
        run.signal(signal.SIGTERM)
        assert run.end() == 128 + signal.SIGTERM
        assert all(line.endswith(b"\n") for line in run.lines)
        assert run.messages[-1]["type"] == "STATE"
        assert bookmark(run.state, "acme") is not None
        reached = bookmark(run.state, "acme") or ""
        first = date.fromisoformat(config["start_date"])
        loaded = [key for key in keys_of(run.records()) if key[0] <= reached]
        assert loaded == sorted(world.truth(ACME, first, date.fromisoformat(reached)))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_no_record_is_lost_when_a_signal_comes_while_the_pipe_is_full(
    world: World, config: dict[str, Any], today: date, tmp_path: Path, unbuffered: str
) -> None:
    catalog = catalog_of(config, USAGES)
    variables = {"PYTHONUNBUFFERED": unbuffered}
    with Process(tmp_path, config, environment=variables, catalog=catalog) as run:
        for _ in range(8):
            run.read_states(2)
            eventually(run.waits_for_its_reader)
            run.signal(signal.SIGSTOP)
            run.signal(signal.SIGCONT)
        assert run.end() == 0
    truth = world.truth(ACME, today - timedelta(days=60), today)
    assert keys_of(run.records()) == sorted(truth)


def test_a_run_that_was_killed_is_finished_by_the_next_one(
    github: Simulator, world: World, config: dict[str, Any], today: date, tmp_path: Path
) -> None:
    github.latency = (0.005, 0.005)
    for name in ("killed", "next"):
        (tmp_path / name).mkdir()
    with start(tmp_path / "killed", config) as killed:
        killed.read_states(25)
        killed.signal(signal.SIGKILL)
        assert killed.end() == -signal.SIGKILL
        killed.lines = [line for line in killed.lines if line.endswith(b"\n")]
    reached = bookmark(killed.state, "acme") or ""
    assert ago(today, 60) < reached < ago(today, 10)
    with start(tmp_path / "next", config, killed.state) as following:
        assert following.end() == 0
    assert min(key[0] for key in keys_of(following.records())) > reached
    assert bookmark(following.state, "acme") == ago(today, 5)
    rows = {(r["day"], r["user_id"]): r for r in killed.records() + following.records()}
    truth = world.truth(ACME, today - timedelta(days=60), today)
    assert rows.keys() == truth.keys()
    assert all(rows[key]["loc_added_sum"] == row.get("loc_added_sum") for key, row in truth.items())


def test_a_reader_that_goes_away_ends_the_run_without_a_traceback(
    config: dict[str, Any], tmp_path: Path
) -> None:
    with start(tmp_path, config) as run:
        run.read_states(1)
        run.stop_reading()
        assert run.end() == 1
        assert "Traceback" not in run.log
        assert "Exception" not in run.log
        assert "closed the pipe" in run.log


def test_a_pipe_into_head_ends(config: dict[str, Any], tmp_path: Path) -> None:
    with start(tmp_path, config) as run:
        run.stop_reading()
    line = " ".join([*COMMAND, "--config", "config.json", "--catalog", "catalog.json"])
    shell = ["bash", "-c", f"set -o pipefail; {line} | head -1"]
    ended = subprocess.run(shell, cwd=tmp_path, capture_output=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert ended.stdout.count(b"\n") == 1
    assert b"Traceback" not in ended.stderr

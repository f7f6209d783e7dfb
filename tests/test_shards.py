"""`--shards`: pieces that together are the run, each with a state of its own."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.access import TOKEN
from tests.support.app_scene import Scene
from tests.support.daily_usages import ACME, ago, keys_of
from tests.support.tap_runs import SEATS, USAGES, bookmark, config_for, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World

OFFLINE = {"token": TOKEN, "api_url": "http://127.0.0.1:9"}
Shard = dict[str, Any]


def cut(config: dict[str, Any], today: date, *options: str) -> list[Shard]:
    """The pieces that the command prints."""
    outcome = run_tap(config, today, options=("--shards", *options))
    assert outcome.code == 0, outcome.log
    found: list[Shard] = json.loads(outcome.out)
    assert all(shard.keys() == {"settings", "state_id"} for shard in found)
    assert len({shard["state_id"] for shard in found}) == len(found)
    assert TOKEN not in outcome.out
    return found


def days_in(shard: Shard, today: date) -> list[date]:
    """The days of a piece."""
    first = date.fromisoformat(shard["settings"]["start_date"])
    last = date.fromisoformat(shard["settings"].get("end_date", ago(today, 1)))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize("setting", ["enterprises", "organizations"])
def test_a_piece_is_a_scope_and_no_call_is_needed_to_cut(today: date, setting: str) -> None:
    found = cut(OFFLINE | {setting: ["Acme", "b-2", "acme"]}, today)
    assert found == [
        {"settings": {setting: [name]}, "state_id": f"tap-github-copilot.{setting[:-1]}.{name}"}
        for name in ("acme", "b-2")
    ]


def test_an_app_finds_its_organizations(github: Simulator, world: World, today: date) -> None:
    scene = Scene(github, world, today)
    scene.add("octo-org", "octo-lab")
    names = [shard["settings"] for shard in cut(scene.config(), today)]
    assert names == [{"organizations": ["octo-lab"]}, {"organizations": ["octo-org"]}]


@pytest.mark.parametrize("days", [1, 7, 30, 365, 9999])
@pytest.mark.parametrize("more", [{}, {"end_days": 100}, {"end_days": 3}, {"start_days": 40}])
def test_every_day_stands_in_one_piece(today: date, days: int, more: dict[str, int]) -> None:
    config: dict[str, Any] = OFFLINE | {"enterprises": ["acme"]}
    if "end_days" in more:
        config["end_date"] = ago(today, more["end_days"])
    if "start_days" in more:
        config["start_date"] = ago(today, more["start_days"])
    found = cut(config, today, "--shard-days", str(days))
    stand = [day for shard in found for day in days_in(shard, today)]
    first = today - timedelta(days=more.get("start_days", 365))
    last = today - timedelta(days=more.get("end_days", 1))
    assert stand == [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert all(len(days_in(shard, today)) <= days for shard in found[:-1])


def test_days_that_may_change_stand_in_the_piece_that_the_daily_run_goes_on_from(
    today: date,
) -> None:
    config = OFFLINE | {"enterprises": ["acme"]}
    [daily] = cut(config, today)
    *closed, last = cut(config, today, "--shard-days", "5")
    assert last["state_id"] == daily["state_id"]
    assert "end_date" not in last["settings"]
    assert closed[-1]["settings"]["end_date"] < ago(today, 14)


def test_ids_and_ranges_stay_the_same_from_day_to_day(today: date) -> None:
    config = OFFLINE | {"enterprises": ["acme"]}
    before: dict[str, Any] = {}
    for step in range(12):
        found = cut(config, today + timedelta(days=step), "--shard-days", "10")
        ranges = {shard["state_id"]: shard["settings"] for shard in found[1:-1]}
        for state_id in before.keys() & ranges.keys():
            assert ranges[state_id] == before[state_id]
        assert len(ranges.keys() - before.keys()) <= 1 or not before
        before = ranges


def test_the_oldest_day_moves_on_and_its_pieces_id_does_not(today: date) -> None:
    config = OFFLINE | {"enterprises": ["acme"]}
    ids = {
        cut(config, today + timedelta(days=step), "--shard-days", "100")[0]["state_id"]
        for step in range(3)
    }
    assert len(ids) == 1


def test_an_earlier_start_date_is_a_piece_of_its_own(today: date) -> None:
    config = OFFLINE | {"enterprises": ["acme"], "end_date": ago(today, 20)}
    ids = {
        cut(config | {"start_date": ago(today, age)}, today, "--shard-days", "90")[0]["state_id"]
        for age in (30, 31)
    }
    assert len(ids) == 2


def test_the_pieces_load_what_one_run_loads_and_the_daily_run_goes_on(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=8)
    config = config_for(github, start_date=ago(today, 40))
    whole = run_tap(config, today)
    rows, seats, last = [], 0, {}
    for shard in cut(config, today, "--shard-days", "7"):
        piece = run_tap(config | shard["settings"], today)
        assert piece.code == 0
        rows += piece.records()
        seats += len(piece.records(SEATS))
        last = piece.state
    assert keys_of(rows) == keys_of(whole.records())
    assert seats == len(whole.records(SEATS))
    assert bookmark(last, "acme") == whole.bookmark()
    github.seen.clear()
    run_tap(config, today, state=last, streams=[USAGES])
    assert min(github.days_asked(ACME)) == ago(today, 4)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--shard-days", "7"), "--shard-days goes with --shards"),
        (("--shards", "--check"), "--shards and --check: one at a time"),
        *[
            (("--shards", "--shard-days", days), "--shard-days takes a whole number of days")
            for days in ("0", "-1", "1.5", "week", "", "10000", "٣")
        ],
    ],
)
def test_wrong_options_are_told_in_one_line(
    today: date, options: tuple[str, ...], line: str
) -> None:
    outcome = run_tap(OFFLINE | {"enterprises": ["acme"]}, today, options=options)
    assert outcome.code == 1
    assert outcome.out == ""
    [error] = outcome.errors()
    assert line in error


def test_days_that_are_all_to_come_are_no_piece(today: date) -> None:
    config = OFFLINE | {"enterprises": ["acme"], "start_date": "2027-01-01"}
    config["end_date"] = "2027-02-01"
    assert cut(config, today, "--shard-days", "7") == []


@pytest.mark.parametrize(
    "more", [{"late_report_days": 10**12}, {"start_date": "9999-12-31"}, {"settle_days": 400}]
)
def test_no_setting_is_too_large(today: date, more: dict[str, Any]) -> None:
    config = OFFLINE | {"enterprises": ["acme"], "late_report_days": 10**6} | more
    [shard] = cut(config, today, "--shard-days", "7")
    assert shard["state_id"] == "tap-github-copilot.enterprise.acme"


def test_a_start_date_that_github_stops_serving_keeps_its_id(today: date) -> None:
    config = OFFLINE | {"enterprises": ["acme"], "start_date": ago(today, 364)}
    ids = {
        cut(config, today + timedelta(days=step), "--shard-days", "90")[0]["state_id"]
        for step in range(4)
    }
    assert len(ids) == 1

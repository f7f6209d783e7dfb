"""What docs/privacy.md tells to write keeps every login out of every table."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.support.tap_runs import Outcome, config_for, run_tap

if TYPE_CHECKING:
    from datetime import date

    from simulator.server import Simulator
    from simulator.world import World

PAGE = Path(__file__).parents[1] / "docs" / "privacy.md"
PERSONAL_TABLES = {
    "github_copilot_daily_usages",
    "github_copilot_daily_usage_breakdowns",
    "github_copilot_user_teams",
    "github_copilot_seats",
}


def test_the_stream_maps_leave_no_login_in_any_table(
    github: Simulator, world: World, today: date
) -> None:
    world.add("/enterprises/acme", 8)
    [maps] = [config for config in _configurations() if "stream_map_config" in config]
    config = config_for(github, start_date=str(today - timedelta(days=6)))
    plain = run_tap(config, today, streams=None)
    mapped = run_tap(config | maps, today, streams=None)
    assert mapped.code == 0, mapped.log
    assert {stream for stream, text in _rows(plain) if "person-" in text} == PERSONAL_TABLES
    assert len(_rows(mapped)) == len(_rows(plain))
    assert not [row for row in _rows(mapped) if "person-" in row[1]]


def _rows(outcome: Outcome) -> list[tuple[str, str]]:
    return [(m["stream"], str(m["record"])) for m in outcome.messages if m["type"] == "RECORD"]


def _configurations() -> list[dict[str, Any]]:
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return [block["config"] for block in map(yaml.safe_load, blocks) if "config" in block]

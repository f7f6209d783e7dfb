"""Some of the soak's schedules; `make soak` runs several hundred."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.soak.random_faults import BAD_ENVELOPE
from tests.soak.schedule import FEW, Schedule
from tests.support.tap_runs import config_for, lines_about, run_tap

if TYPE_CHECKING:
    from simulator.server import Simulator
    from simulator.world import World

pytestmark = pytest.mark.slow


# 599: a bookmark passed a remembered day, no STATE was written, another table got a new version.
@pytest.mark.parametrize("seed", [*range(FEW), 599])
def test_nothing_is_lost_and_nothing_invented_whatever_happens_on_the_way(seed: int) -> None:
    Schedule(seed).run()


@pytest.mark.parametrize("fault", BAD_ENVELOPE[:3])
def test_a_broken_answer_does_not_make_the_days_of_a_silent_scope_empty_for_good(
    github: Simulator, world: World, today: date, fault: dict[str, Any]
) -> None:
    place = world.add("/enterprises/acme", people=20, open_since=date(2027, 1, 1))
    first = today - timedelta(days=20)
    config = config_for(github, start_date=first.isoformat())
    github.faults.add(f"users-1-day.day={today - timedelta(days=3)}$", **fault)
    failed = run_tap(config, today)
    assert failed.code == 1
    assert lines_about(failed.log, "bad_report", "enterprise acme", "users-1-day")
    assert failed.bookmark() is None
    place.open_since = first
    opened = run_tap(config, today, state=failed.state)
    assert opened.code == 0
    assert {(r["day"], r["user_id"]) for r in opened.records()} == set(
        world.truth("/enterprises/acme", first, today)
    )

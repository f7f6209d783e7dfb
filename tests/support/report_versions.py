"""Runs over days whose reports GitHub rebuilds, and what the state remembers of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import msgspec

from simulator.world import USERS
from tests.support.tap_runs import USAGES, Outcome, config_for, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.places import Files
    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
BREAKDOWNS = "github_copilot_daily_usage_breakdowns"
LEDGER = "github_copilot_report_days"


@dataclass
class Runs:
    """Runs one after the other, each from the state of the one before.

    Args:
        github: What they read.
        world: What is true there.
        today: The UTC day of the first run.
        settings: Of all runs.
        streams: Selected in all runs, unless a run says otherwise.
    """

    github: Simulator
    world: World
    today: date
    settings: dict[str, Any] = field(default_factory=dict)
    streams: tuple[str, ...] = (USAGES,)
    state: dict[str, Any] = field(default_factory=dict)

    def run(
        self,
        *,
        age: int = 0,
        streams: tuple[str, ...] | None = None,
        at: time = time(12, tzinfo=UTC),
        **settings: Any,
    ) -> Outcome:
        """A run so many days after the first one.

        Args:
            age: Days after the first run; the world moves there, too.
            streams: The selected streams.
            at: Its time of day.
            **settings: Further settings.
        """
        self.world.today = self.today + timedelta(days=age)
        config = config_for(self.github, **(self.settings | settings))
        with patch("tests.support.tap_runs.NOON", at):
            outcome = run_tap(
                config,
                self.world.today,
                state=self.state or None,
                streams=self.streams if streams is None else streams,
            )
        assert outcome.code == 0, outcome.log
        self.state = outcome.state
        return outcome

    def put(self, day: date, people: Iterable[int], added: int = 1, files: int = 1) -> None:
        """Let the users report of a day have a row per person, in so many files."""
        rows = [
            {
                "day": day.isoformat(),
                "user_id": person,
                "loc_added_sum": added,
                "totals_by_ide": [{"ide": "vscode", "loc_added_sum": added}],
            }
            for person in people
        ]
        encode = msgspec.json.Encoder().encode_lines
        found: Files = [encode(rows[start::files]) for start in range(files)]
        self.world.put[ACME, USERS, day] = found

    def withdraw(self, day: date) -> None:
        """Let there be no users report of a day."""
        self.world.put[ACME, USERS, day] = None

    def loaded(self, day: date, stream: str = USAGES) -> dict[str, str] | None:
        """What the state remembers of a day."""
        return loaded_in(self.state, stream).get(day.isoformat())


def loaded_in(state: dict[str, Any], stream: str = USAGES) -> dict[str, dict[str, str]]:
    """What a state remembers of acme's loaded days, by day."""
    for partition in state.get("bookmarks", {}).get(stream, {}).get("partitions", []):
        context = partition["context"]
        if context["enterprise_slug"] == "acme" and context.get("report", USERS) == USERS:
            found: dict[str, dict[str, str]] = partition.get("loaded", {})
            return found
    return {}


def people_of(outcome: Outcome, day: date, stream: str = USAGES) -> list[int]:
    """The people of whom a run sent a row of a day."""
    return [r["user_id"] for r in outcome.records(stream) if r["day"] == day.isoformat()]


def moment_of(outcome: Outcome, day: date, stream: str = USAGES) -> str:
    """The one moment that the rows of a day have."""
    [moment] = {r["fetched_at"] for r in outcome.records(stream) if r["day"] == day.isoformat()}
    return str(moment)


def moment(text: str) -> datetime:
    """A moment of a row, to compare it."""
    return datetime.fromisoformat(text)

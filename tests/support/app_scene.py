"""Runs that sign in as the simulated GitHub's App."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.support.daily_usages import ACME, ago
from tests.support.tap_runs import NOON, USAGES, Outcome, run_tap

if TYPE_CHECKING:
    from datetime import date

    from simulator.apps import App, Installation
    from simulator.server import Simulator
    from simulator.world import World


@dataclass
class Scene:
    """An App, whoever installed it, and the runs that read them; its time is the runs'.

    Args:
        github: Where the App lives.
        world: What it may read.
        today: The UTC day of the runs.
    """

    github: Simulator
    world: World
    today: date

    def __post_init__(self) -> None:
        self.app: App = self.github.access.app
        self.app.now = datetime.combine(self.today, NOON).timestamp()

    def add(self, *names: str, people: int = 20) -> None:
        """Organizations that have installed the App."""
        for name in names:
            self.install(f"/orgs/{name}", people)

    def add_acme(self, people: int = 20) -> Installation:
        """The enterprise, which has installed the App."""
        return self.install(ACME, people)

    def install(self, path: str, people: int = 20) -> Installation:
        """Add a scope that has installed the App."""
        place = self.world.add(path, people)
        return self.app.install(place.path, place.number)

    def ago(self, age: int) -> str:
        """The day of this age."""
        return ago(self.today, age)

    def config(self, **more: Any) -> dict[str, Any]:
        """A configuration that signs in as the App and reads a few days."""
        own = {
            "api_url": self.github.url,
            "app_id": 123456,
            "private_key": self.app.pem(PrivateFormat.PKCS8),
            "start_date": self.ago(9),
        }
        return own | more

    def read(self, *streams: str, **settings: Any) -> Outcome:
        """Run with these streams alone; without any, with the daily usages."""
        return run_tap(self.config(**settings), self.today, streams=streams or (USAGES,))

    def read_from(self, state: dict[str, Any], *streams: str, **settings: Any) -> Outcome:
        """Run with these streams alone, from a state."""
        return run_tap(self.config(**settings), self.today, state=state, streams=streams)

    def check(self, **settings: Any) -> Outcome:
        """Run --check."""
        return run_tap(self.config(**settings), self.today, options=("--check",))

    def bearers(self, start: str) -> set[str]:
        """The tokens and JWTs of the calls so far that begin like this."""
        return {
            seen.authorization.removeprefix("Bearer ")
            for seen in self.github.seen
            if seen.call.startswith(start)
        }

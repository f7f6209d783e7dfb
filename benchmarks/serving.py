"""The simulated GitHub of the benchmarks, in a process of its own.

`python -m benchmarks.serving --people N` serves one day of N people, 5 KB each, for the
enterprise acme; with `--organizations N --latency` N organizations of 20 people, whose
calls take 150 ms and whose downloads take 300 ms; with `--enterprise-people N` all reports of
acme as they stand on one day. Prints its URL and ends with stdin.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulator.people import crowd, usages
from simulator.server import Simulator
from simulator.world import USERS, World, shards_of

_AGE = 6
_REPEATED = ("totals_by_feature", "totals_by_language_feature", "totals_by_model_feature")


class StillWorld(World):
    """Reports that GitHub does not rebuild, but for those of so many days.

    Args:
        today: The UTC day it is there.
        restated: How many days, the newest one with a report not counted, have been rebuilt.
        lag: A day's report comes out when the day is this many days old.
    """

    def __init__(self, today: date, restated: int = 0, lag: int = 2) -> None:
        super().__init__(today, lag=lag, shards=1)
        self._restated = restated

    def revision(self, day: date) -> int:
        """How often the report of a day has been rebuilt by now."""
        age = (self.today - day).days - self.lag
        return 3 if 1 <= age <= self._restated else 2


def main() -> None:
    """Serve until nobody is there any more."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--organizations", type=int, default=0)
    parser.add_argument("--people-each", type=int, default=20, help="in each organization")
    parser.add_argument("--enterprise-people", type=int, default=0, help="of acme, all reports")
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).date())
    parser.add_argument("--restated", type=int, default=0, help="days, the newest one apart")
    parser.add_argument("--lag", type=int, default=2, help="days until a report is there")
    parser.add_argument("--latency", action="store_true")
    options = parser.parse_args()
    world = StillWorld(options.today, options.restated, options.lag)
    if options.enterprise_people:
        world.add("/enterprises/acme", options.enterprise_people, billed=False)
    if options.people:
        world.add("/enterprises/acme")
        day = world.today - timedelta(days=_AGE)
        world.put["/enterprises/acme", USERS, day] = shards_of(rows(world, options.people), 2)
    for number in range(options.organizations):
        world.add(f"/orgs/org-{number:02}", options.people_each)
    latency = (0.15, 0.3) if options.latency else (0.0, 0.0)
    with Simulator(world, latency=latency) as github:
        print(github.url, flush=True)
        sys.stdin.read()


def rows(world: World, people: int) -> list[dict[str, Any]]:
    """So many rows of one day, of 5 KB on average as GitHub's are."""
    day = world.today - timedelta(days=_AGE)
    models = usages(crowd(3, 400, world.today), day, {"enterprise_id": "1"}, 9)
    made = []
    for number in range(people):
        row = models[number % len(models)] | {"user_id": number + 1, "user_login": f"user-{number}"}
        made.append(row | {name: (row[name] * 4)[:6] for name in _REPEATED if name in row})
    return made


if __name__ == "__main__":
    main()

"""`make demo`: GitHub (simulated) → tap → Meltano → PostgreSQL, twice, and what was loaded."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from demo import postgres, story
from demo.pipeline import PROJECT, Pipeline, PipelineError
from report.__main__ import draw
from report.databases import DatabaseError
from report.databases import postgres as report_database
from report.scope_figures import Options
from simulator.access import TOKEN
from simulator.replay import Replay
from simulator.server import Simulator
from simulator.world import World

SCHEMA = "github_copilot_demo"
SEAT_PRICE = 39.0  # USD a month: GitHub's list price of an enterprise seat
REPORT = PROJECT / "output" / "copilot-adoption.html"


def main() -> int:
    """Show it; 0 if all went well."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--postgres-url", help="load into this server instead (POSTGRES_URL=…)")
    parser.add_argument("--replay", type=Path, help="serve the report files there (REPLAY=…)")
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--days", type=int, default=60)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("interrupted"))
    try:
        with ExitStack() as opened:
            show(options, opened)
    except KeyboardInterrupt:
        sys.exit("interrupted; all that was started is stopped")
    except (PipelineError, NotADirectoryError, DatabaseError) as error:
        sys.exit(f"{error}\nThe demo failed: see above.")
    return 0


def show(options: argparse.Namespace, opened: ExitStack) -> None:
    """The demo itself.

    Raises:
        PipelineError: A run of Meltano failed.
        DatabaseError: The user's own PostgreSQL does not answer.
        NotADirectoryError: There is no such folder to replay.
    """
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="copilot-demo-")))
    if options.replay and not options.replay.is_dir():
        raise NotADirectoryError(f"REPLAY must be a folder of report files: {options.replay}")
    if options.postgres_url:
        database = opened.enter_context(postgres.given(options.postgres_url))
        story.say(f"Loading into your PostgreSQL, schemas {SCHEMA}…")
    else:
        database = opened.enter_context(postgres.embedded())
        story.say("Started an embedded PostgreSQL; it is gone when the demo ends.")
    if options.replay:
        replay = Replay(options.replay)
        story.not_served(replay)
        if not replay.scopes:
            raise PipelineError(f"{options.replay} holds no file that can be served")
        github = opened.enter_context(Simulator(replay))
        story.say(f"Started a simulated GitHub that serves {len(replay.scopes)} report files.")
        story.replay(database, replay, github, folder)
        return
    world = World()
    world.add("/enterprises/acme", options.people)
    github = opened.enter_context(Simulator(world))
    story.say(f"Started a simulated GitHub on {github.url}: enterprise acme.")
    first_day = datetime.now(UTC).date() - timedelta(days=options.days)
    settings: dict[str, Any] = {
        "token": TOKEN,
        "enterprises": ["acme"],
        "api_url": github.url,
        "start_date": first_day.isoformat(),
    }
    pipeline = Pipeline(database, SCHEMA, folder, settings)
    run(pipeline, github, "first run: every day there is (the very first sets up two plugins)")
    story.loaded(database, SCHEMA)
    run(pipeline, github, "second run: only the days that GitHub may still change")
    story.loaded_again(database, SCHEMA)
    REPORT.parent.mkdir(exist_ok=True)
    with report_database(database.url) as warehouse:
        drawn = draw(warehouse, SCHEMA, REPORT, Options(datetime.now(UTC), seat_price=SEAT_PRICE))
    story.report(drawn, REPORT)


def run(pipeline: Pipeline, github: Simulator, what: str) -> None:
    """Run the pipeline and tell what GitHub was asked."""
    story.say(f"\n$ meltano run tap-github-copilot target-postgres   # {what}")
    github.seen.clear()
    began = time.monotonic()
    pipeline.run()
    days = sorted(set(github.days_asked("/enterprises/acme")))
    story.say(
        f"  {time.monotonic() - began:.1f} s; GitHub was asked for {len(days)} days"
        + (f", {days[0]} to {days[-1]}" if days else "")
    )


if __name__ == "__main__":
    sys.exit(main())

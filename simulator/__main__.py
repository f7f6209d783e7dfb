"""A simulated GitHub on this machine: prints its address and token, and serves until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.access import TOKEN
from simulator.replay import Replay
from simulator.server import Simulator
from simulator.world import World

if TYPE_CHECKING:
    from simulator.places import Truth


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port of the API (any free one)")
    parser.add_argument("--people", type=int, default=200, help="people in each scope (200)")
    parser.add_argument("--enterprises", default="acme", help="slugs, separated by commas (acme)")
    parser.add_argument("--organizations", default="octo-org", help="logins (octo-org)")
    parser.add_argument("--replay", type=Path, help="serve the report files of this folder")
    parser.add_argument(
        "--keep-days", action="store_true", help="replay days as they are, not moved to a week ago"
    )
    options = parser.parse_args()
    world = replayed(options) if options.replay else made_up(options)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Simulator(world, port=options.port) as github:
            print(f"api_url {github.url}", flush=True)
            print(f"token {TOKEN}", flush=True)
            print("scopes " + " ".join(world.scopes), flush=True)
            stop.wait()
    except RuntimeError as error:
        sys.exit(f"{error}: choose another --port, or none for any that is free")


def replayed(options: argparse.Namespace) -> Truth:
    """The report files of a folder; ends the program where there are none."""
    if not options.replay.is_dir():
        sys.exit(f"--replay must be a folder of report files: {options.replay}")
    replay = Replay(options.replay, keep_days=options.keep_days)
    for name, why in replay.not_served.items():
        print(f"not served: {name} {why}", file=sys.stderr)
    if not replay.scopes:
        sys.exit(f"{options.replay} holds no file that can be served")
    return replay


def made_up(options: argparse.Namespace) -> World:
    """The world that the options describe."""
    world = World()
    for slug in filter(None, options.enterprises.split(",")):
        world.add(f"/enterprises/{slug}", options.people)
    for login in filter(None, options.organizations.split(",")):
        world.add(f"/orgs/{login}", options.people)
    return world


if __name__ == "__main__":
    main()

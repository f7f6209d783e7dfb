"""Run seeded schedules: `python -m tests.soak --seeds 300`; a single one: `--seed 17`."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

from tests.soak.schedule import FEW, Schedule


def main() -> None:
    """Run some schedules and say which of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=FEW, help=f"how many schedules ({FEW})")
    parser.add_argument("--seed", type=int, help="only this one")
    options = parser.parse_args()
    seeds = range(options.seeds) if options.seed is None else [options.seed]
    began, failed, tally = time.monotonic(), [], Counter[str]()
    for seed in seeds:
        schedule = Schedule(seed)
        try:
            schedule.run()
        except Exception:  # noqa: BLE001 - whatever it is, the others are run all the same
            traceback.print_exc()
            failed.append(seed)
            _say(f"seed {seed} failed; alone: python -m tests.soak --seed {seed}")
        tally.update(schedule.tally)
        if (seed + 1) % FEW == 0 or seed == seeds[-1]:
            counts = ", ".join(f"{count} {what}" for what, count in tally.items())
            seconds = time.monotonic() - began
            _say(f"up to seed {seed}: {counts}; {len(failed)} failed; {seconds:.0f} s")
    for seed in failed:
        _say(f"failed: python -m tests.soak --seed {seed}")
    sys.exit(1 if failed else 0)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()

"""(e) End to end through target-postgres, against the target alone reading the same messages."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.running import ROOT, run, say, serving, write_config
from demo import postgres

PEOPLE = 20_000  # so that the start of either process does not decide


def compare(folder: Path, rounds: int) -> None:
    """Print what the tap adds to the target's time, on one core and on two."""
    target = ROOT / ".meltano" / "loaders" / "target-postgres" / "venv" / "bin" / "target-postgres"
    if not target.exists():
        subprocess.run(
            [str(Path(sys.executable).with_name("meltano")), "install", "loader"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
    with postgres.embedded() as database, serving("--people", str(PEOPLE)) as url:
        config = write_config(folder, url)
        messages = folder / "messages.jsonl"
        run("ours", config, messages)
        settings = folder / "target.json"
        for cores in ("0", "0,1"):
            found = []
            for number in range(rounds):
                schema = f"bench_{len(cores)}_{number}"
                settings.write_text(
                    json.dumps(
                        {
                            "sqlalchemy_url": database.sqlalchemy_url,
                            "validate_records": False,
                            "batch_size_rows": 10000,
                            "default_target_schema": schema,
                        }
                    )
                )
                load = f"{shlex.quote(str(target))} --config {shlex.quote(str(settings))}"
                tap = f"{sys.executable} -m benchmarks.timed ours {shlex.quote(str(config))}"
                both = _seconds(f"{tap} | {load}", cores)
                alone = _seconds(f"{load} < {shlex.quote(str(messages))}", cores)
                found.append((both, alone))
            say(f"\n(e) into PostgreSQL, {PEOPLE} people, cores {cores}")
            say(f"  tap | target, s              {median(b for b, _ in found):10.2f}")
            say(f"  target alone, s              {median(a for _, a in found):10.2f}")
            say(f"  ratio                        {median(b / a for b, a in found):10.2f}")


def _seconds(command: str, cores: str) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    subprocess.run(
        ["taskset", "-c", cores, "bash", "-c", f"set -o pipefail; {command} > /dev/null"],
        cwd=ROOT,
        env=environment,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began

"""Runs in a process of their own that get a signal twice, as engines and `timeout` send it."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.daily_usages import catalog_of
from tests.support.tap_process import Process

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

COMMAND = (
    sys.executable,
    "-c",
    """\
import sys
from datetime import datetime
from tap_github_copilot.clock import Clock
from tap_github_copilot.tap import TapGitHubCopilot

now, wait = datetime.fromisoformat(sys.argv.pop(1)), Clock.wait
Clock.now = lambda self: now
Clock.wait = lambda self, seconds: wait(self, 0)
TapGitHubCopilot.cli()
""",
)
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def interrupted_run(
    config: dict[str, Any],
    state: dict[str, Any],
    streams: tuple[str, ...],
    now: datetime,
    chance: Random,
) -> list[dict[str, Any]]:
    """The messages of a run that was signaled twice somewhere on its way.

    Args:
        config: Of the tap.
        state: What it starts from.
        streams: The selected ones.
        now: The moment on its clock, which stands still.
        chance: Decides which signal comes, and after how many STATE messages.

    Raises:
        AssertionError: It did not end as a run that is interrupted should.
    """
    number, after = chance.choice(SIGNALS), chance.randint(0, 6)
    with (
        tempfile.TemporaryDirectory() as folder,
        Process(
            Path(folder),
            config,
            command=(*COMMAND, now.isoformat()),
            state=state,
            catalog=catalog_of(config, *streams),
        ) as run,
    ):
        run.read_some(after)
        run.signal(number)
        run.signal(number)
        code = run.end()
        kinds = [message["type"] for message in run.messages]
        assert code in {0, 128 + number}, f"exit {code}: {run.log}"
        assert "Traceback" not in run.log, run.log
        assert not kinds or code == 0 or kinds[-1] == "STATE", f"{number.name}: {kinds[-3:]}"
        assert "RECORD" not in kinds or kinds[-1] == "STATE", f"{number.name}: {kinds[-3:]}"
        return run.messages

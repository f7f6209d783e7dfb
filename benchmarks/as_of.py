"""The tap's command on another day: `python benchmarks/as_of.py 2026-11-20 --config …`.

It is run by file name with the Python of any environment, so it may import the tap alone.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from unittest.mock import patch

from tap_github_copilot.clock import Clock
from tap_github_copilot.tap import TapGitHubCopilot


def main() -> None:
    """Move the tap's clock by whole days, and run its command."""
    shift = date.fromisoformat(sys.argv.pop(1)) - datetime.now(UTC).date()
    with patch.object(Clock, "now", lambda _: datetime.now(UTC) + shift):
        TapGitHubCopilot.cli()


if __name__ == "__main__":
    main()

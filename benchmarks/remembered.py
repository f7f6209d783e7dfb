"""What a run of many scopes holds in memory: the state, and what it knows of every report.

`python -m benchmarks.remembered SCOPES` loads the state of a daily run, asks the report cache
for a year of reports of every scope, writes a STATE, and prints the peak memory as JSON on
stderr's last line. No report is fetched: GitHub's answers would take hours.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.running import report, told_by
from benchmarks.timed import peak_mb
from simulator.access import TOKEN
from tap_github_copilot.github.reports import Report, Reports
from tap_github_copilot.streams.daily import DailyStream
from tap_github_copilot.tap import TapGitHubCopilot

if TYPE_CHECKING:
    from datetime import date

_SCOPES = (1, 1_000)
_DAYS = 365
_REMEMBERED = 5  # days after a bookmark, in a daily run


def grow() -> None:
    """(d) Peak memory of what is remembered of one scope and of 1,000, a year of all reports."""
    peaks = {scopes: told_by("benchmarks.remembered", str(scopes)) for scopes in _SCOPES}
    found = {f"{scopes} scopes, MB": peak for scopes, peak in peaks.items()}
    first, last = peaks.values()
    report("(d) peak memory of what is remembered", [found | {"difference, MB": last - first}])


def _state(config: dict[str, Any], today: date) -> dict[str, Any]:
    """The state that a daily run finds: a bookmark and a few loaded days of every partition."""
    days = [(today - timedelta(days=age)).isoformat() for age in range(_REMEMBERED, 0, -1)]
    loaded = {
        "version": f"1-{'0123456789abcdef' * 2}",
        "fetched_at": f"{today}T01:02:03.456789Z",
        "checked_on": today.isoformat(),
    }
    entry = {
        "replication_key": "day",
        "replication_key_value": (today - timedelta(days=_REMEMBERED + 1)).isoformat(),
        "loaded_on": today.isoformat(),
    }
    tap = TapGitHubCopilot(config=config)
    bookmarks = {
        stream.name: {
            "partitions": [
                {
                    **entry,
                    "context": context,
                    "loaded": {day: loaded | {"fetched_at": f"{day}T01:02:03Z"} for day in days},
                }
                for context in stream.partitions
            ]
        }
        for stream in tap.streams.values()
        if isinstance(stream, DailyStream)
    }
    tap.run.close()
    return {"bookmarks": bookmarks}


def _of_a_day(_: Reports, scope: object, report: str, day: date, *, once: bool) -> Report:  # noqa: ARG001
    version = f"1-{hash((scope, report, day)) & 2**128 - 1:032x}"
    fetched_at = f"{day}T01:02:03.456789Z"
    return Report(day, fetched_at, reported=True, row_count=5, sha256="0" * 64, version=version)


def main() -> None:
    """Remember it all."""
    logging.disable(logging.INFO)
    names = [f"organization-{number:04}" for number in range(int(sys.argv[1]))]
    config = {"token": TOKEN, "organizations": names}
    today = datetime.now(UTC).date()
    text = json.dumps(_state(config, today))  # as a file, so that nothing in it is shared
    tap = TapGitHubCopilot(config=config, state=json.loads(text))
    del text
    cache = tap.run.report_cache
    with patch.object(Reports, "fetch", _of_a_day):
        for scope in tap.run.scopes:
            for name in tap.run.report_names:
                for age in range(1, _DAYS + 1):
                    cache.facts(scope, name, today - timedelta(days=age))
    for stream in tap.streams.values():
        if isinstance(stream, DailyStream):
            stream.checkpoint(always=True)
    print(json.dumps(peak_mb()), file=sys.stderr)
    tap.run.close()


if __name__ == "__main__":
    main()

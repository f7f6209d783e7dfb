"""`--shards`: a run cut into independent pieces, for an engine that runs them on any machine."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tap_github_copilot.settings import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_github_copilot.run import Run

_DAY = timedelta(days=1)
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


class WrongOptionError(Exception):
    """Options that cannot be used together, or with such a value; one line that says why."""


def days_of(text: str | None, *, shards: bool, check: bool) -> int | None:
    """The number given with --shard-days; None without one.

    Raises:
        WrongOptionError: It is not a whole number from 1 to 9999, --shards is missing, or
            --check is given too.
    """
    if shards and check:
        raise WrongOptionError("--shards and --check: one at a time")
    if text is None:
        return None
    if not shards:
        raise WrongOptionError("--shard-days goes with --shards")
    if not _NUMBER.fullmatch(text):
        raise WrongOptionError("--shard-days takes a whole number of days from 1 to 9999")
    return int(text)


def shards_of(run: Run, days: int | None) -> Iterator[dict[str, Any]]:
    """The pieces of a run; they may run in any order and at the same time.

    Each is `{"settings": …, "state_id": …}`: settings to lay over the configuration, and
    the id of a state that only this piece reads and writes.

    Args:
        run: The run whose scopes and days are cut.
        days: None for one piece per scope; else each scope's days are cut at fixed dates,
            this many days apart. Without an end_date the last piece has every day that may
            still change, and the id that the scope has without `days`, so that the daily
            run goes on from its state.

    Raises:
        Refusal: The scopes are those of an App's installations, which cannot be read.
    """
    for scope in run.scopes:
        settings: dict[str, Any] = {f"{scope.level}s": [scope.name]}
        state_id = f"{NAME}.{scope.level}.{scope.name}"  # no name has a dot
        if days is None:
            yield {"settings": settings, "state_id": state_id}
            continue
        for first, last in _ranges(run, days):
            piece = settings | {"start_date": first.isoformat()}
            if last is None:
                yield {"settings": piece, "state_id": state_id}
                continue
            piece["end_date"] = last.isoformat()
            # GitHub's oldest day moves every day, and must not change the id.
            named = max(_aligned(first, days), run.settings.start or date.min)
            yield {"settings": piece, "state_id": f"{state_id}.{named}"}


def _ranges(run: Run, days: int) -> Iterator[tuple[date, date | None]]:
    """First and last day of each piece, oldest first; the last day of an open piece is None.

    A piece that is never run again may hold only days that are final once they are read.
    """
    calendar = run.calendar
    is_open = run.settings.end is None
    changing = min(calendar.late_report_days + 1, calendar.today.toordinal() - 1)
    settled = calendar.today - _DAY * changing if is_open else calendar.last
    first = calendar.first
    while first <= settled and (last := _aligned(first, days) + _DAY * (days - 1)) <= settled:
        yield first, last
        first = last + _DAY
    if is_open:
        yield first, None
    elif first <= settled:
        yield first, settled


def _aligned(day: date, days: int) -> date:
    """The newest date not after a day, of those that are this many days apart since 0001-01-01."""
    return date.fromordinal((day.toordinal() - 1) // days * days + 1)

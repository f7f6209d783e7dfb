"""Settings that have no effect in this run: each is told in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk import Stream

    from tap_github_copilot.days import Calendar
    from tap_github_copilot.settings import Settings

_FULL_TABLE = "FULL_TABLE"


def lines_without_effect(
    settings: Settings,
    calendar: Calendar,
    daily_streams: Iterable[Stream],
    state: Mapping[str, Any],
) -> Iterator[str]:
    """A line for each setting that changes nothing.

    Args:
        settings: Of this run.
        calendar: Its days.
        daily_streams: The selected streams that are read by day.
        state: As it came in.
    """
    if calendar.first > calendar.last:
        yield (
            f"there is no day to read from {calendar.first} (start_date, or the oldest day that "
            f"GitHub serves) to {calendar.last} (end_date, or yesterday)"
        )
    newest = ""
    for stream in daily_streams:
        if stream.forced_replication_method == _FULL_TABLE:
            yield (
                f"{stream.name}: {_FULL_TABLE} has no effect, since a daily stream goes on after "
                "its bookmark; --full-refresh reads it from the start"
            )
        newest = max(newest, *_bookmarks(state, stream.name, settings), "")
    if settings.start and newest >= settings.start.isoformat():
        yield (
            f"start_date {settings.start} has no effect where a bookmark is not before it (the "
            f"newest is {newest}): reading goes on after it; --full-refresh starts over"
        )


def _bookmarks(state: Mapping[str, Any], stream: str, settings: Settings) -> list[str]:
    """The bookmarks of a stream for the scopes that are configured, or for all if none are."""
    key = settings.level.context_key
    names = {scope.name for scope in settings.scopes}
    partitions = state.get("bookmarks", {}).get(stream, {}).get("partitions", [])
    return [
        partition.get("replication_key_value") or ""
        for partition in partitions
        if not names or partition["context"].get(key) in names
    ]

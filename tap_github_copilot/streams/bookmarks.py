"""Bookmarks: how one moves over the days of a partition, and what the SDK sees of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_github_copilot.sdk import StreamStateManager

if TYPE_CHECKING:
    from datetime import date

    from singer_sdk.helpers.types import Context, Record

    from tap_github_copilot.partition_state import PartitionState, TapState


class DayBookmarks(StreamStateManager):
    """Shows the SDK the state of one stream and leaves it alone.

    The SDK would move a bookmark with every record, and so into the middle of a day and past
    days that are not final.

    Args:
        state: The state of the whole tap.
        **kwargs: For the SDK.
    """

    def __init__(self, state: TapState, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._state = state

    @property
    def stream_state(self) -> dict[str, Any]:
        """The state of the stream; an empty one, not in the state, where it has none."""
        return self._state.stream_entry(self.stream_name)

    def get_context_state(self, context: Context | None) -> dict[str, Any]:
        """The state of a partition; an empty one, not in the state, where it has none."""
        if context is None:
            return self.stream_state
        return self._state.partition(self.stream_name, context).entry

    def increment_state(
        self, latest_record: Record, *, context: Context | None = None, replication_key: str
    ) -> None:
        """Leave the bookmark alone: a record is not a day."""

    def write_starting_replication_value(self, *args: Any, **kwargs: Any) -> None:
        """Leave the state alone: where a run starts is decided per day."""


class BookmarkWalk:
    """Moves the bookmark of a partition over the unbroken run of final days.

    Args:
        partition: Whose bookmark it is.
        span: The days after the bookmark. Those that are never `passed` had their last look
            in an earlier run.
    """

    def __init__(self, partition: PartitionState, span: list[date]) -> None:
        self._partition = partition
        self._span = span
        self._unbroken = True

    @property
    def has_days(self) -> bool:
        """Whether there is any day after the bookmark."""
        return bool(self._span)

    def passed(self, day: date, *, final: bool) -> None:
        """The next day was looked at, or failed."""
        if self._unbroken:
            self._reach(day if final else day - timedelta(days=1))
        self._unbroken = self._unbroken and final

    def end(self) -> None:
        """No day is left."""
        if self._unbroken and self._span:
            self._reach(self._span[-1])

    def _reach(self, day: date) -> None:
        if day >= self._span[0]:
            self._partition.move_bookmark(day)

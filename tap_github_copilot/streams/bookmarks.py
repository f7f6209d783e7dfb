"""State of a daily stream: its bookmark is moved by days that are final, never by records."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tap_github_copilot.sdk import StreamStateManager

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context, Record

REPLICATION_KEY = "day"


class DayBookmarks(StreamStateManager):
    """The SDK's state of one stream, moved by hand.

    The SDK would move a bookmark with every record, and so into the middle of a day and
    over days that are not final.
    """

    @property
    def stream_state(self) -> dict[str, Any]:
        """The state of the stream; an empty one, not in the state, where it has none."""
        state: dict[str, Any] = self.tap_state.get("bookmarks", {}).get(self.stream_name, {})
        return state

    def bookmark(self, context: Context) -> date | None:
        """The last day of the unbroken run of final days."""
        value = self.get_context_state(context).get("replication_key_value")
        return None if value is None else date.fromisoformat(value)

    def has_bookmark(self, context: Context, *, but_of: str) -> bool:
        """Whether any partition of this scope has a bookmark, but for those of one report."""
        partitions: list[dict[str, Any]] = self.stream_state.get("partitions", [])
        return any(
            state.get("replication_key_value") is not None
            and context.items() <= state["context"].items()
            and state["context"].get("report") != but_of
            for state in partitions
        )

    def move(self, context: Context, day: date) -> None:
        """Move the bookmark to a day; it never goes back."""
        before = self.bookmark(context)
        if before is not None and day <= before:
            return
        state = self.get_context_state(context)
        if not state:
            state = {"context": dict(context)}
            bookmarks = self.tap_state.setdefault("bookmarks", {})
            bookmarks.setdefault(self.stream_name, {}).setdefault("partitions", []).append(state)
        state["replication_key"] = REPLICATION_KEY
        state["replication_key_value"] = day.isoformat()
        self.is_flushed = False

    def get_context_state(self, context: Context | None) -> dict[str, Any]:
        """The state of a partition; an empty one, not in the state, where it has none."""
        if context is None:
            return self.stream_state
        partitions: list[dict[str, Any]] = self.stream_state.get("partitions", [])
        return next((state for state in partitions if state["context"] == dict(context)), {})

    def increment_state(
        self, latest_record: Record, *, context: Context | None = None, replication_key: str
    ) -> None:
        """Leave the bookmark alone: a record is not a day."""

    def write_starting_replication_value(self, *args: Any, **kwargs: Any) -> None:
        """Leave the state alone: where a run starts is not the state's business."""

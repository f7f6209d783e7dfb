"""The SDK's view of the state, which moves by days that are whole and never by records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_github_copilot.sdk import StreamStateManager

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context, Record

    from tap_github_copilot.partition_state import TapState


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

"""What all streams of this tap have in common: partitions by scope, none of which stops another."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from singer_sdk.exceptions import MappingError
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_github_copilot.errors import Refusal
from tap_github_copilot.redaction import redacted
from tap_github_copilot.schemas import load_schema
from tap_github_copilot.sdk import AdaptedStream, drop_deselected
from tap_github_copilot.state import other_level_in_catalog
from tap_github_copilot.stream_maps import explained, lost_key
from tap_github_copilot.streams.bookmarks import DayBookmarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_sdk import Stream
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import Catalog

    from tap_github_copilot.partition_state import PartitionState
    from tap_github_copilot.run import Run
    from tap_github_copilot.scopes import Level, Scope
    from tap_github_copilot.streams.memory import Memory


class StreamHost(Protocol):
    """What a stream needs of the tap it belongs to."""

    @property
    def level(self) -> Level:
        """The level of the configuration."""

    @property
    def run(self) -> Run:
        """What the streams of a run share."""

    @property
    def streams(self) -> Mapping[str, Stream]:
        """All streams of the tap by name."""

    def write_record(self, stream: str, record: dict[str, Any]) -> None:
        """Write a RECORD message."""

    @property
    def memory(self) -> Memory:
        """What earlier runs left in the state."""

    @property
    def has_room_for_state(self) -> bool:
        """Whether a STATE message may be written now without too much output."""

    def flush(self) -> None:
        """Write the records that are still in a buffer."""


class ScopeStream(AdaptedStream):
    """A stream with a partition for each scope; a refused scope leaves the others alone.

    Subclasses give the key (beside the column that names the scope) and the records of
    a scope.
    """

    key: ClassVar[tuple[str, ...]]
    columns_from_github: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[bool] = False  # GitHub does not open every endpoint to every App
    optional_under_token: ClassVar[bool] = False

    # Records are made to fit the schema; the SDK's own pass over them costs 5 times as much.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: StreamHost) -> None:
        super().__init__(
            cast("Any", tap), schema=load_schema(self.name, tap.level, self.columns_from_github)
        )
        self.tap = tap
        self.primary_keys = (tap.level.key_column, *self.key)

    @property
    def run(self) -> Run:
        """What this run's streams share."""
        return self.tap.run

    @property
    def partitions(self) -> list[dict[str, str]]:
        """A partition for each scope."""
        return [scope.context for scope in self.run.scopes]

    @property
    def state_manager(self) -> DayBookmarks:
        """The state of this stream, moved by days."""
        return cast("DayBookmarks", super().state_manager)

    def new_state_manager(self) -> DayBookmarks:
        """The state of this stream, moved by days."""
        return DayBookmarks(
            self.tap.memory.state,
            tap_name=self.tap_name,
            stream_name=self.name,
            tap_state=self.tap_state,
        )

    def partition(self, context: Context) -> PartitionState:
        """What the state remembers of a partition of this stream."""
        return self.tap.memory.state.partition(self.name, context)

    def checkpoint(self, *, always: bool = False) -> None:
        """Write a STATE message after the state has changed.

        Args:
            always: Whether to write it even if there is no room for one.
        """
        self.state_manager.is_flushed = False
        self.write_state(always=always)

    @property
    def emit_activate_version_messages(self) -> bool:
        """Never: a target would delete older days and snapshots."""
        return False

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take over a catalog.

        Raises:
            OtherLevelExists: It was discovered at the other level.
        """
        entry = catalog.get_stream(self.name)
        foreign = {*self.tap.level.other.key_columns} - self.schema["properties"].keys()
        if entry is not None and foreign & (entry.schema.properties or {}).keys():
            raise other_level_in_catalog(self.tap.level, self.name)
        super().apply_catalog(catalog)

    def generate_child_contexts(
        self,
        record: Record,  # noqa: ARG002
        context: Context | None,  # noqa: ARG002
    ) -> Sequence[Context]:
        """None: no stream hangs on another."""
        return ()

    def write_record(self, record: Record) -> None:
        """Write the messages that one record makes: one per stream map.

        Raises:
            MappingError: An expression of a stream map failed.
        """
        if self._has_deselected:
            drop_deselected(record, self.schema, self.mask)
        for stream_map in self.stream_maps:
            try:
                mapped = stream_map.transform(record)
            except Exception as error:  # noqa: BLE001 - a user's expression can raise anything
                raise explained(self.config, self.name, stream_map, record, error) from None
            if mapped is not None:
                if key := lost_key(stream_map, mapped):
                    raise MappingError(
                        f"the map of {self.name} leaves {key} null, which is part of its key"
                    )
                self.tap.write_record(stream_map.stream_alias, mapped)

    @cached_property
    def _has_deselected(self) -> bool:
        return not all(self.mask.values())

    def get_records(self, context: Context | None) -> Iterator[Record]:
        """The records of a scope, as far as GitHub gives them."""
        context = context or {}
        scope, optional = self.run.scope(context), False
        try:
            self.run.client.bearer(self.run.sign_in.credential(scope))
            optional = self.is_optional(context)
            yield from self.records_in(scope, context)
        except Refusal as refusal:
            if refusal.ends_run:
                raise
            self.tell(scope, refusal, optional=optional)
            if self.run.failures and self.ABORT_AT_RECORD_COUNT is not None:
                raise  # --test never comes to the end, where failures are told
        finally:
            self.tap.flush()

    def records_in(self, scope: Scope, context: Context) -> Iterator[Record]:
        """The records of a partition.

        Raises:
            Refusal: GitHub refuses the scope; what was yielded before is good.
        """
        raise NotImplementedError

    def tell(self, scope: Scope, refusal: Refusal, *, optional: bool = False) -> None:
        """Note what GitHub refused."""
        self.run.refused(self.name, scope, refusal, optional=optional)

    def warn_about_extra_field(self, name: str) -> None:
        """Say that a field is kept in `extra_fields`, once per run."""
        self.run.warn_once(
            f"{self.source}: the field {redacted(name)} has no column or not its column's type; it "
            "is kept in extra_fields"
        )

    @property
    def source(self) -> str:
        """What its rows are made from, as messages about their fields name it."""
        return self.name

    def is_optional(self, context: Context) -> bool:
        """Whether a run succeeds without a partition: GitHub never gave it."""
        by_this_sign_in = self.run.sign_in.is_app or self.optional_under_token
        return self.optional and by_this_sign_in and not self.partition(context).was_loaded

"""The only module that touches private names of singer_sdk (0.54.9), each with its reason.

A minor release may move any of them. The rest of the package uses the names defined here,
so that moving to another release of the SDK changes this module alone. 0.55.0b7 moves none of
them, and makes none public.
"""

from __future__ import annotations

import ast
import logging
import sys
from typing import TYPE_CHECKING, Any, Protocol, cast

# The SDK reads `.env` with this, and so brings it. It looks for the file from the folder of
# its own code upwards, which is why this tap reads it itself.
from dotenv import dotenv_values
from singer_sdk import Stream, Tap
from singer_sdk.cli import plugin_cli
from singer_sdk.exceptions import ConfigValidationError

# Removes deselected columns from a record in place. The SDK's own caller also walks over
# every property of every record, which costs 12 of the 20 microseconds it takes.
from singer_sdk.helpers._catalog import pop_deselected_record_properties as drop_deselected
from singer_sdk.mapper import CustomStreamMap
from singer_sdk.plugin_base import (
    JSONSchemaValidator,
    PluginBase,
    _ConfigInput,
    _plugin_log_level,
)

# The state of one stream. Only a subclass of it can move bookmarks by days.
from singer_sdk.streams._state import StreamStateManager

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click
    from jsonschema import ValidationError
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.mapper import StreamMap

__all__ = [
    "AdaptedStream",
    "AdaptedTap",
    "ConfigInput",
    "StreamStateManager",
    "dotenv_values",
    "drop_deselected",
    "evaluate_expression",
]


class ConfigInput(_ConfigInput):
    """What the callback of `--config` hands to `Tap.invoke`; shows no value in its `repr`."""

    def __repr__(self) -> str:
        return f"ConfigInput({sorted(self.config)}, parse_env={self.parse_env})"


def evaluate_expression(
    stream_map: StreamMap, expression: str, record: Record, column: str
) -> None:
    """Evaluate one expression of a stream map once more, to see whether it is the one that fails.

    The SDK evaluates all of a map at once and does not say which failed.

    Raises:
        Exception: Whatever the expression raises.
    """
    if isinstance(stream_map, CustomStreamMap):
        [parsed, *_] = ast.parse(expression).body
        stream_map._eval(expression, cast("ast.Expr", parsed), record, column)  # noqa: SLF001


class StateOutput(Protocol):
    """Writes STATE messages; the SDK has a class for it that only leaves out repeated ones."""

    def write_state(self, state: Mapping[str, Any], *, always: bool = False) -> None:
        """Write the state, unless it was written already or it is too soon."""


class AdaptedTap(Tap):
    """A tap that checks its configuration itself, and leaves signals and STATE to others."""

    def set_state_output(self, output: StateOutput) -> None:
        """Write every STATE through this.

        The SDK creates its own writer in `Tap.__init__` and has no parameter for another.
        """
        self._state_writer = output  # type: ignore[assignment]

    def configuration_errors(self) -> list[str]:
        """What is wrong with the configuration, a line each."""
        return []

    def sdk_errors(self) -> list[ValidationError]:
        """What the JSON Schema of all settings says about the configuration.

        Defaults are filled in on the way, as the SDK's own check does.
        """
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        return list(JSONSchemaValidator(schema).iter_errors(self._config))

    @plugin_cli
    def cli(cls) -> click.Command:  # noqa: N805 - the decorator makes it a class's
        """The command; a log level or configuration that cannot be used ends it with a line."""
        level = _plugin_log_level(plugin_name=cls.name)
        if level not in logging.getLevelNamesMapping():
            sys.exit(
                f"{cls.name}: the environment variable {cls.name.upper().replace('-', '_')}_"
                "LOGLEVEL or LOGLEVEL takes DEBUG, INFO, WARNING, ERROR or CRITICAL"
            )
        try:
            command: click.Command = PluginBase.__dict__["cli"].method(cls)
        except Exception as error:  # noqa: BLE001 - YAML and logging.config raise many kinds
            sys.exit(
                f"{cls.name}: the logging configuration that SINGER_SDK_LOG_CONFIG names cannot "
                f"be used ({type(error).__name__}); correct it or remove the variable"
            )
        return command

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check all settings; the SDK's own check prints a secret of the wrong type."""
        errors = self.configuration_errors()
        if errors and raise_errors:
            raise ConfigValidationError(
                "wrong settings", errors=errors, schema=self.config_jsonschema
            )
        return errors

    def _setup_signal_handlers(self) -> None:
        """Install none: `signals.SignalWatcher` does it for the whole command.

        The SDK's handlers write STATE from within the handler, in the middle of a message if
        need be, and end with exit code 0.
        """


class AdaptedStream(Stream):
    """A stream that writes its own records and keeps its state in a manager of its own."""

    def write_record(self, record: Record) -> None:
        """Write the messages that one record makes."""
        raise NotImplementedError

    def new_state_manager(self) -> StreamStateManager:
        """The manager of this stream's state."""
        raise NotImplementedError

    def write_state(self, *, always: bool = False) -> None:
        """Write a STATE message if the state changed and there is room for one.

        Args:
            always: Whether to write it even if there is no room (see `StateMessages`).
        """
        if always:
            self._tap.state_writer.write_state(self.tap_state, always=True)  # type: ignore[call-arg]
            self.state_manager.is_flushed = True
        else:
            self._write_state_message()

    @property
    def state_manager(self) -> StreamStateManager:
        """The state of this stream; the SDK has no parameter for another class of it."""
        if self._state_manager is None:
            self._state_manager = self.new_state_manager()
        return self._state_manager

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log, but not that an error was unhandled: `Stream.sync` says so of every refusal."""
        if level < logging.ERROR or not message.startswith("An unhandled error occurred"):
            super().log(message, *args, level=level, **kwargs)

    def _process_record(
        self,
        record: Record,
        child_context: Context | None = None,  # noqa: ARG002
        partition_context: Context | None = None,
    ) -> None:
        """Fill the columns of the partition; the SDK would also ask for child streams."""
        for name, value in (partition_context or {}).items():
            record.setdefault(name, value)

    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Do nothing: no record moves a bookmark, which takes the SDK 2 microseconds to see."""

    def _write_record_message(self, record: Record) -> None:
        """Write a record; the SDK's own way costs 5 times as much."""
        self.write_record(record)
        self.state_manager.is_flushed = False

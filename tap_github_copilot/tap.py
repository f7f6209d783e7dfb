"""The Singer face: settings, the list of streams, command-line options."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from functools import cached_property
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

import click
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities

from tap_github_copilot.check import SEATS, Check
from tap_github_copilot.check_table import CheckTable
from tap_github_copilot.cli import (
    Command,
    own_options,
    read_catalog,
    read_config_files,
    read_json,
    takes,
)
from tap_github_copilot.clock import Clock, InterruptedRun
from tap_github_copilot.config import (
    CONFIG_SCHEMA,
    SETTINGS,
    settings_from_environment,
    unread_variables,
)
from tap_github_copilot.errors import Refusal
from tap_github_copilot.machine import check_ca_bundle
from tap_github_copilot.output import MessageWriter, StateMessages, TargetGoneError
from tap_github_copilot.redaction import protect_logs
from tap_github_copilot.run import Run, RunFailedError
from tap_github_copilot.sdk import AdaptedTap, ConfigInput
from tap_github_copilot.settings import NAME, Settings, WrongSettingsError, level_of
from tap_github_copilot.shards import days_of, shards_of
from tap_github_copilot.signals import SignalWatcher
from tap_github_copilot.state import usable_state
from tap_github_copilot.stream_maps import Mapper, check_maps
from tap_github_copilot.streams.ai_credits import DailyAiCredits
from tap_github_copilot.streams.breakdowns import DailyUsageBreakdowns
from tap_github_copilot.streams.daily import DailyStream
from tap_github_copilot.streams.memory import Memory
from tap_github_copilot.streams.report_days import ReportDays
from tap_github_copilot.streams.reports import (
    DailyRepositories,
    DailyTotals,
    DailyUsages,
    UserTeams,
)
from tap_github_copilot.streams.seats import Seats
from tap_github_copilot.without_effect import lines_without_effect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from signal import Signals

    from singer_sdk import Stream

    from tap_github_copilot.scopes import Level, Scope
    from tap_github_copilot.streams.base import ScopeStream


STREAMS: tuple[type[ScopeStream], ...] = (
    DailyUsages,
    DailyUsageBreakdowns,
    UserTeams,
    DailyTotals,
    DailyRepositories,
    DailyAiCredits,
    Seats,
    ReportDays,
)


class TapGitHubCopilot(AdaptedTap):
    """Singer tap for the usage-metrics reports of GitHub Copilot."""

    name = NAME
    config_jsonschema: ClassVar[dict[str, Any]] = CONFIG_SCHEMA
    clock_class: ClassVar[type[Clock]] = Clock

    # Not BATCH: its files bypass selection and stream maps.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(
        self, *, config: Any = None, parse_env_config: bool = False, **kwargs: Any
    ) -> None:
        self.clock = self.clock_class()
        protect_logs()
        if logging.getLogger("urllib3").level == logging.NOTSET:
            # Its warnings about odd headers come with a traceback.
            logging.getLogger("urllib3").setLevel(logging.ERROR)
        config = _read(config)
        schema = {"properties": dict(SETTINGS)}
        self.append_builtin_config(schema)
        prefix = f"{NAME.upper().replace('-', '_')}_"
        unread: list[str] = []
        if parse_env_config:
            config |= settings_from_environment(schema["properties"], prefix)
        elif config:
            unread = unread_variables(config, schema["properties"], prefix)
        self._messages = MessageWriter()
        super().__init__(config=config, message_writer=self._messages, **kwargs)
        for line in unread:
            self.logger.warning("%s", line)
        self._states = StateMessages(self._messages)
        self.set_state_output(self._states)

    @property
    def level(self) -> Level:
        """The level of the configuration; enterprise where it names none."""
        return level_of(self.config)

    @cached_property
    def run(self) -> Run:
        """What the streams of this run share; made when the first of them needs it.

        Raises:
            ConfigValidationError: The configuration was never checked, and is wrong.
            MachineFaultError: The certificates that it is told to trust are not there.
        """
        check_ca_bundle(self._settings.api_url)
        return Run(self._settings, self.clock, self._report_names())

    @cached_property
    def memory(self) -> Memory:
        """What earlier runs left in the state; made when the first stream needs it."""
        reported = self._reported()
        return Memory(
            cast("dict[str, Any]", self.state),
            lambda: self.run,
            reports={stream.name: stream.report_at(self.level) for stream in reported},
            always_read={s.report_at(self.level) for s in reported if s.read_if_silent},
            selected={name for name, stream in self.streams.items() if stream.selected},
        )

    @property
    def has_room_for_state(self) -> bool:
        """Whether a STATE message may be written now without too much output."""
        return self._states.has_room

    def setup_mapper(self) -> None:
        """Register the catalog's schemas with stream maps and flattening.

        Raises:
            MappingError: A map cannot be used.
            ConfigValidationError: Another setting of theirs is wrong.
        """
        for line in check_maps(self.config, list(self.streams)):
            self.logger.warning("%s", line)
        self.mapper = Mapper(plugin_config=dict(self.config), logger=self.logger)
        self.mapper.register_raw_streams_from_catalog(self.catalog)

    def discover_streams(self) -> Sequence[ScopeStream]:
        """All streams; no credentials and no settings are needed for it."""
        return [kind(self) for kind in STREAMS]

    @property
    def streams(self) -> dict[str, Stream]:
        """All streams in the order in which they are synced: the ledger last."""
        found = super().streams
        return dict(sorted(found.items(), key=lambda entry: STREAMS.index(type(entry[1]))))

    def _report_names(self) -> tuple[str, ...]:
        """The reports of the selected streams; all of them if only the ledger is selected."""
        chosen = [s for s in self._reported() if s.selected] or self._reported()
        return tuple(dict.fromkeys(stream.report_at(self.level) for stream in chosen))

    def _reported(self) -> list[DailyStream]:
        """The streams of a report's rows, selected or not."""
        return [
            stream
            for stream in self.streams.values()
            if isinstance(stream, DailyStream) and not isinstance(stream, ReportDays)
        ]

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a state, as far as this tap can use it.

        Raises:
            WrongStateError: It is damaged, or holds values of which none can be used.
            OtherLevelExists: It was written at the other level.
        """
        super().load_state(usable_state(state, self.level, self.clock.now().date()))

    @cached_property
    def _settings(self) -> Settings:
        try:
            return Settings.from_config(self.config)
        except WrongSettingsError as wrong:
            raise ConfigValidationError("wrong settings", errors=wrong.lines) from None

    def configuration_errors(self) -> list[str]:
        """What is wrong with the settings, a line each; warns about unknown ones."""
        try:
            errors = [
                f"Setting {'.'.join(map(str, error.path))}: {takes(error)}"
                for error in self.sdk_errors()
                if error.path and error.path[0] not in SETTINGS
            ]
        except AttributeError:  # the SDK's schema of stream_maps is itself wrong at __else__
            errors = ["Setting stream_maps: __else__ takes null alone"]
        known = self.config_jsonschema["properties"].keys() | {"batch_config"}
        for name in self.config.keys() - known:
            self.logger.warning("Setting %s is not known to this tap: no effect", name)
        try:
            _ = self._settings
        except ConfigValidationError as wrong:
            errors += wrong.errors
        return errors

    def write_record(self, stream: str, record: dict[str, Any]) -> None:
        """Write a RECORD message."""
        self._messages.write_record(stream, record)

    def flush(self) -> None:
        """Let no record wait for others to be written with it."""
        self._messages.flush()

    def sync(self) -> None:
        """Sync all streams; however the run ends, its last message is the state it reached.

        Raises:
            RunFailedError: Something of the run failed.
            InterruptedRun: A signal ended it.
            TargetGoneError: Messages could no longer be written.
        """
        self._watch_signals()
        run = self.run
        daily = [s for s in self.streams.values() if isinstance(s, DailyStream) and s.selected]
        for line in lines_without_effect(run.settings, run.calendar, daily, self.state):
            self.logger.info("%s", line)
        if not any(stream.selected for stream in self.streams.values()):
            self.logger.warning("no table is selected, so nothing is loaded: see the catalog")
        try:
            with self._last_state():
                self.sync_all()
        except Refusal as refusal:
            raise RunFailedError([*run.failures, str(refusal)]) from None
        finally:
            run.close()
        run.finish()

    def _watch_signals(self) -> None:
        """Let a signal end the run with the state it reached."""
        context = click.get_current_context(silent=True)
        watcher = context.find_object(SignalWatcher) if context else None
        if watcher is not None:
            watcher.attend(
                self._interrupt, lambda: self._states.write_last(self._reached(), always=True)
            )

    def _interrupt(self, by: Signals) -> None:
        """Make the main thread end the run at its next message or wait."""
        self._messages.interrupt(by)
        self.clock.stop()

    @contextmanager
    def _last_state(self) -> Iterator[None]:
        """Write the state that the run reached, whatever ends it."""
        try:
            yield
            self._messages.raise_if_interrupted()
        except TargetGoneError:
            raise
        except BaseException as error:
            self._states.write_last(self._reached(), always=isinstance(error, InterruptedRun))
            raise
        self._states.write_last(self._reached())

    def _reached(self) -> dict[str, Any]:
        """The state that the run has reached."""
        if "memory" in vars(self):
            self.memory.state.put_back()
        return dict(self.state)

    def check(self) -> None:
        """Try every endpoint and print what each answered.

        Raises:
            RunFailedError: One that a run cannot do without was refused.
        """
        needed = self._checked()
        check = Check(
            self.run, needed, is_optional=self._is_optional, has_loaded=self.memory.has_reports
        )
        table = CheckTable(check)
        try:
            for line in table.lines():
                click.echo(line)
        finally:
            self.run.close()
        if table.refused:
            tried = len(table.findings)
            raise RunFailedError([f"{table.refused} of {tried} endpoints failed, see the table"])

    def _checked(self) -> list[str]:
        """The reports that the selected streams need, and `SEATS`."""
        selected = [stream for stream in self.streams.values() if stream.selected]
        by_day = any(isinstance(stream, DailyStream) for stream in selected)
        listed = self.run.calendar.reaches_yesterday and any(
            isinstance(stream, Seats) for stream in selected
        )
        return [*(self.run.report_names if by_day else ()), *([SEATS] if listed else ())]

    def _is_optional(self, name: str, scope: Scope) -> bool:
        """Whether a run may do without a report, or without seats, for a scope."""
        streams: list[ScopeStream]
        if name == SEATS:
            streams = [stream for stream in self.streams.values() if isinstance(stream, Seats)]
        else:
            streams = [s for s in self._reported() if s.report_at(self.level) == name]
        needed = [stream for stream in streams if stream.selected] or streams
        return all(stream.is_optional(scope.context) for stream in needed)

    @classmethod
    def invoke(  # type: ignore[override]  # noqa: PLR0913 - the command's options
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: ConfigInput | None = None,
        state: IO[bytes] | None = None,
        catalog: IO[bytes] | None = None,
        check: bool = False,
        shards: bool = False,
        shard_days: str | None = None,
    ) -> None:
        """What the command does, once its options are read.

        Raises:
            WrongOptionError: Options that do not go together, or one of a wrong value.
        """
        if about:
            cls.print_about(about_format)
            return
        days = days_of(shard_days, shards=shards, check=check)
        cls.print_version(print_fn=cls.logger.info)
        config = config or ConfigInput()
        tap = cls(
            config=config.config,
            state=read_json("--state", state),
            catalog=read_catalog(catalog),
            parse_env_config=config.parse_env,
        )
        if check:
            tap.check()
        elif shards:
            click.echo(json.dumps(list(shards_of(tap.run, days))))
            tap.run.close()
        else:
            tap.sync()

    @classmethod
    def cb_config(
        cls,
        ctx: click.Context,  # noqa: ARG003
        param: click.Option,  # noqa: ARG003
        value: tuple[str, ...],
    ) -> ConfigInput:
        """Read the configuration files; without any, the environment."""
        return ConfigInput(read_config_files(value), parse_env=not value or "ENV" in value)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command and options of our own; every failure ends with plain lines."""
        command = super().get_singer_command()
        command.params += own_options()
        return Command.of(command, cls.logger)


def _read(config: Any) -> dict[str, Any]:
    """The configuration as an object; it may also be a path or a list of paths.

    Raises:
        WrongFileError: A file does not exist or does not hold a JSON object.
    """
    if isinstance(config, str | PurePath):
        config = [config]
    return read_config_files(config) if isinstance(config, list) else dict(config or {})

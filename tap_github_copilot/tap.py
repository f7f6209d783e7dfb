"""The Singer face: settings, the list of streams, command-line options."""

from __future__ import annotations

import json
import logging
import signal
from collections import Counter
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Stream, Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.plugin_base import JSONSchemaValidator, _ConfigInput
from singer_sdk.singerlib import StateMessage

from tap_github_copilot.check import check, table
from tap_github_copilot.cli import (
    Command,
    own_options,
    read_catalog,
    read_config_files,
    read_json,
    takes,
)
from tap_github_copilot.clock import Clock, InterruptedRun
from tap_github_copilot.config import CONFIG_SCHEMA, SETTINGS, settings_from_environment
from tap_github_copilot.errors import Refusal
from tap_github_copilot.output import MessageWriter
from tap_github_copilot.run import Run, RunFailedError
from tap_github_copilot.settings import NAME, Settings, WrongSettingsError, level_of
from tap_github_copilot.shards import days_of, shards_of
from tap_github_copilot.state import check_state
from tap_github_copilot.stream_maps import Mapper
from tap_github_copilot.streams.breakdowns import DailyUsageBreakdowns
from tap_github_copilot.streams.daily import DailyStream
from tap_github_copilot.streams.report_days import ReportDays
from tap_github_copilot.streams.reports import (
    DailyRepositories,
    DailyTotals,
    DailyUsages,
    UserTeams,
)
from tap_github_copilot.streams.seats import Seats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from tap_github_copilot.scopes import Level
    from tap_github_copilot.streams.base import ScopeStream


STREAMS: tuple[type[ScopeStream], ...] = (
    DailyUsages,
    DailyUsageBreakdowns,
    UserTeams,
    DailyTotals,
    DailyRepositories,
    Seats,
    ReportDays,
)


class TapGitHubCopilot(Tap):
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
        # urllib3 logs requests with their query, at DEBUG and in warnings about bad headers:
        # a link's query is a credential.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        config = dict(config or {})
        if parse_env_config:
            schema = {"properties": dict(SETTINGS)}
            self.append_builtin_config(schema)
            prefix = f"{NAME.upper().replace('-', '_')}_"
            config |= settings_from_environment(schema["properties"], prefix)
        self._messages = MessageWriter()
        super().__init__(config=config, message_writer=self._messages, **kwargs)

    @property
    def level(self) -> Level:
        """The level of the configuration; enterprise where it names none."""
        return level_of(self.config)

    @cached_property
    def run(self) -> Run:
        """What the streams of this run share; made when the first of them needs it.

        Raises:
            ConfigValidationError: The configuration was never checked, and is wrong.
        """
        return Run(self._settings, self.clock, self._readers())

    def setup_mapper(self) -> None:
        """Register the catalog's schemas with stream maps and flattening."""
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

    def reports(self) -> list[str]:
        """The reports of the selected streams; all of them if only the ledger is selected."""
        chosen = [s for s in self._reported() if s.selected] or self._reported()
        return list(dict.fromkeys(stream.report_at(self.level) for stream in chosen))

    def _reported(self) -> list[DailyStream]:
        """The streams of a report's rows, selected or not."""
        return [
            stream
            for stream in self.streams.values()
            if isinstance(stream, DailyStream) and not isinstance(stream, ReportDays)
        ]

    def _readers(self) -> Counter[str]:
        """How many selected streams read the rows of each report."""
        return Counter(s.report_at(self.level) for s in self._reported() if s.selected)

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a state, once it is known to be one of this level's.

        Raises:
            WrongStateError: It is damaged.
            OtherLevelExists: It was written at the other level.
        """
        check_state(state, self.level, self.clock.now().date())
        super().load_state(state)

    @cached_property
    def _settings(self) -> Settings:
        try:
            return Settings.from_config(self.config)
        except WrongSettingsError as wrong:
            raise ConfigValidationError("wrong settings", errors=wrong.lines) from None

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check all settings; the SDK's own check would print a secret of the wrong type."""
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        errors = [
            f"Setting {'.'.join(map(str, error.path))}: {takes(error)}"
            for error in JSONSchemaValidator(schema).iter_errors(self._config)
            if error.path and error.path[0] not in SETTINGS
        ]
        for name in self._config.keys() - schema["properties"].keys() - {"batch_config"}:
            self.logger.warning("Setting %s is not known to this tap", name)
        try:
            _ = self._settings
        except ConfigValidationError as wrong:
            errors += wrong.errors
        if errors and raise_errors:
            raise ConfigValidationError("wrong settings", errors=errors, schema=schema)
        return errors

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop fetching and end; a second signal ends at once."""
        signal.signal(signum, signal.SIG_DFL)
        self.clock.stop()
        self._messages.interrupt(InterruptedRun(signal.Signals(signum)))

    def flush(self) -> None:
        """Let no record wait for others to be written with it."""
        self._messages.flush()

    def sync(self) -> None:
        """Sync all streams; an interrupted run ends with the state it reached.

        Raises:
            RunFailedError: Something of the run failed.
        """
        try:
            self.sync_all()
        except InterruptedRun:
            self.write_message(StateMessage(self.state))
            raise
        except Refusal as refusal:
            raise RunFailedError([*self.run.failures, str(refusal)]) from None
        finally:
            self.clock.stop()
            if "run" in vars(self):
                self.run.close()

    def check(self) -> None:
        """Try every endpoint and print what each answered.

        Raises:
            RunFailedError: One that a run cannot do without was refused.
        """
        findings = list(check(self.run, self._reported()))
        for line in table(findings):
            click.echo(line)
        self.run.close()
        if refused := sum(finding.fatal for finding in findings):
            raise RunFailedError([f"{refused} of {len(findings)} endpoints are refused, see above"])

    @classmethod
    def invoke(  # type: ignore[override]  # noqa: PLR0913 - the command's options
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
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
        config = config or _ConfigInput()
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
    ) -> _ConfigInput:
        """Read the configuration files; without any, the environment."""
        return _ConfigInput(read_config_files(value), parse_env=not value or "ENV" in value)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command and options of our own; every failure ends with plain lines."""
        command = super().get_singer_command()
        command.params += own_options()
        return Command.of(command, cls.logger)

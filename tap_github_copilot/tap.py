"""The Singer face: settings, the list of streams, command-line options."""

from __future__ import annotations

import logging
import signal
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.plugin_base import JSONSchemaValidator, _ConfigInput
from singer_sdk.singerlib import StateMessage

from tap_github_copilot.cli import Command, read_config_files, read_json
from tap_github_copilot.clock import Clock, InterruptedRun
from tap_github_copilot.declared import CONFIG_SCHEMA, SETTINGS
from tap_github_copilot.environment import settings_from_environment
from tap_github_copilot.output import MessageWriter
from tap_github_copilot.refusals import Refusal
from tap_github_copilot.run import Run, RunFailedError
from tap_github_copilot.settings import NAME, Settings, WrongSettingsError, level_of
from tap_github_copilot.state import check_state
from tap_github_copilot.streams.usages import DailyUsages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    import click

    from tap_github_copilot.scopes import Level
    from tap_github_copilot.streams.daily import DailyStream


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
        # urllib3 logs each request with its query at DEBUG: a link's query is a credential.
        logging.getLogger("urllib3").setLevel(logging.INFO)
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
        return Run(self._settings(), self.clock)

    def discover_streams(self) -> Sequence[DailyStream]:
        """All streams; no credentials and no settings are needed for it."""
        return [DailyUsages(self)]

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a state, once it is known to be one of this level's.

        Raises:
            WrongStateError: It is damaged.
            OtherLevelExists: It was written at the other level.
        """
        check_state(state, self.level, self.clock.now().date())
        super().load_state(state)

    def _settings(self) -> Settings:
        try:
            return Settings.from_config(self.config)
        except WrongSettingsError as wrong:
            raise ConfigValidationError("wrong settings", errors=wrong.lines) from None

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check all settings; the SDK's own check would print a secret of the wrong type."""
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        errors = []
        for error in JSONSchemaValidator(schema).iter_errors(self._config):
            setting = str(error.path[0]) if error.path else "the configuration"
            if setting not in SETTINGS:
                errors.append(f"Setting {setting}: must be {error.validator_value}")
        for name in self._config.keys() - schema["properties"].keys() - {"batch_config"}:
            self.logger.warning("Setting %s is not known to this tap", name)
        try:
            Settings.from_config(self.config)
        except WrongSettingsError as wrong:
            errors += wrong.lines
        if errors and raise_errors:
            raise ConfigValidationError("wrong settings", errors=errors, schema=schema)
        return errors

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop fetching and end; a second signal ends at once."""
        signal.signal(signum, signal.SIG_DFL)
        self.clock.stop()
        self._messages.interrupt(InterruptedRun(signal.Signals(signum)))

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

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """What the command does, once its options are read."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        config = config or _ConfigInput()
        cls(
            config=config.config,
            state=read_json("--state", state),
            catalog=read_json("--catalog", catalog),
            parse_env_config=config.parse_env,
        ).sync()

    @classmethod
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        """Read the configuration files; without any, the environment."""
        read_config_files(value)
        return super().cb_config(ctx, param, value or ("ENV",))

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, which ends every failure with plain lines."""
        return Command.of(super().get_singer_command(), cls.logger)

"""The command line: one place where everything that can go wrong becomes a line and a code."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.plugin_base import SingerCommand
from singer_sdk.singerlib import Catalog

from tap_github_copilot.clock import InterruptedRun
from tap_github_copilot.errors import Refusal
from tap_github_copilot.output import TargetGoneError
from tap_github_copilot.run import RunFailedError
from tap_github_copilot.shards import WrongOptionError
from tap_github_copilot.state import WrongStateError

if TYPE_CHECKING:
    from jsonschema import ValidationError


class WrongFileError(Exception):
    """A file named on the command line cannot be used; one line that says why."""


class Command(SingerCommand):
    """The SDK's command, but whatever fails gives plain lines and never a traceback."""

    @classmethod
    def of(cls, command: click.Command, logger: logging.Logger) -> Command:
        """The same command as one of this kind."""
        return cls(
            name=command.name,
            callback=command.callback,
            params=command.params,
            help=command.help,
            context_settings=command.context_settings,
            logger=logger,
        )

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and end with 0 if all went well, 1 if not, 128 + n after signal n."""
        try:
            return super().main(*args, **kwargs)
        except ConfigValidationError as wrong:
            self._fail(*wrong.errors)
        except RunFailedError as failed:
            self._fail("the run failed:", *failed.lines)
        except (Refusal, WrongStateError, WrongFileError, WrongOptionError) as refusal:
            self._fail(str(refusal))
        except MappingError as wrong:
            self._fail(f"Setting stream_maps: {wrong}")
        except TargetGoneError as gone:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.logger.error("%s; ended", gone)  # noqa: TRY400
            _leave(1)
        except InterruptedRun as interruption:
            number = interruption.signal or signal.SIGTERM
            self.logger.error(  # noqa: TRY400
                "interrupted (%s); the next run goes on from the state", number.name
            )
            _leave(128 + number)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            WrongFileError: A file that it names cannot be opened.
        """
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as wrong:
            if wrong.param is not None and isinstance(wrong.param.type, click.File):
                raise WrongFileError(f"{wrong.param.opts[0]} {wrong.message}") from None
            raise

    def _fail(self, *lines: str) -> NoReturn:
        for line in lines:
            self.logger.error("%s", line)
        sys.exit(1)


def read_json(option: str, file: IO[str] | None) -> dict[str, Any] | None:
    """The object in a JSON file of the command line; None without one.

    Raises:
        WrongFileError: It holds no JSON object.
    """
    if file is None:
        return None
    try:
        content = json.load(file)
    except (ValueError, OSError, RecursionError) as error:
        raise WrongFileError(f"{option}: the file is not JSON ({_where(error)})") from None
    if not isinstance(content, dict):
        raise WrongFileError(f"{option}: must hold a JSON object")
    return content


def read_catalog(file: IO[str] | None) -> Catalog | None:
    """The Singer catalog of the command line; None without one.

    Raises:
        WrongFileError: It holds no catalog.
    """
    content = read_json("--catalog", file)
    if content is None:
        return None
    try:
        return Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise WrongFileError("--catalog: is no catalog as --discover prints it") from None


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return type(error).__name__


def read_config_files(paths: tuple[str, ...]) -> dict[str, Any]:
    """The configuration in the files given with --config, the later ones over the earlier.

    Each is read once: it may be a pipe, which keeps a token out of files.

    Raises:
        WrongFileError: There is no such file, or it holds no JSON object.
    """
    config: dict[str, Any] = {}
    for path in paths:
        if path == "ENV":
            continue
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                config |= read_json(f"--config {path}", file) or {}
        except OSError as error:
            raise WrongFileError(f"--config {path}: {error.strerror}") from None
    return config


def _leave(code: int) -> NoReturn:
    """End at once: a download may sit in a read for a minute, and its file has no name to leave."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


def own_options() -> list[click.Parameter]:
    """The options that the command has beside the SDK's."""
    return [
        click.Option(
            ["--check"],
            is_flag=True,
            help="Try every endpoint that the settings need, print a table and exit.",
        ),
        click.Option(
            ["--shards"],
            is_flag=True,
            help="Print the run cut into independent pieces, a scope each, as JSON and exit.",
        ),
        click.Option(
            ["--shard-days"],
            metavar="N",
            help="With --shards: cut each scope's days, too, into ranges of N days.",
        ),
    ]


def takes(error: ValidationError) -> str:
    """What a setting of the SDK's own takes."""
    kinds: Any = error.validator_value
    if error.validator != "type":
        return "is not what the SDK takes: https://sdk.meltano.com/en/latest/stream_maps.html"
    named = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    return f"takes the JSON type {' or '.join(named)}"

"""The command line: every failure becomes a line and an exit code here, and nowhere else."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import warnings
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.plugin_base import SingerCommand
from singer_sdk.singerlib import Catalog

from tap_github_copilot.clock import InterruptedRun
from tap_github_copilot.config import WrongDotenvError
from tap_github_copilot.errors import Refusal
from tap_github_copilot.machine import (
    MachineFaultError,
    frames_of,
    line_about,
    make_names_printable,
)
from tap_github_copilot.output import TargetGoneError
from tap_github_copilot.run import RunFailedError
from tap_github_copilot.shards import WrongOptionError
from tap_github_copilot.signals import SignalWatcher, leave, leave_interrupted
from tap_github_copilot.state import WrongStateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import PurePath

    from jsonschema import ValidationError


class WrongFileError(Exception):
    """A file named on the command line cannot be used; one line that says why."""


class Command(SingerCommand):
    """The SDK's command, but whatever fails gives plain lines and never a traceback."""

    @classmethod
    def of(cls, command: click.Command, logger: logging.Logger) -> Command:
        """The same command, as one of this class."""
        for param in command.params:
            if isinstance(param.type, click.File):
                param.type = click.File("rb")  # its encoding is told from its bytes
        return cls(
            name=command.name,
            callback=command.callback,
            params=command.params,
            help=command.help,
            context_settings=command.context_settings,
            logger=logger,
        )

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run, and exit with 0 if all went well, 1 if not, 128 + n after signal n."""
        if sys.stdout is None:
            self._fail(["stdout is closed: send it to a target, a file or /dev/null"])
        make_names_printable()
        with SignalWatcher() as watcher:
            try:
                code = super().main(*args, **kwargs | {"standalone_mode": False, "obj": watcher})
                sys.stdout.flush()
            except click.ClickException as wrong:  # a wrong option
                wrong.show()
                sys.exit(wrong.exit_code)
            except InterruptedRun as interruption:
                leave_interrupted(interruption.signal or watcher.signal or signal.SIGTERM)
            except Exception as error:  # noqa: BLE001 - no traceback reaches a user
                self._fail(self._lines_about(error))
            except TargetGoneError as gone:
                self.logger.error("%s; ended", gone)  # noqa: TRY400
                _forget_stdout()
                leave(1)
        sys.exit(code if isinstance(code, int) else 0)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line, and do what its options do by themselves (--discover)."""
        with _no_pipe_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Do what the command does."""
        logging.captureWarnings(capture=True)
        warnings.filterwarnings("once", category=DeprecationWarning)
        with _no_pipe_errors():
            return click.Command.invoke(self, ctx)

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

    def _lines_about(self, error: Exception) -> list[str]:
        """What is said about a failure."""
        if isinstance(error, ConfigValidationError):
            return [str(line) for line in error.errors]
        if isinstance(error, RunFailedError):
            return ["the run failed:", *error.lines]
        if isinstance(error, MappingError):
            return [f"Setting stream_maps: {error}"]
        if isinstance(error, _PLAIN):
            return [str(error)]
        for line in frames_of(error):
            self.logger.debug("%s", line)
        return [line_about(error)]

    def _fail(self, lines: list[str]) -> NoReturn:
        for line in lines:
            self.logger.error("%s", line)
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except (OSError, ValueError):
            _forget_stdout()
        sys.exit(1)


class BrokenStdoutError(Exception):
    """Stdout cannot be written; one line that says why."""


_PLAIN = (
    Refusal,
    WrongStateError,
    WrongFileError,
    WrongOptionError,
    WrongDotenvError,
    BrokenStdoutError,
    MachineFaultError,
)


@contextmanager
def _no_pipe_errors() -> Iterator[None]:
    """Turn a broken pipe into an error of ours: click ends at one without a word."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError as error:
        raise BrokenStdoutError(line_about(error)) from None


def _forget_stdout() -> None:
    """Send what is left in stdout's buffer nowhere, or the interpreter fails at its exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def read_json(option: str, file: IO[bytes] | None) -> dict[str, Any] | None:
    """The object in a JSON file of the command line; None without one.

    It may be UTF-8, UTF-16 or UTF-32, with a byte-order mark or without.

    Raises:
        WrongFileError: It does not hold a JSON object.
    """
    if file is None:
        return None
    try:
        text = file.read()
        content = json.loads(text) if text.strip() else None
    except (ValueError, OSError, RecursionError) as error:
        raise WrongFileError(f"{option}: the file is not JSON ({_where(error)})") from None
    if not text.strip():
        raise WrongFileError(f"{option}: the file is empty; an empty JSON object is {{}}")
    if not isinstance(content, dict):
        raise WrongFileError(f"{option}: must hold a JSON object")
    return content


def read_catalog(file: IO[bytes] | None) -> Catalog | None:
    """The Singer catalog of the command line; None without one.

    Raises:
        WrongFileError: It does not hold a catalog.
    """
    content = read_json("--catalog", file)
    if content is None:
        return None
    try:
        return Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise WrongFileError("--catalog: is not a catalog as --discover prints it") from None


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return type(error).__name__


def read_config_files(paths: Iterable[str | PurePath]) -> dict[str, Any]:
    """The configuration in the files given with --config, later ones over earlier ones.

    Each is read once: it may be a pipe, which keeps a token out of files.

    Raises:
        WrongFileError: There is no such file, or it does not hold a JSON object.
    """
    config: dict[str, Any] = {}
    for path in paths:
        if path == "ENV":
            continue
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - as given, for the message as well
                config |= read_json(f"--config {path}", file) or {}
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = getattr(error, "strerror", None) or "is not a path"
            raise WrongFileError(f"--config {path}: {reason}") from None
    return config


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
            help="Print the run as independent pieces, one scope each, as JSON and exit.",
        ),
        click.Option(
            ["--shard-days"],
            metavar="N",
            help="With --shards: also cut each scope's days into ranges of N days.",
        ),
    ]


def takes(error: ValidationError) -> str:
    """What a setting of the SDK's own takes."""
    kinds: Any = error.validator_value
    if error.validator != "type":
        return "is not what the SDK takes: https://sdk.meltano.com/en/latest/stream_maps.html"
    named = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    return f"takes the JSON type {' or '.join(named)}"

"""Faults of the machine: one line with a cure, exit 1, and no traceback."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests

from simulator.access import TOKEN
from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.tap_process import COMMAND
from tests.support.tap_runs import config_for, run_tap

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
SECRET = "s3cr3t-of-nobody-else"


@pytest.fixture
def config(github: Simulator, world: World) -> dict[str, Any]:
    """Reads a few days of an enterprise."""
    world.add(ACME, people=5)
    return config_for(github, start_date=(world.today.replace(day=20)).isoformat())


def ended(
    options: str,
    config: dict[str, Any],
    folder: Path,
    shell: str = "",
    command: str = " ".join(COMMAND),
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """What became of the command in a shell; `shell` says where its stdout goes."""
    (folder / "config.json").write_text(json.dumps(config))
    line = f"set -o pipefail; {command} {options} {shell}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that says why the command ended."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if " INFO " not in line]
    assert len(lines) == 1, done.stderr
    return lines[0]


RUN = "--config config.json"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "shell", "words"),
    [
        ("--discover", "> /dev/full", "No space left on device"),
        ("--about", "> /dev/full", "No space left on device"),
        ("--version", "> /dev/full", "No space left on device"),
        (f"--shards {RUN}", "> /dev/full", "No space left on device"),
        (f"--check {RUN}", "> /dev/full", "No space left on device"),
        (RUN, "> /dev/full", "No space left on device"),
        ("--discover", ">&-", "stdout is closed"),
        (RUN, ">&-", "stdout is closed"),
        ("--discover", "| true", "closed"),
        ("--about", "| true", "closed"),
        (RUN, "| true", "closed"),
    ],
)
def test_a_stdout_that_cannot_be_written_is_one_line(
    options: str, shell: str, words: str, config: dict[str, Any], tmp_path: Path
) -> None:
    assert words in error_of(ended(options, config, tmp_path, shell))


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
@pytest.mark.parametrize(
    "options", ["--about", "--about --format=json", "--discover", f"--check {RUN}"]
)
def test_a_locale_that_lacks_a_character_ends_nothing(
    variables: dict[str, str], options: str, config: dict[str, Any], tmp_path: Path
) -> None:
    done = ended(options, config | {"user_agent": "acme"}, tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if "json" in options.split("=") or options == "--discover":
        json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["LOGLEVEL", "TAP_GITHUB_COPILOT_LOGLEVEL"])
def test_a_log_level_that_there_is_not_is_one_line(
    variable: str, config: dict[str, Any], tmp_path: Path
) -> None:
    line = error_of(ended("--about", config, tmp_path, **{variable: "loud"}))
    assert "LOGLEVEL" in line


@pytest.mark.slow
@pytest.mark.parametrize("content", ["version: [", "version: 2", "- 1", ""])
def test_a_logging_configuration_that_cannot_be_used_is_one_line(
    content: str, config: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "log.yml").write_text(content)
    done = ended("--about", config, tmp_path, SINGER_SDK_LOG_CONFIG="log.yml")
    assert "SINGER_SDK_LOG_CONFIG" in error_of(done)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("options", ["", "--check "])
def test_certificates_that_are_not_there_are_one_line(
    variable: str, options: str, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, "/nowhere/ca.pem")
    outcome = run_tap(
        {"token": TOKEN, "enterprises": ["acme"], "api_url": "https://127.0.0.1:9"},
        today,
        options=tuple(options.split()),
    )
    assert (outcome.code, outcome.messages) == (1, [])
    [line] = outcome.errors()
    assert variable in line
    assert "/nowhere/ca.pem" in line


def test_certificates_are_not_asked_for_where_nothing_is_encrypted(
    config: dict[str, Any], today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    assert run_tap(config, today).code == 0


@pytest.mark.slow
def test_a_machine_without_threads_is_one_line(config: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "without_threads.py").write_text(
        "import threading\n"
        "def start(_):\n"
        '    raise RuntimeError("can\'t start new thread")\n'
        "threading.Thread.start = start\n"
        "from tap_github_copilot.__main__ import main\n"
        "main()\n"
    )
    command = f"{sys.executable} without_threads.py {RUN}"
    line = error_of(ended("", config, tmp_path, command=command))
    assert "thread" in line
    assert "concurrency" in line


def test_a_machine_without_a_temporary_folder_ends_with_a_line(
    config: dict[str, Any], today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    with monkeypatch.context() as patched:
        patched.setattr(TapGitHubCopilot, "sync", lambda _: none())
        outcome = run_tap(config, today)
    [line] = outcome.errors()
    assert "TMPDIR" in line


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (OSError(errno.ENOSPC, "No space left on device"), "TMPDIR"),
        (PermissionError(errno.EACCES, "Permission denied", "/srv/x"), "Permission denied: /srv/x"),
        (MemoryError(), "out of memory"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (RuntimeError(SECRET), "RuntimeError"),
        (KeyError(SECRET), "KeyError"),
        (OSError(SECRET), "OSError"),
        (requests.ConnectionError(f"https://x?sig={SECRET}"), "ConnectionError"),
        (UnicodeEncodeError("ascii", SECRET, 0, 1, "no"), "PYTHONIOENCODING"),
        (RecursionError(SECRET), "RecursionError"),
    ],
)
def test_whatever_is_raised_is_one_line_without_its_text(
    error: BaseException,
    words: str,
    config: dict[str, Any],
    today: date,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Any) -> None:
        raise error

    monkeypatch.setattr(TapGitHubCopilot, "sync", fail)
    outcome = run_tap(config, today)
    assert outcome.code == 1
    [line] = outcome.errors()
    assert words in line
    assert SECRET not in outcome.log
    assert "Traceback" not in outcome.log

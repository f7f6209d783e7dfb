"""Environments of loaders and servers that cannot stand beside the tap, each made once.

`locks/NAME.in` names the packages and `locks/NAME.txt` pins everything they need
(`make lock-loaders`). An environment that cannot be made fails the test.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCKS = Path(__file__).with_name("locks")
_CACHE = Path(__file__).parents[2] / ".cache" / "loaders"
_PYTHON = "3.11"  # the newest that z3-target-bigquery runs on
_UV = Path(sys.executable).with_name("uv")


def environment(name: str) -> Path:
    """The folder of an environment's commands.

    Raises:
        CalledProcessError: uv cannot make it, and says why on stderr.
    """
    lock = LOCKS / f"{name}.txt"
    folder = _CACHE / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    commands = folder / "bin"
    ready = folder / "ready"
    with _alone(name):
        if not ready.exists():
            for old in _CACHE.glob(f"{name}-*"):
                shutil.rmtree(old)
            _uv("venv", "--python", _PYTHON, str(folder))
            _uv("pip", "sync", "--python", str(commands / "python"), str(lock))
            ready.touch()
    return commands


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let no other worker of pytest make the same environment."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _uv(*arguments: str) -> None:
    subprocess.run(
        [_UV, "--quiet", *arguments],
        check=True,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
    )

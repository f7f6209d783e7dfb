"""Environments of their own for targets that cannot stand beside the tap, made once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_CACHE = Path(__file__).parents[2] / ".cache" / "targets"
_PYTHON = "3.11"  # the newest that all of these targets run on


def environment(*packages: str) -> Path:
    """The folder of an environment's commands; the test is skipped where it cannot be made."""
    name = hashlib.sha256("\n".join([_PYTHON, *packages]).encode()).hexdigest()[:12]
    folder = _CACHE / f"{packages[0].partition('==')[0]}-{name}"
    ready = folder / "ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--quiet", "--python", _PYTHON, str(folder))
        _uv("pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *packages)
        ready.touch()
    return folder / "bin"


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run(
        [str(uv), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
    )
    if done.returncode:
        why = " ".join(done.stderr.split())[-300:]
        pytest.skip(f"uv {arguments[0]} failed for {arguments[-1]}: {why}")

"""Servers on loopback for as long as a test needs them."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = Path(__file__).with_name("programs")
_LONGEST = 90.0  # seconds until a server answers; on a busy machine it took 20


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def server(folder: Path, *command: str | Path, says: str) -> Iterator[None]:
    """A server, once it has written that it answers.

    Args:
        folder: Its working directory and home, empty.
        command: How it is started.
        says: What stands in its log once it answers.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        )
    try:
        patience = time.monotonic() + _LONGEST
        while says not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < patience, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()

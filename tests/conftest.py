"""What all tests share: a simulated GitHub, and no way out but loopback."""

from __future__ import annotations

import os
import signal
import socket
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator.server import Simulator
from simulator.world import World
from tests.support.drawn_report import draw as draw  # noqa: PLC0414 - fixtures for every file
from tests.support.drawn_report import sixty_days as sixty_days  # noqa: PLC0414
from tests.support.loaded_database import loaded as loaded  # noqa: PLC0414 - a fixture for every file

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = date(2026, 11, 23)
ROOT = Path(__file__).parents[1]
# Under nohup it is ignored, and so it would be by the runs that the tests start.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER:
    # Two Meltano processes in one `.meltano` overwrite each other's catalog.
    os.environ["MELTANO_SYS_DIR_ROOT"] = str(ROOT / ".cache" / "meltano" / WORKER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no worker is left with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that is not to this machine, in this process."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def today() -> date:
    """The UTC day of the simulated world."""
    return TODAY


@pytest.fixture
def world(today: date) -> World:
    """A world without scopes; a test adds them."""
    return World(today=today)


@pytest.fixture
def github(world: World) -> Iterator[Simulator]:
    """The simulated GitHub that serves the world."""
    with Simulator(world) as simulator:
        yield simulator

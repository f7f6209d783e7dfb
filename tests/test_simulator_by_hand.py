"""The simulated GitHub run by hand, and a demo that cannot start: one line says why."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from demo import postgres
from report.databases import DatabaseError

ROOT = Path(__file__).parents[1]
ROW = {"day": "2024-01-05", "user_id": 5, "enterprise_id": "1"}


def refused(*options: str) -> str:
    """What the program says at its end, where it does not start."""
    command = [sys.executable, "-m", "simulator", *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}: choose another --port" in refused("--port", str(port))


def test_a_folder_that_cannot_be_replayed_is_named(tmp_path: Path) -> None:
    assert refused("--replay", f"{tmp_path}/missing").endswith(f": {tmp_path}/missing")
    (tmp_path / "teams.json").write_text(json.dumps(ROW | {"team_id": 7}))
    assert refused("--replay", f"{tmp_path}") == f"{tmp_path} holds no file that can be served"


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_the_demo_says_why_a_postgresql_cannot_be_used(scheme: str) -> None:
    url = f"{scheme}://user:s3cr3t@127.0.0.1:9/name"
    with pytest.raises(DatabaseError, match="Connection refused") as refusal, postgres.given(url):
        pass
    assert "s3cr3t" not in str(refusal.value)

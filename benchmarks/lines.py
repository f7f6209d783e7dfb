"""The same bytes without a tap: what parsing and writing alone cost, and whether taps agree."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import msgspec
import requests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OURS = {"active", "extra_fields", "fetched_at"}


def downloaded(config: Path) -> bytes:
    """The report's files, one after the other."""
    settings = json.loads(config.read_text())
    envelope = requests.get(
        f"{settings['api_url']}/enterprises/acme/copilot/metrics/reports/users-1-day",
        params={"day": settings["day"]},
        headers={"Authorization": f"Bearer {settings['token']}"},
        timeout=60,
    ).json()
    return b"".join(requests.get(u, timeout=60).content for u in envelope["download_links"])


def loads_and_dumps(content: bytes) -> float:
    """Seconds to parse and write every line with the standard library."""
    return _seconds(content, lambda line: json.dumps(json.loads(line)))


def decode_alone(content: bytes) -> float:
    """Seconds to parse every line with msgspec."""
    return _seconds(content, msgspec.json.Decoder().decode)


def assert_equal(folder: Path, config: Path, run: Callable[[str, Path, Path], Any]) -> None:
    """Make sure that both taps emit the same rows, before any time is taken.

    Raises:
        AssertionError: They do not.
    """
    emitted = {}
    for kind in ("ours", "usual"):
        out = folder / f"{kind}.jsonl"
        run(kind, config, out)
        with out.open("rb") as messages:
            emitted[kind] = {
                record["user_id"]: record
                for message in map(msgspec.json.decode, messages)
                if message["type"] == "RECORD" and (record := _given(message["record"]))
            }
        out.unlink()
    if emitted["ours"] != emitted["usual"]:
        raise AssertionError("the two taps emit different rows")


def _given(record: dict[str, Any]) -> dict[str, Any]:
    """What GitHub said, without nulls and the columns that our tap adds."""
    return {name: v for name, v in record.items() if v is not None and name not in OURS}


def _seconds(content: bytes, each: Callable[[bytes], object]) -> float:
    lines = content.splitlines()
    began = time.perf_counter()
    for line in lines:
        each(line)
    return time.perf_counter() - began

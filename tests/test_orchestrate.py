"""What the engines' files share: the tables that they offer, and what a failed piece says."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_github_copilot.schemas import SCHEMAS

if TYPE_CHECKING:
    from types import ModuleType

FILE = Path(__file__).parents[1] / "orchestrate" / "github_copilot_shards.py"


@pytest.fixture
def copilot() -> ModuleType:
    spec = importlib.util.spec_from_file_location("github_copilot_shards", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_table_is_an_asset(copilot: ModuleType) -> None:
    assert sorted(copilot.TABLES) == sorted(path.stem for path in SCHEMAS.glob("*.json"))


def test_a_piece_that_failed_says_which_scope(
    copilot: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {
        "organizations": ["octo-org"],
        "start_date": "2026-11-01",
        "user_agent": "mine",
    }
    meltano = tmp_path / "meltano"
    meltano.write_text(
        f"#!/bin/sh\nif [ $1 = invoke ]; then echo '{json.dumps(settings)}'; else exit 3; fi\n"
    )
    meltano.chmod(0o755)
    for name in [name for name in os.environ if name.startswith("TAP_GITHUB_COPILOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    shard = {"settings": settings, "state_id": "tap-github-copilot.organization.octo-org"}
    with pytest.raises(copilot.PieceFailedError) as failure:
        copilot.load(shard, again=False)
    assert str(failure.value).startswith(
        "tap-github-copilot.organization.octo-org (organizations octo-org, start_date 2026-11-01) "
        "was not loaded: meltano ended with exit code 3."
    )

"""A folder of report files: what is served of it, and why the rest is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator.replay import Replay

if TYPE_CHECKING:
    from pathlib import Path

ROW: dict[str, Any] = {"day": "2024-01-05", "user_id": 5, "enterprise_id": "1"}
EXPORT = {"report_start_day": "2024-01-01", "report_end_day": "2024-01-28"}
TOTALS = {"day": "2024-01-05", "daily_active_users": 3}


def line(**more: Any) -> bytes:
    return json.dumps(ROW | more).encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "holds no rows"),
        (b"[]", "holds no rows"),
        (b"user,day\n1,2024", "is neither JSON nor NDJSON: see line 1"),
        (line() + b"\n" + line()[:-5], "is neither JSON nor NDJSON: see line 2"),
        (b"[1]", "is not a report: row 1 is not an object"),
        (line(team_id=7), "is of another report (user-teams-1-day: it has `team_id`)"),
        (line(repo_id=7), "is of another report (repos-1-day: it has `repo_id`)"),
        (b'[{"day_totals": []}]', "is of another report (28-day totals: it has `day_totals`)"),
        (
            json.dumps(TOTALS, indent=1).encode(),
            (
                "is of another report (enterprise-1-day or organization-1-day: "
                "it has `daily_active_users`)"
            ),
        ),
        (line() + b"\n" + line(user_id=None), "is not of users-1-day: row 2 has no `user_id`"),
        (line(day=None), "is not of users-1-day: row 1 has no `day`"),
        (line(user_id="5"), "is not of users-1-day: `user_id` of row 1 is not an integer"),
        (line(day="5 Jan"), "is not of users-1-day: `day` of row 1 is not YYYY-MM-DD"),
        (
            line() + b"\n" + line(day="2025-01-05"),
            "holds days more than 350 days apart; GitHub serves one year",
        ),
    ],
)
def test_a_file_that_is_not_served_is_named_with_the_reason(
    tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "good.json").write_bytes(line())
    (tmp_path / "odd.json").write_bytes(content)
    (tmp_path / "folder").mkdir()
    replay = Replay(tmp_path)
    assert replay.not_served == {"folder": "is not a file", "odd.json": why}
    assert [*replay.scopes] == ["/enterprises/good"]


@pytest.mark.parametrize(
    "content",
    [
        line(**EXPORT),
        b"[" + line(**EXPORT) + b"]",
        json.dumps(ROW | EXPORT, indent=2).encode(),
        b"\xef\xbb\xbf" + line(**EXPORT) + b"\r\n\r\n",
    ],
)
def test_rows_of_a_28_day_export_are_served_as_those_of_their_day(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "export.json").write_bytes(content)
    replay = Replay(tmp_path, keep_days=True)
    assert replay.rows == {"/enterprises/export": [ROW | EXPORT]}
    moved = Replay(tmp_path).rows["/enterprises/export"][0]
    assert moved["day"] > ROW["day"]
    assert moved["report_start_day"] < moved["day"] < moved["report_end_day"]


def test_files_with_one_name_are_scopes_of_their_own(tmp_path: Path) -> None:
    for name in ("Acme.json", "acme.ndjson", "acme_.json", "__.json"):
        (tmp_path / name).write_bytes(line())
    (tmp_path / "ACME.jsonl").write_bytes(line(organization_id="7"))
    replay = Replay(tmp_path)
    names = sorted(place.name for place in replay.scopes.values())
    assert names == ["acme", "acme-2", "acme-3", "acme-4", "file"]
    assert len(replay.rows) == 5

"""A folder of report files as a truth of its own: each file a scope, its days as they are or moved.

Only files of users-1-day rows are served: NDJSON or a JSON array, recognised by what
their rows hold, whatever their name.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from simulator.world import USERS, Files, Place

if TYPE_CHECKING:
    from pathlib import Path

_NEWEST_AGE = 7  # days


class Replay:
    """Serves the report files of a folder.

    A file `NAME.ndjson` becomes the organization or enterprise `name`, by the ids that
    its rows hold.

    Args:
        folder: Its files are read, not those of folders in it.
        keep_days: Serve each day as it is; else the days of a file are moved by one and
            the same number, so that its newest is a week old.
    """

    def __init__(self, folder: Path, *, keep_days: bool = False) -> None:
        self.scopes: dict[str, Place] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.sources: dict[str, Path] = {}
        self.today = today = datetime.now(UTC).date()
        for number, path in enumerate(sorted(folder.iterdir())):
            rows = _user_rows(path) if path.is_file() else []
            if not rows:
                continue
            kind = "orgs" if any(row.get("organization_id") for row in rows) else "enterprises"
            name = "".join(c if c.isalnum() else "-" for c in path.stem.lower()).strip("-")
            ids = {row["organization_id"] for row in rows if row.get("organization_id")}
            place = Place(f"/{kind}/{name}", int(ids.pop()) if len(ids) == 1 else 9000 + number)
            newest = max(date.fromisoformat(row["day"]) for row in rows)
            move = today - timedelta(days=_NEWEST_AGE) - newest
            self.scopes[place.path] = place
            self.sources[place.path] = path
            self.rows[place.path] = rows if keep_days else [_moved(row, move) for row in rows]

    def files(self, path: str, report: str, day: date) -> Files | None:
        """The file's rows of a day."""
        if report != USERS:
            return None
        rows = [row for row in self.rows[path] if row["day"] == day.isoformat()]
        return [b"\n".join(msgspec.json.encode(row) for row in rows)] if rows else None

    def has_recent(self, path: str) -> bool:
        """Whether there are rows at all."""
        return bool(self.rows[path])

    def credits(self, path: str, day: date) -> None:
        """No file tells of bills."""


def _user_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of users-1-day in a file; none if it is of another report."""
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").strip()
    try:
        if content.startswith(b"["):
            rows = msgspec.json.decode(content)
        else:
            rows = [msgspec.json.decode(line) for line in content.splitlines() if line.strip()]
    except msgspec.DecodeError:
        return []
    of_users = (
        isinstance(row, dict)
        and "user_id" in row
        and "day" in row
        and "team_id" not in row
        and "report_start_day" not in row
        for row in rows
    )
    return rows if all(of_users) else []


def _moved(row: dict[str, Any], by: timedelta) -> dict[str, Any]:
    moved = dict(row)
    for name in ("day", "day_partition"):
        if name in moved:
            moved[name] = (date.fromisoformat(moved[name]) + by).isoformat()
    return moved

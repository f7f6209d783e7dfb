"""A folder of report files as a truth of its own: each file a scope, its days as they are or moved.

Files of rows by person and day are served (users-1-day, and the 28-day export): NDJSON, a JSON
array or one JSON object, recognized by what they hold, whatever their name. Every other file
of the folder is named with the reason why it is not served.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from simulator.places import Files, Place
from simulator.world import USERS

if TYPE_CHECKING:
    from pathlib import Path

    Row = dict[str, Any]

_NEWEST_AGE = 7  # days
_LONGEST = 350  # days from a file's oldest to its newest: GitHub serves one year
_DAYS = ("day", "day_partition", "report_start_day", "report_end_day")
_LONGEST_NAME = 39  # characters of a login


class NotServedError(Exception):
    """Why a file is not served, as the end of a sentence that begins with its name."""


class Replay:
    """Serves the report files of a folder.

    A file `NAME.ndjson` becomes the organization or enterprise `name`, by the ids that
    its rows hold; of files with one name, the later ones get a number.

    Args:
        folder: Its files are read, not those of folders in it.
        keep_days: Serve each day as it is; else the days of a file are moved by one and
            the same number, so that its newest is a week old.
    """

    def __init__(self, folder: Path, *, keep_days: bool = False) -> None:
        self.scopes: dict[str, Place] = {}
        self.rows: dict[str, list[Row]] = {}
        self.sources: dict[str, Path] = {}
        self.not_served: dict[str, str] = {}
        self.today = datetime.now(UTC).date()
        for path in sorted(folder.iterdir()):
            try:
                rows = _user_rows(path)
            except NotServedError as why:
                self.not_served[path.name] = str(why)
            else:
                self._add(path, rows, keep_days=keep_days)

    def _add(self, source: Path, rows: list[Row], *, keep_days: bool) -> None:
        ids = {row["organization_id"] for row in rows if row.get("organization_id")}
        kind = "orgs" if ids else "enterprises"
        name = unnumbered = _name_of(source)
        number = 1
        while any(place.name == name for place in self.scopes.values()):
            number += 1
            name = f"{unnumbered}-{number}"
        number = 9000 + len(self.scopes)
        place = Place(f"/{kind}/{name}", int(ids.pop()) if len(ids) == 1 else number)
        newest = max(date.fromisoformat(row["day"]) for row in rows)
        move = self.today - timedelta(days=_NEWEST_AGE) - newest
        self.scopes[place.path] = place
        self.sources[place.path] = source
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


def _name_of(source: Path) -> str:
    """A file's name as a slug or login."""
    name = re.sub(r"[^a-z0-9]+", "-", source.stem.lower())[: _LONGEST_NAME - 3].strip("-")
    return name or "file"


def _user_rows(path: Path) -> list[Row]:
    """The rows by person and day in a file.

    Raises:
        NotServedError: It is of another report, or not a report at all.
    """
    if not path.is_file():
        raise NotServedError("is not a file")
    rows = _objects(path.read_bytes().removeprefix(b"\xef\xbb\xbf").strip())
    if not rows:
        raise NotServedError("holds no rows")
    for number, row in enumerate(rows, 1):
        _check(number, row)
    days = [date.fromisoformat(row["day"]) for row in rows]
    if (max(days) - min(days)).days > _LONGEST:
        raise NotServedError(f"holds days more than {_LONGEST} days apart; GitHub serves one year")
    return rows


def _objects(content: bytes) -> list[Any]:
    try:
        whole = msgspec.json.decode(content)
    except msgspec.DecodeError:
        lines = enumerate(content.split(b"\n"), 1)
        return [_decoded(number, line) for number, line in lines if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def _decoded(number: int, line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        raise NotServedError(f"is neither JSON nor NDJSON: see line {number}") from None


def _check(number: int, row: Any) -> None:
    """Refuse what is not a row by person and day."""
    if not isinstance(row, dict):
        raise NotServedError(f"is not a report: row {number} is not an object")
    for field, report in (
        ("team_id", "user-teams-1-day"),
        ("repo_id", "repos-1-day"),
        ("daily_active_users", "enterprise-1-day or organization-1-day"),
        ("day_totals", "28-day totals"),
    ):
        if field in row:
            raise NotServedError(f"is of another report ({report}: it has `{field}`)")
    for field in ("user_id", "day"):
        if row.get(field) is None:
            raise NotServedError(f"is not of users-1-day: row {number} has no `{field}`")
    if not isinstance(row["user_id"], int):
        raise NotServedError(f"is not of users-1-day: `user_id` of row {number} is not an integer")
    if not _is_day(row["day"]):
        raise NotServedError(f"is not of users-1-day: `day` of row {number} is not YYYY-MM-DD")


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _moved(row: Row, by: timedelta) -> Row:
    moved = dict(row)
    for name in _DAYS:
        if _is_day(moved.get(name)):
            moved[name] = (date.fromisoformat(moved[name]) + by).isoformat()
    return moved

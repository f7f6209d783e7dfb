"""github_copilot_seats: a snapshot of all grants a day."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_github_copilot.clock import timestamp
from tap_github_copilot.github.seats import list_seats
from tap_github_copilot.records import Columns
from tap_github_copilot.streams.base import ScopeStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context, Record

    from tap_github_copilot.scopes import Scope

_LIFTED = {
    "user_id": ("assignee", "id"),
    "user_login": ("assignee", "login"),
    "assigning_team_id": ("assigning_team", "id"),
    "assigning_team_slug": ("assigning_team", "slug"),
    "assigning_team_name": ("assigning_team", "name"),
    "organization_login": ("organization", "login"),
}
_OURS = frozenset({"enterprise_slug", "snapshot_date", "seat_id", "extra_fields", "fetched_at"})


class Seats(ScopeStream):
    """A row a grant and day; older snapshots stay."""

    name = "github_copilot_seats"
    key: ClassVar[tuple[str, ...]] = ("snapshot_date", "seat_id")
    documented: ClassVar[tuple[str, ...]] = ("organization_id", "organization_login")
    optional: ClassVar[bool] = True

    def records_in(self, scope: Scope, context: Context) -> Iterator[Record]:  # noqa: ARG002
        """The seats of today, in a run that reads up to yesterday."""
        calendar = self.run.calendar
        if not calendar.reaches_yesterday:
            self.run.warn_once(
                f"{self.name}: skipped, since end_date ends this run before yesterday and seats "
                "are those of today"
            )
            return
        seats = list_seats(self.run.client, self.run.sign_in, scope)
        ours: dict[str, Any] = {
            "snapshot_date": calendar.today.isoformat(),
            "fetched_at": timestamp(self.run.clock.now()),
            **self.run.key_values(scope),
        }
        with self.run.progress.of(f"{self.name}, {scope}") as course:
            for seat_id, seat in course.counted(seats):
                yield self._record(seat) | ours | {"seat_id": seat_id}

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self.effective_schema, _OURS)

    def _record(self, seat: dict[str, Any]) -> Record:
        lifted = {name: _inside(seat, *place) for name, place in _LIFTED.items()}
        number = _inside(seat, "organization", "id")
        lifted["organization_id"] = None if number is None else str(number)
        record, extra = self._columns.record(seat | lifted)
        extra |= {name: seat[name] for name in lifted.keys() & seat.keys()}
        record["extra_fields"] = extra or None
        return record


def _inside(seat: dict[str, Any], part: str, name: str) -> Any:
    """A field of a nested object; None where there is neither."""
    inner = seat.get(part)
    return inner.get(name) if isinstance(inner, dict) else None

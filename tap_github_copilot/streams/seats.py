"""github_copilot_seats: a daily snapshot of all grants of a seat."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_github_copilot.clock import timestamp
from tap_github_copilot.github.report_files import whole_number
from tap_github_copilot.github.seats import SeatList, is_person
from tap_github_copilot.records import Columns
from tap_github_copilot.streams.base import ScopeStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_github_copilot.scopes import Scope

_RESERVED = frozenset({"enterprise_slug", "snapshot_date", "seat_id", "extra_fields", "fetched_at"})


class Seats(ScopeStream):
    """One row per grant and day; older snapshots stay."""

    name = "github_copilot_seats"
    key: ClassVar[tuple[str, ...]] = ("snapshot_date", "seat_id")
    columns_from_github: ClassVar[tuple[str, ...]] = ("organization_id", "organization_login")
    optional: ClassVar[bool] = True

    def records_in(self, scope: Scope, context: Context) -> Iterator[Record]:
        """The seats of today, in a run that reads up to yesterday."""
        calendar = self.run.calendar
        if not calendar.reaches_yesterday:
            self.run.warn_once(
                f"{self.name}: skipped, since end_date ends this run before yesterday and seats "
                "are those of today"
            )
            return
        listed = SeatList(self.run.client, self.run.sign_in, scope, self.run.clock).grants()
        scope_columns: dict[str, Any] = {
            "snapshot_date": calendar.today.isoformat(),
            "fetched_at": timestamp(self.run.clock.now()),
            **self.run.key_values(scope),
        }
        with self.run.progress.of(f"{self.name}, {scope}") as progress:
            for seat_id, seat in progress.counted(listed):
                yield self._record(seat) | scope_columns | {"seat_id": seat_id}
        self.partition(context).note_loaded(calendar.today)

    def is_optional(self, context: Context) -> bool:
        """Seats that were listed before may be closed only where nobody asked for the scope."""
        return super().is_optional(context) or not self.run.scope(context).listed

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self.effective_schema, _RESERVED)

    def _record(self, seat: dict[str, Any]) -> Record:
        """A seat's columns; a field named like a column that the tap fills goes to extra_fields."""
        lifted = _lifted(seat)
        record, extra = self._columns.record(seat | lifted)
        for name in extra:
            self.warn_about_extra_field(name)
        # A value inside an object that does not fit its column is kept by the object's own column.
        kept = {name: value for name, value in extra.items() if name not in lifted}
        kept |= {name: seat[name] for name in lifted if name in seat}
        record["extra_fields"] = kept or None
        return record


def _lifted(seat: dict[str, Any]) -> dict[str, Any]:
    """The columns whose values stand inside the objects of a seat."""
    person = _object(seat.get("assignee") if is_person(seat.get("assignee")) else None)
    team, organization = _object(seat.get("assigning_team")), _object(seat.get("organization"))
    return {
        "user_id": person.get("id"),
        "user_login": person.get("login"),
        "assigning_team_id": team.get("id"),
        "assigning_team_slug": team.get("slug"),
        "assigning_team_name": team.get("name"),
        "organization_id": _digits(organization.get("id")),
        "organization_login": organization.get("login"),
    }


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _digits(number: Any) -> Any:
    """An id as the text that its column holds; what is not a number stays as it is."""
    whole = whole_number(number)
    return number if whole is None else str(whole)

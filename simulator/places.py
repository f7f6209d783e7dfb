"""A scope of the simulated GitHub, and what the server asks about all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simulator.people import Person, Row

Files = list[bytes]


class Truth(Protocol):
    """What the server asks; a world that is made up, or one that is replayed."""

    scopes: dict[str, Place]
    today: date

    def files(self, path: str, report: str, day: date) -> Files | None:
        """The files of a day's report as published today; None for no report."""

    def has_recent(self, path: str) -> bool:
        """Whether the scope has a 28-day users report."""

    def credits(self, path: str, day: date) -> list[Row] | None:
        """The billed items of a day's AI credits; None where GitHub answers 404."""


@dataclass
class Place:
    """An enterprise or an organization.

    Args:
        path: `/enterprises/acme` or `/orgs/octo-org`.
        number: Its numeric id.
        people: Who has a seat there.
        refusal: What every call of its reports is answered with instead, if anything.
        seats: Its seats as GitHub lists them; None makes them up from its people.
        seat_total: What the listing calls their number; None counts the people.
        linked_pages: Pages of the listing that a Link header leads to; None is all of them.
        billed: Whether its AI credits are billed to itself, not to its enterprise.
        open_since: The first day of which it has reports (its policy was off before).
    """

    path: str
    number: int
    people: list[Person] = field(default_factory=list)
    refusal: str = ""
    open_since: date = date(2000, 1, 1)
    seats: list[Row] | None = None
    seat_total: int | None = None
    linked_pages: int | None = None
    billed: bool = True

    @property
    def name(self) -> str:
        """Its slug or login."""
        return self.path.rsplit("/", 1)[1]

    @property
    def ids(self) -> Row:
        """The identification fields of its reports."""
        if self.path.startswith("/enterprises/"):
            return {"enterprise_id": str(self.number)}
        return {"organization_id": str(self.number), "enterprise_id": "1"}

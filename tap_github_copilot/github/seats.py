"""The seats of a scope: all pages of the listing, each grant once.

https://docs.github.com/en/rest/copilot/copilot-user-management
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from tap_github_copilot import endpoints
from tap_github_copilot.clock import utc
from tap_github_copilot.errors import NoResource, RefusedRequest
from tap_github_copilot.github.json_text import without_nul
from tap_github_copilot.github.report_files import whole_number
from tap_github_copilot.github.retry import CONTENT_PAUSES, tries

if TYPE_CHECKING:
    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.app import SignIn
    from tap_github_copilot.github.client import Client
    from tap_github_copilot.github.responses import Response
    from tap_github_copilot.scopes import Scope

Seat = dict[str, Any]
_NOT_PEOPLE = {"team", "enterpriseteam", "organization", "enterprise"}
_encode = msgspec.json.Encoder(order="sorted").encode

logger = logging.getLogger("tap-github-copilot")


class BadPageError(Exception):
    """An answer that is not a page of seats; says how, never what it holds."""


@dataclass
class Listing:
    """The pages of one listing, in order.

    Args:
        pages: The seats of each page.
        totals: The `total_seats` of each page that names a number.
    """

    pages: list[list[Seat]] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)

    @property
    def seats(self) -> list[Seat]:
        """Each grant once."""
        return _once_each(self.pages)

    @property
    def people(self) -> int:
        """How many people hold the seats; a grant without an assignee counts as one."""
        seats = self.seats
        named = [_who(seat["assignee"]) for seat in seats if seat.get("assignee") is not None]
        return len(set(map(_encode, named))) + len(seats) - len(named)

    @property
    def is_short(self) -> bool:
        """Whether GitHub counts more people than it listed."""
        return bool(self.totals) and self.people < self.totals[-1]

    @property
    def changed(self) -> bool:
        """Whether the number of seats changed while the pages were read."""
        return len(set(self.totals)) > 1


class SeatList:
    """Lists the seats of a scope.

    Args:
        client: Makes the calls.
        sign_in: Gives the scope its credential.
        scope: Whose seats.
        clock: Waits before a page is asked for again.
    """

    def __init__(self, client: Client, sign_in: SignIn, scope: Scope, clock: Clock) -> None:
        self._client = client
        self._credential = sign_in.credential(scope)
        self._scope = scope
        self._clock = clock

    def grants(self) -> list[tuple[str, Seat]]:
        """All grants, each with its seat id.

        The seats are listed once more if their number changed while the pages were read, or if
        fewer people were listed than GitHub counts. A listing that stays short is used as it is,
        with a warning.

        Raises:
            Refusal: GitHub refuses the listing, or a page of it holds something else.
        """
        listing = self._read()
        if listing.changed or listing.is_short:
            why = "the number of seats changed between pages" if listing.changed else _gap(listing)
            logger.info("%s: %s; listing again", self._scope, why)
            again = self._read()
            if not again.is_short or again.people >= listing.people:
                listing = again
        if listing.is_short:
            logger.warning("%s: %s; they are loaded as listed", self._scope, _gap(listing))
        return _numbered(listing.seats)

    def first_page(self) -> None:
        """Ask for the first page, once.

        Raises:
            BadPageError: It is not a page of seats.
            Refusal: GitHub refuses the listing.
        """
        _page(self._client.call(endpoints.seats(self._scope), self._credential))

    def _read(self) -> Listing:
        """All pages; those behind the last Link header too, as long as people are missing."""
        listing = Listing()
        self._follow(listing)
        while listing.is_short:
            before = len(listing.seats)
            try:
                self._follow(listing)
            except (RefusedRequest, NoResource) as refusal:
                if isinstance(refusal.__cause__, BadPageError):
                    raise
                break  # GitHub has no such page
            if len(listing.seats) == before:
                break
        return listing

    def _follow(self, listing: Listing) -> None:
        """Add the next page by number, and the pages that its Link headers lead to.

        A page that holds something else is asked for again.
        """
        why = BadPageError()
        for _ in tries(CONTENT_PAUSES, self._clock):
            try:
                return self._follow_links(listing)
            except BadPageError as bad:
                why = bad
        raise self._refusal(why) from why

    def _follow_links(self, listing: Listing) -> None:
        endpoint = endpoints.seats(self._scope, page=len(listing.pages) + 1)
        for response in self._client.pages(endpoint, self._credential):
            seats, total = _page(response)
            listing.pages.append(seats)
            if total is not None:
                listing.totals.append(total)

    def _refusal(self, bad: BadPageError) -> RefusedRequest:
        return RefusedRequest(
            f"{bad}; no seat of this scope is loaded", where=endpoints.seats(self._scope)
        )


def is_person(assignee: object) -> bool:
    """Whether the holder of a seat is a user, not a team or an organization."""
    if not isinstance(assignee, dict) or not isinstance(assignee.get("login"), str):
        return False
    kind = assignee.get("type")
    return not isinstance(kind, str) or kind.lower() not in _NOT_PEOPLE


def _gap(listing: Listing) -> str:
    return f"GitHub counts {listing.totals[-1]} people with a seat and lists {listing.people}"


def _page(response: Response) -> tuple[list[Seat], int | None]:
    """A page's seats, and the number of people that it names.

    Raises:
        BadPageError: It has no list of seats. GitHub marks `seats` as optional, but an answer
            without it says nothing: it must not pass for the end of the listing.
    """
    if response.status != HTTPStatus.OK:
        raise BadPageError(f"a page of seats is missing: GitHub answered {response.status}")
    try:
        body = response.json()
    except ValueError:
        raise BadPageError("a page of seats is not JSON") from None
    if isinstance(body, list) and body:
        body = {"seats": body}
    seats = body.get("seats") if isinstance(body, dict) else None
    if not isinstance(seats, list) or not all(isinstance(seat, dict) for seat in seats):
        raise BadPageError("a page of seats holds something else")
    return without_nul(seats), whole_number(body.get("total_seats"))


def _once_each(pages: list[list[Seat]]) -> list[Seat]:
    """Each grant as often as it is listed on the page that lists it most often.

    A grant can move from one page to the next while the pages are read; then it is listed
    twice, but is one. Equal grants on the same page are different grants. Seats without an
    assignee are compared by all their fields.
    """
    kept: Counter[bytes] = Counter()
    seats = []
    for page in pages:
        here: Counter[bytes] = Counter()
        for seat in page:
            grant = _encode(seat) if seat.get("assignee") is None else _grant(seat)
            here[grant] += 1
            if here[grant] > kept[grant]:
                seats.append(seat)
        kept |= here
    return seats


def _numbered(seats: list[Seat]) -> list[tuple[str, Seat]]:
    """Each seat with its id; of equal grants the second and later ones are numbered."""
    met: Counter[bytes] = Counter()
    numbered = []
    for seat in seats:
        grant = _grant(seat)
        met[grant] += 1
        text = grant if met[grant] == 1 else grant + f"#{met[grant]}".encode()
        numbered.append((hashlib.sha256(text).hexdigest(), seat))
    return numbered


def _grant(seat: Seat) -> bytes:
    """Who was granted the seat, through which organization, team and plan, and when."""
    return _encode(
        [
            _who(seat.get("assignee")),
            _id_or(seat.get("organization"), "login"),
            _id_or(seat.get("assigning_team"), "slug"),
            seat.get("plan_type"),
            utc(seat.get("created_at")) or seat.get("created_at"),
        ]
    )


def _who(assignee: Any) -> Any:
    """A person's id; for any other holder also its type, since teams have ids of their own."""
    if assignee is None or is_person(assignee):
        return _id_or(assignee, "login")
    if isinstance(assignee, dict):
        return [assignee.get(name) for name in ("type", "id", "login", "slug")]
    return [assignee]


def _id_or(part: Any, name: str) -> Any:
    """The id of an object within a seat, else this field of it; None if it is not an object."""
    if not isinstance(part, dict):
        return None
    number = part.get("id")
    return part.get(name) if number is None else number

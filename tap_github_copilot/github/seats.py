"""The seats of a scope: all pages of the listing, each grant once.

https://docs.github.com/en/rest/copilot/copilot-user-management
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from tap_github_copilot.clock import utc
from tap_github_copilot.errors import RefusedRequest
from tap_github_copilot.github.report_files import without_nul
from tap_github_copilot.github.responses import SEATS

if TYPE_CHECKING:
    from tap_github_copilot.github.app import SignIn
    from tap_github_copilot.github.client import Client
    from tap_github_copilot.github.responses import Response
    from tap_github_copilot.scopes import Scope

Seat = dict[str, Any]
PATH = SEATS
_PER_PAGE = "100"
_encode = msgspec.json.Encoder(order="sorted").encode

logger = logging.getLogger("tap-github-copilot")


def list_seats(client: Client, sign_in: SignIn, scope: Scope) -> list[tuple[str, Seat]]:
    """All grants of a scope, each with its seat id.

    Listed once more if the number of seats changed while its pages were read.

    Raises:
        Refusal: GitHub refuses the listing, or a page holds something else.
    """
    pages, steady = _read(client, sign_in, scope)
    if not steady:
        logger.info("%s: the number of seats changed between pages; listing again", scope)
        pages, _ = _read(client, sign_in, scope)
    return _numbered(_once_each(pages))


def _read(client: Client, sign_in: SignIn, scope: Scope) -> tuple[list[list[Seat]], bool]:
    """The pages, and whether all of them named the same total."""
    pages, totals = [], set()
    path = scope.path + PATH
    for response in client.pages(
        path, sign_in.credential(scope), scope=scope, query={"per_page": _PER_PAGE}
    ):
        page, total = _page(response, f"{scope}, GET {path}")
        pages.append(page)
        totals.add(total)
    return pages, len(totals) <= 1


def _page(response: Response, where: str) -> tuple[list[Seat], object]:
    """A page's seats, and the total it names; a bare list names none."""
    try:
        body = response.json() if response.body.strip() else []
    except ValueError:
        raise RefusedRequest("a page of seats is not JSON", where=where) from None
    seats = body.get("seats") if isinstance(body, dict) else body
    if seats is None:
        seats = []
    if not isinstance(seats, list) or not all(isinstance(seat, dict) for seat in seats):
        raise RefusedRequest("a page of seats holds something else", where=where)
    total = body.get("total_seats") if isinstance(body, dict) else None
    return without_nul(seats), total


def _once_each(pages: list[list[Seat]]) -> list[Seat]:
    """Each grant as often as the page that has it most often.

    A grant that moved over a page's end while the pages were read stands on both: that
    is one. Grants that are alike on one page are as many as stand there. Seats without
    a person are told apart by all they hold.
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
    """Each seat with its id; grants that are alike get a number each."""
    met: Counter[bytes] = Counter()
    numbered = []
    for seat in seats:
        grant = _grant(seat)
        met[grant] += 1
        text = grant if met[grant] == 1 else grant + f"#{met[grant]}".encode()
        numbered.append((hashlib.sha256(text).hexdigest(), seat))
    return numbered


def _grant(seat: Seat) -> bytes:
    """Who was granted it, through which organisation, team and plan, and when."""
    organization, team = _part(seat, "organization"), _part(seat, "assigning_team")
    return _encode(
        [
            _part(seat, "assignee").get("id"),
            organization.get("id"),
            team.get("id"),
            seat.get("plan_type"),
            utc(seat.get("created_at")) or seat.get("created_at"),
        ]
    )


def _part(seat: Seat, name: str) -> dict[str, Any]:
    part = seat.get(name)
    return part if isinstance(part, dict) else {}

"""The seats of a place as GitHub lists them: pages, a Link header, no ids."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

if TYPE_CHECKING:
    from datetime import date

    from simulator.people import Person
    from simulator.places import Place

Seat = dict[str, Any]
PATH = "/copilot/billing/seats"
_TEAMS = ("platform", "payments", "mobile")


def made_up(place: Place, today: date) -> list[Seat]:
    """One seat per person who is there today, and for some a second one through a team."""
    return [seat(person, today, team) for person, team in _grants(place, today)]


def _grants(place: Place, today: date) -> list[tuple[Person, str | None]]:
    grants: list[tuple[Person, str | None]] = []
    for person in place.people:
        if person.joined <= today < person.left:
            grants.append((person, None))
            if person.number % 7 == 0:
                grants.append((person, _TEAMS[person.number % 3]))
    return grants


def seat(person: Person, today: date, team: str | None = None) -> Seat:
    """A person's grant, directly or through a team."""
    chance = Random(f"seat {person.number} {team}")
    used = today - timedelta(days=chance.choice((1, 2, 3, 8, 40)))
    granted: Seat = {
        "created_at": f"{person.joined}T09:00:00-06:00",
        "updated_at": f"{person.joined}T09:00:00-06:00",
        "pending_cancellation_date": None,
        "last_activity_at": f"{used}T15:30:00Z" if person.habit > 0.1 else None,
        "last_activity_editor": "vscode/1.120.0/copilot-chat/0.30.1",
        "plan_type": "business",
        "assignee": {"login": person.login, "id": person.number, "type": "User"},
    }
    if team:
        granted["assigning_team"] = {"id": len(team), "slug": team, "name": team.title()}
    return granted


def page(place: Place, today: date, request: web.Request, url: str) -> web.Response:
    """One page of the listing."""
    size = min(int(request.query.get("per_page", "50")), 100)
    number = int(request.query.get("page", "1"))
    here = slice((number - 1) * size, number * size)
    if place.seats is None:  # only those of this page: all of 2,000 take 14 ms
        grants = _grants(place, today)
        seats = [seat(person, today, team) for person, team in grants[here]]
        count, people = len(grants), len({person.number for person, _ in grants})
    else:
        seats, count, people = place.seats[here], len(place.seats), _people(place.seats)
    body = {
        "total_seats": people if place.seat_total is None else place.seat_total,
        "seats": seats,
    }
    headers = link_header(request, url, number, size, count)
    if place.linked_pages is not None and number >= place.linked_pages:
        headers = {}
    return web.json_response(body, headers=headers)


def _people(seats: list[Seat]) -> int:
    """People with a seat; nobody is counted for grants whose account is gone."""
    assignees = [seat.get("assignee") for seat in seats]
    return len({a.get("id") for a in assignees if isinstance(a, dict)})


def link_header(
    request: web.Request, url: str, number: int, size: int, things: int
) -> dict[str, str]:
    """GitHub's Link header for page `number` of a list; none on the last page."""
    if number * size >= things:
        return {}
    following = urlencode({"per_page": size, "page": number + 1})
    return {"Link": f'<{url}{request.path}?{following}>; rel="next"'}

"""Seats: a snapshot of all grants, each once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.running import SEATS, Outcome, config_for, lines_about, run_tap
from tests.simulator.faults import FOR_EVER

if TYPE_CHECKING:
    from tests.simulator.server import Simulator
    from tests.simulator.world import World

ACME = "/enterprises/acme"
LIST = "/copilot/billing/seats"
Seat = dict[str, Any]


def seat(number: int | None = 1, **more: Any) -> Seat:
    assignee = None if number is None else {"id": number, "login": f"user-{number}"}
    granted = {"created_at": "2026-01-05T10:00:00Z", "plan_type": "business"}
    return {"assignee": assignee} | granted | more


def team(number: int) -> Seat:
    return {"id": number, "slug": f"team-{number}", "name": f"Team {number}"}


def snapshot(github: Simulator, today: date, **config: Any) -> Outcome:
    settings = config_for(github, start_date=(today - timedelta(days=1)).isoformat()) | config
    return run_tap(settings, today, streams=(SEATS,))


def test_250_seats_are_three_pages_and_a_row_each(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, seats=[seat(n) for n in range(250)])
    outcome = snapshot(github, today)
    assert outcome.code == 0
    assert len(github.calls(f"GET {ACME}{LIST}")) == 3
    rows = outcome.records(SEATS)
    assert [row["user_id"] for row in rows] == list(range(250))
    assert len({row["seat_id"] for row in rows}) == 250
    assert {row["snapshot_date"] for row in rows} == {today.isoformat()}
    assert len({row["fetched_at"] for row in rows}) == 1
    assert rows[0]["fetched_at"].endswith("Z")
    assert outcome.state == {}


def test_every_field_has_its_column_and_unknown_ones_are_kept(
    github: Simulator, world: World, today: date
) -> None:
    given = seat(
        7,
        updated_at="2026-01-05T04:00:00-06:00",
        last_activity_at="2026-11-20T23:30:00+05:30",
        last_activity_editor="vs\0code",
        last_authenticated_at="some day",
        pending_cancellation_date="2026-12-01",
        assigning_team=team(3),
        organization={"id": 99, "login": "octo-org"},
        invented={"a": 1},
    )
    world.add(ACME, seats=[given])
    [row] = snapshot(github, today).records(SEATS)
    assert row | {"seat_id": "", "fetched_at": "", "assignee": None, "assigning_team": None} == {
        "enterprise_slug": "acme",
        "organization_id": "99",
        "organization_login": "octo-org",
        "snapshot_date": today.isoformat(),
        "seat_id": "",
        "user_id": 7,
        "user_login": "user-7",
        "assigning_team_id": 3,
        "assigning_team_slug": "team-3",
        "assigning_team_name": "Team 3",
        "plan_type": "business",
        "created_at": "2026-01-05T10:00:00Z",
        "updated_at": "2026-01-05T10:00:00Z",
        "pending_cancellation_date": "2026-12-01",
        "last_activity_at": "2026-11-20T18:00:00Z",
        "last_activity_editor": "vscode",
        "last_authenticated_at": None,
        "assignee": None,
        "assigning_team": None,
        "organization": {"id": 99, "login": "octo-org"},
        "extra_fields": {"last_authenticated_at": "some day", "invented": {"a": 1}},
        "fetched_at": "",
    }


def test_at_organization_level_the_scopes_organization_stands_in_the_columns(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add("/orgs/octo-org", seats=[seat(1, organization={"id": 5, "login": "Other"})])
    [row] = snapshot(github, today).records(SEATS)
    assert (row["organization_id"], row["organization_login"]) == (str(place.number), "octo-org")
    assert row["organization"] == {"id": 5, "login": "Other"}


DISTINCT: list[list[Seat]] = [
    [seat(1, assigning_team=team(1)), seat(1, assigning_team=team(2))],
    [seat(1, organization={"id": 1}), seat(1, organization={"id": 2})],
    [seat(1), seat(1, plan_type="enterprise")],
    [seat(1), seat(1, created_at="2026-01-06T10:00:00Z")],
    [seat(1), seat(1)],
    [seat(None), seat(None)],
    [seat(None), seat(None, last_activity_at="2026-11-01T00:00:00Z")],
]


@pytest.mark.parametrize("seats", DISTINCT)
def test_every_grant_of_a_day_has_an_id_of_its_own_that_stays(
    github: Simulator, world: World, today: date, seats: list[Seat]
) -> None:
    place = world.add(ACME, seats=seats)
    first = [row["seat_id"] for row in snapshot(github, today).records(SEATS)]
    place.seats = [one | {"last_activity_editor": "zed", "updated_at": None} for one in seats]
    next_day = snapshot(github, today + timedelta(days=1)).records(SEATS)
    assert len(set(first)) == 2
    assert [row["seat_id"] for row in next_day] == first


def test_an_offset_changes_nothing(github: Simulator, world: World, today: date) -> None:
    place = world.add(ACME, seats=[seat(1)])
    [utc] = snapshot(github, today).records(SEATS)
    place.seats = [seat(1, created_at="2026-01-05T04:00:00-06:00")]
    [offset] = snapshot(github, today).records(SEATS)
    assert offset["seat_id"] == utc["seat_id"]
    assert offset["created_at"] == utc["created_at"]


@pytest.mark.parametrize("used", [None, "2026-11-22T10:00:00Z"])
def test_a_seat_that_moves_over_a_page_end_is_loaded_once(
    github: Simulator, world: World, today: date, used: str | None
) -> None:
    seats = [seat(n) for n in range(101)]
    world.add(ACME, seats=seats)
    shifted = [seats[99] | ({"last_activity_at": used} if used else {}), seats[100]]
    body = {"total_seats": 101, "seats": shifted}
    github.faults.add("seats.*page=2", status=200, body=body)
    rows = snapshot(github, today).records(SEATS)
    assert [row["user_id"] for row in rows] == list(range(101))


def test_seats_are_listed_once_more_if_their_number_changed_on_the_way(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, seats=[seat(n) for n in range(150)])
    body = {"total_seats": 149, "seats": [seat(n) for n in range(101, 150)]}
    github.faults.add("seats.*page=2", status=200, body=body)
    outcome = snapshot(github, today)
    assert len(github.calls(f"GET {ACME}{LIST}")) == 4
    assert len(outcome.records(SEATS)) == 150


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ([seat(1), seat(2)], 2),
        ({"seats": [seat(1)]}, 1),
        ({"total_seats": 0, "seats": []}, 0),
        ({}, 0),
        ([], 0),
        (b"", 0),
        (b"null", 0),
    ],
)
def test_pages_of_other_shapes_are_read(
    github: Simulator, world: World, today: date, body: Any, rows: int
) -> None:
    world.add(ACME)
    github.faults.add(LIST, status=200, body=body)
    outcome = snapshot(github, today)
    assert outcome.code == 0
    assert len(outcome.records(SEATS)) == rows


@pytest.mark.parametrize("body", [b"<html>", {"seats": 3}, ["a seat"], {"seats": [None]}])
def test_a_page_that_holds_something_else_is_refused(
    github: Simulator, world: World, today: date, body: Any
) -> None:
    world.add(ACME)
    github.faults.add(LIST, status=200, body=body)
    outcome = snapshot(github, today)
    assert outcome.code == 1
    assert lines_about(outcome.log, "refused_request", "enterprise acme", LIST)
    assert outcome.records(SEATS) == []


def test_a_link_to_another_host_is_refused_and_nothing_is_emitted(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, seats=[seat(1)])
    headers = {"Link": '<https://evil.example/seats?page=2>; rel="next"'}
    github.faults.add(LIST, status=200, body={"seats": [seat(1)]}, headers=headers)
    outcome = snapshot(github, today)
    assert outcome.code == 1
    assert lines_about(outcome.log, "refused_request", "another host")
    assert outcome.records(SEATS) == []


def test_nothing_is_emitted_when_a_later_page_fails(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, seats=[seat(n) for n in range(250)])
    github.faults.add("seats.*page=3", status=502, times=FOR_EVER)
    outcome = snapshot(github, today)
    assert outcome.code == 1
    assert lines_about(outcome.log, "github_unavailable", "enterprise acme")
    assert outcome.records(SEATS) == []


def test_a_bounded_backfill_reads_no_seats(github: Simulator, world: World, today: date) -> None:
    world.add(ACME)
    day = (today - timedelta(days=9)).isoformat()
    outcome = snapshot(github, today, start_date=day, end_date=day)
    assert outcome.code == 0
    assert github.calls(f"GET {ACME}{LIST}") == []


def test_older_snapshots_are_never_dropped_by_a_message(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome = snapshot(github, today, emit_activate_version_messages=True)
    assert {message["type"] for message in outcome.messages} <= {"SCHEMA", "RECORD", "STATE"}
    assert all("version" not in message for message in outcome.messages)

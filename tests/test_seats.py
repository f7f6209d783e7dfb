"""github_copilot_seats: a snapshot of all grants a day, each with an id that stays the same."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from simulator.faults import FOR_EVER
from tests.support.daily_usages import ACME, ago, closing
from tests.support.tap_runs import SEATS, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from datetime import date

    from simulator.server import Simulator
    from simulator.world import World

ORG = "/orgs/octo-org"
LIST = f"GET {ACME}/copilot/billing/seats"
PAGE_2 = "seats.per_page=100&page=2$"
PAGE_3 = "seats.per_page=100&page=3$"
MOMENTS = ("created_at", "updated_at", "last_activity_at", "last_authenticated_at")
Seat = dict[str, Any]


def person(number: int) -> dict[str, Any]:
    return {"login": f"person-{number}", "id": number, "type": "User"}


def team(number: int) -> dict[str, Any]:
    return {"id": number, "slug": f"team-{number}", "name": f"Team {number}"}


def organization(number: int) -> dict[str, Any]:
    return {"id": number, "login": f"Org-{number}"}


def seat(number: int = 1, **more: Any) -> Seat:
    """A seat of this person."""
    own: Seat = {
        "created_at": "2026-01-05T09:00:00Z",
        "last_activity_at": "2026-11-20T15:30:00Z",
        "last_activity_editor": "vscode/1.120.0",
        "plan_type": "business",
        "assignee": person(number),
    }
    return own | more


def crowd(count: int) -> list[Seat]:
    return [seat(number) for number in range(1, count + 1)]


def read(github: Simulator, today: date, **settings: Any) -> Outcome:
    """Run with the seats alone."""
    return run_tap(config_for(github, **settings), today, streams=(SEATS,))


def rows_of(github: Simulator, today: date) -> list[dict[str, Any]]:
    """The seats that a run loads."""
    outcome = read(github, today)
    assert outcome.code == 0
    return outcome.records(SEATS)


def ids_of(rows: list[dict[str, Any]]) -> list[str]:
    return [row["seat_id"] for row in rows]


def people_of(rows: list[dict[str, Any]]) -> list[int]:
    return [row["user_id"] for row in rows]


def body(seats: list[Seat], total: int | None = None) -> dict[str, Any]:
    """A page as GitHub answers it; the total is the number of seats on it unless told."""
    return {"total_seats": len(seats) if total is None else total, "seats": seats}


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_seats_are_read_in_pages_of_100(
    github: Simulator, world: World, today: date, count: int, pages: int
) -> None:
    world.add(ACME, 0, seats=crowd(count))
    rows = rows_of(github, today)
    assert people_of(rows) == list(range(1, count + 1))
    assert github.calls() == [f"{LIST}?per_page=100"] + [
        f"{LIST}?per_page=100&page={number}" for number in range(2, pages + 1)
    ]


def test_what_stands_inside_person_and_team_is_lifted_out(
    github: Simulator, world: World, today: date
) -> None:
    given = seat(
        7,
        assigning_team=team(3),
        organization=organization(77),
        pending_cancellation_date="2026-12-01",
        updated_at="2026-02-01T00:00:00Z",
        last_authenticated_at="2026-11-19T08:00:00Z",
    )
    world.add(ACME, 0, seats=[given])
    [row] = rows_of(github, today)
    seat_id = row.pop("seat_id")
    assert len(seat_id) == 64
    assert row == {
        "enterprise_slug": "acme",
        "organization_id": "77",
        "organization_login": "Org-77",
        "snapshot_date": "2026-11-23",
        "user_id": 7,
        "user_login": "person-7",
        "assigning_team_id": 3,
        "assigning_team_slug": "team-3",
        "assigning_team_name": "Team 3",
        "plan_type": "business",
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-02-01T00:00:00Z",
        "pending_cancellation_date": "2026-12-01",
        "last_activity_at": "2026-11-20T15:30:00Z",
        "last_activity_editor": "vscode/1.120.0",
        "last_authenticated_at": "2026-11-19T08:00:00Z",
        "assignee": person(7),
        "assigning_team": team(3),
        "organization": organization(77),
        "extra_fields": None,
        "fetched_at": "2026-11-23T12:00:00.000000Z",
    }


def test_what_github_leaves_out_is_null(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, 0, seats=[{"created_at": "2026-01-05T09:00:00Z"}])
    [row] = rows_of(github, today)
    filled = {name for name, value in row.items() if value is not None}
    assert filled == {"enterprise_slug", "snapshot_date", "seat_id", "created_at", "fetched_at"}


def test_every_row_fits_the_schema(github: Simulator, world: World, today: date) -> None:
    odd = [
        {"created_at": 5, "assignee": "somebody", "organization": [1], "assigning_team": 7},
        seat(2, assignee={"id": "two", "login": 2}, assigning_team={"id": 1.5, "name": True}),
        seat(3, organization={"id": 2**70, "login": None}, pending_cancellation_date="soon"),
        seat(2**70),
        seat(4, snapshot_date="1999-01-01", seat_id="mine", user_id=9, enterprise_slug="x"),
    ]
    world.add(ACME)
    github.faults.add(LIST, status=200, body=body(crowd(3) + odd))
    outcome = read(github, today)
    [schema] = [m["schema"] for m in outcome.messages if m["type"] == "SCHEMA"]
    rows = outcome.records(SEATS)
    assert len(rows) == 8
    check = Draft202012Validator(schema, format_checker=FormatChecker())
    for row in rows:
        check.validate(row)
        assert row.keys() == schema["properties"].keys()
    assert rows[-1]["extra_fields"] == {
        "snapshot_date": "1999-01-01",
        "seat_id": "mine",
        "user_id": 9,
        "enterprise_slug": "x",
    }


def test_at_organization_level_the_scopes_organization_stands_in_the_columns(
    github: Simulator, world: World, today: date
) -> None:
    place = world.add(ORG, 0, seats=[seat(1), seat(2, organization=organization(77))])
    plain, other = rows_of(github, today)
    for row in (plain, other):
        assert row["organization_id"] == str(place.number)
        assert row["organization_login"] == "octo-org"
        assert "enterprise_slug" not in row
    assert plain["organization"] is None
    assert other["organization"] == organization(77)


def test_a_seat_keeps_its_id_from_day_to_day_while_all_else_changes(
    github: Simulator, world: World, today: date
) -> None:
    before = [seat(n, assigning_team=team(1), organization=organization(1)) for n in (1, 2, 3)]
    place = world.add(ACME, 0, seats=before)
    first = rows_of(github, today)
    place.seats = [
        seat(
            n,
            assignee=person(n) | {"login": "renamed"},
            assigning_team=team(1) | {"name": "Renamed", "slug": "renamed"},
            organization=organization(1) | {"login": "Renamed"},
            last_activity_at="2026-11-23T01:00:00Z",
            last_activity_editor="neovim",
            last_authenticated_at="2026-11-23T01:00:00Z",
            updated_at="2026-11-23T01:00:00Z",
            pending_cancellation_date="2026-12-01",
            brand_new=True,
        )
        for n in (3, 1, 2)
    ]
    second = rows_of(github, today + timedelta(days=1))
    assert {row["user_id"]: row["seat_id"] for row in first} == {
        row["user_id"]: row["seat_id"] for row in second
    }
    assert {row["snapshot_date"] for row in second} == {"2026-11-24"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"assigning_team": team(1)}, {"assigning_team": team(2)}),
        ({"assigning_team": team(1)}, {"assigning_team": None}),
        ({"organization": organization(1)}, {"organization": organization(2)}),
        ({"organization": organization(1)}, {}),
        ({"plan_type": "business"}, {"plan_type": "enterprise"}),
        ({"created_at": "2026-01-05T09:00:00Z"}, {"created_at": "2026-01-05T09:00:01Z"}),
        ({"created_at": "2026-01-05T09:00:00Z"}, {"created_at": "once"}),
        ({"assignee": person(1)}, {"assignee": person(2)}),
        ({"assignee": person(1)}, {"assignee": None}),
        ({"assignee": None, "last_activity_editor": "a"}, {"assignee": None}),
        ({"assigning_team": team(1)}, {"organization": organization(1)}),
    ],
)
@pytest.mark.parametrize("apart", [False, True], ids=["on one page", "over a page's end"])
def test_grants_that_differ_have_ids_that_differ(
    github: Simulator,
    world: World,
    one: Seat,
    other: Seat,
    *,
    apart: bool,
) -> None:
    between = [seat(number) for number in range(1000, 1120)] if apart else []
    world.add(ACME, 0, seats=[seat(**one), *between, seat(**other)])
    rows = rows_of(github, world.today)
    assert len(rows) == len(set(ids_of(rows))) == 2 + len(between)


@pytest.mark.parametrize("more", [{}, {"assignee": None}])
def test_grants_alike_in_every_field_on_one_page_are_two(
    github: Simulator, world: World, today: date, more: Seat
) -> None:
    world.add(ACME, 0, seats=[seat(**more), seat(2), seat(**more)])
    first = rows_of(github, today)
    assert len(set(ids_of(first))) == 3
    assert ids_of(rows_of(github, today)) == ids_of(first)


@pytest.mark.parametrize(
    "created_at",
    ["2026-01-05T03:00:00-06:00", "2026-01-05T14:30:00+05:30", "2026-01-05T09:00:00.000Z"],
)
def test_an_offset_changes_nothing(
    github: Simulator, world: World, today: date, created_at: str
) -> None:
    place = world.add(ACME, 0, seats=[seat()])
    [before] = rows_of(github, today)
    place.seats = [seat(created_at=created_at)]
    [after] = rows_of(github, today)
    assert after == before


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"last_activity_at": "2026-11-23T11:59:00Z"},
        {"created_at": "2026-01-05T03:00:00-06:00"},
        {"assignee": person(100) | {"login": "renamed"}},
    ],
)
def test_a_seat_that_moves_over_a_pages_end_is_loaded_once(
    github: Simulator, world: World, today: date, changed: Seat
) -> None:
    world.add(ACME, 0, seats=crowd(103))
    second = body([seat(100, **changed), seat(101), seat(102)], total=103)
    github.faults.add(PAGE_2, status=200, body=second)
    rows = rows_of(github, today)
    assert people_of(rows) == list(range(1, 103))
    assert len(github.calls()) == 2


def test_a_seat_without_a_person_that_moves_over_a_pages_end_is_loaded_once(
    github: Simulator, world: World, today: date
) -> None:
    nobody = seat(assignee=None)
    world.add(ACME, 0, seats=[*crowd(99), nobody, seat(101)])
    github.faults.add(PAGE_2, status=200, body=body([nobody, seat(101)], total=101))
    rows = rows_of(github, today)
    assert people_of(rows) == [*range(1, 100), None, 101]


def test_two_grants_alike_stay_two_when_one_of_them_moves_over_a_pages_end(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=[*crowd(98), seat(99), seat(99), seat(101)])
    github.faults.add(PAGE_2, status=200, body=body([seat(99), seat(101)], total=100))
    rows = rows_of(github, today)
    assert people_of(rows) == [*range(1, 99), 99, 99, 101]
    assert len(set(ids_of(rows))) == 101


def test_a_total_that_changes_between_pages_has_the_seats_listed_once_more(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=crowd(150))
    github.faults.add(PAGE_2, status=200, body=body(crowd(150)[101:], total=149))
    rows = rows_of(github, today)
    assert people_of(rows) == list(range(1, 151))
    assert github.calls() == [f"{LIST}?per_page=100", f"{LIST}?per_page=100&page=2"] * 2


def test_a_total_that_keeps_changing_is_taken_as_it_is(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=crowd(150))
    late = body(crowd(150)[101:], total=149)
    github.faults.add(PAGE_2, status=200, body=late, times=FOR_EVER)
    rows = rows_of(github, today)
    assert len(rows) == 149
    assert len(github.calls()) == 4


def test_a_total_that_is_not_the_number_of_grants_is_normal(
    github: Simulator, world: World, today: date
) -> None:
    twice = [seat(n, assigning_team=team(t)) for n in range(1, 80) for t in (1, 2)]
    world.add(ACME, 0, seats=twice)
    rows = rows_of(github, today)
    assert len(rows) == 158
    assert len(github.calls()) == 2


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ([seat(1), seat(2)], 2),
        ({"seats": [seat(1), seat(2)]}, 2),
        ({"seats": []}, 0),
        ({"seats": None, "total_seats": 0}, 0),
        ({"total_seats": 0}, 0),
        ({}, 0),
        ([], 0),
        (b"", 0),
        (b"null", 0),
        (b" \n", 0),
    ],
)
def test_a_page_comes_in_many_shapes(
    github: Simulator, world: World, today: date, answer: Any, count: int
) -> None:
    world.add(ACME, 0, seats=crowd(5))
    github.faults.add(LIST, status=200, body=answer)
    rows = rows_of(github, today)
    assert people_of(rows) == list(range(1, count + 1))
    assert len(github.calls()) == 1


@pytest.mark.parametrize(
    "answer", [b"<html>", b'{"seats": [', {"seats": {}}, {"seats": ["canary"]}, 5, "canary"]
)
def test_a_page_that_holds_something_else_is_refused(
    github: Simulator, world: World, today: date, answer: Any
) -> None:
    world.add(ACME, 0, seats=crowd(5))
    github.faults.add(LIST, status=200, body=answer)
    outcome = read(github, today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (SEATS, "refused_request", "enterprise acme", "page of seats"):
        assert word in line
    assert "canary" not in outcome.log
    assert outcome.records(SEATS) == []


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize(
    ("given", "loaded"),
    [
        ("2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z"),
        ("2026-01-05T09:00:00-06:00", "2026-01-05T15:00:00Z"),
        ("2026-01-05T02:00:00+05:30", "2026-01-04T20:30:00Z"),
        ("2026-01-05T09:00:00", "2026-01-05T09:00:00Z"),
        ("2026-01-05T09:00:00.123-06:00", "2026-01-05T15:00:00.123000Z"),
        (None, None),
    ],
)
def test_date_times_are_utc_with_z(
    github: Simulator, world: World, name: str, given: str | None, loaded: str | None
) -> None:
    world.add(ACME, 0, seats=[seat() | {name: given}])
    [row] = rows_of(github, world.today)
    assert row[name] == loaded
    assert row["extra_fields"] is None


@pytest.mark.parametrize("name", [*MOMENTS, "pending_cancellation_date"])
@pytest.mark.parametrize("given", ["yesterday", "", "2026-13-01T00:00:00Z", 1767603600])
def test_what_is_no_date_is_kept_in_extra_fields(
    github: Simulator, world: World, name: str, given: object
) -> None:
    world.add(ACME, 0, seats=[seat() | {name: given}])
    [row] = rows_of(github, world.today)
    assert row[name] is None
    assert row["extra_fields"] == {name: given}


def test_what_github_adds_tomorrow_is_kept_in_extra_fields(
    github: Simulator, world: World, today: date
) -> None:
    more = {"tier": "gold", "nested": {"a": [1, None]}, "nothing": None}
    world.add(ACME, 0, seats=[seat() | more, seat(2)])
    one, other = rows_of(github, today)
    assert one["extra_fields"] == more
    assert other["extra_fields"] is None


@pytest.mark.parametrize("path", [ACME, ORG])
def test_a_field_that_is_called_like_a_column_of_ours_is_kept_in_extra_fields(
    github: Simulator, world: World, today: date, path: str
) -> None:
    more = {"organization_id": "9", "organization_login": "theirs", "user_login": "theirs"}
    place = world.add(path, 0, seats=[seat(1, organization=organization(77), **more)])
    [row] = rows_of(github, today)
    assert row["extra_fields"] == more
    assert row["organization_id"] == ("77" if path == ACME else str(place.number))
    assert row["user_login"] == "person-1"


def test_nul_characters_are_removed(github: Simulator, world: World, today: date) -> None:
    nul = "\0"
    world.add(
        ACME,
        0,
        seats=[
            seat(
                assignee=person(1) | {"login": f"per{nul}son"},
                last_activity_editor=f"{nul}vscode",
                plan_type=f"busi{nul}ness",
            )
            | {f"n{nul}ew": [f"{nul}x"]}
        ],
    )
    outcome = read(github, today)
    [row] = outcome.records(SEATS)
    assert row["user_login"] == row["assignee"]["login"] == "person"
    assert row["last_activity_editor"] == "vscode"
    assert row["extra_fields"] == {"new": ["x"]}
    assert "\\u0000" not in outcome.out


def test_all_rows_of_a_listing_share_the_day_and_the_moment_they_were_fetched(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=crowd(150))
    github.faults.add(PAGE_2, status=502, times=2)
    rows = rows_of(github, today)
    assert {row["snapshot_date"] for row in rows} == {"2026-11-23"}
    assert {row["fetched_at"] for row in rows} == {"2026-11-23T12:00:03.000000Z"}


@pytest.mark.parametrize(
    ("end_age", "asked"), [(2, False), (200, False), (1, True), (0, True), (-30, True)]
)
def test_a_bounded_backfill_does_not_read_seats(
    github: Simulator, world: World, today: date, end_age: int, *, asked: bool
) -> None:
    world.add(ACME, 0, seats=crowd(3))
    world.add("/enterprises/busy", 0, seats=crowd(3))
    outcome = read(github, today, end_date=ago(today, end_age))
    assert outcome.code == 0
    assert bool(github.calls()) is asked
    assert len(outcome.records(SEATS)) == (6 if asked else 0)
    assert len(lines_about(outcome.log, SEATS, "skipped", "end_date")) == (not asked)


def test_older_snapshots_are_never_deleted(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, 0, seats=crowd(3))
    outcome = read(github, today, emit_activate_version_messages=True)
    assert outcome.code == 0
    assert {message["type"] for message in outcome.messages} <= {"SCHEMA", "RECORD", "STATE"}
    assert all("version" not in message for message in outcome.messages)


def test_the_key_is_scope_snapshot_and_seat(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, 0, seats=crowd(3))
    [schema] = [m for m in read(github, today).messages if m["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["enterprise_slug", "snapshot_date", "seat_id"]
    assert not schema.get("bookmark_properties")


def test_the_key_of_organizations_has_their_id(github: Simulator, world: World) -> None:
    world.add(ORG, 0, seats=crowd(3))
    [schema] = [m for m in read(github, world.today).messages if m["type"] == "SCHEMA"]
    assert schema["key_properties"] == ["organization_id", "snapshot_date", "seat_id"]


def test_seats_leave_nothing_in_the_state(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, people=20)
    config = config_for(github, start_date=ago(today, 9))
    first = run_tap(config, today)
    assert len(first.records(SEATS)) > 10
    assert all(SEATS not in state.get("bookmarks", {}) for state in first.states)
    second = run_tap(config, today, state=first.state)
    assert ids_of(second.records(SEATS)) == ids_of(first.records(SEATS))
    assert second.state == first.state


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.2:1/enterprises/acme/copilot/billing/seats?page=2",
        "https://api.github.com.example/enterprises/acme/copilot/billing/seats?page=2",
        "ftp://127.0.0.1/seats",
        "//127.0.0.2/seats",
    ],
)
def test_a_link_to_another_host_is_refused_and_nothing_is_emitted(
    github: Simulator, world: World, today: date, link: str
) -> None:
    world.add(ACME, 0, seats=crowd(5))
    headers = {"Link": f'<{link}>; rel="next"'}
    github.faults.add(LIST, status=200, body=body(crowd(5)), headers=headers)
    outcome = read(github, today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (SEATS, "refused_request", "enterprise acme", "another host"):
        assert word in line
    assert outcome.records(SEATS) == []
    assert len(github.calls()) == 1


def test_a_list_that_links_in_circles_ends(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, 0, seats=crowd(150))
    back = {"Link": f'<{github.url}{ACME}/copilot/billing/seats?per_page=100>; rel="next"'}
    github.faults.add(PAGE_2, status=200, body=body(crowd(150)[100:], total=150), headers=back)
    rows = rows_of(github, today)
    assert people_of(rows) == list(range(1, 151))
    assert len(github.calls()) == 2


@pytest.mark.parametrize("status", [500, 403, 404, 422])
def test_nothing_is_emitted_unless_all_pages_were_read(
    github: Simulator, world: World, today: date, status: int
) -> None:
    world.add(ACME, 0, seats=crowd(250))
    world.add("/enterprises/busy", 0, seats=crowd(3))
    refused: dict[str, Any] = {"status": status, "body": {"message": "No"}}
    github.faults.add(f"acme.*{PAGE_3}", times=FOR_EVER, **refused)
    outcome = read(github, today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (SEATS, "enterprise acme", "page=3"):
        assert word in line
    assert {row["enterprise_slug"] for row in outcome.records(SEATS)} == {"busy"}


def test_a_fault_on_a_page_that_passes_costs_nothing(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=crowd(250))
    github.faults.add(PAGE_3, status=502, times=4)
    assert people_of(rows_of(github, today)) == list(range(1, 251))

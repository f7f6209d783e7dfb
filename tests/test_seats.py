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


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3), (400, 4), (1001, 11)]
)
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
    github.faults.add(LIST, status=200, body=body(crowd(3) + odd, total=7))
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
    world.add(ACME, 0, seats=crowd(103), seat_total=102)
    second = body([seat(100, **changed), seat(101), seat(102)], total=102)
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


@pytest.mark.parametrize("answer", [[seat(1), seat(2)], {"seats": [seat(1), seat(2)]}])
def test_a_page_without_a_total_is_the_list_that_it_holds(
    github: Simulator, world: World, today: date, answer: Any
) -> None:
    world.add(ACME, 0, seats=crowd(5))
    github.faults.add(LIST, status=200, body=answer)
    assert people_of(rows_of(github, today)) == [1, 2]
    assert len(github.calls()) == 1


@pytest.mark.parametrize("total", [None, "5", True, 2.5, -1, [5], 0])
def test_a_total_that_is_not_a_number_of_people_counts_nothing(
    github: Simulator, world: World, today: date, total: Any
) -> None:
    world.add(ACME, 0, seats=crowd(5))
    answer: dict[str, Any] = {"seats": crowd(2), "total_seats": total}
    github.faults.add(LIST, status=200, body=answer)
    assert people_of(rows_of(github, today)) == [1, 2]
    assert len(github.calls()) == 1


def test_a_scope_without_seats_has_none(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, 0, seats=[])
    assert rows_of(github, today) == []
    assert len(github.calls()) == 1


NO_SEATS: list[Any] = [
    b"",
    b" \n",
    b"null",
    b"[]",
    b"{}",
    b'{"seats": [',
    b'"canary"',
    b"5",
    {"seats": None, "total_seats": 0},
    {"total_seats": 0},
    {"seats": {}},
    {"seats": ["canary"]},
    {"seats": [None]},
    {"message": "Server is busy"},
    b'{"seats": [' + b"[" * 500 + b"]" * 500 + b"]}",
    b'{"seats": [{"plan_type": "\xff"}]}',
]
NO_PAGE: list[dict[str, Any]] = [
    *({"status": 200, "body": answer} for answer in NO_SEATS),
    {"status": 204},
    {"status": 202, "body": body([])},
]


@pytest.mark.parametrize("answer", NO_PAGE)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_page_that_is_none_is_asked_for_again(
    github: Simulator, world: World, today: date, answer: dict[str, Any], number: int
) -> None:
    world.add(ACME, 0, seats=crowd(250))
    github.faults.add(LIST, after=number - 1, times=2, **answer)
    outcome = read(github, today)
    assert outcome.code == 0
    assert people_of(outcome.records(SEATS)) == list(range(1, 251))
    page = f"{LIST}?per_page=100" + (f"&page={number}" if number > 1 else "")
    assert github.calls().count(page) == 3
    assert len(github.calls()) == 5


@pytest.mark.parametrize("answer", NO_PAGE)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_page_that_stays_none_fails_the_listing(
    github: Simulator, world: World, today: date, answer: dict[str, Any], number: int
) -> None:
    world.add(ACME, 0, seats=crowd(250))
    world.add("/enterprises/busy", 0, seats=crowd(3))
    github.faults.add("acme/copilot/billing", after=number - 1, times=FOR_EVER, **answer)
    outcome = read(github, today)
    [line] = closing(outcome)
    assert outcome.code == 1
    for word in (SEATS, "refused_request", "enterprise acme", "page of seats"):
        assert word in line
    assert "canary" not in outcome.log
    assert {row["enterprise_slug"] for row in outcome.records(SEATS)} == {"busy"}
    assert outcome.clock.waited < 30


@pytest.mark.parametrize("linked", [1, 2, 3])
def test_pages_that_no_link_leads_to_are_asked_for_by_number(
    github: Simulator, world: World, today: date, linked: int
) -> None:
    world.add(ACME, 0, seats=crowd(350), linked_pages=linked)
    assert people_of(rows_of(github, today)) == list(range(1, 351))
    assert github.calls() == [f"{LIST}?per_page=100"] + [
        f"{LIST}?per_page=100&page={number}" for number in (2, 3, 4)
    ]


def test_links_are_followed_from_a_page_that_was_asked_for_by_number(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=crowd(350))
    github.faults.add(LIST, status=200, body=body(crowd(100), total=350))
    assert people_of(rows_of(github, today)) == list(range(1, 351))
    assert len(github.calls()) == 4


def test_a_short_listing_is_made_once_more(github: Simulator, world: World, today: date) -> None:
    world.add(ACME, 0, seats=crowd(5))
    github.faults.add(LIST, status=200, body=body(crowd(3), total=5))
    github.faults.add(PAGE_2, status=200, body=body([], total=5))
    outcome = read(github, today)
    assert people_of(outcome.records(SEATS)) == [1, 2, 3, 4, 5]
    assert github.calls() == [
        f"{LIST}?per_page=100",
        f"{LIST}?per_page=100&page=2",
        f"{LIST}?per_page=100",
    ]
    assert not lines_about(outcome.log, "WARNING")


@pytest.mark.parametrize("count", [0, 3, 100, 250])
def test_a_listing_that_stays_short_is_loaded_with_a_warning(
    github: Simulator, world: World, today: date, count: int
) -> None:
    world.add(ACME, 0, seats=crowd(count), seat_total=count + 7)
    outcome = read(github, today)
    assert outcome.code == 0
    assert people_of(outcome.records(SEATS)) == list(range(1, count + 1))
    figures = (f"counts {count + 7} people", f"lists {count};")
    assert len(lines_about(outcome.log, "WARNING", "enterprise acme", *figures)) == 1
    assert len(github.calls()) == 2 * (max(1, -(-count // 100)) + 1)


@pytest.mark.parametrize("first", [4, 2])
def test_of_two_short_listings_the_fuller_is_loaded(
    github: Simulator, world: World, today: date, first: int
) -> None:
    world.add(ACME, 0, seats=crowd(3), seat_total=9)
    github.faults.add(LIST, status=200, body=body(crowd(first), total=9))
    outcome = read(github, today)
    fuller = max(first, 3)
    assert people_of(outcome.records(SEATS)) == list(range(1, fuller + 1))
    assert lines_about(outcome.log, "WARNING", "counts 9 people", f"lists {fuller};")


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_page_behind_the_last_that_github_refuses_is_the_end(
    github: Simulator, world: World, today: date, status: int
) -> None:
    world.add(ACME, 0, seats=crowd(3), seat_total=4)
    github.faults.add(PAGE_2, status=status, body={"message": "No such page"}, times=FOR_EVER)
    outcome = read(github, today)
    assert outcome.code == 0
    assert people_of(outcome.records(SEATS)) == [1, 2, 3]
    assert lines_about(outcome.log, "WARNING", "counts 4 people")


def test_an_api_that_gives_the_first_page_for_every_number_ends(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=crowd(100), seat_total=300)
    github.faults.add(LIST, status=200, body=body(crowd(100), total=300), times=FOR_EVER)
    assert people_of(rows_of(github, today)) == list(range(1, 101))
    assert len(github.calls()) == 4


@pytest.mark.parametrize(
    "seats",
    [
        [seat(1), seat(2), seat(assignee=None)],
        [seat(1), seat(assignee=None), seat(assignee=None)],
        [seat(1), seat(assignee=None), {"created_at": "2026-01-05T09:00:00Z"}],
        [seat(1), seat(2), seat(assignee={"id": 1, "type": "Team", "slug": "one"})],
        [seat(assignee={"login": "a"}), seat(assignee={"login": "b"}), seat(1)],
        [seat(1), seat(1, assigning_team=team(1)), seat(2), seat(3)],
    ],
)
def test_each_person_and_each_grant_without_one_counts_once(
    github: Simulator, world: World, today: date, seats: list[Seat]
) -> None:
    world.add(ACME, 0, seats=seats, seat_total=3)
    outcome = read(github, today)
    assert len(outcome.records(SEATS)) == len(seats)
    assert len(github.calls()) == 1
    world.scopes[ACME].seat_total = 4
    assert lines_about(read(github, today).log, "WARNING", "counts 4 people", "lists 3;")


def test_a_short_list_of_pages_seen_twice_counts_a_person_once(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=crowd(150))
    moved = body([seat(100), *crowd(149)[100:]], total=150)
    github.faults.add(PAGE_2, status=200, body=moved)
    assert people_of(rows_of(github, today)) == list(range(1, 151))


@pytest.mark.parametrize(
    "assignee",
    [
        {"id": 77, "type": "Team", "slug": "platform", "name": "Platform"},
        {"id": 77, "type": "Team", "slug": "platform", "login": "platform"},
        {"id": 77, "type": "Organization", "login": "octo-org"},
        {"id": 77, "type": "organization", "login": "octo-org"},
        {"id": 77, "type": "User"},
        {"id": 77, "slug": "platform"},
        {"id": 77, "login": None, "type": "User"},
        {"id": 77, "login": 5},
        {"id": 77},
        {},
    ],
)
def test_a_holder_that_is_not_a_person_gives_no_person(
    github: Simulator, world: World, today: date, assignee: dict[str, Any]
) -> None:
    world.add(ACME, 0, seats=[seat(assignee=assignee), seat(77)])
    row, person_row = rows_of(github, today)
    assert (row["user_id"], row["user_login"]) == (None, None)
    assert row["assignee"] == assignee
    assert row["extra_fields"] is None
    assert person_row["user_id"] == 77
    assert row["seat_id"] != person_row["seat_id"]


@pytest.mark.parametrize("kind", ["User", "Bot", "Mannequin", "EnterpriseUser", "", None, 5])
def test_a_holder_with_a_login_is_a_person(
    github: Simulator, world: World, today: date, kind: object
) -> None:
    typed = person(7) | {"type": kind}
    untyped = {"id": 8, "login": "person-8"}
    world.add(ACME, 0, seats=[seat(assignee=typed), seat(assignee=untyped)])
    rows = rows_of(github, today)
    assert [(row["user_id"], row["user_login"]) for row in rows] == [
        (7, "person-7"),
        (8, "person-8"),
    ]


@pytest.mark.parametrize(
    ("given", "columns", "extra"),
    [
        ({"assignee": person(1) | {"id": "1"}}, {"user_id": None, "user_login": "person-1"}, None),
        ({"assignee": person(1) | {"id": 1.0}}, {"user_id": 1}, None),
        ({"assignee": person(1) | {"id": 1.5}}, {"user_id": None}, None),
        ({"assignee": person(1) | {"id": True}}, {"user_id": None}, None),
        ({"assignee": "somebody"}, {"assignee": None}, {"assignee": "somebody"}),
        ({"assignee": [person(1)]}, {"user_id": None}, {"assignee": [person(1)]}),
        ({"assigning_team": "platform"}, {"assigning_team": None}, {"assigning_team": "platform"}),
        ({"assigning_team": ["x"]}, {"assigning_team_id": None}, {"assigning_team": ["x"]}),
        (
            {"assigning_team": {"id": "3", "slug": 4, "name": "T"}},
            {"assigning_team_name": "T"},
            None,
        ),
        ({"organization": {"id": "77", "login": "o"}}, {"organization_id": "77"}, None),
        ({"organization": {"id": 77.0}}, {"organization_id": "77"}, None),
        ({"organization": {"id": True}}, {"organization_id": None}, None),
        ({"organization": {"id": [1]}}, {"organization_id": None}, None),
        ({"organization": 77}, {"organization_id": None}, {"organization": 77}),
        ({"plan_type": 5}, {"plan_type": None}, {"plan_type": 5}),
        ({"last_activity_editor": {"a": 1}}, {}, {"last_activity_editor": {"a": 1}}),
    ],
)
def test_values_of_odd_shapes_are_kept_and_nothing_is_made_of_them(
    github: Simulator, world: World, today: date, given: Seat, columns: Seat, extra: Seat | None
) -> None:
    world.add(ACME, 0, seats=[seat() | given])
    outcome = read(github, today)
    [row] = outcome.records(SEATS)
    assert outcome.code == 0
    assert row["extra_fields"] == extra
    assert {name: row[name] for name in columns} == columns
    for name, value in given.items():
        assert row[name] == value or (extra or {}).get(name) == value


def test_a_field_without_a_fitting_column_is_told_once(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, 0, seats=[seat(n) | {"tier": "gold", "plan_type": n} for n in range(1, 4)])
    outcome = read(github, today)
    for name in ("tier", "plan_type"):
        assert len(lines_about(outcome.log, "WARNING", SEATS, f" {name} ")) == 1


def test_the_escape_of_an_unpaired_surrogate_becomes_a_replacement_character(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    page = (
        rb'{"total_seats":1,"seats":[{"created_at":"2026-01-05T09:00:00Z","assignee":{"id":1,'
        rb'"login":"a\udc00","name":"\ud83d\ude00\ud83d"},"plan_type":"\ud800","n\udbffx":1}]}'
    )
    github.faults.add(LIST, status=200, body=page)
    [row] = rows_of(github, today)
    assert row["user_login"] == "a\ufffd"
    assert row["assignee"]["name"] == "\U0001f600\ufffd"
    assert row["plan_type"] == "\ufffd"
    assert row["extra_fields"] == {"n\ufffdx": 1}


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


def test_seats_leave_no_bookmark_but_that_they_were_listed(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=20)
    config = config_for(github, start_date=ago(today, 9))
    first = run_tap(config, today)
    assert len(first.records(SEATS)) > 10
    listed = {"context": {"enterprise_slug": "acme"}, "loaded_on": today.isoformat()}
    assert first.state["bookmarks"][SEATS] == {"partitions": [listed]}
    for message in first.messages[: first.messages.index(last_record(first))]:
        assert message["type"] != "STATE" or SEATS not in message["value"]["bookmarks"]
    second = run_tap(config, today, state=first.state)
    assert ids_of(second.records(SEATS)) == ids_of(first.records(SEATS))
    assert second.state == first.state


def last_record(outcome: Outcome) -> dict[str, Any]:
    return [message for message in outcome.messages if message["type"] == "RECORD"][-1]


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

"""The report of tables in DuckDB: its figures, names, scopes, and what cannot be used."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import vl_convert

from report import charts
from report.__main__ import main
from simulator.world import World
from tests.support.drawn_report import TODAY, Tables
from tests.support.duckdb_tables import tables_of
from tests.support.expected_tables import (
    AI_CREDITS,
    LEDGER,
    SEATS,
    TEAMS,
    TOTALS,
    USAGES,
    is_active,
)
from tests.support.report_page import number

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.report_page import Page

pytestmark = pytest.mark.slow


def test_the_console_says_what_the_page_says(
    sixty_days: Tables, draw: Callable[..., Page], capsys: pytest.CaptureFixture[str]
) -> None:
    page = draw(sixty_days, "--seat-price", "39")
    told = capsys.readouterr().out
    assert page.truths[0] in told
    assert "Figures of 28 days, 28 Oct 2026 to 24 Nov 2026:" in told
    for text, (value, change) in page.tiles.items():
        assert f"{value}  {text}; {change}\n" in told
    assert len(page.tiles) == 8


def test_pull_requests_of_a_day_that_lost_its_rows_do_not_count(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    gone = {"report": "enterprise-1-day", "day": "2026-11-04"}
    ledger = [
        row | {"row_count": 0} if gone.items() <= row.items() else row for row in sixty_days[LEDGER]
    ]
    before, after = draw(sixty_days), draw(sixty_days | {LEDGER: ledger})
    merged = [
        number(page.column("Pull requests by week", "Merged")["2 Nov 2026"]) or 0
        for page in (before, after)
    ]
    [row] = [r for r in sixty_days[TOTALS] if r["day"] == "2026-11-04"]
    assert merged[0] - merged[1] == row["pull_requests"]["total_merged"]
    assert merged[1] > 0


def test_every_tile_has_its_change_against_the_28_days_before(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    def span(first: str, last: str) -> list[dict[str, Any]]:
        return [row for row in sixty_days[USAGES] if first <= row["day"] <= last]

    now, before = span("2026-10-28", "2026-11-24"), span("2026-09-30", "2026-10-27")
    page = draw(sixty_days)
    people = [len({row["user_id"] for row in rows if is_active(row)}) for rows in (now, before)]
    change = round((people[0] - people[1]) / people[1] * 100)
    told = "±0" if not change else f"{change:+d}".replace("-", "\u2212")
    assert page.tiles["people active"] == (
        str(people[0]),
        f"{told} % against the 28 days before ({people[1]})",
    )
    credit = [sum(row.get("ai_credits_used", 0) for row in rows) for rows in (now, before)]
    [(text, (_, shown))] = [item for item in page.tiles.items() if item[0].startswith("credits u")]
    rise = round((credit[0] - credit[1]) / credit[1] * 100)
    assert shown.startswith(f"{rise:+d}".replace("-", "\u2212")), text


def test_used_seats_are_compared_with_the_listing_of_28_days_before(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    earlier = [
        row
        | {
            "snapshot_date": "2026-10-28",
            "fetched_at": "2026-10-28T04:00:00Z",
            "last_activity_at": "2026-10-20T10:00:00Z",
        }
        for row in sixty_days[SEATS][:4]
    ]
    page = draw(sixty_days | {SEATS: [*sixty_days[SEATS], *earlier]})
    [(value, change)] = [told for text, told in page.tiles.items() if "seats used" in text]
    people = len({row["user_id"] for row in earlier})
    assert change.endswith(f"points against the 28 days before ({people} of {people})")
    assert value.endswith(" %")


def test_people_without_a_team_have_a_row_of_their_own(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    lonely = {row["user_id"] for row in sixty_days[TEAMS] if row["user_id"] % 3 == 0}
    teams = [row for row in sixty_days[TEAMS] if row["user_id"] not in lonely]
    page = draw(sixty_days | {TEAMS: teams})
    recent = [row for row in sixty_days[USAGES] if "2026-10-28" <= row["day"] <= "2026-11-24"]
    active = {row["user_id"] for row in recent if is_active(row)} & lonely
    seated = {row["user_id"] for row in sixty_days[SEATS]}
    assert page.tables["Teams"][-1][0] == "Without a team"
    assert number(page.column("Teams", "Active")["Without a team"]) == len(active)
    assert number(page.column("Teams", "Members")["Without a team"]) == len(
        (seated & lonely) | active
    )
    names = [group["name"] for group in page.figures["scopes"][0]["groups"]]
    assert names[0] == "All people"
    assert names[-1] == "Without a team"


def test_a_teams_days_are_those_of_its_people(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    page = draw(sixty_days)
    [drawn] = page.figures["scopes"]
    first = date.fromisoformat(drawn["first"])
    teams: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for row in sixty_days[TEAMS]:
        teams[row["slug"]].add((row["day"], row["user_id"]))
    active: dict[str, set[int]] = defaultdict(set)
    for row in filter(is_active, sixty_days[USAGES]):
        active[row["day"]].add(row["user_id"])
    for group in drawn["groups"][1:]:
        for place, count in enumerate(group["day"]["active"]):
            day = (first + timedelta(days=place)).isoformat()
            members = {user for when, user in teams[group["name"]] if when == day}
            assert count == len(members & active[day])


def test_billed_credits_by_model_are_true(sixty_days: Tables, draw: Callable[..., Page]) -> None:
    page = draw(sixty_days)
    gross: dict[str, float] = defaultdict(float)
    for row in sixty_days[AI_CREDITS]:
        if "2026-10-28" <= row["day"] <= "2026-11-24" and row["product"] == "Copilot":
            gross[row["model"]] += row["gross_amount"]
    shown = {
        row[0]: number(row[3])
        for row in page.tables["Billed credits by model"]
        if row[1] == "Copilot"
    }
    assert shown == pytest.approx(gross, abs=0.51)
    assert "after what the plan includes" in page.cards["Billed credits by model"]


def test_figures_are_those_of_plain_sql_over_the_tables(
    sixty_days: Tables, draw: Callable[..., Page], tmp_path: Path
) -> None:
    page = draw(sixty_days, "--seat-price", "10")
    with duckdb.connect(str(tmp_path / "copilot.duckdb"), read_only=True) as connection:

        def answer(query: str) -> dict[Any, float]:
            connection.execute("set search_path = 'github_copilot'")
            return dict(connection.execute(query).fetchall())

        span = "day between date '2026-10-28' and date '2026-11-24'"
        people = f"count(distinct user_id) from {USAGES} where {span}"
        for head, condition in (
            ("Chat", "used_chat"),
            ("Copilot CLI", "used_cli"),
            ("Cloud agent", "used_copilot_cloud_agent"),
            ("Code review, asked for", "used_copilot_code_review_active"),
        ):
            expected = answer(f"select 'n', {people} and {condition}")["n"]
            caption = "Chat, agents, CLI and code review"
            assert number(page.column(caption, "People")[head]) == expected
        repositories = answer(
            "select repo_owner_name || '/' || repo_name, "
            "sum(cast(pull_requests ->> 'total_merged' as integer)) "
            f"from github_copilot_daily_repositories where {span} group by 1"
        )
        shown = page.column("Repositories", "Merged")
        assert {name: number(text) for name, text in shown.items()} == repositories
        cohorts = answer(
            f"select least(n, 4) = 4, count(*) from (select user_id, count(*) as n from {USAGES} "
            f"where active and {span} group by 1) group by 1"
        )
        told = [number(row[1]) or 0 for row in page.tables["People by days of use"]]
        assert [told[0] + told[1], told[2]] == [cohorts.get(True, 0), cohorts.get(False, 0)]
        idle = page.column("Seats in money", "A month")["Idle"]
        assert number(idle) == 10 * (number(page.column("Seats in money", "Number")["Idle"]) or 0)


def test_twelve_scopes_have_an_overview_in_natural_order(draw: Callable[..., Page]) -> None:
    names = [f"Org-{n}" for n in range(1, 13)]
    world = World(today=TODAY)
    for name in sorted(names):
        world.add(f"/orgs/{name.lower()}", 3)
    page = draw(tables_of(world, 8))
    told = [scope.split()[0] for scope in page.scopes]
    assert told == [name.lower() for name in names]
    assert [row[0] for row in page.tables["Overview"]] == told
    assert "12 scopes, complete to 24 Nov 2026" in page.truths[0]
    assert "Never add up organizations" in page.words
    assert {f"#scope-{n}" for n in range(12)} <= set(page.links)


ODD_NAMES = [
    "<script>alert(1)</script>",
    "</script><b>&amp;\"'",
    "日本語のチーム 🚀",
    "$x^2$ % _",
    "n" * 80,
    "ünï-cødé " * 8,
]


def test_names_are_shown_as_they_are_and_never_as_markup(
    sixty_days: Tables, draw: Callable[..., Page], tmp_path: Path
) -> None:
    names = dict(
        zip(sorted({row["team_id"] for row in sixty_days[TEAMS]}), ODD_NAMES, strict=False)
    )
    teams = [row | {"slug": names[row["team_id"]]} for row in sixty_days[TEAMS]]
    usages = [
        {name: value for name, value in row.items() if name != "user_login"}
        for row in sixty_days[USAGES]
    ]
    seats = [row | {"user_login": ODD_NAMES[0]} for row in sixty_days[SEATS]]
    page = draw(sixty_days | {TEAMS: teams, USAGES: usages, SEATS: seats}, "--names", "1")
    assert {row[0] for row in page.tables["Teams"]} == set(names.values())
    text = (tmp_path / "report.html").read_text()
    for name in ODD_NAMES[:2]:
        assert name not in text
    drawn = {group["name"] for group in page.figures["scopes"][0]["groups"]}
    assert drawn == {"All people", *names.values()} | (drawn & {"Without a team"})


@pytest.mark.parametrize("number_of_teams", [3, 300])
def test_few_and_many_teams_all_have_a_row(
    sixty_days: Tables, draw: Callable[..., Page], number_of_teams: int
) -> None:
    model = [row for row in sixty_days[TEAMS] if row["day"] >= "2026-11-20"]
    teams = [
        model[n % len(model)]
        | {"team_id": n % number_of_teams, "slug": f"team-{n % number_of_teams}"}
        for n in range(max(len(model), number_of_teams))
    ]
    page = draw(sixty_days | {TEAMS: teams})
    assert (
        len([row for row in page.tables["Teams"] if row[0].startswith("team-")]) == number_of_teams
    )
    groups = [group["name"] for group in page.figures["scopes"][0]["groups"]]
    assert groups[1:4] == ["team-0", "team-1", "team-2"]
    if number_of_teams > 10:
        assert groups[11] == "team-10"


def test_every_chart_can_be_drawn_from_its_rows() -> None:
    row = {
        "t": 0,
        "e": 5e8,
        "m": 2e8,
        "t2": 1e8,
        "e2": 3e8,
        "part": False,
        "tip": "tip",
        "active": 5,
        "engaged": 3,
        "rate": 0.5,
        "credits": 12.5,
        "merged": 4,
        "copilot": 1,
        "from": 0,
        "to": 1,
        "c": 0,
        "v": 3,
        "s": 1,
        "report": "users-1-day",
    }
    rows = [row, row | {"t": 6e8, "e": 11e8, "m": 8e8, "part": True}, row | {"t": 12e8, "m": 14e8}]
    for name, spec in charts.specs().items():
        whole = json.loads(json.dumps(spec).replace('"@', '"'))
        for data in whole["data"]:
            if data["name"] in {"rows", "breaks"}:
                data["values"] = rows
        picture = vl_convert.vega_to_svg(whole)
        assert picture.count("<path") > 2, name


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--postgres-url", "postgresql://nobody:secret@127.0.0.1:9/x"], "Connection refused"),
        (["--postgres-url", "postgresql+psycopg://a:secret@127.0.0.1:9/x"], "Connection refused"),
        (["--postgres-url", "postgresql://a:sec@ret@127.0.0.1:9/x"], "special characters"),
        (["--postgres-url", "postgresql://a:1/secret@127.0.0.1:9/x"], "must look like"),
        (["--postgres-url", "postgresql://a:x?secret@127.0.0.1:9/x"], "Connection refused"),
        (["--postgres-url", "postgresql://a:secret@/x?host=/nowhere"], "/nowhere"),
        (["--postgres-url", "no url with a secret"], "must look like postgresql://"),
        ([], "Say where the tables are"),
        (["--postgres-url", "postgresql://a@b/c", "--duckdb", "x"], "not both"),
        (["--duckdb", "/nowhere/copilot.duckdb"], "there is no such file"),
        (["--duckdb", "README.md"], "README.md cannot be used"),
        (["--duckdb", "x", "--seat-price", "nineteen"], "SEAT_PRICE must be USD"),
        (["--duckdb", "x", "--seat-price", "-1"], "SEAT_PRICE must be USD"),
        (["--duckdb", "x", "--seat-price", "nan"], "SEAT_PRICE must be USD"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_the_reason_and_without_a_password(
    options: list[str], line: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(options)
    told = str(ended.value)
    assert line in told
    assert "secret" not in told
    assert "ret@" not in told
    assert "\n" not in told


def test_a_file_without_the_tables_names_the_schemas_that_have_them(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    with pytest.raises(SystemExit) as ended:
        draw(sixty_days, "--schema", "elsewhere")
    assert "schema elsewhere has no table of tap-github-copilot" in str(ended.value)
    assert "do: github_copilot." in str(ended.value)

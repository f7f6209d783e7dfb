"""What the report says of its data: how far it goes, what is late, missing, or lost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.drawn_report import TODAY, Tables, only, world_of
from tests.support.duckdb_tables import tables_of
from tests.support.expected_tables import AI_CREDITS, LEDGER, SEATS, TEAMS, USAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.report_page import Page

pytestmark = pytest.mark.slow


def test_the_first_line_says_how_far_the_data_goes(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    page = draw(sixty_days)
    assert page.truths == ["Complete to 24 Nov 2026, 1 day pending"]
    assert page.alarms == []
    assert "Figures of 28 days, 28 Oct 2026 to 24 Nov 2026." in page.words


@pytest.mark.parametrize(("later", "alarmed"), [(1, False), (2, False), (3, True), (12, True)])
def test_a_table_that_went_stale_raises_an_alarm(
    sixty_days: Tables, draw: Callable[..., Page], later: int, alarmed: bool
) -> None:
    tables = sixty_days | {
        LEDGER: [row | {"checked_at": "2026-11-26T04:00:00Z"} for row in sixty_days[LEDGER]]
    }
    page = draw(tables, today=TODAY + timedelta(days=later))
    more = f", {later} day{'s' if later > 1 else ''} not asked for"
    assert page.truths == [f"Complete to 24 Nov 2026, 1 day pending{more}"]
    expected = f"The newest day is 24 Nov 2026, {later + 2} days old."
    assert [alarm.startswith(expected) for alarm in page.alarms] == [True] * alarmed
    if alarmed:
        assert "last looked on 26 Nov 2026" in page.alarms[0]
    shown = page.column("Data by day", "users-1-day")
    assert list(shown.values()).count("not asked for") == later


def test_a_pipeline_that_runs_while_github_publishes_nothing_is_told_apart(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    last = "2026-11-10"
    tables = only(sixty_days, lambda row: row["day"] <= last or "report" in row)
    late = {"status": "pending", "row_count": None, "provisional": True}
    tables[LEDGER] = [row | late if row["day"] > last else row for row in tables[LEDGER]]
    for row in tables[LEDGER]:
        row["checked_at"] = "2026-11-26T04:00:00Z"
    page = draw(tables)
    assert page.truths == ["Complete to 10 Nov 2026, 15 days pending"]
    assert "The newest day is 10 Nov 2026, 16 days old." in page.alarms[0]
    assert "the policy" in page.alarms[0]


def test_a_day_in_between_that_is_missing_is_named(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    page = draw(only(sixty_days, lambda row: row["day"] not in {"2026-11-07", "2026-11-08"}))
    assert page.truths == [
        "Complete to 6 Nov 2026, newest day 24 Nov 2026, 1 day pending, 2 days not asked for"
    ]
    assert "7 Nov 2026 to 8 Nov 2026 (not asked for)" in page.alarms[0]
    assert "Figures of 26 of 28 days" in page.words
    assert page.figures["scopes"][0]["groups"][0]["day"]["active"][-18] is None
    credit = [change for text, (_, change) in page.tiles.items() if "credits" in text]
    assert credit == ["not compared: 26 of these 28 days loaded"] * 2


def test_a_span_shorter_than_28_days_is_named_as_it_is(draw: Callable[..., Page]) -> None:
    page = draw(tables_of(world_of(), 11))
    assert "Figures of 10 days, 15 Nov 2026 to 24 Nov 2026." in page.words
    assert "28 days," not in page.words.split("Is it used?")[0]
    assert {change for text, (_, change) in page.tiles.items() if "people" in text} == {
        "no days before to compare with"
    }
    assert "of 10" in page.tables["People by days of use"][0][0]


def test_reports_and_seats_that_end_earlier_than_the_people_are_named(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    tables = only(
        sixty_days,
        lambda row: (
            row["day"] <= "2026-11-10" or "user_id" in row or row.get("report") == "users-1-day"
        ),
    )
    tables[SEATS] = [row | {"snapshot_date": "2026-11-02"} for row in sixty_days[SEATS]]
    page = draw(tables)
    assert page.alarms == []
    assert "enterprise-1-day on 10 Nov 2026" in page.words
    assert "Seats were last listed on 2 Nov 2026." in page.words
    assert (
        "28 Oct 2026 to 24 Nov 2026 (14 of 28 days loaded)" in page.cards["Pull requests by week"]
    )
    [change] = [told for text, (_, told) in page.tiles.items() if "pull requests" in text]
    assert change == "not compared: 14 of these 28 days loaded"


def test_without_a_ledger_nobody_claims_completeness(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    page = draw({name: rows for name, rows in sixty_days.items() if name != LEDGER})
    assert "without a ledger" in page.truths[0]
    assert "Missing: the table github_copilot_report_days" in page.cards["Data by day"]


@pytest.mark.parametrize(
    ("stream", "report"),
    [
        (USAGES, "users-1-day"),
        (TEAMS, "user-teams-1-day"),
        ("github_copilot_daily_totals", "enterprise-1-day"),
        ("github_copilot_daily_repositories", "repos-1-day"),
        (AI_CREDITS, "ai_credit_usage"),
    ],
)
def test_rows_that_a_loader_lost_are_told(
    sixty_days: Tables, draw: Callable[..., Page], stream: str, report: str
) -> None:
    lost = next(row for row in sixty_days[stream] if row["day"] == "2026-11-03")
    page = draw(sixty_days | {stream: [row for row in sixty_days[stream] if row is not lost]})
    [(named, day, expected, found)] = page.tables["Tables and ledger disagree"]
    assert (named, day) == (report, "3 Nov 2026")
    assert int(expected) == int(found) + 1
    assert page.alarms[0].startswith("Tables and ledger disagree on 1 day")


def test_rows_that_repeat_a_key_and_withdrawn_rows_are_no_loss(
    sixty_days: Tables, draw: Callable[..., Page]
) -> None:
    ledger = [
        row | {"row_count": row["row_count"] + 2, "repeated_count": 2}
        if row["report"] == "users-1-day" and row["day"] == "2026-11-03"
        else row
        for row in sixty_days[LEDGER]
    ]
    old = next(row for row in sixty_days[USAGES] if row["day"] == "2026-11-04")
    withdrawn = old | {"user_id": 999_999, "fetched_at": "2026-11-07T04:00:00Z"}
    page = draw(sixty_days | {LEDGER: ledger, USAGES: [*sixty_days[USAGES], withdrawn]})
    assert "Tables and ledger disagree" not in page.cards


def test_a_scope_that_needs_a_look_is_named_above_all(draw: Callable[..., Page]) -> None:
    world = world_of(3, ("/orgs/octo-one", "/orgs/octo-two"))
    tables = tables_of(world, 20)
    stale = only(
        tables, lambda row: row["organization_login"] != "octo-two" or row["day"] < "2026-11-15"
    )
    page = draw(stale)
    assert page.alarms[0].startswith("1 scope of 2 needs a look")
    assert any("The newest day is 14 Nov 2026, 12 days old." in alarm for alarm in page.alarms)


def test_a_year_with_gaps_is_drawn_week_by_week(draw: Callable[..., Page]) -> None:
    tables = tables_of(world_of(4), 364)
    gaps = only(tables, lambda row: not "2026-03-10" <= row["day"] <= "2026-04-20")
    page = draw(gaps)
    [drawn] = page.figures["scopes"]
    weeks = [date.fromisoformat(drawn["week"]) + timedelta(days=7 * n) for n in range(53)]
    loaded = dict(zip(weeks, drawn["loaded"], strict=False))
    assert loaded[date(2026, 3, 9)] == 1
    assert loaded[date(2026, 3, 23)] == 0
    active = dict(zip(weeks, drawn["groups"][0]["week"]["active"], strict=False))
    assert active[date(2026, 3, 23)] is None
    assert "42 days before the newest are missing" in page.alarms[0]

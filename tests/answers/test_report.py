"""The report of a database that the pipeline filled: every figure against the truth and SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from report.__main__ import main
from report.days import SPAN
from report.names import readable
from report.queries import FLAGS, PULL_REQUESTS
from simulator.seats import made_up
from tests.support import odd_schemas
from tests.support.loaded_database import (
    ACME,
    SCHEMA,
    TODAY,
    completions,
    idle_people,
    is_active,
    monday,
)
from tests.support.report_page import Page, number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.support.loaded_database import Loaded, Rows

pytestmark = pytest.mark.slow

NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
ENGAGED = ("user_initiated_interaction_count", "code_acceptance_activity_count")


def drawn(loaded: Loaded, schema: str, folder: Path, *options: str) -> tuple[Page, str]:
    out = folder / "report.html"
    given = ["--postgres-url", loaded.database.url, "--schema", schema, "--out", str(out)]
    main([*given, *options], NOON)
    text = out.read_text()
    return Page(text), text


@pytest.fixture(scope="module")
def page(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of the loaded tables."""
    return drawn(loaded, SCHEMA, tmp_path_factory.mktemp("report"), "--seat-price", "39")[0]


@pytest.fixture
def lately(loaded: Loaded) -> Rows:
    """The rows of the last 28 days of reports."""
    newest = max(date.fromisoformat(row["day"]) for row in loaded.usages)
    return [r for r in loaded.usages if r["day"] > (newest - timedelta(days=SPAN)).isoformat()]


def people(rows: Iterable[dict[str, Any]]) -> set[int]:
    return {row["user_id"] for row in rows}


def engaged(row: dict[str, Any]) -> bool:
    return any(row.get(name, 0) > 0 for name in ENGAGED)


def values(page: Page, caption: str, head: str) -> dict[str, float | None]:
    return {name: number(text) for name, text in page.column(caption, head).items()}


def money(credit: float) -> str:
    """What credits come to: with cents below 100 USD."""
    return f"{credit / 100:,.{2 if credit < 100 * 100 else 0}f} USD"


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def seated(loaded: Loaded) -> set[int]:
    return {seat["assignee"]["id"] for seat in made_up(loaded.world.scopes[ACME], TODAY)}


def test_the_tiles_are_true(loaded: Loaded, page: Page, lately: Rows) -> None:
    active = len(people(filter(is_active, lately)))
    shown = [entry for row in lately for entry in completions(row)]
    rate = sum(entry["code_acceptance_activity_count"] for entry in shown) / sum(
        entry["code_generation_activity_count"] for entry in shown
    )
    credit = sum(row.get("ai_credits_used", 0) for row in lately)
    seats, idle = len(seated(loaded)), len(idle_people(loaded, loaded.usages))
    first = min(row["day"] for row in lately)
    pulls = [
        row["pull_requests"] for row in loaded.report("enterprise-1-day") if row["day"] >= first
    ]
    merged = sum(row["total_merged"] for row in pulls)
    by_copilot = sum(row["total_merged_created_by_copilot"] for row in pulls)
    many = len(people(filter(engaged, lately)))
    told = {text: value for text, (value, _) in page.tiles.items()}
    assert told == {
        f"{seats - idle} of {seats} seats used": f"{(seats - idle) / seats * 100:.0f} %",
        "people active": str(active),
        f"people engaged ({many / active * 100:.0f} % of the active)": str(many),
        "of code completions accepted": f"{rate * 100:.0f} %",
        f"credits used: about {money(credit)}": f"{credit:,.0f}",
        f"credits per active person: about {money(credit / active)}": f"{credit / active:,.0f}",
        f"of {merged:,} merged pull requests opened by Copilot": percent(by_copilot / merged),
        f"a month for {idle} idle seats": f"{idle * 39:,.0f} USD",
    }


def test_the_figures_of_sql_are_those_of_the_page(loaded: Loaded, page: Page) -> None:
    query = """
        with newest as (select max(day) as day from github_copilot_daily_usages),
        now as (select u.* from github_copilot_daily_usages u, newest where u.day > newest.day - 28
                and fetched_at = (select max(fetched_at) from github_copilot_daily_usages o
                                  where o.day = u.day))
        select count(distinct user_id) filter (where active) as people,
               round(sum(ai_credits_used))::text as credits from now
        where day not in (select day from github_copilot_report_days
                          where report = 'users-1-day' and status = 'loaded' and row_count = 0)
    """
    [row] = loaded.database.rows_in(SCHEMA, query)
    assert page.tiles["people active"][0] == str(row["people"])
    assert f"{int(row['credits']):,}" in {value for value, _ in page.tiles.values()}


def test_a_span_of_which_too_little_is_loaded_is_not_compared(page: Page) -> None:
    changes = {change for text, (_, change) in page.tiles.items() if "idle" not in text}
    assert changes == {
        "no listing of seats from 28 days before",
        "not compared: 16 of the 28 days before loaded",
    }


def test_days_and_weeks_are_true(loaded: Loaded, page: Page) -> None:
    by_day: dict[str, Rows] = defaultdict(list)
    by_week: dict[date, Rows] = defaultdict(list)
    for row in loaded.usages:
        by_day[row["day"]].append(row)
        by_week[monday(row["day"])].append(row)
    days = {words(date.fromisoformat(day)): rows for day, rows in by_day.items()}
    weeks = {words(week): rows for week, rows in by_week.items()}
    for caption, found in (("Active people by day", days), ("Active people by week", weeks)):
        shown = {name: count for name, count in values(page, caption, "Active").items() if count}
        assert shown == {n: len(people(filter(is_active, r))) for n, r in found.items() if r}
        shown = {name: count for name, count in values(page, caption, "Engaged").items() if count}
        assert shown == {
            n: count for n, r in found.items() if (count := len(people(filter(engaged, r))))
        }
    told = {
        name: value for name, value in values(page, "Credits by week", "Credits").items() if value
    }
    for name, rows in weeks.items():
        credit = sum(row.get("ai_credits_used", 0) for row in rows)
        assert told.get(name, 0) == pytest.approx(credit, abs=0.51)
    for name, rows in weeks.items():
        shown_ones = [entry for row in rows for entry in completions(row)]
        counted = sum(entry["code_generation_activity_count"] for entry in shown_ones)
        assert (values(page, "Acceptance rate by week", "Shown")[name] or 0) == counted


def words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def by(rows: Rows, array: str, key: str, counter: str = "") -> dict[str, float]:
    """People, or a counter's sum, by a dimension of a breakdown."""
    met: dict[str, set[int]] = defaultdict(set)
    summed: dict[str, int] = defaultdict(int)
    for row in rows:
        for entry in row.get(array) or []:
            met[entry[key]].add(row["user_id"])
            summed[entry[key]] += entry.get(counter) or 0
    counts = summed if counter else {name: len(found) for name, found in met.items()}
    return {readable(name): count for name, count in counts.items() if count}


def test_what_it_is_used_for_is_true(page: Page, lately: Rows) -> None:
    prompts, generated = "user_initiated_interaction_count", "code_generation_activity_count"
    assert values(page, "Features", "People") == by(lately, "totals_by_feature", "feature")
    assert values(page, "Features", "Prompts") == by(
        lately, "totals_by_feature", "feature", prompts
    )
    assert values(page, "IDEs", "People") == by(lately, "totals_by_ide", "ide")
    languages = by(lately, "totals_by_language_feature", "language", generated)
    assert values(page, "Languages", "Suggested or written") == languages
    models = by(lately, "totals_by_model_feature", "model", prompts)
    assert values(page, "Models", "Prompts") == models
    assert sum(value or 0 for value in values(page, "Models", "Share").values()) == pytest.approx(
        100, abs=2
    )
    agents = by(lately, "totals_by_3rd_party_agent", "agent_name")
    assert values(page, "Agents of other makers", "People") == agents
    ways = {
        name: len(people(row for row in lately if row.get(flag) is True))
        for flag, name in FLAGS.items()
        if any(row.get(flag) is not None for row in lately)
    }
    assert values(page, "Chat, agents, CLI and code review", "People") == ways


def test_languages_by_week_are_true(loaded: Loaded, page: Page) -> None:
    drawn = page.figures["scopes"][0]
    weeks = [
        date.fromisoformat(drawn["week"]) + timedelta(days=7 * n)
        for n in range(len(drawn["loaded"]))
    ]
    expected: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in loaded.usages:
        for entry in row.get("totals_by_language_feature") or []:
            week = monday(row["day"])
            expected[entry["language"]][week] += entry["code_generation_activity_count"]
    shown = dict(zip(drawn["languages"]["names"], drawn["languages"]["values"], strict=True))
    others = shown.pop("All others")
    for name, counts in shown.items():
        assert counts == [expected[name][week] for week in weeks]
    rest = [n for n in expected if n not in shown]
    assert others == [sum(expected[name][week] for name in rest) for week in weeks]


def test_teams_are_true_and_the_lowest_adoption_stands_first(
    loaded: Loaded, page: Page, lately: Rows
) -> None:
    active = {(row["day"], row["user_id"]) for row in lately if is_active(row)}
    first = min(row["day"] for row in lately)
    members: dict[str, set[int]] = defaultdict(set)
    used: dict[str, set[int]] = defaultdict(set)
    for row in loaded.report("user-teams-1-day"):
        if row["day"] >= first:
            members[row["slug"]].add(row["user_id"])
            if (row["day"], row["user_id"]) in active:
                used[row["slug"]].add(row["user_id"])
    assert values(page, "Teams", "Members") == {name: len(found) for name, found in members.items()}
    assert values(page, "Teams", "Active") == {name: len(used[name]) for name in members}
    shares = [value or 0 for value in values(page, "Teams", "Adoption").values()]
    assert shares == sorted(shares)
    assert len(shares) > 2


def test_cohorts_and_idle_seats_are_true(loaded: Loaded, page: Page, lately: Rows) -> None:
    days: dict[int, set[str]] = defaultdict(set)
    for row in filter(is_active, lately):
        days[row["user_id"]].add(row["day"])
    never = seated(loaded) - days.keys()
    counts = [len(found) for found in days.values()]
    loaded_days = SPAN - 1 + 1
    [daily, weekly, less, none] = values(page, "People by days of use", "People").values()
    assert (daily, weekly, less, none) == (
        sum(count * 7 >= loaded_days * 4 for count in counts),
        sum(loaded_days <= count * 7 < loaded_days * 4 for count in counts),
        sum(count * 7 < loaded_days for count in counts),
        len(never),
    )
    idle = values(page, "Idle seats", "Seats")
    assert sum(value or 0 for value in idle.values()) == len(idle_people(loaded, loaded.usages))
    assert idle["90 days ago or more"] == 0


def test_pull_requests_are_true(loaded: Loaded, page: Page, lately: Rows) -> None:
    weeks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in loaded.report("enterprise-1-day"):
        weeks[words(monday(row["day"]))].append(row["pull_requests"])
    for name, head in (("total_created", "Opened"), ("total_merged", "Merged")):
        told = {
            week: value or 0 for week, value in values(page, "Pull requests by week", head).items()
        }
        assert told == {week: sum(pulls[name] for pulls in rows) for week, rows in weeks.items()}
    first = min(row["day"] for row in lately)
    merged: dict[str, int] = defaultdict(int)
    for row in loaded.report("repos-1-day"):
        if row["day"] >= first:
            merged[f"{row['repo_owner_name']}/{row['repo_name']}"] += row["pull_requests"][
                "total_merged"
            ]
    assert values(page, "Repositories", "Merged") == merged
    assert set(page.figures["scopes"][0]["pulls"]) == set(PULL_REQUESTS)


def test_the_calendar_is_the_ledger(loaded: Loaded, page: Page) -> None:
    ledger = loaded.database.rows_in(
        SCHEMA,
        "select day, row_count, case when status = 'loaded' and provisional "
        "then 'provisional' else status end as status from github_copilot_report_days "
        "where report = 'users-1-day' order by day",
    )
    expected = {
        words(row["day"]): row["status"]
        + (
            ""
            if row["row_count"] is None
            else f", {row['row_count']} row" + "s" * (row["row_count"] != 1)
        )
        for row in ledger
    }
    assert page.column("Data by day", "users-1-day") == expected


def test_a_healthy_pipeline_raises_no_alarm(page: Page) -> None:
    newest = words(TODAY - timedelta(days=2))
    assert page.truths == [f"Complete to {newest}, 1 day pending"]
    assert page.alarms == []
    assert "Tables and ledger disagree" not in page.cards


def test_the_page_needs_no_network_and_names_nobody(loaded: Loaded, tmp_path: Path) -> None:
    page, text = drawn(loaded, SCHEMA, tmp_path)
    assert [link for link in page.links if not link.startswith("#")] == []
    assert "@import" not in text
    assert "fetch(" not in text[text.rindex("<script>") :]
    for person in loaded.world.scopes[ACME].people:
        assert person.login not in text
    assert len(page.charts) == 10
    assert not {"None", "nan", "undefined"} & set(page.words.split())
    assert set(page.figures["specs"]) >= {"people-bars", "people-line", "shares", "calendar"}


def test_names_of_idle_people_stand_only_where_they_are_asked_for(
    loaded: Loaded, tmp_path: Path
) -> None:
    page, text = drawn(loaded, SCHEMA, tmp_path, "--names", "1")
    idle = {login for _, login in idle_people(loaded, loaded.usages)}
    assert {row[0] for row in page.tables["Idle people"]} == idle
    others = {person.login for person in loaded.world.scopes[ACME].people} - idle
    assert not [login for login in others if login in text]
    assert "It names people" in page.words


def test_the_page_stays_small(loaded: Loaded, tmp_path: Path) -> None:
    _, text = drawn(loaded, SCHEMA, tmp_path)
    assert len(text.encode()) < 1_300_000
    assert json.dumps(Page(text).figures["scopes"]).__len__() < 100_000


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("without_rows", {"": "nothing was loaded yet"}),
        ("without_seats", {"Idle seats": "Missing: no seats were loaded"}),
        (
            "seats_alone",
            {"Seats": "Missing: reports", "": "no person-day of this scope was loaded"},
        ),
        ("without_a_column", {"Credits by week": "Missing: no report loaded so far says"}),
        ("one_day", {"Active people by week": "One week of reports: no trend yet"}),
        ("without_logins", {"Active people by week": "Engaged people prompted"}),
        ("renamed", {"": "new-name 77"}),
    ],
)
def test_the_page_says_what_is_missing(
    loaded: Loaded, tmp_path: Path, name: str, says: dict[str, str]
) -> None:
    odd_schemas.make(loaded.database, SCHEMA, name)
    page, _ = drawn(loaded, name, tmp_path)
    for title, told in says.items():
        assert told in " ".join((page.cards[title] if title else page.words).split())
    assert not {"None", "nan", "undefined", "Traceback"} & set(page.words.split())
    assert not [key for card in page.cards for key in ("None",) if key in card]


def test_a_schema_without_the_tables_is_one_line_that_names_those_that_have_them(
    loaded: Loaded, tmp_path: Path
) -> None:
    odd_schemas.make(loaded.database, SCHEMA, "empty")
    (tmp_path / "report.html").write_text("the last good one")
    with pytest.raises(SystemExit) as ended:
        drawn(loaded, "empty", tmp_path)
    assert "schema empty has no table of tap-github-copilot" in str(ended.value)
    assert SCHEMA in str(ended.value)
    assert (tmp_path / "report.html").read_text() == "the last good one"


@pytest.mark.parametrize("refusal", ["temporary", "standby"])
def test_a_database_that_keeps_no_temporary_tables_gives_the_same_page(
    loaded: Loaded, page: Page, tmp_path: Path, refusal: str
) -> None:
    if refusal == "standby":
        option = "-cdefault_transaction_read_only%3Don"
    else:
        make_reader(loaded)
        option = "-crole%3Dreader"
    url = f"{loaded.database.url}{'&' if '?' in loaded.database.url else '?'}options={option}"
    out = tmp_path / "report.html"
    main(["--postgres-url", url, "--schema", SCHEMA, "--out", str(out), "--seat-price", "39"], NOON)
    assert Page(out.read_text()).tables == page.tables


def make_reader(loaded: Loaded) -> None:
    """A role that may read the tables and nothing else."""
    with psycopg.connect(loaded.database.url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute("drop role if exists reader")
        connection.execute("create role reader")
        connection.execute(f'revoke temporary on database "{name}" from public'.encode())
        connection.execute(f"grant usage on schema {SCHEMA} to reader".encode())
        connection.execute(f"grant select on all tables in schema {SCHEMA} to reader".encode())


def test_a_table_that_cannot_be_read_is_one_line_with_the_servers_reason(
    loaded: Loaded, tmp_path: Path
) -> None:
    odd_schemas.make(loaded.database, SCHEMA, "one_day")
    with psycopg.connect(loaded.database.url) as connection:
        connection.execute("drop table one_day.github_copilot_seats")
        connection.execute(
            "create view one_day.github_copilot_seats as select '2026-11-20'::date "
            "as snapshot_date, 'acme' as enterprise_slug, 1 / 0 as user_id"
        )
    with pytest.raises(SystemExit) as ended:
        drawn(loaded, "one_day", tmp_path)
    assert str(ended.value) == "The tables cannot be read: division by zero"

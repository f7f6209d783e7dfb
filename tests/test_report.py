"""The adoption report: every figure against SQL and the truth, and what it says of gaps."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from report.__main__ import main
from report.cards import cards
from report.figures import COLOURS, bars
from report.scope_figures import ScopeFigures
from tests.support import odd_schemas as awkward
from tests.support.loaded_database import SCHEMA, completions, idle_people, is_active, monday
from tests.support.report_page import Page, numeric

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.loaded_database import Loaded, Rows

pytestmark = pytest.mark.slow

SPAN = "last 28 days"


def drawn(loaded: Loaded, schema: str, folder: Path) -> tuple[Page, str]:
    out = folder / "report.html"
    main(["--postgres-url", loaded.database.url, "--schema", schema, "--out", str(out)])
    text = out.read_text()
    return Page(text), text


@pytest.fixture(scope="module")
def page(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of the loaded tables."""
    return drawn(loaded, SCHEMA, tmp_path_factory.mktemp("report"))[0]


@pytest.fixture
def lately(loaded: Loaded) -> Rows:
    """The rows of the last 28 days of reports."""
    newest = max(date.fromisoformat(row["day"]) for row in loaded.usages)
    return [r for r in loaded.usages if r["day"] > (newest - timedelta(days=28)).isoformat()]


def test_the_tiles_are_true(loaded: Loaded, page: Page, lately: Rows) -> None:
    active = {row["user_id"] for row in lately if is_active(row)}
    names = ("user_initiated_interaction_count", "code_acceptance_activity_count")
    engaged = {row["user_id"] for row in lately if any(row.get(n, 0) > 0 for n in names)}
    shown = [entry for row in lately for entry in completions(row)]
    rate = sum(entry["code_acceptance_activity_count"] for entry in shown) / sum(
        entry["code_generation_activity_count"] for entry in shown
    )
    whole = sum(row.get("ai_credits_used", 0) for row in lately)
    [seats] = page.numbers("Seats")
    idle = len(idle_people(loaded, loaded.usages))
    assert [int(cell) for cell in seats] == [int(seats[0]), int(seats[0]) - idle, idle]
    tiles = {
        f"active people, {SPAN}": str(len(active)),
        f"of them engaged, {SPAN}": str(len(engaged)),
        f"of {seats[0]} seats used, {SPAN}": f"{int(seats[1]) / int(seats[0]):.0%}",
        f"of code completions accepted, {SPAN}": f"{rate:.0%}",
        f"credits (about {whole / 100:,.0f} USD), {SPAN}": f"{whole:,.0f}",
    }
    assert page.tiles == tiles
    assert numeric(page.tiles[f"active people, {SPAN}"]) > 0


def test_the_weeks_are_true(loaded: Loaded, page: Page) -> None:
    people: dict[date, set[int]] = {}
    credit: dict[date, float] = {}
    for row in loaded.usages:
        week = monday(row["day"])
        people.setdefault(week, set())
        people[week] |= {row["user_id"]} if is_active(row) else set()
        credit[week] = credit.get(week, 0) + row.get("ai_credits_used", 0)
    found = page.numbers("Active people by week")
    assert {row[0]: int(row[2]) for row in found} == {str(w): len(p) for w, p in people.items()}
    weeks = {row[0]: float(row[2]) for row in page.numbers("Credits by week") if row[2]}
    assert weeks == pytest.approx({str(week): value for week, value in credit.items() if value})


def test_features_languages_models_and_teams_are_true(
    loaded: Loaded, page: Page, lately: Rows
) -> None:
    people: dict[str, set[int]] = {}
    generated: dict[str, int] = {}
    prompts: dict[str, int] = {}
    for row in lately:
        for entry in row.get("totals_by_feature", []):
            people.setdefault(entry["feature"], set()).add(row["user_id"])
        for entry in row.get("totals_by_language_feature", []):
            counted = entry["code_generation_activity_count"]
            generated[entry["language"]] = generated.get(entry["language"], 0) + counted
        for entry in row.get("totals_by_model_feature", []):
            counted = entry["user_initiated_interaction_count"]
            prompts[entry["model"]] = prompts.get(entry["model"], 0) + counted
    assert {n: int(c) for n, c in page.numbers("Features")} == {
        n: len(p) for n, p in people.items()
    }
    assert {row[0]: int(row[1]) for row in page.numbers("Languages")} == {
        name: count for name, count in generated.items() if count
    }
    assert {row[0]: int(row[1]) for row in page.numbers("Models")} == {
        name: count for name, count in prompts.items() if count
    }
    assert sum(float(row[2]) for row in page.numbers("Models")) == pytest.approx(1, abs=0.01)
    first = min(row["day"] for row in lately)
    members: dict[str, set[int]] = {}
    for row in loaded.report("user-teams-1-day"):
        if row["day"] >= first:
            members.setdefault(row["slug"], set()).add(row["user_id"])
    assert {row[0]: int(row[1]) for row in page.numbers("Teams")} == {
        name: len(found) for name, found in members.items()
    }


def test_the_calendar_is_the_ledger(loaded: Loaded, page: Page) -> None:
    ledger = loaded.database.rows_in(
        SCHEMA,
        "select day::text, row_count::text, case when status = 'loaded' and provisional "
        "then 'provisional' else status end as status from github_copilot_report_days "
        "where report = 'users-1-day' order by day",
    )
    expected = [(row["day"], row["row_count"] or "", row["status"]) for row in ledger]
    assert page.numbers("Is the data whole? users-1-day") == expected


def test_the_page_needs_no_network_and_its_pictures_follow_the_theme(
    loaded: Loaded, tmp_path: Path
) -> None:
    page, text = drawn(loaded, SCHEMA, tmp_path)
    assert [link for link in page.links if not link.startswith("#")] == []
    assert "@import" not in text
    assert re.findall(r"url\((?!#)", text) == []
    assert not [stand_in for stand_in in COLOURS if stand_in in text]
    pictures = text[text.index("<main>") :]
    assert re.findall(r"#[0-9a-f]{6}\b", re.sub(r"#[mp][0-9a-f]{10}", "", pictures)) == []
    assert sum(card.pictures for card in page.cards.values()) == len(page.cards)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("without_rows", {"": "nothing was loaded yet"}),
        ("without_seats", {"Seats": "Missing: no seats were loaded"}),
        (
            "seats_alone",
            {"Seats": "Missing: reports", "": "no person-day of this scope was loaded"},
        ),
        ("without_a_column", {"Credits by week": "Missing: no report loaded so far says"}),
        ("one_day", {"Active people by week": "One week of reports: no trend yet"}),
        ("without_logins", {"Active people by week": "Engaged people prompted"}),
        ("renamed", {"": "new-name 77; reports from"}),
    ],
)
def test_the_page_says_what_is_missing(
    loaded: Loaded, tmp_path: Path, name: str, says: dict[str, str]
) -> None:
    awkward.make(loaded.database, SCHEMA, name)
    page, _ = drawn(loaded, name, tmp_path)
    for title, words in says.items():
        shown = page.cards[title].text if title else page.words
        assert words in " ".join(shown.split())
    for title, card in page.cards.items():
        assert card.pictures or "Missing:" in card.text, title
    assert not {"None", "nan", "Traceback"} & set(page.words.split())


@pytest.mark.parametrize(
    ("first", "marks"), [("2026-03-02", 3), ("2026-06-15", 2), ("2026-11-02", 0)]
)
def test_breaks_in_githubs_series_are_marked_where_they_lie_in_the_weeks(
    first: str, marks: int
) -> None:
    newest = date(2026, 11, 15)
    start = date.fromisoformat(first)
    mondays = [start + timedelta(days=n) for n in range(0, (newest - start).days, 7)]
    figures = {"active_people": 500, "engaged_people": 300, "acceptance_rate": 0.5, "credits": 1}
    weeks = [{"week": monday, "days_with_people": 7} | figures for monday in mondays]
    found = ScopeFigures("acme", newest, start, weeks=weeks, summary={})
    active = next(iter(cards(found)))
    assert active.picture.count("stroke-dasharray") == marks
    assert len(re.findall(r">[123]</text>", active.picture)) == marks


def test_a_schema_without_the_tables_is_one_line_that_names_those_that_have_them(
    loaded: Loaded, tmp_path: Path
) -> None:
    awkward.make(loaded.database, SCHEMA, "empty")
    (tmp_path / "report.html").write_text("the last good one")
    with pytest.raises(SystemExit) as ended:
        drawn(loaded, "empty", tmp_path)
    assert "schema empty has no table of tap-github-copilot" in str(ended.value)
    assert SCHEMA in str(ended.value)
    assert (tmp_path / "report.html").read_text() == "the last good one"


@pytest.mark.parametrize(
    "name", ["$x^2$", "cost $5 to $9", "<script>alert(1)</script>", "日本 % _"]
)
def test_names_are_drawn_as_they_are(name: str) -> None:
    picture = bars([(name, 3.0, 1.0)])
    assert html.unescape(picture).count(name[:20]) == 1
    assert "<script" not in picture


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--postgres-url", "postgresql://nobody:secret@127.0.0.1:9/x"], "is the server up"),
        (["--postgres-url", "postgresql+psycopg://a:secret@127.0.0.1:9/x"], "is the server up"),
        (["--postgres-url", "no url"], "must look like postgresql://"),
        (["--postgres-url", ""], "must look like postgresql://"),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_line_without_its_password(
    options: list[str], line: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert line in str(ended.value)
    assert "secret" not in str(ended.value)

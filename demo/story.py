"""What the demo tells a person: plain lines and small tables out of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from demo.comparison import differences
from demo.pipeline import Pipeline
from demo.recipes import recipes
from report.headlines import headlines
from report.markup import percent
from report.people_cards import team_rows
from simulator.access import TOKEN
from tap_github_copilot.schemas import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

    from demo.postgres import Database
    from report.scope_figures import ScopeFigures
    from simulator.replay import Replay
    from simulator.server import Simulator

TABLES = tuple(sorted(path.stem for path in SCHEMAS.glob("*.json")))
_SUMMARY = """
    select count(*) as rows, count(distinct user_id) as people_ever, count(distinct day) as days,
           min(day) as first_day, max(day) as last_day
    from {}.github_copilot_daily_usages
"""
_LAST_DAYS = """
    select day, count(*) as with_rows, count(*) filter (where active) as active,
           sum(code_acceptance_activity_count) as acceptances, sum(loc_added_sum) as lines_added,
           round(sum(ai_credits_used), 1) as credits
    from {}.github_copilot_daily_usages
    group by day order by day desc limit 7
"""


def say(line: str) -> None:
    """Tell a line at once."""
    print(line, flush=True)


def table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    if not rows:
        say("  (nothing)")
        return
    cells = [list(rows[0])] + [["" if v is None else str(v) for v in r.values()] for r in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        say("  " + "  ".join(c.rjust(width) for c, width in zip(row, widths, strict=True)))


def query(database: Database, text: str, schema: str) -> list[dict[str, Any]]:
    """The rows of a query on a schema."""
    return database.rows(sql.SQL(text).format(sql.Identifier(schema)))  # type: ignore[arg-type]


def loaded(database: Database, schema: str) -> None:
    """What is in the database now, and its last days."""
    say("\nIn PostgreSQL now:")
    table(query(database, _SUMMARY, schema))
    say("\nThe last days:")
    table(query(database, _LAST_DAYS, schema))
    say("\nAll tables:")
    table(
        [
            {
                "table": name,
                "rows": database.rows_in(schema, f"select count(*) from {name}")[0]["count"],
            }
            for name in TABLES
        ]
    )
    recipe(database, schema, "Is Tuesday missing, or was nobody at work?")


def recipe(database: Database, schema: str, title: str, most: int = 6) -> None:
    """The first rows that a recipe of docs/recipes.md gives."""
    say(f"\n{title} (docs/recipes.md)")
    table(database.rows_in(schema, recipes()[title])[:most])


def report(drawn: list[ScopeFigures], path: Path) -> None:
    """Where the adoption report is, and its main figures: the same that stand in the file."""
    say(f"\nThe adoption report, one file for a browser: {path}")
    for line in headlines(drawn):
        say(line)
    for found in drawn:
        say("\nTeams in these days, the lowest adoption first:")
        rows = [
            {"team": row["team"], "adoption": percent(row["share"])}
            | {name: row[name] for name in ("active", "members")}
            for row in team_rows(found)
        ]
        table(rows[:6])


def loaded_again(database: Database, schema: str) -> None:
    """That a second run changed rows but added none twice."""
    say("\nIn PostgreSQL now (days that have not changed were not sent again):")
    table(query(database, _SUMMARY, schema))


def not_served(replayed: Replay) -> None:
    """Name the files that are not served, and why."""
    for name, why in replayed.not_served.items():
        say(f"Not served: {name} {why}.")


def replay(database: Database, replayed: Replay, github: Simulator, folder: Path) -> None:
    """Load each report file alone and compare it with its table."""
    for path, place in replayed.scopes.items():
        level = "enterprises" if path.startswith("/enterprises/") else "organizations"
        settings = {"token": TOKEN, level: [place.name], "api_url": github.url}
        settings["start_date"] = min(row["day"] for row in replayed.rows[path])
        schema = f"replay_{place.name.replace('-', '_')}"[:60]
        say(f"\n$ meltano run tap-github-copilot target-postgres   # {replayed.sources[path].name}")
        Pipeline(database, schema, folder, settings).run()
        rows = replayed.rows[path]
        different = differences(database, schema, rows)
        verdict = "all equal, field by field" if not different else "DIFFERENT: " + different[0]
        say(f"  {len(rows)} rows in the file, schema {schema}: {verdict}")

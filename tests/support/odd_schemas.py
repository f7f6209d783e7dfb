"""Schemas that a user can have, made from a loaded one: nearly empty, renamed, cut down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from tests.support.tap_runs import SEATS, USAGES

if TYPE_CHECKING:
    from demo.postgres import Database

BY_DAY = (
    USAGES,
    "github_copilot_daily_usage_breakdowns",
    "github_copilot_user_teams",
    "github_copilot_daily_totals",
    "github_copilot_daily_repositories",
    "github_copilot_daily_ai_credits",
    "github_copilot_report_days",
)
TABLES = (*BY_DAY, SEATS)
# What is done to a copy of all tables; once for each table where it names {table}.
CHANGES = {
    "empty": "drop table {table}",
    "without_rows": "delete from {table}",
    "one_day": "delete from {table} where day <> (select max(day) from {source}.{usages})",
    "without_seats": "drop table {to}.{seats}",
    "seats_alone": "drop table {table}",
    "without_logins": "update {to}.{usages} set user_login = null",
    "without_a_column": "alter table {to}.{usages} drop column ai_credits_used",
    # The newest day's rows again, without breakdowns. The ledger also has rows of a look from
    # before, as a loader that appends leaves them.
    "later_load": """
        update {to}.{usages} set fetched_at = fetched_at + interval '1 hour'
        where day = (select max(day) from {source}.{usages});
        insert into {to}.github_copilot_report_days
        select * from {to}.github_copilot_report_days;
        update {to}.github_copilot_report_days
        set row_count = 0, checked_at = checked_at - interval '1 day'
        where ctid in (select min(ctid) from {to}.github_copilot_report_days group by report, day)
    """,
    # What a loader lost: a person, a team's member, a whole day.
    "lost_rows": """
        delete from {to}.{usages} where ctid in (
            select max(ctid) from {to}.{usages}
            where day = (select max(day) from {source}.{usages}));
        delete from {to}.github_copilot_user_teams where ctid in (
            select max(ctid) from {to}.github_copilot_user_teams
            where day = (select min(day) from {source}.{usages}));
        delete from {to}.github_copilot_daily_totals
        where day = (select max(day) from {source}.{usages})
    """,
    "renamed": """
        alter table {table} add if not exists organization_id text;
        alter table {table} add if not exists organization_login text;
        update {table} set organization_id = '77', organization_login =
            case when fetched_at < (select max(fetched_at) from {source}.{usages})
                 then 'old-name' else 'new-name' end;
        alter table {table} drop column enterprise_slug
    """,
}
_OF_DAYS_ALONE = {"one_day", "seats_alone"}


def make(database: Database, source: str, name: str) -> None:
    """Make a schema of that name from the tables of another one."""
    words = {"source": source, "to": name, "usages": USAGES, "seats": SEATS}
    steps = [f"drop schema if exists {name} cascade", f"create schema {name}"]
    steps += [f"create table {name}.{t} as select * from {source}.{t}" for t in TABLES]
    change = CHANGES[name]
    if "{table}" in change:
        changed = BY_DAY if name in _OF_DAYS_ALONE else TABLES
        steps += [change.format(**words, table=f"{name}.{table}") for table in changed]
    else:
        steps.append(change.format(**words))
    with psycopg.connect(database.url) as connection:
        connection.execute("; ".join(steps).encode())

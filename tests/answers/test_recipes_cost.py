"""The recipes about money and about teams of another tap, over small tables with known answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from demo.recipes import recipes

if TYPE_CHECKING:
    from tests.support.loaded_database import Loaded

pytestmark = pytest.mark.slow
SCHEMA = "cost"
TABLES = """
    drop schema if exists cost cascade;
    create schema cost;
    create table cost.github_copilot_daily_usages as
    select * from (values
        ('acme', date '2026-10-30', 1, 'ann', true, 120.5),
        ('acme', date '2026-11-02', 1, 'ann', true, 10.25),
        ('acme', date '2026-11-02', 2, 'bob', true, null),
        ('acme', date '2026-11-03', 2, 'bob', false, 4)
    ) as t (enterprise_slug, day, user_id, user_login, active, ai_credits_used);
    create table cost.github_copilot_daily_ai_credits as
    select * from (values
        ('acme', date '2026-10-30', 'AI credits', 'gpt-5', 1, 100.0, 1.00, 60.0, 0.60),
        ('acme', date '2026-11-02', 'AI credits', 'gpt-5', 1, 10.0, 0.10, 10.0, 0.10),
        ('acme', date '2026-11-02', 'AI credits', 'gpt-5', 2, 5.0, 0.05, 5.0, 0.05),
        ('acme', date '2026-11-02', 'AI credits', 'claude', 1, 50.0, 0.50, 50.0, 0.50)
    ) as t (enterprise_slug, day, sku, model, line,
            gross_quantity, gross_amount, net_quantity, net_amount);
    create table cost.github_copilot_seats as
    select *, timestamp '2026-11-03 06:00' as fetched_at from (values
        ('acme', 1, 'business', timestamp '2026-11-01'),
        ('acme', 3, 'business', timestamp '2026-09-01'),
        ('acme', 3, 'enterprise', timestamp '2026-09-01'),
        ('acme', 4, 'business', null),
        ('acme', 5, 'unknown', null),
        ('acme', null, 'business', null)
    ) as t (enterprise_slug, user_id, plan_type, last_activity_at);
    -- As tap-github of MeltanoLabs has them, as far as the recipe reads them.
    create table cost.teams (org text, id bigint, name text, slug text);
    insert into cost.teams values
        ('octo', 10, 'Core', 'core'), ('octo', 11, 'Docs', 'docs'), ('hexa', 20, 'Core', 'core');
    create table cost.team_members (org text, team_slug text, id bigint, login text);
    insert into cost.team_members values
        ('octo', 'core', 1, 'ann'), ('octo', 'core', 3, 'cat'), ('octo', 'docs', 3, 'cat'),
        ('hexa', 'core', 2, 'bob');
"""


@pytest.fixture(scope="module", autouse=True)
def _tables(loaded: Loaded) -> None:
    with psycopg.connect(loaded.database.url) as connection:
        connection.execute(TABLES.encode())


def answer(loaded: Loaded, recipe: str) -> list[tuple[Any, ...]]:
    return [tuple(r.values()) for r in loaded.database.rows_in(SCHEMA, recipes()[recipe])]


def test_net_cost_adds_up_lines_of_one_product(loaded: Loaded) -> None:
    assert answer(loaded, "Net cost by day, SKU and model") == [
        (date(2026, 10, 30), "AI credits", "gpt-5", 60, Decimal("0.60")),
        (date(2026, 11, 2), "AI credits", "claude", 50, Decimal("0.50")),
        (date(2026, 11, 2), "AI credits", "gpt-5", 15, Decimal("0.15")),
    ]


def test_cost_per_active_person(loaded: Loaded) -> None:
    assert answer(loaded, "Cost per active person") == [
        ("acme", date(2026, 10, 1), Decimal("0.60"), 1, Decimal("0.60")),
        ("acme", date(2026, 11, 1), Decimal("0.65"), 2, Decimal("0.33")),
    ]


def test_idle_seats_in_money(loaded: Loaded) -> None:
    # A person with two seats costs the dearer one; a plan without a price costs nobody knows what.
    assert answer(loaded, "Idle seats in money") == [
        ("business", 1, Decimal("19.00")),
        ("enterprise", 1, Decimal("39.00")),
        ("unknown", 1, None),
    ]


def test_credits_of_people_beside_the_billed_quantity(loaded: Loaded) -> None:
    assert answer(loaded, "Credits of people against the billed quantity") == [
        ("acme", date(2026, 10, 30), Decimal("120.5"), Decimal("100.0"), Decimal("-20.5")),
        ("acme", date(2026, 11, 2), Decimal("10.25"), Decimal("65.0"), Decimal("54.75")),
        ("acme", date(2026, 11, 3), Decimal(4), None, None),
    ]


def test_teams_with_the_members_of_tap_github(loaded: Loaded) -> None:
    assert answer(loaded, "Adoption by team, with the members from tap-github") == [
        ("hexa", "Core", 1, 1),
        ("octo", "Core", 2, 1),
        ("octo", "Docs", 1, 0),
    ]

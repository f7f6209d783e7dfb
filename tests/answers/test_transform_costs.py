"""What Copilot costs, by the dbt models, over small tables with known answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.support import dbt_project as dbt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow
# The newest version of 2 November has two lines of one product; an older one stands beside it,
# and one line stands twice, as a loader that appends leaves them.
TABLES = """
    create schema github_copilot;
    use github_copilot;
    create table github_copilot_daily_usages as
    select *, timestamp '2026-11-05' as fetched_at from (values
        ('acme', date '2026-10-30', 1, 'ann', true, 120.5),
        ('acme', date '2026-11-02', 1, 'ann', true, 10.25),
        ('acme', date '2026-11-02', 2, 'bob', true, null),
        ('acme', date '2026-11-03', 2, 'bob', false, 4),
        ('globex', date '2026-11-03', 2, 'bob', true, 4)
    ) as t (enterprise_slug, day, user_id, user_login, active, ai_credits_used);
    create table github_copilot_daily_ai_credits as
    select * replace (day::date as day, fetched_at::timestamp as fetched_at),
        'Copilot' as product, 'credits' as unit_type
    from (values
        ('acme', '2026-10-30', 'AI', 'gpt-5', 1, 100.0, 1.00, 60.0, 0.60, '2026-11-01'),
        ('acme', '2026-11-02', 'AI', 'gpt-5', 1, 99.0, 0.99, 99.0, 0.99, '2026-11-03'),
        ('acme', '2026-11-02', 'AI', 'gpt-4', 1, 99.0, 0.99, 99.0, 0.99, '2026-11-03'),
        ('acme', '2026-11-02', 'AI', 'gpt-5', 1, 10.0, 0.10, 10.0, 0.10, '2026-11-04'),
        ('acme', '2026-11-02', 'AI', 'gpt-5', 1, 10.0, 0.10, 10.0, 0.10, '2026-11-04'),
        ('acme', '2026-11-02', 'AI', 'gpt-5', 2, 5.0, 0.05, 5.0, 0.05, '2026-11-04'),
        ('acme', '2026-11-02', 'AI', 'claude', 1, 50.0, 0.50, 50.0, 0.50, '2026-11-04'),
        ('globex', '2026-11-04', 'AI', 'claude', 1, 0.123456789, 1.0, 1.0, 0.01, '2026-11-05')
    ) as t (enterprise_slug, day, sku, model, line,
            gross_quantity, gross_amount, net_quantity, net_amount, fetched_at);
    create table github_copilot_seats as
    select *, case when seat_id = 'gone' then timestamp '2026-11-03' else timestamp '2026-11-04' end
        as fetched_at
    from (values
        ('acme', 's1', 1, 'business', timestamp '2026-11-01'),
        ('acme', 's1', 1, 'business', timestamp '2026-11-01'),
        ('acme', 's2', 3, 'business', timestamp '2026-09-01'),
        ('acme', 's3', 3, 'enterprise', timestamp '2026-09-01'),
        ('acme', 's4', 4, 'business', null),
        ('acme', 's5', 5, 'unknown', null),
        ('acme', 's6', null, 'business', null),
        ('acme', 'gone', 6, 'business', null)
    ) as t (enterprise_slug, seat_id, user_id, plan_type, last_activity_at);
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("costs")
    with duckdb.connect(folder / "copilot.duckdb") as database:
        database.execute(TABLES)
    dbt.build_in_duckdb(folder / "copilot.duckdb", "github_copilot", folder)
    return folder


@pytest.fixture
def ask(folder: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    def answer(query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(folder / "copilot.duckdb") as database:
            return database.execute("use answers; " + query).fetchall()

    return answer


def test_daily_costs_add_up_the_lines_of_the_newest_version(ask: Any) -> None:
    query = "select scope, day, model, net_quantity, net_usd from github_copilot__daily_costs"
    assert ask(query + " order by 1, 2, 3") == [
        ("acme", date(2026, 10, 30), "gpt-5", 60, Decimal("0.60")),
        ("acme", date(2026, 11, 2), "claude", 50, Decimal("0.50")),
        ("acme", date(2026, 11, 2), "gpt-5", 15, Decimal("0.15")),
        ("globex", date(2026, 11, 4), "claude", 1, Decimal("0.01")),
    ]


def test_monthly_costs_by_active_person(ask: Any) -> None:
    query = "select scope, month, net_usd, active_people, net_usd_per_active_person"
    assert ask(query + " from github_copilot__monthly_costs order by 1, 2") == [
        ("acme", date(2026, 10, 1), Decimal("0.60"), 1, 0.60),
        ("acme", date(2026, 11, 1), Decimal("0.65"), 2, pytest.approx(0.325, abs=0.006)),
        ("globex", date(2026, 11, 1), Decimal("0.01"), 1, 0.01),
    ]


def test_credits_of_people_beside_what_was_billed(ask: Any) -> None:
    query = "select scope, day, credits_of_people, people_with_credits, billed_quantity, difference"
    assert ask(query + " from github_copilot__credit_reconciliation order by 1, 2") == [
        ("acme", date(2026, 10, 30), Decimal("120.5"), 1, 100, Decimal("-20.5")),
        ("acme", date(2026, 11, 2), Decimal("10.25"), 1, 65, Decimal("54.75")),
        ("acme", date(2026, 11, 3), 4, 1, None, None),
        ("globex", date(2026, 11, 3), 4, 1, None, None),
        ("globex", date(2026, 11, 4), None, None, Decimal("0.123456789"), None),
    ]


def test_credits_of_a_person_in_money(ask: Any) -> None:
    query = "select scope, month, user_id, credits, credits_usd from github_copilot__person_credits"
    assert ask(query + " order by 1, 2, 3") == [
        ("acme", date(2026, 10, 1), 1, Decimal("120.5"), Decimal("1.205")),
        ("acme", date(2026, 11, 1), 1, Decimal("10.25"), Decimal("0.1025")),
        ("acme", date(2026, 11, 1), 2, 4, Decimal("0.04")),
        ("globex", date(2026, 11, 1), 2, 4, Decimal("0.04")),
    ]


SEAT_COSTS = """
    select plan_type, seats, idle_seats, usd_per_month, idle_usd_per_month
    from github_copilot__seat_costs order by 1
"""


def test_seats_cost_the_dearest_plan_of_a_person_once(ask: Any) -> None:
    assert ask(SEAT_COSTS) == [
        ("business", 2, 1, 38, 19),
        ("enterprise", 1, 1, 39, 39),
        ("unknown", 1, 1, None, None),
    ]
    grants = "select user_id, grants from github_copilot__seats order by 1"
    assert ask(grants) == [(1, 1), (3, 2), (4, 1), (5, 1)]


@pytest.mark.parametrize(
    ("price", "costs"),
    [
        # A person with a seat of a plan without a price costs the other seat.
        ({"business": 10.5, "unknown": 0}, [("business", 31.5), ("unknown", 0)]),
        (7, [("business", 21), ("unknown", 7)]),
    ],
)
def test_the_price_of_a_seat_is_a_variable(
    folder: Path, ask: Any, price: Any, costs: list[tuple[str, float]]
) -> None:
    project = dbt.in_duckdb(folder / "copilot.duckdb", folder)
    project.build(
        *("--select", "+github_copilot__seat_costs"),
        raw_schema="github_copilot",
        seat_price=price,
    )
    assert [(row[0], float(row[3])) for row in ask(SEAT_COSTS)] == costs

"""Airflow 3: a task for each piece of a run, found anew in every run of the DAG.

Put this file and github_copilot_shards.py into the DAGs folder. The pool says how many
pieces may use the credential at once; make it before the first run:
`airflow pools set github_copilot 2 "GitHub asks for few calls at once"`.

Once all pieces are loaded, every table is updated as an asset of its name: schedule what
comes after on them, such as `@dag(schedule=[Asset("github_copilot_daily_usages")])` for dbt.
"""

from __future__ import annotations

from datetime import UTC, datetime

import github_copilot_shards as copilot
from airflow.sdk import Asset, dag, get_current_context, task


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": copilot.RETRIES, "retry_delay": copilot.RETRY_DELAY},
    tags=["github", "copilot"],
)
def github_copilot() -> None:
    """Read GitHub's Copilot reports, every day."""

    @task
    def cut() -> list[copilot.Shard]:
        return copilot.shards()

    @task(pool="github_copilot", map_index_template="{{ state_id }}")
    def load(shard: copilot.Shard) -> None:
        context = get_current_context()
        context["state_id"] = shard["state_id"]
        copilot.load(shard, again=context["ti"].try_number > 1)

    @task(outlets=[Asset(table) for table in copilot.TABLES])
    def update_tables() -> None:
        """Tells that the tables are up to date; a piece that failed keeps it from running."""

    load.expand(shard=cut()) >> update_tables()


github_copilot()

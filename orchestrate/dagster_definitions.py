"""Dagster: a partition for each piece of a run, found anew by every tick of the schedule.

Each table is an asset, which dbt's models and alerts can depend on; all of them are loaded by
one step.

`dagster dev -f orchestrate/dagster_definitions.py`, with github_copilot_shards.py beside
it. How many pieces may use the credential at once stands in dagster.yaml:
`concurrency: {pools: {default_limit: 2}}`.
"""

from collections.abc import Iterator
from typing import Any

import dagster
import github_copilot_shards as copilot

PIECES = dagster.DynamicPartitionsDefinition(name="github_copilot_shards")
RETRY = dagster.RetryPolicy(copilot.RETRIES, copilot.RETRY_DELAY.total_seconds())


class Piece(dagster.Config):  # type: ignore[misc]  # not here where types are checked
    """The settings of a partition's piece; empty by hand: the pieces are then listed."""

    settings: dict[str, Any] = {}  # noqa: RUF012 - read by Pydantic, which copies it


@dagster.multi_asset(
    specs=[dagster.AssetSpec(table) for table in copilot.TABLES],
    group_name="github_copilot",
    partitions_def=PIECES,
    pool="github_copilot",
    retry_policy=RETRY,
)
def github_copilot(
    context: dagster.AssetExecutionContext, config: Piece
) -> Iterator[dagster.MaterializeResult]:
    """The tables of GitHub's Copilot reports, as far as one piece fills them."""
    state_id = context.partition_key
    settings = config.settings or {s["state_id"]: s["settings"] for s in copilot.shards()}[state_id]
    copilot.load({"settings": settings, "state_id": state_id}, again=context.retry_number > 0)
    for table in copilot.TABLES:
        yield dagster.MaterializeResult(asset_key=table)


all_pieces = dagster.define_asset_job(
    "all_pieces", selection=dagster.AssetSelection.groups("github_copilot")
)


@dagster.schedule(job=all_pieces, cron_schedule="0 6 * * *")
def every_day(context: dagster.ScheduleEvaluationContext) -> Iterator[dagster.RunRequest]:
    """A run for each piece."""
    found = copilot.shards()
    context.instance.add_dynamic_partitions(PIECES.name, [shard["state_id"] for shard in found])
    for shard in found:
        config = dagster.RunConfig(ops={"github_copilot": Piece(settings=shard["settings"])})
        key = f"{shard['state_id']} {context.scheduled_execution_time.isoformat()}"
        yield dagster.RunRequest(key, partition_key=shard["state_id"], run_config=config)


definitions = dagster.Definitions(assets=[github_copilot], jobs=[all_pieces], schedules=[every_day])

"""Airflow and Dagster load six pieces into one PostgreSQL, as one run would."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from demo import postgres
from demo.pipeline import PROJECT
from simulator.server import Simulator
from simulator.world import World
from tests.engines.scene import ENGINES, LOGINS, STATE_IDS, Scene, contexts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.postgres import Database

AIRFLOW = PROJECT / ".cache" / "airflow" / "bin" / "airflow"
DAGSTER = PROJECT / ".cache" / "dagster" / "bin"
MAX_CONCURRENT = 3
TICK = """\
import datetime, json, dagster, dagster_definitions as d
with dagster.DagsterInstance.get() as instance:
    context = dagster.build_schedule_context(
        instance,
        scheduled_execution_time=datetime.datetime.now(datetime.UTC),
        repository_def=d.definitions.get_repository_def(),
    )
    for request in d.every_day.evaluate_tick(context).run_requests:
        print("RUN", json.dumps([request.partition_key, request.run_config]))
"""


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres.embedded() as server:
        yield server


@pytest.fixture(scope="module")
def github() -> Iterator[Simulator]:
    world = World()
    for login in LOGINS:
        world.add(f"/orgs/{login}", people=6)
    with Simulator(world) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def single(
    database: Database, github: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """All rows as one run loads them; it sets up Meltano's plugins, too."""
    scene = Scene(database, github, "single_run", tmp_path_factory.mktemp("single"))
    scene.pipeline.run()
    return scene.tables()


def assert_as_one_run(scene: Scene, single: dict[str, list[str]]) -> None:
    tables = scene.tables()
    counts = {name: len(rows) for name, rows in tables.items()}
    print(f"{scene.schema}: {counts}")
    print(f"single run: {dict(zip(single, map(len, single.values()), strict=True))}")
    assert all(counts.values())
    assert tables == single
    assert scene.killed
    for login in LOGINS:
        assert contexts(scene.state(STATE_IDS[login])) == {login}


def test_airflow(
    database: Database, github: Simulator, single: dict[str, list[str]], tmp_path: Path
) -> None:
    scene = Scene(database, github, "by_airflow", tmp_path)
    dags = tmp_path / "dags"
    dags.mkdir()
    for name in ("airflow_dag.py", "github_copilot_shards.py"):
        shutil.copy(ENGINES / name, dags)
    variables = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "GITHUB_COPILOT_RETRY_SECONDS": "1",
    }
    scene.run(AIRFLOW, "db", "migrate", **variables)
    scene.run(AIRFLOW, "pools", "set", "github_copilot", "2", "few at once", **variables)
    with scene.killing_half_way():
        scene.run(AIRFLOW, "dags", "test", "github_copilot", **variables)
    assert_as_one_run(scene, single)


def test_dagster(
    database: Database, github: Simulator, single: dict[str, list[str]], tmp_path: Path
) -> None:
    scene = Scene(database, github, "by_dagster", tmp_path)
    (tmp_path / "dagster.yaml").write_text("concurrency: {pools: {default_limit: 2}}")
    variables = {
        "DAGSTER_HOME": str(tmp_path),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "GITHUB_COPILOT_RETRY_SECONDS": "1",
        "PYTHONPATH": str(ENGINES),
    }
    printed = scene.run(DAGSTER / "python", "-c", TICK, **variables)
    requests = [json.loads(li[4:]) for li in printed.splitlines() if li.startswith("RUN ")]
    assert [key for key, _ in requests] == [STATE_IDS[login] for login in LOGINS]

    def materialize(request: tuple[str, dict[str, object]]) -> str:
        key, config = request
        file = ENGINES / "dagster_definitions.py"
        words: list[str | Path] = [
            "asset",
            "materialize",
            "-f",
            file,
            "--select",
            "group:github_copilot",
        ]
        words += ["--partition", key, "--config-json", json.dumps(config)]
        return scene.run(DAGSTER / "dagster", *words, **variables)

    with scene.killing_half_way(), ThreadPoolExecutor(MAX_CONCURRENT) as pool:
        list(pool.map(materialize, requests))
    assert_as_one_run(scene, single)

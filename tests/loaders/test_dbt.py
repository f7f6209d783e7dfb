"""The dbt package in an emulated Snowflake and an emulated BigQuery, built twice.

The same kinds of change as in tests/answers/test_transform_current_rows.py, between the two builds.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import yaml

from tests.answers.test_transform_current_rows import (
    AFTER,
    BEFORE,
    EXPECTED_AFTER,
    EXPECTED_BEFORE,
    QUERY,
    people,
    statements,
)
from tests.loaders.environments import environment
from tests.loaders.servers import PROGRAMS, free_port, server
from tests.support.dbt_project import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

RAW = "github_copilot"
TYPES = {"text": "string", "bigint": "int64", "boolean": "bool"}


def run_sql(program: str, *arguments: str, texts: Sequence[str], **variables: str) -> list[object]:
    """The rows of the last statement."""
    name = "snowflake-server" if program.startswith("snowflake") else "bigquery-target"
    done = subprocess.run(
        [environment(name) / "python", PROGRAMS / program, *arguments],
        input=json.dumps(list(texts)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | variables,
    )
    rows: list[object] = json.loads(done.stdout)
    return rows


def build(name: str, output: dict[str, object], folder: Path, **variables: str) -> None:
    """`dbt build` with an adapter of its own environment."""
    profile = {"github_copilot": {"target": "test", "outputs": {"test": {"threads": 1} | output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile))
    done = subprocess.run(
        [
            *(environment(f"{name}-dbt") / "dbt", "build", "--no-use-colors", "--profiles-dir"),
            *(folder, "--vars", json.dumps({"raw_schema": RAW})),
        ],
        cwd=PACKAGE,
        env=os.environ
        | {"HOME": str(folder), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        | {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
        | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "WARN=0" in done.stdout, done.stdout[-5000:]


def assert_current_rows(
    ask: Callable[[list[str]], list[object]], build_now: Callable[[], None]
) -> None:
    """Build twice, and compare the current rows with what is expected after each."""
    for days, expected in ((BEFORE, EXPECTED_BEFORE), (AFTER, EXPECTED_AFTER)):
        ask(list(statements(RAW, "enterprise_slug", days)))
        build_now()
        for place, model in enumerate(("usages", "breakdowns")):
            query = QUERY.format(model=model).replace("from ", "from answers.")
            wanted = [[scope, str(day), person] for scope, day, person in people(expected, place)]
            assert ask([query]) == wanted, model


def test_snowflake(tmp_path: Path) -> None:
    port = free_port()
    command = (
        environment("snowflake-server") / "python",
        PROGRAMS / "snowflake_server.py",
        str(port),
    )
    output: dict[str, object] = {
        "type": "snowflake",
        "account": "a",
        "user": "u",
        "password": "p",
        "port": port,
        "host": "127.0.0.1",
        "protocol": "http",
        "database": "DB",
        "schema": "ANSWERS",
        "warehouse": "W",
    }
    with server(tmp_path, *command, says="ready"):
        assert_current_rows(
            lambda texts: run_sql("snowflake_sql.py", str(port), texts=texts),
            lambda: build("snowflake", output, tmp_path),
        )


def test_bigquery(tmp_path: Path) -> None:
    rest, grpc = free_port(), free_port()
    command = (
        environment("bigquery-server") / "python",
        PROGRAMS / "bigquery_server.py",
        *("start", "--rest-port", str(rest), "--grpc-port", str(grpc)),
    )
    address = f"http://127.0.0.1:{rest}"
    output: dict[str, object] = {
        "type": "bigquery",
        "method": "oauth-secrets",
        "token": "none",
        "project": "project",
        "dataset": "answers",
        "api_endpoint": address,
    }

    def ask(texts: list[str]) -> list[object]:
        names = re.compile(rf"(?<= )({'|'.join(TYPES)})(?=[,)])")
        known = [
            names.sub(lambda found: TYPES[found[1]], text) if "create table" in text else text
            for text in texts
        ]
        return run_sql("bigquery_sql.py", "project", texts=known, BIGQUERY_EMULATOR_HOST=address)

    with server(tmp_path, *command, says="grpc.listen"):
        assert_current_rows(
            ask, lambda: build("bigquery", output, tmp_path, BIGQUERY_EMULATOR_HOST=address)
        )

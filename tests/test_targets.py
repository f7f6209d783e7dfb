"""Every stream in real databases, compared row by row with what GitHub served, twice over."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from psycopg import sql

from demo import postgres
from demo.pipeline import Pipeline
from simulator import seats
from simulator.server import Simulator
from simulator.world import TOTALS as TOTALS_REPORTS
from simulator.world import USERS, World
from tap_github_copilot.scopes import Level
from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.environments import environment
from tests.support.expected_tables import (
    BREAKDOWNS,
    KEYS,
    LEDGER,
    REPOSITORIES,
    SEATS,
    TEAMS,
    TOTALS,
    USAGES,
    Truth,
    differences,
    schema_of,
)
from tests.support.tap_runs import config_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demo.postgres import Database
    from tests.support.expected_tables import Row

ACME = "/enterprises/acme"
ORGANIZATIONS = ("/orgs/octo-org", "/orgs/octo-lab", "/orgs/octo-web")
STREAMS = [*KEYS]
LONG = "a_name_of_more_than_sixty_bytes_" * 3
MANY = 2**62
INVENTED: Row = {"deep": [{"deeper": [None, 0.5, 2**40, False, ""]}], LONG: None}
TAP = Path(sys.executable).with_name("tap-github-copilot")

Tables = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Load:
    """One of two loads of the same tables.

    Args:
        truth: What had to be in them afterwards.
        tables: What was.
    """

    truth: Tables
    tables: Tables


def put_odd_rows(world: World, path: str, day: date) -> None:
    """Put what GitHub may do tomorrow into every report of a day, and into the seats."""
    place = world.scopes[path]
    base: Row = {"day": day.isoformat(), **place.ids}
    tokens = {"prompt_tokens_sum": MANY, "output_tokens_sum": MANY, "avg_tokens_per_request": None}
    cli = {"session_count": 1, "token_usage": tokens | {"invented": MANY}, "invented": INVENTED}
    person = base | {"user_login": LONG, "invented": INVENTED, LONG: 0, "loc_added_sum": MANY}
    person |= {
        "totals_by_cli": cli,
        "totals_by_ide": [{"ide": LONG, "loc_added_sum": MANY, "invented": INVENTED}, None],
        "totals_by_language_model": [None, {"language": LONG, "model": "ä"}, {"language": LONG}],
        f"totals_by_{LONG}": [{LONG: "x", "interaction_count": MANY}, None, {LONG: "x"}],
        "ai_adoption_phase": {"phase": "Phase 9", "invented": INVENTED},
        "ai_credits_used": 0.001,
    }
    nulls = {name: None for name in schema_of(USAGES)["properties"] if name.startswith("totals_")}
    idle = base | {"user_id": 3, **nulls, "used_cli": None, "distinct_skill_use_count": None}
    pulls = {"total_created": MANY, "median_minutes_to_merge": None, "invented": INVENTED}
    totals = base | {"daily_active_users": MANY, "pull_requests": pulls, "invented": INVENTED}
    totals |= {"totals_by_cli": cli, "totals_by_feature": [None, {"invented": INVENTED}]}
    totals |= {"totals_by_mcp": None, "totals_by_copilot_app": None}
    repository = base | {"repo_id": MANY, "repo_name": LONG, "invented": INVENTED}
    repository |= {"pull_requests": pulls, "pull_request_review_times": [{"invented": INVENTED}]}
    team = base | {"team_id": MANY, "slug": LONG, "invented": INVENTED}
    for report, rows in (
        (USERS, [person | {"user_id": MANY}, person | {"user_id": 2}, idle]),
        ("user-teams-1-day", [team | {"user_id": MANY}, team | {"user_id": 2, "slug": None}]),
        (next(name for name in TOTALS_REPORTS if name[:3] in path), [totals]),
        ("repos-1-day", [repository, base | {"repo_id": 2, "pull_requests": None}]),
    ):
        world.put[path, report, day] = [msgspec.json.Encoder().encode_lines(rows)]
    listed = seats.made_up(place, world.today)
    listed[0] |= {"invented": INVENTED, "assigning_team": {"id": MANY, "name": LONG, "x": INVENTED}}
    place.seats = [*listed, {"created_at": "2026-01-01T01:00:00+05:30", "assignee": None}]


def restate(world: World, path: str, day: date) -> None:
    """Let GitHub correct all reports of a day; no row of it goes."""
    cli = {"totals_by_cli": {"session_count": MANY}, "used_chat": None}
    changes: dict[str, Callable[[Row], Row]] = {
        USERS: lambda row: cli | {"ai_credits_used": row.get("ai_credits_used", 0) + 1},
        "user-teams-1-day": lambda row: {"slug": row["slug"] + "-renamed"},
        "repos-1-day": lambda row: {"repo_name": row["repo_name"] + "-renamed"},
        **dict.fromkeys(
            TOTALS_REPORTS, lambda row: {"daily_active_users": MANY, "new": row["day"]}
        ),
    }
    for report, change in changes.items():
        if report not in TOTALS_REPORTS or report[:3] in path:
            rows = [row | change(row) for row in world.rows(path, day, report)]
            assert rows
            world.put[path, report, day] = [msgspec.json.Encoder().encode_lines(rows)]


def load_twice(
    truth: Truth, load: Callable[[], object], read: Callable[[str], list[dict[str, Any]]]
) -> list[Load]:
    """Load all streams, let GitHub restate a day of each scope, load them once more."""
    loads = []
    for _ in range(2):
        load()
        wanted = {stream: truth.rows(stream) for stream in STREAMS}
        loads.append(Load(wanted, {stream: read(stream) for stream in STREAMS}))
        for path in truth.world.scopes:
            restate(truth.world, path, truth.world.today - timedelta(days=3))
    return loads


@contextmanager
def odd_enterprise() -> Iterator[tuple[Simulator, Truth]]:
    """A small enterprise with a day full of what nobody has seen yet."""
    world = World()
    world.add(ACME, people=25)
    first_day = world.today - timedelta(days=18)
    put_odd_rows(world, ACME, world.today - timedelta(days=8))
    world.put[ACME, USERS, world.today - timedelta(days=9)] = [b""]
    world.put[ACME, USERS, world.today - timedelta(days=16)] = None
    with Simulator(world) as github:
        yield github, Truth(world, first_day)


def settings_of(github: Simulator, truth: Truth) -> dict[str, Any]:
    return config_for(github, start_date=truth.first.isoformat())


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres.embedded() as server:
        yield server


def table(database: Database, schema: str, stream: str) -> list[dict[str, Any]]:
    named = sql.SQL("select * from {}.{}").format(sql.Identifier(schema), sql.Identifier(stream))
    return database.rows(named)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def meltanolabs(database: Database, tmp_path_factory: pytest.TempPathFactory) -> list[Load]:
    """Through Meltano and its target-postgres."""
    with odd_enterprise() as (github, truth):
        folder = tmp_path_factory.mktemp("meltanolabs")
        pipeline = Pipeline(database, "odd", folder, settings_of(github, truth))
        return load_twice(truth, pipeline.run, lambda stream: table(database, "odd", stream))


@pytest.fixture(scope="module")
def jsonl(database: Database, tmp_path_factory: pytest.TempPathFactory) -> list[Load]:
    """Through Meltano and target-jsonl, which appends: the newest row of each key counts."""

    def read(stream: str) -> list[dict[str, Any]]:
        lines = (folder / f"{stream}.jsonl").read_text().splitlines()
        rows = sorted(map(json.loads, lines), key=lambda row: str(row["fetched_at"]))
        names = ("seat_id",) if stream == SEATS else KEYS[stream]
        return [*{tuple(row[name] for name in names): row for row in rows}.values()]

    with odd_enterprise() as (github, truth):
        folder = tmp_path_factory.mktemp("jsonl")
        more = {"TARGET_JSONL_DESTINATION_PATH": str(folder)}
        settings = settings_of(github, truth)
        pipeline = Pipeline(database, "jsonl", folder, settings, loader="target-jsonl", more=more)
        return load_twice(truth, pipeline.run, read)


@pytest.fixture(scope="module")
def pipelinewise(database: Database, tmp_path_factory: pytest.TempPathFactory) -> list[Load]:
    """Piped into PipelineWise's target-postgres, whose last line is the next run's state."""
    target = environment("pipelinewise-target-postgres==2.1.2") / "target-postgres"
    folder = tmp_path_factory.mktemp("pipelinewise")
    config, state, into = (folder / f"{name}.json" for name in ("config", "state", "target"))
    [host] = database.rows("show unix_socket_directories")
    connection = {"host": host["unix_socket_directories"], "port": 5432, "dbname": "postgres"}
    login = {"user": "postgres", "password": "not asked for"}
    into.write_text(json.dumps(connection | login | {"default_target_schema": "pipelinewise"}))

    def load() -> None:
        known = ["--state", str(state)] if state.exists() else []
        read = [str(TAP), "--config", str(config), *known]
        with subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tap:
            done = subprocess.run(
                [str(target), "--config", str(into)],
                stdin=tap.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        assert (tap.returncode, done.returncode) == (0, 0), done.stderr
        state.write_text(done.stdout.splitlines()[-1])

    with odd_enterprise() as (github, truth):
        config.write_text(json.dumps(settings_of(github, truth)))
        return load_twice(truth, load, lambda stream: table(database, "pipelinewise", stream))


@pytest.fixture(scope="module")
def three_organizations(database: Database, tmp_path_factory: pytest.TempPathFactory) -> list[Load]:
    """Ninety days of two hundred people in three organizations, through Meltano.

    The first load is cut in two: one run may start only 800 calls a minute.
    """
    world = World()
    for path, people in zip(ORGANIZATIONS, (70, 70, 60), strict=True):
        world.add(path, people)
    truth = Truth(world, world.today - timedelta(days=90))
    put_odd_rows(world, ORGANIZATIONS[0], world.today - timedelta(days=40))
    with Simulator(world) as github:
        folder = tmp_path_factory.mktemp("three_organizations")
        pipeline = Pipeline(database, "three", folder, settings_of(github, truth))
        end = {"end_date": (truth.first + timedelta(days=44)).isoformat()}
        replace(pipeline, settings=pipeline.settings | end).run()
        return load_twice(truth, pipeline.run, lambda stream: table(database, "three", stream))


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("target", ["meltanolabs", "pipelinewise", "jsonl", "three_organizations"])
def test_every_row_equals_githubs_twice_over(
    request: pytest.FixtureRequest, target: str, stream: str
) -> None:
    loads: list[Load] = request.getfixturevalue(target)
    for load in loads:
        assert differences(stream, load.truth[stream], load.tables[stream]) == []
        assert len(load.tables[stream]) == len(load.truth[stream]) > 0
    restated = loads[0].truth[stream] != loads[1].truth[stream]
    assert restated is (stream != SEATS)


@pytest.mark.parametrize("stream", STREAMS)
def test_counts_and_sums_of_90_days_3_organizations_and_200_people_are_githubs(
    three_organizations: list[Load], database: Database, stream: str
) -> None:
    truth = three_organizations[-1].truth[stream]
    numbers = [
        name
        for name, column in schema_of(stream)["properties"].items()
        if {"integer", "number"} & {*column["type"]} or column["type"] == "integer"
    ]
    sums = sql.SQL(", ").join(sql.SQL("sum({0}) as {0}").format(sql.Identifier(n)) for n in numbers)
    query = sql.SQL("select count(*) as rows{}{} from three.{}").format(
        sql.SQL(", " if numbers else ""), sums, sql.Identifier(stream)
    )
    [found] = database.rows(query)  # type: ignore[arg-type]
    assert found.pop("rows") == len(truth)
    for name in numbers:
        values = [Decimal(str(row[name])) for row in truth if name in row]
        assert found[name] == (sum(values) if values else None), name


def test_the_load_is_as_large_as_it_says(three_organizations: list[Load]) -> None:
    usages = three_organizations[-1].truth[USAGES]
    assert len({row["day"] for row in usages}) == 89  # yesterday's report is not out
    assert len({row["organization_id"] for row in usages}) == 3
    assert len({row["user_id"] for row in usages}) > 150
    assert sum(row.get("loc_added_sum", 0) for row in usages) > 2**63


@pytest.mark.parametrize("target", ["meltanolabs", "pipelinewise", "jsonl", "three_organizations"])
def test_fields_invented_at_every_level_arrive(request: pytest.FixtureRequest, target: str) -> None:
    [_, load] = request.getfixturevalue(target)
    tables: Tables = load.tables
    [person] = [row for row in tables[USAGES] if row["user_id"] == MANY]
    assert person["extra_fields"]["invented"] == INVENTED
    assert person["extra_fields"][LONG] == 0
    assert person["totals_by_ide"] == [
        {"ide": LONG, "loc_added_sum": MANY, "invented": INVENTED},
        None,
    ]
    assert person["totals_by_cli"]["token_usage"]["invented"] == MANY
    long = [row for row in tables[BREAKDOWNS] if (row["user_id"], row["breakdown"]) == (MANY, LONG)]
    assert sorted((row["breakdown_key"], row["interaction_count"]) for row in long) == [
        ('["x"]', MANY),
        ('["x"]#2', None),
    ]
    [cli] = [r for r in tables[BREAKDOWNS] if (r["user_id"], r["breakdown"]) == (MANY, "cli")]
    assert (cli["prompt_tokens_sum"], cli["output_tokens_sum"]) == (MANY, MANY)
    assert cli["extra_fields"] == {"invented": INVENTED, "token_usage": {"invented": MANY}}
    for stream in (TEAMS, REPOSITORIES, SEATS):
        assert [row["extra_fields"] for row in tables[stream] if row["extra_fields"]].count(
            {"invented": INVENTED}
        ) == (2 if stream == TEAMS else 1)
    [day] = [r for r in tables[TOTALS] if r["extra_fields"] == {"invented": INVENTED}]
    assert day["pull_requests"]["invented"] == INVENTED
    assert day["totals_by_feature"] == [None, {"invented": INVENTED}]


def test_a_day_that_never_was_and_an_empty_one_are_told_apart(meltanolabs: list[Load]) -> None:
    rows = {
        str(row["day"]): row for row in meltanolabs[-1].tables[LEDGER] if row["report"] == USERS
    }
    today = datetime.now(UTC).date()
    found = {
        age: (row["status"], row["row_count"])
        for age in (1, 9, 16)
        for row in [rows[(today - timedelta(days=age)).isoformat()]]
    }
    assert found == {1: ("pending", None), 9: ("loaded", 0), 16: ("empty", None)}


@pytest.mark.parametrize(
    ("stream", "column", "kind"),
    [
        (USAGES, "day", "date"),
        (USAGES, "user_id", "bigint"),
        (USAGES, "ai_credits_used", "numeric"),
        (USAGES, "active", "boolean"),
        (USAGES, "totals_by_ide", "jsonb[]"),
        (USAGES, "totals_by_cli", "jsonb"),
        (BREAKDOWNS, "prompt_tokens_sum", "bigint"),
        (BREAKDOWNS, "avg_tokens_per_request", "numeric"),
        (LEDGER, "byte_count", "bigint"),
        (SEATS, "fetched_at", "timestamp without time zone"),
    ],
)
def test_a_column_has_the_type_that_the_recipes_count_on(
    meltanolabs: list[Load], database: Database, stream: str, column: str, kind: str
) -> None:
    assert meltanolabs
    [found] = database.rows(
        "select format_type(atttypid, atttypmod) as kind from pg_attribute "
        "where attrelid = ('odd.' || %(stream)s)::regclass and attname = %(column)s",
        stream=stream,
        column=column,
    )
    assert found["kind"] == kind


# Both print {table: {column: type}} for the schemas that they are given.
BIGQUERY = """
import json, sys
from target_bigquery.core import SchemaTranslator
tables = json.load(sys.stdin)
def types(schema):
    fields = SchemaTranslator(schema, {}).translated_schema
    return {f.name: f.field_type.upper() + " " + f.mode for f in fields}
print(json.dumps({name: types(table["schema"]) for name, table in tables.items()}))
"""
SNOWFLAKE = """
import json, re, sys
import sqlalchemy
from target_snowflake.connector import SnowflakeConnector
URL = "snowflake://user:password@account/database"
said = []
engine = sqlalchemy.create_mock_engine(
    URL, lambda ddl, *_, **__: said.append(str(ddl.compile(dialect=engine.dialect)))
)
class Offline(SnowflakeConnector):
    def create_engine(self):
        return engine
connector = Offline(config={"database": "database"}, sqlalchemy_url=URL)
def types(name, table):
    said.clear()
    connector.create_empty_table(f"database.copilot.{name}", table["schema"], table["keys"])
    [ddl] = said
    columns = dict(re.findall(r"^\\t(?!PRIMARY)\\W?(\\w+)\\W? (\\w+)", ddl, re.MULTILINE))
    return columns | {"primary key": re.search(r"PRIMARY KEY \\((.*)\\)", ddl)[1]}
print(json.dumps({name: types(name, table) for name, table in json.load(sys.stdin).items()}))
"""


def tables_at(level: Level) -> dict[str, Any]:
    tap = TapGitHubCopilot(config={f"{level}s": ["somebody"]}, validate_config=False)
    return {
        stream["tap_stream_id"]: {"schema": stream["schema"], "keys": stream["key_properties"]}
        for stream in tap.catalog_dict["streams"]
    }


def answer(commands: Path, script: str, tables: dict[str, Any]) -> dict[str, dict[str, str]]:
    done = subprocess.run(
        [str(commands / "python"), "-W", "ignore", "-c", script],
        input=json.dumps(tables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def kinds(schema: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    """The type that each column should have, by its JSON type or format."""
    found = {}
    for name, column in schema["properties"].items():
        types = column["type"] if isinstance(column["type"], list) else [column["type"]]
        found[name] = names[column.get("format", next(kind for kind in types if kind != "null"))]
    return found


@pytest.mark.parametrize("level", list(Level))
def test_bigquery_gets_a_column_of_the_right_type_for_every_property(level: Level) -> None:
    commands = environment("z3-target-bigquery==0.7.2", "setuptools<80")
    tables = tables_at(level)
    names = {
        "string": "STRING NULLABLE",
        "integer": "INTEGER NULLABLE",
        "number": "FLOAT NULLABLE",
        "boolean": "BOOLEAN NULLABLE",
        "date": "DATE NULLABLE",
        "date-time": "TIMESTAMP NULLABLE",
        "object": "JSON NULLABLE",
        "array": "JSON REPEATED",
    }
    assert answer(commands, BIGQUERY, tables) == {
        stream: kinds(table["schema"], names) for stream, table in tables.items()
    }


@pytest.mark.parametrize("level", list(Level))
def test_snowflake_gets_a_column_of_the_right_type_for_every_property(level: Level) -> None:
    commands = environment("meltanolabs-target-snowflake==0.20.4")
    tables = tables_at(level)
    names = {
        "string": "VARCHAR",
        "integer": "DECIMAL",
        "number": "FLOAT",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "date-time": "TIMESTAMP_NTZ",
        "object": "VARIANT",
        "array": "VARIANT",
    }
    assert answer(commands, SNOWFLAKE, tables) == {
        stream: kinds(table["schema"], names) | {"primary key": ", ".join(table["keys"])}
        for stream, table in tables.items()
    }

"""The README's Meltano snippet in a project of its own, and what is said of Meltano elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from demo import postgres
from demo.pipeline import variables_of
from simulator.world import USERS, World
from tests.loaders.project import loader
from tests.support.meltano_project import MELTANO, ROOT, MeltanoProject, snippet
from tests.support.tap_runs import config_for
from tests.support.unusual_reports import restate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.postgres import Database
    from simulator.server import Simulator

ACME = "/enterprises/acme"
USAGES = "github_copilot_daily_usages"
RUN = ("run", "tap-github-copilot", "target-postgres")
STATE_ID = "dev:tap-github-copilot-to-target-postgres"
DAYS = 30
SCHEMA = "github_copilot"  # as the snippet has it
PIECES = """\
import json, sys
import github_copilot_shards as copilot

try:
    if len(sys.argv) > 1:
        copilot.load(json.loads(sys.argv[1]), again=False)
    else:
        print("PIECES", json.dumps(copilot.shards()))
except copilot.SettingsNotDeclaredError as error:
    print("REFUSED", error)
"""


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres.embedded() as server:
        yield server


@pytest.fixture
def world() -> World:
    world = World()  # of today: Meltano's tap has no other clock
    world.add(ACME, people=8)
    return world


@pytest.fixture
def first(world: World) -> date:
    """The first day that is read."""
    return world.today - timedelta(days=DAYS)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all projects keep their plugins' environments."""
    return tmp_path_factory.mktemp("installed")


def settings(github: Simulator, first: date) -> dict[str, Any]:
    return config_for(github, start_date=first.isoformat())


@pytest.fixture
def project(
    database: Database, github: Simulator, first: date, tmp_path: Path, installed: Path
) -> MeltanoProject:
    """The README's, into an empty database."""
    variables = variables_of(settings(github, first))
    variables["TARGET_POSTGRES_SQLALCHEMY_URL"] = database.sqlalchemy_url
    with psycopg.connect(database.url) as connection:
        connection.execute(f"drop schema if exists {SCHEMA} cascade")
    return MeltanoProject(tmp_path, snippet()["plugins"], variables, installed)


def engine(project: MeltanoProject, *arguments: str, **variables: str) -> str:
    """What an engine's file prints that uses `orchestrate/github_copilot_shards.py`."""
    path = f"{MELTANO.parent}:{project.environment['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", PIECES, *arguments],
        cwd=project.folder,
        env=project.environment
        | {"PYTHONPATH": str(ROOT / "orchestrate"), "PATH": path}
        | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return done.stdout


def usages_of(database: Database, day: date) -> list[dict[str, Any]]:
    """The rows of a day, by person."""
    return database.rows_in(
        SCHEMA,
        f"select user_id, ai_credits_used::float8 from {USAGES} where day = '{day}' order by 1",
    )


def expected(world: World, day: date) -> list[dict[str, Any]]:
    """What GitHub says of these columns."""
    found = world.truth(ACME, day, day)
    return [
        {"user_id": user, "ai_credits_used": row.get("ai_credits_used")}
        for (_, user), row in sorted(found.items())
    ]


def test_the_readme_loads_into_postgresql_and_a_piece_is_only_its_days(
    project: MeltanoProject, github: Simulator, world: World, database: Database, first: date
) -> None:
    printed = engine(project, GITHUB_COPILOT_SHARD_DAYS="10")
    pieces = json.loads(printed.partition("PIECES ")[2])
    assert len(pieces) > 2
    piece = pieces[0]
    last = date.fromisoformat(piece["settings"]["end_date"])
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]

    engine(project, json.dumps(piece))

    assert {*github.days_asked(ACME)} == {day.isoformat() for day in days}
    assert [usages_of(database, day) for day in days] == [expected(world, day) for day in days]


@pytest.mark.parametrize("undeclared", ["start_date", "end_date"])
def test_a_piece_whose_settings_do_not_arrive_is_refused(
    project: MeltanoProject, github: Simulator, first: date, undeclared: str
) -> None:
    plugins = snippet()["plugins"]
    [tap] = plugins["extractors"]
    tap["settings"] = [each for each in tap["settings"] if each["name"] != undeclared]
    short = MeltanoProject(project.folder, plugins, project.variables, project.installed)
    piece = {
        "settings": {
            "enterprises": ["acme"],
            "start_date": first.isoformat(),
            "end_date": (first + timedelta(days=9)).isoformat(),
        },
        "state_id": "piece",
    }

    printed = engine(short, json.dumps(piece))

    assert printed.startswith("REFUSED")
    assert f"says of {undeclared}:" in printed
    assert github.seen == []
    if undeclared == "start_date":
        assert f"says of {undeclared}:" in engine(short)


def test_one_day_is_loaded_again_and_the_state_stays(
    project: MeltanoProject, github: Simulator, world: World, database: Database
) -> None:
    pending = world.today - timedelta(days=10)
    again = world.today - timedelta(days=8)
    world.put[ACME, USERS, pending] = None
    project.meltano(*RUN)
    state = json.loads(project.meltano("state", "get", STATE_ID))
    restate(world, ACME, again)
    github.seen.clear()

    day = again.isoformat()
    recipe = {"TAP_GITHUB_COPILOT_START_DATE": day, "TAP_GITHUB_COPILOT_END_DATE": day}
    project.meltano("run", "--full-refresh", "--no-state-update", *RUN[1:], **recipe)

    assert {*github.days_asked(ACME)} == {day}
    assert usages_of(database, again) == expected(world, again)
    assert json.loads(project.meltano("state", "get", STATE_ID)) == state
    github.seen.clear()
    project.meltano(*RUN)
    assert pending.isoformat() in github.days_asked(ACME)


@pytest.mark.parametrize(
    ("tap", "logins"),
    [
        ({"config": {"stream_maps": {USAGES: {"user_login": None}}}}, True),
        ({"config": {"stream_maps": {USAGES: {"user_login": "__NULL__"}}}}, False),
        ({"select": ["*.*", "!*.user_login", "!github_copilot_seats.assignee"]}, False),
    ],
    ids=["null", "__NULL__", "deselected"],
)
def test_logins_stay_out_of_the_tables(
    github: Simulator,
    world: World,
    first: date,
    tmp_path: Path,
    installed: Path,
    tap: dict[str, Any],
    logins: bool,
) -> None:
    plugins = snippet()["plugins"] | {"loaders": [loader("target-jsonl")]}
    plugins["extractors"] = [plugins["extractors"][0] | tap]
    project = MeltanoProject(tmp_path, plugins, variables_of(settings(github, first)), installed)
    (tmp_path / "output").mkdir()
    project.meltano("run", "tap-github-copilot", "target-jsonl")
    table = (tmp_path / "output" / f"{USAGES}.jsonl").read_text()
    login = world.scopes[ACME].people[0].login
    assert (login in table) is logins
    assert '"user_id"' in table
    if "select" in tap:
        files = list((tmp_path / "output").iterdir())
        assert len(files) > 5
        assert not [file.name for file in files if login in file.read_text()]

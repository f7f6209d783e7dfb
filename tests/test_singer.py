"""What every Singer tap promises: schemas, keys, selection, maps, and state."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from singer_sdk.testing import get_tap_test_class

from simulator.access import TOKEN
from simulator.faults import FOR_EVER
from simulator.server import Simulator
from simulator.world import World
from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.daily_usages import (
    ACME,
    ago,
    catalog_of,
    closing,
    keys_of,
    metadata_of,
    read_usages,
    truth,
)
from tests.support.tap_process import COMMAND, Process
from tests.support.tap_runs import USAGES, Outcome, config_for, run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

SEATS = "github_copilot_seats"
OCTO = "/orgs/octo-org"
START = {"token": TOKEN, "start_date": ago(World().today, 12)}
ENTERPRISE: dict[str, Any] = START | {"enterprises": ["acme"]}
ORGANIZATION: dict[str, Any] = START | {"organizations": ["octo-org"]}
EnterpriseSuite: Any = get_tap_test_class(TapGitHubCopilot, config=ENTERPRISE)
OrganizationSuite: Any = get_tap_test_class(TapGitHubCopilot, config=ORGANIZATION)


class TestEnterprise(EnterpriseSuite):  # type: ignore[misc]  # made when it runs
    """The SDK's own tests, at enterprise level."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _github(cls) -> Iterator[None]:
        yield from serving(ACME, ENTERPRISE)


class TestOrganization(OrganizationSuite):  # type: ignore[misc]
    """The SDK's own tests, at organisation level."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _github(cls) -> Iterator[None]:
        yield from serving(OCTO, ORGANIZATION)


def serving(path: str, config: dict[str, Any]) -> Iterator[None]:
    """A simulated GitHub for as long as a configuration is in use."""
    world = World()
    world.add(path, people=20)
    with Simulator(world) as github:
        config["api_url"] = github.url
        yield


@pytest.fixture
def config(github: Simulator, world: World, today: date) -> dict[str, Any]:
    """Reads twelve days of an enterprise, all streams."""
    world.add(ACME, people=20)
    return config_for(github, start_date=ago(today, 12))


def of_type(outcome: Outcome, kind: str, stream: str | None = None) -> list[dict[str, Any]]:
    """The messages of a type, and of a stream if one is given."""
    return [m for m in outcome.messages if m["type"] == kind and stream in {None, m.get("stream")}]


def test_a_schema_comes_before_the_records_of_its_stream_and_they_keep_it(
    config: dict[str, Any], today: date
) -> None:
    outcome = run_tap(config, today)
    validators: dict[str, Draft202012Validator] = {}
    assert outcome.code == 0
    for message in outcome.messages:
        if message["type"] == "SCHEMA":
            assert message["stream"] not in validators
            validators[message["stream"]] = Draft202012Validator(message["schema"])
        elif message["type"] == "RECORD":
            validators[message["stream"]].validate(message["record"])
    assert {USAGES, SEATS} <= validators.keys()


@pytest.mark.parametrize(("path", "column"), [(ACME, "enterprise_slug"), (OCTO, "organization_id")])
def test_the_key_begins_with_the_scope_and_no_two_records_have_the_same(
    github: Simulator, world: World, today: date, path: str, column: str
) -> None:
    world.add(path, people=20)
    world.add(f"{path}-2", people=20)
    outcome = run_tap(config_for(github, start_date=ago(today, 12)), today)
    assert outcome.code == 0
    for schema in of_type(outcome, "SCHEMA"):
        key = schema["key_properties"]
        assert key[0] == column
        records = [m["record"] for m in of_type(outcome, "RECORD", schema["stream"])]
        values = [tuple(record[name] for name in key) for record in records]
        assert all(None not in value for value in values)
        assert len(set(values)) == len(values) > 0
    assert of_type(outcome, "SCHEMA", USAGES)[0]["key_properties"] == [column, "day", "user_id"]


def test_no_record_comes_twice_and_the_state_holds_what_is_documented_alone(
    config: dict[str, Any], today: date
) -> None:
    outcome = run_tap(config, today)
    assert outcome.states
    for state in outcome.states:
        assert state.keys() == {"bookmarks"}
        for bookmarks in state["bookmarks"].values():
            assert bookmarks.keys() <= {"partitions"}
            for partition in bookmarks.get("partitions", []):
                assert partition.keys() <= {
                    "context",
                    "replication_key",
                    "replication_key_value",
                    "loaded",
                    "loaded_on",
                }


def test_discovery_needs_no_settings_and_selects_every_stream(tmp_path: Path) -> None:
    with Process(tmp_path, None, command=(*COMMAND, "--discover")) as run:
        assert run.end() == 0
        catalog = json.loads(b"".join(run.lines))
    entries = {entry["tap_stream_id"]: entry for entry in catalog["streams"]}
    assert {USAGES, SEATS} <= entries.keys()
    for entry in entries.values():
        assert metadata_of(entry)["selected-by-default"] is True
        assert entry["key_properties"][0] == "enterprise_slug"
        if entry is not entries[SEATS]:
            assert entry["replication_key"] == "day"
            assert entry["replication_method"] == "INCREMENTAL"
    assert entries[SEATS]["replication_method"] == "FULL_TABLE"


def test_a_deselected_column_is_left_out(world: World, config: dict[str, Any], today: date) -> None:
    catalog = catalog_of(config, USAGES)
    [entry] = [e for e in catalog["streams"] if e["tap_stream_id"] == USAGES]
    for name in ("user_login", "totals_by_ide", "ai_credits_used"):
        metadata_of(entry, "properties", name)["selected"] = False
    outcome = run_tap(config, today, catalog=catalog)
    [schema] = of_type(outcome, "SCHEMA")
    gone = {"user_login", "totals_by_ide", "ai_credits_used"}
    assert outcome.code == 0
    assert not gone & schema["schema"]["properties"].keys()
    assert all(not gone & record.keys() for record in outcome.records())
    assert keys_of(outcome.records()) == truth(world, today, 12)
    left = {(r["day"], r["user_id"]): r["active"] for r in outcome.records()}
    whole = {(r["day"], r["user_id"]): r["active"] for r in read_usages(config, today).records()}
    assert left == whole


@pytest.mark.parametrize(
    ("selected", "asked"), [((USAGES,), "/metrics/"), ((SEATS,), "/billing/"), ((), None)]
)
def test_a_deselected_stream_costs_no_call(
    github: Simulator,
    config: dict[str, Any],
    today: date,
    selected: tuple[str, ...],
    asked: str | None,
) -> None:
    outcome = run_tap(config, today, catalog=catalog_of(config, *selected))
    assert outcome.code == 0
    assert {m["stream"] for m in outcome.messages if "stream" in m} == {*selected}
    calls = github.calls()
    assert bool(calls) == bool(selected)
    assert [call for call in calls if asked is None or asked not in call] == []


def test_a_stream_map_hashes_drops_and_filters(config: dict[str, Any], today: date) -> None:
    maps = {
        "user_login": "md5(user_login)",
        "extra_fields": None,
        "totals_by_ide": "__NULL__",
        "twice": "loc_added_sum * 2 if loc_added_sum else 0",
        "__filter__": "active and user_id % 2 == 0",
    }
    catalog = catalog_of(config, USAGES)
    outcome = run_tap(config | {"stream_maps": {USAGES: maps}}, today, catalog=catalog)
    plain = [r for r in read_usages(config, today).records() if r["active"]]
    kept = [record for record in plain if record["user_id"] % 2 == 0]
    [schema] = of_type(outcome, "SCHEMA")
    assert outcome.code == 0
    assert 0 < len(kept) < len(plain)
    assert keys_of(outcome.records()) == keys_of(kept)
    assert not {"extra_fields", "totals_by_ide"} & schema["schema"]["properties"].keys()
    for record, before in zip(outcome.records(), kept, strict=True):
        assert record["user_login"] == hashlib.md5(before["user_login"].encode()).hexdigest()
        assert record["twice"] == 2 * (before["loc_added_sum"] or 0)
        assert not {"extra_fields", "totals_by_ide"} & record.keys()
    assert outcome.bookmark() == ago(today, 5)


def test_flattening_keeps_every_value_as_its_schema_says(
    config: dict[str, Any], today: date
) -> None:
    flat = config | {"flattening_enabled": True, "flattening_max_depth": 3}
    outcome = run_tap(flat, today, catalog=catalog_of(config, USAGES))
    [schema] = of_type(outcome, "SCHEMA")
    validator = Draft202012Validator(schema["schema"])
    assert outcome.code == 0
    for record, whole in zip(outcome.records(), read_usages(config, today).records(), strict=True):
        validator.validate(record)
        for name, value in whole.items():
            nested = isinstance(value, dict | list)
            assert (
                name == "fetched_at"
                or (json.loads(record[name]) if nested else record[name]) == value
            )


def test_batches_are_refused(github: Simulator, config: dict[str, Any], today: date) -> None:
    batch = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": "file:///tmp"},
    }
    outcome = run_tap(config | {"batch_config": batch}, today)
    assert outcome.code == 1
    assert any("Setting batch_config: is not supported" in line for line in outcome.errors())
    assert outcome.messages == []
    assert github.seen == []


def test_test_emits_a_record_of_each_stream(config: dict[str, Any], today: date) -> None:
    outcome = run_tap(config, today, options=("--test",))
    assert outcome.code == 0
    for schema in of_type(outcome, "SCHEMA"):
        assert len(of_type(outcome, "RECORD", schema["stream"])) == 1


def test_test_schema_asks_nothing(github: Simulator, config: dict[str, Any], today: date) -> None:
    outcome = run_tap(config, today, options=("--test=schema",))
    assert outcome.code == 0
    assert {m["type"] for m in outcome.messages} == {"SCHEMA"}
    assert {USAGES, SEATS} <= {m["stream"] for m in outcome.messages}
    assert github.seen == []


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_credentials"), (403, "invalid_perm")])
def test_test_fails_where_a_run_would(
    github: Simulator, config: dict[str, Any], today: date, status: int, code: str
) -> None:
    github.faults.add("GET ", times=FOR_EVER, status=status, body={"message": "No"})
    outcome = run_tap(config, today, options=("--test",))
    assert outcome.code == 1
    assert code in outcome.errors()[-1]
    assert code in closing(run_tap(config, today))[0]


def test_a_configuration_may_come_from_a_pipe(config: dict[str, Any], tmp_path: Path) -> None:
    command = shlex.join([*COMMAND, "--config", "/dev/stdin"])
    done = subprocess.run(
        ["bash", "-c", f"{command} --shards"],
        input=json.dumps(config),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [shard["settings"] for shard in json.loads(done.stdout)] == [{"enterprises": ["acme"]}]


def test_an_expression_that_fails_is_one_line_without_what_stands_in_the_record(
    config: dict[str, Any], today: date
) -> None:
    maps = {USAGES: {"half": "int(user_login)"}}
    outcome = run_tap(config | {"stream_maps": maps}, today)
    assert outcome.code == 1
    assert "Traceback" not in outcome.log
    error = outcome.errors()[-1]
    assert f"Setting stream_maps: an expression failed on a record of {USAGES}" in error
    assert "person-" not in error

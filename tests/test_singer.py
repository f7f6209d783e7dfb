"""What every Singer tap promises: schemas, keys, selection, maps, and state."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from singer_sdk.testing import get_tap_test_class

from simulator.access import TOKEN
from simulator.faults import FOR_EVER
from simulator.server import Simulator
from simulator.world import World
from tap_github_copilot.github.reports import USERS
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
FLAT = {"flattening_enabled": True, "flattening_max_depth": 3}
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
    """The SDK's own tests, at organization level."""

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


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        (
            {"user_login": "md5(user_login)"},
            ("column user_login", "user_login is null", "md5(user_login) if user_login else None"),
        ),
        ({"user_login": "md5(self)"}, ("user_login is null", "md5(self) if self else None")),
        (
            {"who": "sha256(record['user_login'] + 's3cr3t')"},
            ("column who", "user_login is null", "if record['user_login'] else None"),
        ),
        ({"who": "_.user_login.lower()"}, ("column who", "user_login is null")),
        ({"half": "int(user_login or 's3cr3t')"}, ("column half", "ValueError")),
        ({"who": "md5(nobody)"}, ("column who", "no nobody", "deselected")),
        ({"__filter__": "'x' in user_login"}, ("__filter__", "user_login is null", "else False")),
        ({"__filter__": "nobody > 1"}, ("__filter__", "no nobody")),
        ({"__alias__": "people", "who": "md5(user_login)"}, ("column who", "user_login is null")),
        ({"__else__": None, "who": "md5(user_login)"}, ("column who", "user_login is null")),
        ({"user_id": "None"}, ("leaves user_id null", "part of its key")),
    ],
)
def test_an_expression_that_fails_names_its_column_and_the_cause_but_no_value(
    config: dict[str, Any], world: World, today: date, maps: dict[str, Any], words: tuple[str, ...]
) -> None:
    day = today - timedelta(days=9)
    [row, *others] = world.rows(ACME, day)
    rows = [row | {"user_login": None}, *others]
    world.put[ACME, USERS, day] = [b"".join(json.dumps(each).encode() + b"\n" for each in rows)]
    outcome = run_tap(config | {"stream_maps": {USAGES: maps}}, today)
    assert outcome.code == 1
    assert "Traceback" not in outcome.log
    [line] = outcome.errors()
    assert line.startswith("ERROR Setting stream_maps: ")
    assert USAGES in line
    for word in words:
        assert word in line
    assert "person-" not in line
    assert "s3cr3t" not in line


def test_a_map_of_a_copy_of_a_stream_is_named_as_well(config: dict[str, Any], today: date) -> None:
    maps: dict[str, dict[str, str]] = {"people": {"__source__": USAGES, "who": "int(user_login)"}}
    [line] = run_tap(config | {"stream_maps": maps}, today).errors()
    assert "column who" in line
    maps = {"github_copilot_daily_*": {"who": "int(user_login)"}}
    [line] = run_tap(config | {"stream_maps": maps}, today).errors()
    assert "column who" in line


WRONG_MAPS: list[tuple[str, dict[str, Any]]] = [
    ("stream_maps", {"stream_maps": {USAGES: {"user_id": None}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"user_id": "__NULL__"}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"__key_properties__": ["nobody"]}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"__else__": "x"}}}),
    ("stream_maps", {"stream_maps": {"__else__": "x"}}),
    ("stream_maps", {"stream_maps": {USAGES: {"user_login": "md5("}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"__filter__": "1 +"}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"user_login": 5}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"user_login": ["a"]}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"user_login": ""}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"__alias__": 5}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"__source__": ["a"]}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"__key_properties__": 5}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"__filter__": 5}}}),
    ("stream_maps", {"stream_maps": {USAGES: {"user_login": "fake.first_name()"}}}),
    ("faker_config", {"faker_config": {"seed": 5}, "stream_maps": {}}),
    *(
        ("flattening_max_key_length", FLAT | {"flattening_max_key_length": length})
        for length in (1, 5, 8)
    ),
]


@pytest.mark.parametrize(("setting", "more"), WRONG_MAPS)
def test_a_map_that_cannot_be_used_is_one_line_before_anything_is_read(
    github: Simulator, config: dict[str, Any], today: date, setting: str, more: dict[str, Any]
) -> None:
    outcome = run_tap(config | more, today)
    assert outcome.code == 1, outcome.log
    assert "Traceback" not in outcome.log
    [line] = outcome.errors()
    assert line.startswith(f"ERROR Setting {setting}")
    assert (outcome.messages, github.seen) == ([], [])


@pytest.mark.parametrize("catalog", [{}, {"streams": []}])
def test_a_catalog_that_selects_no_table_is_told(
    config: dict[str, Any], today: date, catalog: dict[str, Any]
) -> None:
    told = "WARNING no table is selected, so nothing is loaded: see the catalog"
    outcome = run_tap(config, today, catalog=catalog)
    assert (outcome.code, outcome.records()) == (0, [])
    assert told in outcome.log
    assert told not in run_tap(config, today).log


@pytest.mark.parametrize("column", ["who", "__filter__"])
@pytest.mark.parametrize(
    "expression",
    [
        "md5('s3cr3t' + user_login",
        "md5('s3cr3t + user_login)",
        "'s3cr3t' user_login",
        "  's3cr3t'",
        "salt = 's3cr3t'",
        "assert 's3cr3t'",
        "'s3cr3t'\0",
        " ",
    ],
)
@pytest.mark.parametrize("source", [USAGES, "github_copilot_daily_*"])
def test_an_expression_that_cannot_be_read_names_its_column_and_no_text(
    config: dict[str, Any], today: date, column: str, expression: str, source: str
) -> None:
    maps = {"people": {"__source__": source, column: expression}}
    outcome = run_tap(config | {"stream_maps": maps}, today)
    [line] = outcome.errors()
    assert line.startswith(f"ERROR Setting stream_maps: an expression of {USAGES} cannot be read: ")
    assert column in line
    assert "s3cr3t" not in outcome.log
    assert (outcome.code, outcome.messages) == (1, [])


def test_a_map_may_leave_out_all_other_columns(config: dict[str, Any], today: date) -> None:
    maps = {USAGES: {"__else__": None, "who": "md5(user_login or '')"}}
    outcome = run_tap(config | {"stream_maps": maps}, today)
    assert outcome.code == 0, outcome.log
    [schema] = of_type(outcome, "SCHEMA", USAGES)
    kept = {"enterprise_slug", "day", "user_id", "who"}
    assert schema["schema"]["properties"].keys() == kept
    assert "integer" in schema["schema"]["properties"]["user_id"]["type"]
    assert outcome.records()
    assert all(record.keys() == kept for record in outcome.records())


def test_a_map_of_many_streams_passes_over_those_that_are_deselected(
    config: dict[str, Any], today: date
) -> None:
    maps = {"github_copilot_*": {"note": "str('x')"}}
    outcome = run_tap(
        config | {"stream_maps": maps}, today, catalog=catalog_of(config, USAGES, SEATS)
    )
    assert outcome.code == 0, outcome.log
    assert {record["note"] for record in outcome.records()} == {"x"}


@pytest.mark.parametrize("length", [20, 30, 63])
def test_flattening_may_shorten_names_as_far_as_they_stay_apart(
    config: dict[str, Any], today: date, length: int
) -> None:
    outcome = run_tap(config | FLAT | {"flattening_max_key_length": length}, today, streams=None)
    if outcome.code:
        [line] = outcome.errors()
        assert line.startswith("ERROR Setting flattening_max_key_length: ")
        return
    for message in of_type(outcome, "SCHEMA"):
        assert {*message["key_properties"]} <= message["schema"]["properties"].keys()


def test_a_map_of_a_stream_that_there_is_not_is_told(config: dict[str, Any], today: date) -> None:
    maps = {"github_copilot_daily_usage": {"user_login": "md5(user_login)"}, USAGES: {}}
    outcome = run_tap(config | {"stream_maps": maps}, today)
    assert outcome.code == 0
    [line] = [line for line in outcome.log.splitlines() if "no effect" in line]
    assert line.startswith("WARNING Setting stream_maps: github_copilot_daily_usage is not a")


def test_a_refusal_is_not_told_as_an_error_that_nobody_handled(
    github: Simulator, config: dict[str, Any], today: date
) -> None:
    github.faults.add("GET ", times=FOR_EVER, status=401, body={"message": "Bad credentials"})
    outcome = run_tap(config, today)
    assert outcome.code == 1
    assert "unhandled" not in outcome.log.lower()


@pytest.mark.parametrize("people", [0, 5])
def test_the_closing_summary_comes_once_and_last_on_success(
    github: Simulator, world: World, today: date, people: int
) -> None:
    world.add(ACME, people=people)
    world.add(f"{ACME}-2", people=people)
    outcome = run_tap(config_for(github, start_date=ago(today, 12)), today)
    assert outcome.code == 0
    lines = outcome.log.splitlines()
    titles = [
        f"INFO {stream}, enterprise {name}: "
        for stream in (USAGES, SEATS)
        for name in ("acme", "acme-2")
    ]
    closing_lines = lines[-len(titles) :]
    for title in titles:
        assert [line for line in lines if line.startswith(title)] == [
            line for line in closing_lines if line.startswith(title)
        ]
        assert len([line for line in closing_lines if line.startswith(title)]) == 1

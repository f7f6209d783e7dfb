"""README, column list and meltano.yml say what the code says; schemas are fit for every target."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tap_github_copilot.schemas import SCHEMAS as SCHEMA_FOLDER
from tap_github_copilot.scopes import Level
from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.meltano_project import snippet
from tests.support.tap_runs import run_tap
from tools import duckdb_views, plugin, tables
from tools.__main__ import HUB, VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

ROOT = Path(__file__).parents[1]
FILLED_BY_THE_TAP = ("active", "fetched_at", "status", "provisional")
HUB_KINDS = {"array", "boolean", "date_iso8601", "integer", "object", "password", "string"}
SCHEMAS = sorted(SCHEMA_FOLDER.glob("*.json"))


def extractor() -> dict[str, Any]:
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    [found] = project["plugins"]["extractors"]
    return dict(found)


def test_the_readme_is_in_step() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme == tables.readme(readme), "run: make docs"


def test_the_list_of_columns_is_in_step() -> None:
    assert (ROOT / "docs" / "columns.md").read_text() == tables.columns_document(), "run: make docs"


def test_duckdbs_views_are_in_step() -> None:
    assert VIEWS.read_text() == duckdb_views.document(), "run: make docs"


def test_meltano_has_the_settings_of_the_tap() -> None:
    assert extractor()["settings"] == plugin.settings()
    assert extractor()["capabilities"] == plugin.capabilities()
    assert extractor()["settings_group_validation"] == plugin.groups()


def test_the_readmes_snippet_declares_every_setting_and_needs_no_hub() -> None:
    plugins = snippet()["plugins"]
    [tap], [target] = plugins["extractors"], plugins["loaders"]
    declared = [
        {"name": s["name"], "kind": s.get("kind", "string"), "sensitive": s.get("sensitive", False)}
        for s in tap["settings"]
    ]
    assert declared == [
        {"name": s["name"], "kind": s["kind"], "sensitive": s.get("sensitive", False)}
        for s in plugin.settings()
    ]
    assert tap["capabilities"] == plugin.capabilities()
    assert tap["namespace"]
    assert target["namespace"]
    assert {*target["config"]} < {setting["name"] for setting in target["settings"]}


def test_no_plugin_of_the_project_needs_the_hub() -> None:
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    for kind in ("extractors", "loaders"):
        assert all(each["namespace"] for each in project["plugins"][kind])


def test_the_page_of_loaders_says_what_the_project_says() -> None:
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["loaders"]
    page = (ROOT / "docs" / "loaders.md").read_text()
    blocks = [
        yaml.safe_load(each) for each in re.findall(r"```yaml\n( +- name.*?)```", page, re.DOTALL)
    ]
    shown = {loader["name"]: loader for [loader] in blocks}
    assert {loader["name"] for loader in project} < shown.keys()
    for loader in project:
        said = shown[loader["name"]]
        same = ("variant", "namespace", "pip_url", "python")
        assert {key: said.get(key) for key in same} == {key: loader.get(key) for key in same}
        values = {each["name"]: each["value"] for each in loader["settings"] if "value" in each}
        assert values.items() <= said["config"].items()
        declared = {each["name"] for each in said["settings"]}
        assert said["config"].keys() <= declared <= {each["name"] for each in loader["settings"]}


def test_the_hubs_file_is_in_step() -> None:
    assert HUB.read_text() == plugin.definition_document(), "run: make docs"


def test_meltano_takes_the_project_as_it_is() -> None:
    schema = json.loads((resources.files("meltano.schemas") / "meltano.schema.json").read_text())
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    assert not [error.message for error in Draft202012Validator(schema).iter_errors(project)]


def test_the_hubs_file_keeps_the_hubs_rules() -> None:
    text = HUB.read_text()
    assert not re.search(r"[{}]", re.sub(r"'.*'|\".*\"", "", text))
    found = yaml.safe_load(text)
    for mapping in (found, *found["settings"]):
        assert list(mapping) == sorted(mapping)
    assert found["name"] == HUB.stem
    assert {"name", "namespace", "variant", "quality"} <= found.keys()
    for setting in found["settings"]:
        assert setting["kind"] in HUB_KINDS
        assert setting.get("sensitive", False) is (setting["kind"] == "password")
    assert all(re.fullmatch(r"3\.\d+", v) for v in found["supported_python_versions"])
    assert (HUB.parent / Path(found["logo_url"]).name).read_bytes()[:4] == b"\x89PNG"


def test_every_stream_has_a_schema_and_every_schema_a_stream() -> None:
    assert [path.stem for path in SCHEMAS] == [stream.name for stream in tables.streams()]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_holds_nothing_that_breaks_a_target(path: Path) -> None:
    schema = json.loads(path.read_text())
    for name, column in schema["properties"].items():
        assert re.fullmatch(r"[a-z0-9_]{1,63}", name)
        assert column["description"].endswith(".")
        types = column["type"] if isinstance(column["type"], list) else [column["type"]]
        assert not {"enum", "maxLength", "oneOf", "anyOf", "$ref", "const"} & column.keys()
        assert column.get("additionalProperties", True) is True
        if "integer" in types:
            assert (column["minimum"], column["maximum"]) == (-(2**63), 2**63 - 1)


def fields_that_github_documents() -> Iterator[tuple[str, str, str]]:
    """Table, field and type of each."""
    listed = json.loads((Path(__file__).parent / "fixtures" / "documented_fields.json").read_text())
    del listed["comment"]
    for table, types in listed.items():
        for kind, names in types.items():
            yield from ((table, name, kind) for name in names)


def test_every_field_that_github_documents_is_a_column_of_its_type() -> None:
    folder = SCHEMAS[0].parent
    wrong = []
    for table, name, kind in fields_that_github_documents():
        columns = json.loads((folder / f"{table}.json").read_text())["properties"]
        column = columns.get(name, {"type": "missing"})
        found = [column["format"]] if "format" in column else column["type"]
        if {*([found] if isinstance(found, str) else found)} - {"null"} != {kind}:
            wrong.append(f"{table}.{name}: {found}, not {kind}")
    assert wrong == []


def test_the_list_of_documented_fields_knows_every_table_of_githubs_rows() -> None:
    of_github = {path.stem for path in SCHEMAS} - {"github_copilot_report_days"}
    assert {table for table, _, _ in fields_that_github_documents()} == of_github


def objects_in(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema of an object in a schema, however deep, itself included."""
    if "object" in schema["type"]:
        yield schema
    for part in (*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])):
        yield from objects_in(part)


def schema_messages(level: Level, today: date, **more: Any) -> dict[str, dict[str, Any]]:
    """The schemas that the tap sends at a level, by stream."""
    config = {f"{level}s": ["somebody"], "token": "t"}
    outcome = run_tap(config | more.pop("config", {}), today, options=("--test=schema",), **more)
    return {m["stream"]: m["schema"] for m in outcome.messages if m["type"] == "SCHEMA"}


def catalog_at(level: Level) -> dict[str, Any]:
    config = {f"{level}s": ["somebody"]}
    return TapGitHubCopilot(config=config, validate_config=False).catalog_dict


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_every_object_of_a_schema_file_has_properties(path: Path) -> None:
    assert all("properties" in each for each in objects_in(json.loads(path.read_text())))


@pytest.mark.parametrize("level", list(Level))
def test_every_object_that_the_tap_sends_has_properties(level: Level, today: date) -> None:
    discovered = {s["tap_stream_id"]: s["schema"] for s in catalog_at(level)["streams"]}
    sent = schema_messages(level, today, streams=None)
    assert sent.keys() == discovered.keys() == {path.stem for path in SCHEMAS}
    for schema in (*discovered.values(), *sent.values()):
        found = list(objects_in(schema))
        assert len(found) > 1
        assert all("properties" in each for each in found)


@pytest.mark.parametrize("level", list(Level))
def test_an_older_catalog_without_properties_is_completed(level: Level, today: date) -> None:
    catalog = catalog_at(level)
    for stream in catalog["streams"]:
        for each in objects_in(stream["schema"]):
            if not each["properties"]:
                del each["properties"]
    sent = schema_messages(level, today, catalog=catalog)
    assert sent.keys() == {path.stem for path in SCHEMAS}
    assert sent == schema_messages(level, today, streams=None)


@pytest.mark.parametrize("level", list(Level))
def test_flattening_loses_no_column(level: Level, today: date) -> None:
    flat = {"flattening_enabled": True, "flattening_max_depth": 2}
    maps = {"stream_maps": {"github_copilot_seats": {"twice": "int(user_id) * 2"}}}
    for more in ({}, maps):
        sent = schema_messages(level, today, streams=None, config=flat | more)
        whole = schema_messages(level, today, streams=None, config=more)
        for stream, schema in whole.items():
            flattened = sent[stream]["properties"]
            assert flattened.keys() == schema["properties"].keys()
            for name, column in schema["properties"].items():
                nested = {"object", "array"} & {*column["type"]}
                assert flattened[name] == ({"type": ["string", "null"]} if nested else column)


@pytest.mark.parametrize("level", list(Level))
def test_only_key_columns_are_never_null(level: Level) -> None:
    config = {"organizations": ["octo-org"]} if level is Level.ORGANIZATION else {}
    tap = TapGitHubCopilot(config=config, validate_config=False)
    for stream in tap.discover_streams():
        certain = {n for n, c in stream.schema["properties"].items() if "null" not in c["type"]}
        assert set(stream.primary_keys) <= certain
        assert certain - set(stream.primary_keys) <= {*FILLED_BY_THE_TAP}
        assert not set(level.other.key_columns) & (
            stream.schema["properties"].keys() - set(stream.columns_from_github)
        )

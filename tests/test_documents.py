"""README, column list and meltano.yml say what the code says; schemas are fit for every target."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from docs import plugin, tables
from docs.__main__ import HUB
from tap_github_copilot import schemas
from tap_github_copilot.scopes import Level
from tap_github_copilot.tap import TapGitHubCopilot

ROOT = Path(__file__).parents[1]
FILLED_BY_THE_TAP = ("active", "fetched_at", "status", "provisional")
HUB_KINDS = {"array", "boolean", "date_iso8601", "integer", "object", "password", "string"}
SCHEMAS = sorted(schemas.SCHEMAS.glob("*.json"))


def extractor() -> dict[str, Any]:
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    [found] = project["plugins"]["extractors"]
    return dict(found)


def test_the_readme_is_in_step() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme == tables.readme(readme), "run: make docs"


def test_the_list_of_columns_is_in_step() -> None:
    assert (ROOT / "docs" / "columns.md").read_text() == tables.columns_document(), "run: make docs"


def test_meltano_has_the_settings_of_the_tap() -> None:
    assert extractor()["settings"] == plugin.settings()
    assert extractor()["capabilities"] == plugin.capabilities()
    assert extractor()["settings_group_validation"] == plugin.groups()


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


@pytest.mark.parametrize("level", list(Level))
def test_only_key_columns_are_never_null(level: Level) -> None:
    config = {"organizations": ["octo-org"]} if level is Level.ORGANIZATION else {}
    tap = TapGitHubCopilot(config=config, validate_config=False)
    for stream in tap.discover_streams():
        certain = {n for n, c in stream.schema["properties"].items() if "null" not in c["type"]}
        assert set(stream.primary_keys) <= certain
        assert certain - set(stream.primary_keys) <= {*FILLED_BY_THE_TAP}
        assert not set(level.other.key_columns) & (
            stream.schema["properties"].keys() - set(stream.documented)
        )

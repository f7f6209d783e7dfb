"""A tap for the same report, the usual way: `iter_lines`, `json.loads`, the SDK's defaults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from singer_sdk import Stream, Tap

from simulator.people import COUNTERS
from tap_github_copilot.schemas import load_schema
from tap_github_copilot.scopes import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk.helpers.types import Context, Record


_NUMBERS = (
    *COUNTERS,
    "interaction_count",
    "session_count",
    "request_count",
    "prompt_count",
    "prompt_tokens_sum",
    "output_tokens_sum",
    "phase_number",
)
_TEXTS = (
    *("ide", "feature", "language", "model", "mcp", "agent_id", "agent_name", "phase"),
    *("version", "ide_version", "plugin", "plugin_version", "cli_version", "sampled_at"),
)
_OBJECTS = (
    "last_known_ide_version",
    "last_known_plugin_version",
    "last_known_cli_version",
    "token_usage",
)


def described(depth: int = 2) -> dict[str, Any]:
    """A nested object with all its fields declared, as the SDK's defaults need it."""
    fields: dict[str, Any] = {name: {"type": ["integer", "null"]} for name in _NUMBERS}
    fields |= {name: {"type": ["string", "null"]} for name in _TEXTS}
    fields["avg_tokens_per_request"] = {"type": ["number", "null"]}
    if depth:
        fields |= {name: described(depth - 1) for name in _OBJECTS}
    return {"type": ["object", "null"], "properties": fields}


def schema() -> dict[str, Any]:
    """Our schema with its nested parts declared in full."""
    whole = load_schema("github_copilot_daily_usages", Level.ENTERPRISE)
    for column in whole["properties"].values():
        if "object" in column["type"]:
            column.update(described())
        elif "array" in column["type"]:
            column["items"] = described()
    return whole


class UsualUsages(Stream):
    """One day of one enterprise."""

    name = "github_copilot_daily_usages"
    primary_keys: ClassVar[tuple[str, ...]] = ("enterprise_slug", "day", "user_id")

    def get_records(self, context: Context | None) -> Iterable[Record]:  # noqa: ARG002
        """Ask for the links, and read each."""
        path = f"/enterprises/{self.config['enterprise']}/copilot/metrics/reports/users-1-day"
        envelope = requests.get(
            self.config["api_url"] + path,
            params={"day": self.config["day"]},
            headers={"Authorization": f"Bearer {self.config['token']}"},
            timeout=60,
        ).json()
        for link in envelope["download_links"]:
            with requests.get(link, stream=True, timeout=60) as response:
                for line in response.iter_lines():
                    yield json.loads(line) | {"enterprise_slug": self.config["enterprise"]}


class UsualTap(Tap):
    """The usual tap."""

    name = "tap-usual"
    config_jsonschema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {}}

    def discover_streams(self) -> Sequence[Stream]:
        """Its one stream."""
        return [UsualUsages(self, schema=schema())]

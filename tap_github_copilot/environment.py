"""Settings from environment variables, `TAP_GITHUB_COPILOT_<NAME>`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


def settings_from_environment(properties: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The settings that stand in the environment or in a `.env` file.

    Numbers, lists and objects are read as JSON, a list also as `a,b`, booleans as the SDK
    reads them. What cannot be read stays a text, so that the check of the settings can
    name it: the SDK's own reading ends with a traceback.

    Args:
        properties: Each setting's JSON Schema.
        prefix: What the variables' names begin with.
    """
    texts = parse_environment_config(
        {"properties": {name: {"type": "string"} for name in properties}}, prefix
    )
    return {
        name: _value(text, _kinds(properties[name])) for name, text in texts.items() if text.strip()
    }


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    kinds = schema.get("type", "string")
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _value(text: str, kinds: set[str]) -> Any:
    if "string" in kinds:
        return text
    if "boolean" in kinds:
        return _BOOLEANS.get(text.strip().lower(), text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if "array" in kinds and not isinstance(value, list | dict | None):
        return [part.strip() for part in text.split(",")]
    return value

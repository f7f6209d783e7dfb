"""The settings as declared (name, type, default, meaning), and read from the environment.

This is their single source: `--about`, the README's table, meltano.yml and the Hub file are
made from it. Rules that span several settings, and every message about a wrong one, are in
`settings.py`.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_github_copilot.sdk import dotenv_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

API_URL = "https://api.github.com"
SETTLE_DAYS = 4
LATE_REPORT_DAYS = 14
CONCURRENCY = 4
MOST_CONCURRENCY = 32

SETTINGS: dict[str, dict[str, Any]] = {
    "token": {
        "type": ["string", "null"],
        "title": "Token",
        "secret": True,
        "writeOnly": True,
        "description": (
            "Personal access token, classic or fine-grained, or any bearer token made "
            "elsewhere. Either this or `app_id` with a key."
        ),
    },
    "app_id": {
        "type": ["string", "integer", "null"],
        "title": "GitHub App ID",
        "description": (
            "ID or client ID of a GitHub App. With it, `private_key` or `private_key_path`."
        ),
    },
    "private_key": {
        "type": ["string", "null"],
        "title": "Private key",
        "secret": True,
        "writeOnly": True,
        "description": (
            "The App's private key as PEM text (PKCS#1 or PKCS#8) with real newlines or "
            "literal `\\n`, or that in base64."
        ),
    },
    "private_key_path": {
        "type": ["string", "null"],
        "title": "Private key file",
        "description": "Path of a file with the App's private key as PEM text.",
    },
    "enterprises": {
        "type": ["array", "null"],
        "items": {"type": "string"},
        "title": "Enterprises",
        "description": (
            "Enterprise slugs: reads at enterprise level. Either this or `organizations`."
        ),
    },
    "organizations": {
        "type": ["array", "null"],
        "items": {"type": "string"},
        "title": "Organizations",
        "description": (
            "Organization logins: reads at organization level. An App may leave out both "
            "lists: every organization that installed it is then read."
        ),
    },
    "api_url": {
        "type": ["string", "null"],
        "title": "API URL",
        "default": API_URL,
        "description": (
            "Where GitHub's API is. With data residency `https://api.SUBDOMAIN.ghe.com`."
        ),
    },
    "start_date": {
        "type": ["string", "null"],
        "format": "date",
        "title": "Start date",
        "description": (
            "First UTC day to read, as YYYY-MM-DD. Default: the oldest day that GitHub still "
            "serves, 365 days back."
        ),
    },
    "end_date": {
        "type": ["string", "null"],
        "format": "date",
        "title": "End date",
        "description": (
            "Last UTC day to read (inclusive), as YYYY-MM-DD, for a bounded backfill. "
            "Default: yesterday."
        ),
    },
    "settle_days": {
        "type": ["integer", "null"],
        "minimum": 0,
        "title": "Settle days",
        "default": SETTLE_DAYS,
        "description": (
            "A day this many days old or younger is provisional: every run looks at it again."
        ),
    },
    "late_report_days": {
        "type": ["integer", "null"],
        "minimum": 0,
        "title": "Late report days",
        "default": LATE_REPORT_DAYS,
        "description": (
            "A day without a report is pending until it is older than this many days, then "
            "empty. At least `settle_days`."
        ),
    },
    "concurrency": {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": MOST_CONCURRENCY,
        "title": "Concurrency",
        "default": CONCURRENCY,
        "description": (
            "Report days fetched at once, ahead of the one being emitted; 1 is plain sequential."
        ),
    },
    "user_agent": {
        "type": ["string", "null"],
        "title": "User agent",
        "description": "User-Agent header of every request. Default: the tap's name and version.",
    },
}

# The combinations of settings that are enough for a run.
SUFFICIENT = (
    ("token", "enterprises"),
    ("token", "organizations"),
    ("app_id", "private_key"),
    ("app_id", "private_key_path"),
)

CONFIG_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": dict(SETTINGS),  # the SDK adds its own to these
    "$schema": "https://json-schema.org/draft/2020-12/schema",
}


_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


class WrongDotenvError(Exception):
    """The file `.env` cannot be used; one line that says why."""


def settings_from_environment(properties: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The settings in the environment, or in the file `.env` of the working directory.

    The environment wins. As the SDK does, the other variables of that file become variables
    of this process (a proxy, say).

    Numbers, lists and objects are read as JSON, a list also as `a,b`, booleans as the SDK
    reads them. What cannot be read stays a text, so that the check of the settings can
    name it: the SDK's own reading ends with a traceback.

    Args:
        properties: Each setting's JSON Schema.
        prefix: What the variables' names begin with.

    Raises:
        WrongDotenvError: There is such a file, but it cannot be read.
    """
    for variable, value in _dotenv().items():
        os.environ.setdefault(variable, value)
    settings = {}
    for name, schema in properties.items():
        text = os.environ.get(prefix + name.upper(), "")
        if text.strip():
            settings[name] = _value(text, _kinds(schema))
    return settings


def unread_variables(config: Mapping[str, Any], names: Iterable[str], prefix: str) -> list[str]:
    """A line for each setting that the environment gives and the configuration does not have.

    Meltano hands over only settings that meltano.yml declares; any other variable would be
    ignored without a word.

    Args:
        config: What was read from files, the environment aside.
        names: Of all settings.
        prefix: What the variables' names begin with.
    """
    return [
        f"{prefix}{name.upper()} is not used, because --config names a file that does not have "
        f"{name}. With Meltano: declare the setting {name} of this plugin in meltano.yml; "
        "without: add --config=ENV"
        for name in names
        if name not in config and os.environ.get(prefix + name.upper(), "").strip()
    ]


def _dotenv(path: Path = Path(".env")) -> dict[str, str]:
    """The variables of a file; none without one."""
    try:
        content = path.read_bytes()
        text = content.decode(json.detect_encoding(content))
    except FileNotFoundError:
        return {}
    except IsADirectoryError:  # some keep their environment in a folder of that name
        return {}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8 or UTF-16"
        raise WrongDotenvError(f".env in the working directory: {reason}") from None
    values = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value is not None}


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

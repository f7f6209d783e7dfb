"""The extractor as Meltano and its Hub describe it, out of what `--about` says."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tap_github_copilot.config import SUFFICIENT
from tap_github_copilot.settings import NAME

_DOCUMENTATION = "https://docs.github.com/en/rest/copilot/copilot-usage-metrics"
ROOT = Path(__file__).parents[1]
_HEAD = "# Made from `tap-github-copilot --about` by `make docs`.\n"


@cache
def about() -> dict[str, Any]:
    """What `--about --format=json` prints."""
    command = [sys.executable, "-m", "tap_github_copilot", "--about", "--format=json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def settings(*, secret: str = "string") -> list[dict[str, Any]]:
    """All settings, the SDK's too.

    Args:
        secret: The kind of a secret: Meltano's own files deprecate `password`, which the
            Hub's schema still asks for.
    """
    listed = []
    for name, setting in about()["settings"]["properties"].items():
        kinds = [kind for kind in setting["type"] if kind != "null"]
        entry: dict[str, Any] = {"name": name, "label": setting["title"], "kind": kinds[0]}
        if setting.get("format") == "date":
            entry["kind"] = "date_iso8601"
        if setting.get("secret"):
            entry |= {"kind": secret, "sensitive": True}
        if "default" in setting:
            entry["value"] = setting["default"]
        listed.append(entry | {"description": setting["description"]})
    return listed


def capabilities() -> list[str]:
    """What the tap can do, in Singer's terms."""
    return sorted(about()["capabilities"])


def groups() -> list[list[str]]:
    """The combinations of settings that are enough."""
    return [list(group) for group in SUFFICIENT]


def definition() -> dict[str, Any]:
    """The extractor as Meltano Hub lists it.

    `repo` is there once pyproject.toml has the repository's public address, which a release
    fills in.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    urls = project.get("urls", {})
    repository = {"repo": urls["Repository"]} if "Repository" in urls else {}
    return {
        "name": NAME,
        "namespace": NAME.replace("-", "_"),
        "variant": NAME,
        "label": "GitHub Copilot",
        "description": (
            "Every person's day with GitHub Copilot: usage metrics, seats, teams and "
            "repositories of an enterprise or of organizations"
        ),
        "domain_url": _DOCUMENTATION,
        "logo_url": "/assets/logos/extractors/github-copilot.png",
        "pip_url": NAME,
        "executable": NAME,
        "capabilities": capabilities(),
        "keywords": ["api", "meltano_sdk"],
        "log_parser": "singer-sdk",
        "maintenance_status": "beta",
        "quality": "silver",
        "select": ["*.*"],
        "settings": settings(secret="password"),
        "settings_group_validation": groups(),
        "settings_preamble": (
            "Set one way to sign in (`token`, or `app_id` with a key) and one level "
            "(`enterprises` or `organizations`; an App may leave out both)."
        ),
        "supported_python_versions": about()["supported_python_versions"],
        "usage": (
            "`meltano invoke tap-github-copilot --check` tries every endpoint and says what "
            "to change; it downloads nothing.\n"
        ),
        **repository,
    }


def definition_document() -> str:
    """The whole of the Hub's file, in the order of keys that the Hub's linter asks for."""
    return _HEAD + yaml.safe_dump(
        definition(), sort_keys=True, allow_unicode=True, default_flow_style=False, width=10**6
    )

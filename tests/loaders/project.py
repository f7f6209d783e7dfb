"""The loaders as meltano.yml has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2] / "meltano.yml"


def loader(name: str) -> dict[str, Any]:
    """A loader's definition."""
    loaders = yaml.safe_load(PROJECT.read_text())["plugins"]["loaders"]
    [found] = [each for each in loaders if each["name"] == name]
    return dict(found)


def values(name: str) -> dict[str, Any]:
    """The settings to which meltano.yml gives a value."""
    settings = loader(name)["settings"]
    return {each["name"]: each["value"] for each in settings if "value" in each}

"""`python -m tools.hub_check FOLDER`: hold the Hub's file against the Hub's own JSON Schemas.

FOLDER is `schemas/` of a checkout of https://github.com/meltano/hub.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from tools.__main__ import HUB

_EXTRACTORS = "plugin_definitions/extractors.schema.json"


def errors(folder: Path) -> list[str]:
    """What the schemas find wrong, a line each."""
    registry: Registry = Registry()
    folder = folder.resolve()
    for path in folder.rglob("*.schema.json"):
        # Their `$ref`s are relative to the file, their `$id`s are not.
        resource = Resource.from_contents(
            {k: v for k, v in json.loads(path.read_text()).items() if k != "$id"}
        )
        registry = registry.with_resource(path.as_uri(), resource)
    whole = {"$ref": (folder / _EXTRACTORS).as_uri()}
    found = Draft7Validator(whole, registry=registry).iter_errors(yaml.safe_load(HUB.read_text()))
    return [f"{error.json_path}: {error.message}" for error in found]


def main() -> None:
    """Print them, and fail if there are any."""
    if len(sys.argv) != len(["", "FOLDER"]) or not (Path(sys.argv[1]) / _EXTRACTORS).exists():
        sys.exit(__doc__)
    found = errors(Path(sys.argv[1]))
    print("\n".join(found) or f"{HUB.name} is valid")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

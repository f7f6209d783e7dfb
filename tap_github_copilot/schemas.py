"""The JSON Schemas of the streams, wherever the tap is run from.

A wheel carries them inside the package; an editable install and a bare checkout have
them beside it.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_github_copilot.scopes import Level

_PACKAGED = Path(str(resources.files(__package__))) / "schemas"
SCHEMAS = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[1] / "schemas"


def load_schema(
    stream: str, level: Level, columns_from_github: Sequence[str] = ()
) -> dict[str, Any]:
    """A stream's schema at a level.

    Args:
        stream: The stream's name, which is the file's.
        level: The other level's key columns are left out.
        columns_from_github: Key columns that GitHub documents as fields of the stream's rows;
            they stay at both levels.
    """
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{stream}.json").read_text(encoding="utf-8"))
    for column in level.other.key_columns:
        if column not in columns_from_github:
            schema["properties"].pop(column, None)
    key = schema["properties"][level.key_column]
    key["type"] = "string"  # also where the other level knows it as a field that may be null
    return schema

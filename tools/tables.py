"""Markdown tables, out of the declared settings and the schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_github_copilot.config import SETTINGS
from tap_github_copilot.schemas import SCHEMAS
from tap_github_copilot.tap import TapGitHubCopilot

if TYPE_CHECKING:
    from tap_github_copilot.streams.base import ScopeStream


def streams() -> list[ScopeStream]:
    """All streams of the tap, by name."""
    tap = TapGitHubCopilot(config={}, validate_config=False)
    return sorted(tap.discover_streams(), key=lambda stream: stream.name)


def settings_table() -> str:
    """One row per setting."""
    rows = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    for name, setting in SETTINGS.items():
        kind = " or ".join(_types(setting)) + (", secret" if setting.get("secret") else "")
        kind = "date" if setting.get("format") == "date" else kind
        default = f"`{setting['default']}`" if "default" in setting else ""
        rows.append(f"| `{name}` | {kind} | {default} | {setting['description']} |")
    return "\n".join(rows)


def streams_table() -> str:
    """One row per stream: what its rows are, its key, how it is replicated."""
    rows = ["| table | rows | key | replication |", "|---|---|---|---|"]
    for stream in streams():
        document = json.loads((SCHEMAS / f"{stream.name}.json").read_text())
        key = ", ".join(f"`{name}`" for name in ("S", *stream.key)).replace("`S`", "S")
        how = "incremental by `day`" if stream.replication_key else "full snapshot per run"
        rows.append(f"| `{stream.name}` | {document['description']} | {key} | {how} |")
    return "\n".join(rows)


def columns(name: str) -> str:
    """One row per column of a stream, of both levels."""
    document = json.loads((SCHEMAS / f"{name}.json").read_text())
    rows = ["| column | type | meaning |", "|---|---|---|"]
    for column, schema in document["properties"].items():
        kind = schema.get("format") or _types(schema)[0]
        rows.append(f"| `{column}` | {kind} | {schema['description']} |")
    return "\n".join(rows)


def columns_document() -> str:
    """The whole of docs/columns.md."""
    parts = [
        "# Columns",
        (
            "Made from `schemas/` by `make docs`. Every column but the key's is nullable: null "
            "means that GitHub did not say."
        ),
    ]
    for stream in streams():
        parts += [f"## {stream.name}", columns(stream.name)]
    return "\n\n".join(parts) + "\n"


def filled(document: str, parts: dict[str, str]) -> str:
    """The document with each part between its two markers, `<!-- name -->` and `<!-- /name -->`."""
    for name, part in parts.items():
        before, _, rest = document.partition(f"<!-- {name} -->\n")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        document = f"{before}<!-- {name} -->\n{part}\n<!-- /{name} -->{after}"
    return document


def readme(document: str) -> str:
    """The README with its tables as they should be."""
    return filled(document, {"settings": settings_table(), "streams": streams_table()})


def _types(schema: dict[str, Any]) -> list[str]:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return [name for name in types if name != "null"]

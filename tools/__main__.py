"""`make docs`: bring README.md, docs/ and the Hub's file in step with the code."""

from __future__ import annotations

from pathlib import Path

from tools import duckdb_views, plugin, tables

ROOT = Path(__file__).parents[1]
VIEWS = ROOT / "docs" / "duckdb.sql"
HUB = ROOT / "hub" / "tap-github-copilot.yml"


def main() -> None:
    """Write them."""
    readme = ROOT / "README.md"
    readme.write_text(tables.readme(readme.read_text(encoding="utf-8")), encoding="utf-8")
    (ROOT / "docs" / "columns.md").write_text(tables.columns_document(), encoding="utf-8")
    VIEWS.write_text(duckdb_views.document(), encoding="utf-8")
    HUB.write_text(plugin.definition_document(), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The SQL recipes of docs/recipes.md, by their headings."""

from __future__ import annotations

import re
from pathlib import Path

RECIPES = Path(__file__).parents[1] / "docs" / "recipes.md"


def recipes() -> dict[str, str]:
    """Each heading with its query."""
    text = RECIPES.read_text(encoding="utf-8")
    return dict(
        re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```sql\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    )

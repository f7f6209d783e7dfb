"""The SQL recipes of the README, by their headings."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def recipes() -> dict[str, str]:
    """Each heading with its query."""
    text = README.read_text(encoding="utf-8")
    section = text.partition("## Recipes in SQL")[2].partition("\n## ")[0]
    return dict(re.findall(r"### ([^\n]+)\n.*?```sql\n(.*?)```", section, re.DOTALL))

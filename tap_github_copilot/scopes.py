"""Scopes: an enterprise or an organization, and what each of them is called where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeGuard

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class Level(StrEnum):
    """The level a run reads at; the two never mix in one table."""

    ENTERPRISE = "enterprise"
    ORGANIZATION = "organization"

    @property
    def other(self) -> Level:
        """The level that this one never mixes with."""
        return Level.ORGANIZATION if self is Level.ENTERPRISE else Level.ENTERPRISE

    @property
    def context_key(self) -> str:
        """The key that names a scope of this level in state and catalog."""
        return "enterprise_slug" if self is Level.ENTERPRISE else "organization_login"

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that say which scope a row belongs to."""
        if self is Level.ENTERPRISE:
            return ("enterprise_slug",)
        return ("organization_id", "organization_login")

    @property
    def key_column(self) -> str:
        """The one of those columns that stands in every table's key."""
        return self.key_columns[0]

    @property
    def first_day(self) -> date:
        """The first day of which GitHub ever had reports at this level."""
        return date(2025, 10, 10) if self is Level.ENTERPRISE else date(2025, 12, 12)


@dataclass(frozen=True)
class Scope:
    """One enterprise or one organization.

    Args:
        level: Which of the two it is.
        name: Its slug or login, in lower case.
        listed: Whether the configuration names it; else an App's installations did.
    """

    level: Level
    name: str
    listed: bool = True

    def __str__(self) -> str:
        """For people: `enterprise acme`."""
        return f"{self.level} {self.name}"

    @property
    def path(self) -> str:
        """The beginning of the path of every endpoint of this scope."""
        kind = "enterprises" if self.level is Level.ENTERPRISE else "orgs"
        return f"/{kind}/{self.name}"

    @property
    def context(self) -> dict[str, str]:
        """The Singer context: what names this scope in state."""
        return {self.level.context_key: self.name}


def is_id(value: object) -> TypeGuard[int]:
    """Whether something can be an id that GitHub gave: a whole number above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_name(text: object) -> TypeGuard[str]:
    """Whether something can be a slug or a login, and so part of a path."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None

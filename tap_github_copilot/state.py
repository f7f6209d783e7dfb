"""The check of a state before anything is read: its shape, its level, its bookmarks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tap_github_copilot.errors import OtherLevelExists
from tap_github_copilot.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_github_copilot.scopes import Level

_START_OVER = (
    "organization reports credit a person's whole use to every organization they belong to, so "
    "the two levels never share a table. To start over at {level} level: load into other tables "
    "(or empty these) and run without this state (a state id of its own, or meltano state clear)"
)


class WrongStateError(Exception):
    """A state that cannot be one of this tap's; one line that says where."""


def check_state(state: Any, level: Level, today: date) -> None:
    """Refuse a state that would lose days or mix levels.

    Raises:
        WrongStateError: It is damaged, or a bookmark lies in the future.
        OtherLevelExists: It was written at the other level.
    """
    for stream, partition in _partitions(state):
        context = _of(dict, partition.get("context"), f"{stream}: context")
        if level.other.context_key in context:
            raise OtherLevelExists(
                level.other.value,
                f"the state has bookmarks of {level.other} level ({stream}), and this run reads "
                f"at {level} level; " + _START_OVER.format(level=level),
            )
        _check_bookmark(partition.get("replication_key_value"), today, f"{stream}, {context}")


def other_level_in_catalog(level: Level, stream: str) -> OtherLevelExists:
    """The refusal of a catalog that was discovered at the other level."""
    return OtherLevelExists(
        level.other.value,
        f"the catalog was discovered at {level.other} level ({stream}), and this run reads at "
        f"{level} level; discover again. " + _START_OVER.format(level=level),
    )


def _partitions(state: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    bookmarks = _of(dict, _of(dict, state, "the whole").get("bookmarks", {}), "bookmarks")
    for stream, bookmark in bookmarks.items():
        place = redacted(str(stream))
        for partition in _of(
            list, _of(dict, bookmark, place).get("partitions", []), f"{place}: partitions"
        ):
            yield place, _of(dict, partition, f"{place}: a partition")


def _of(kind: type, value: Any, place: str) -> Any:
    if not isinstance(value, kind):
        what = "a list" if kind is list else "an object"
        raise WrongStateError(f"State: {place} must be {what}; correct it or run without it")
    return value


def _check_bookmark(value: Any, today: date, place: str) -> None:
    if value is None:
        return
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise WrongStateError(
            f"State: the bookmark of {redacted(place)} is no day (YYYY-MM-DD); correct it or "
            "remove it"
        ) from None
    if day >= today:
        raise WrongStateError(
            f"State: the bookmark of {redacted(place)} is {day}, which is not over yet: the days "
            "before it would be skipped; correct it or remove it"
        )

"""The check of an incoming state: its shape, its level, its bookmarks and remembered days.

Nothing in a state is ignored without a word: what holds a value is used, kept, or refused.
"""

from __future__ import annotations

import json
import logging
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from tap_github_copilot.errors import OtherLevelExists
from tap_github_copilot.partition_state import STREAM_PREFIX
from tap_github_copilot.redaction import redacted
from tap_github_copilot.scopes import is_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_github_copilot.scopes import Level

_START_OVER = (
    "organization reports credit a person's whole use to every organization they belong to, so "
    "the two levels never share a table. To start over at {level} level: load into other tables "
    "(or empty these) and run without this state (a state id of its own, or meltano state clear)"
)
_OURS = STREAM_PREFIX
_REPORT = "report"  # the second key of a context of the ledger
# What Meltano's backends, its command line and Singer's messages wrap a state in.
_WRAPPERS = (
    "singer_state",
    "completed",
    "completed_state",
    "partial",
    "partial_state",
    "state",
    "value",
)
_WITHOUT_MEANING = frozenset({"type", "currently_syncing", "replication_key"})
_DEEPEST = 10  # wrappers in wrappers
Kind = TypeVar("Kind")
logger = logging.getLogger("tap-github-copilot")


class WrongStateError(Exception):
    """A state that this tap cannot use; one line that says where and why."""


def usable_state(state: Any, level: Level, today: date) -> dict[str, Any]:
    """The same state as this tap uses it: unwrapped, and the names of scopes in lower case.

    Partitions of scopes that are not configured, and streams of other taps beside ours, are
    kept as they are.

    Args:
        state: As it was read.
        level: The level this run reads at.
        today: The UTC day of the run; what a state remembers lies before it.

    Raises:
        OtherLevelExists: Something in it was written at the other level.
        WrongStateError: It is damaged, remembers a day that is not over, or holds values of
            which this tap can use none.
    """
    _refuse_other_level(state, level)
    bookmarks = _bookmarks_in(state)
    for name, entry in bookmarks.items():
        _check_shape(redacted(name), entry)
    streams = {
        name: _stream(name, entry, level, today) if name.startswith(_OURS) else entry
        for name, entry in bookmarks.items()
    }
    ours = any(name.startswith(_OURS) and _holds_value(each) for name, each in streams.items())
    if not ours and _holds_value(bookmarks):
        raise WrongStateError(
            "State: it has bookmarks, but none of a stream of this tap; run with the state that "
            "this tap wrote, or without one"
        )
    return {"bookmarks": streams} if streams else {}


def other_level_in_catalog(level: Level, stream: str) -> OtherLevelExists:
    """The refusal of a catalog that was discovered at the other level."""
    return OtherLevelExists(
        level.other.value,
        f"the catalog was discovered at {level.other} level ({stream}), and this run reads at "
        f"{level} level; discover again. " + _START_OVER.format(level=level),
    )


def _refuse_other_level(state: Any, level: Level) -> None:
    """Look everywhere in a state: a wrapper that is not unwrapped must hide nothing."""
    stack: list[tuple[str, Any]] = [("the state", state)]
    while stack:
        place, value = stack.pop()
        if isinstance(value, dict):
            if level.other.context_key in value:
                raise OtherLevelExists(
                    level.other.value,
                    f"the state has bookmarks of {level.other} level ({redacted(place)}), and "
                    f"this run reads at {level} level; " + _START_OVER.format(level=level),
                )
            stack += [
                (key if str(key).startswith(_OURS) else place, _parsed(each))
                for key, each in value.items()
            ]
        elif isinstance(value, list):
            stack += [(place, each) for each in value]


def _bookmarks_in(state: Any) -> dict[str, Any]:
    """The one object of bookmarks in a state, unwrapped from what Meltano and Singer add."""
    candidates = list(_candidates(state, ""))
    found: list[dict[str, Any]] = []
    for wrapper, bookmarks in candidates:
        if _holds_value(bookmarks):
            if wrapper:
                logger.info("State: read from %s", wrapper)
            found += [] if bookmarks in found else [bookmarks]
    if len(found) > 1:
        raise WrongStateError(
            "State: it holds two different sets of bookmarks (a completed and a partial one, for "
            'example); keep the one to go on from, as {"bookmarks": …}'
        )
    return (found or [bookmarks for _, bookmarks in candidates] or [{}])[0]


def _candidates(state: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of bookmarks in a state, each with the wrappers around it."""
    state = _an(dict, state, path or "the whole")
    if path.count(".") >= _DEEPEST:
        raise WrongStateError(f"State: it is wrapped more than {_DEEPEST} times; unwrap it")
    inner = [name for name in _WRAPPERS if _holds_value(state.get(name))]
    if "bookmarks" in state:
        yield path, _an(dict, state["bookmarks"], "bookmarks")
    elif not inner and _holds_value(state):
        names = ", ".join(redacted(str(name)) for name in list(state)[:3])
        raise WrongStateError(
            f"State: it holds no bookmarks, but {names}; run with the state that this tap wrote "
            '({"bookmarks": …}), or without one'
        )
    for name in inner:
        yield from _candidates(_parsed(state[name]), f"{path}.{name}" if path else name)


def _parsed(value: Any) -> Any:
    """A value; an object written as JSON text (a column of Meltano's database) as that object."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _holds_value(value: Any) -> bool:
    """Whether there is anything in it: empty objects, lists and texts, and null, are nothing."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            stack += [inner for name, inner in each.items() if name not in _WITHOUT_MEANING]
        elif isinstance(each, list):
            stack += each
        elif each is not None and each != "":
            return True
    return False


def _an(kind: type[Kind], value: Any, place: str) -> Kind:
    if not isinstance(value, kind):
        what = "a list" if kind is list else "an object"
        raise WrongStateError(
            f"State: {redacted(place)} must be {what}; correct it or run without it"
        )
    return value


def _check_shape(stream: str, entry: Any) -> None:
    """Refuse what the SDK cannot read, also of a stream of another tap."""
    partitions = _an(dict, entry, stream).get("partitions", [])
    for each in (entry, *_an(list, partitions, f"{stream}: partitions")):
        _an(dict, each, f"{stream}: a partition")
        _an(dict, each.get("progress_markers", {}), f"{stream}: progress_markers")


def _stream(name: str, entry: Any, level: Level, today: date) -> dict[str, Any]:
    """What a state has of a stream of this tap, checked and with one partition per context."""
    place = redacted(name)
    kept: dict[str, Any] = dict(entry)
    partitions = kept.pop("partitions", [])
    outside = {key: value for key, value in kept.items() if _holds_value({key: value})}
    if "replication_key_value" in outside or (outside and not partitions):
        raise WrongStateError(
            f"State: {place} has {redacted(next(iter(outside)))} outside of a partition, so that "
            "it belongs to no scope; move it into a partition with a context, or remove it"
        )
    merged: dict[str, dict[str, Any]] = {}
    for raw in partitions:
        partition = _partition(raw, place, level, today)
        if partition is None:
            continue
        key = json.dumps(partition["context"], sort_keys=True)
        merged[key] = _merged(merged[key], partition) if key in merged else partition
    if merged:
        kept["partitions"] = list(merged.values())
    return kept


def _partition(
    partition: dict[str, Any], stream: str, level: Level, today: date
) -> dict[str, Any] | None:
    """A partition with its scope's name in lower case; None if there is nothing in it."""
    context: dict[str, Any] = _an(dict, partition.get("context"), f"{stream}: context")
    if not _holds_value(partition):
        return None
    name: Any = context.get(level.context_key)
    report = context.get(_REPORT, "")
    known = context.keys() <= {level.context_key, _REPORT} and isinstance(report, str)
    if not is_name(name) or not known:
        raise WrongStateError(
            f'State: a context of {stream} must be {{"{level.context_key}": a name}}, with a '
            "report in that of the ledger; correct it or remove its partition"
        )
    context |= {level.context_key: name.lower()}
    place = f"{stream}, {redacted(str(context))}"
    if partition.get("replication_key") not in (None, "day"):
        raise WrongStateError(
            f"State: the bookmark of {place} is not one of the replication key day; remove it"
        )
    _check_days(partition, today, place)
    return {**partition, "context": context}


def _check_days(partition: dict[str, Any], today: date, place: str) -> None:
    """Refuse a partition whose days cannot be ones that a run remembered."""
    _check_bookmark(partition.get("replication_key_value"), today, f"the bookmark of {place}")
    loaded = partition.get("loaded")
    for day, entry in _an(dict, {} if loaded is None else loaded, f"{place}: loaded").items():
        _check_day(day, f"a loaded day of {place}")
        what = f"the loaded day {day} of {place}"
        _an(dict, entry, what)
        _check_day(entry.get("checked_on", ""), f"checked_on of {what}")
        for name, is_right in (("version", _is_text), ("fetched_at", _is_moment)):
            if not is_right(entry.get(name)):
                raise WrongStateError(
                    f"State: {what} has no {name} that can be used; remove that day, and it is "
                    "loaded again"
                )
    _check_day(partition.get("loaded_on"), f"loaded_on of {place}")
    silent = partition.get("silent")
    if silent is not None:
        _an(dict, silent, f"{place}: silent")
        _check_day(silent.get("on", ""), f"silent.on of {place}")
        _check_day(silent.get("from", ""), f"silent.from of {place}")


def _check_day(value: Any, what: str) -> None:
    """Refuse what is not a day. It may be in the future: this machine's clock may have gone back.

    No day is skipped for it, as it would be for a bookmark.
    """
    if value is not None and _day(value) is None:
        raise WrongStateError(f"State: {what} is not a day (YYYY-MM-DD); correct it or remove it")


def _check_bookmark(value: Any, today: date, what: str) -> None:
    """Refuse what is not a day, or not over yet."""
    _check_day(value, what)
    day = None if value is None else _day(value)
    if day is not None and day >= today:
        raise WrongStateError(
            f"State: {what} is {day}, which is not over yet: days before it would be skipped; "
            "correct it or remove it"
        )


def _day(value: Any) -> date | None:
    """The day that a text of the form YYYY-MM-DD names."""
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return day if value == day.isoformat() else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_moment(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two partitions of one scope, whose name was written in two ways: what both know counts."""
    if not _holds_value(_knowledge(other)):
        return other | one
    if not _holds_value(_knowledge(one)):
        return one | other
    both = {**other, **one}
    for name, of_both in _OF_BOTH.items():
        both.pop(name, None)
        value = of_both(one.get(name), other.get(name))
        if value is not None:
            both[name] = value
    return both


def _knowledge(partition: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in partition.items() if name in _OF_BOTH}


def _earlier(one: str | None, other: str | None) -> str | None:
    return min(filter(None, (one, other)), default=None)


def _equal(one: Any, other: Any) -> Any:
    return one if one == other else None


def _equal_days(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    one, other = one or {}, other or {}
    return {day: entry for day, entry in one.items() if other.get(day) == entry} or None


_OF_BOTH: dict[str, Callable[[Any, Any], Any]] = {
    "replication_key_value": _earlier,
    "loaded": _equal_days,
    "loaded_on": _earlier,
    "silent": _equal,
}

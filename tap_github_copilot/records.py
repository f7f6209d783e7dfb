"""From a row as GitHub wrote it to a record that fits the schema of its stream.

Nothing is lost: a field without a column, and one whose type is not that of its column, goes
to `extra_fields`. Nothing is invented: what is absent is null.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tap_github_copilot.clock import utc
from tap_github_copilot.github.report_files import INT64, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class MisfitError(Exception):
    """A value that its column cannot hold."""


class Columns:
    """The columns of a stream that take fields of GitHub's rows.

    Args:
        schema: The stream's JSON Schema.
        reserved: Columns that the tap fills itself; a field of such a name has no column.
    """

    def __init__(self, schema: Mapping[str, Any], reserved: frozenset[str]) -> None:
        self._fits = {
            name: _fit_for(column)
            for name, column in schema["properties"].items()
            if name not in reserved
        }
        self._plain = {name: _PLAIN[fit] for name, fit in self._fits.items() if fit in _PLAIN}
        self._nulls: dict[str, Any] = dict.fromkeys(schema["properties"])

    def __contains__(self, name: str) -> bool:
        return name in self._fits

    def record(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """A row as a value for every column, and the fields that none of them can hold."""
        record = self._nulls.copy()
        extra: dict[str, Any] = {}
        plain, fits = self._plain, self._fits
        for name, value in row.items():
            kind = type(value)
            if kind is plain.get(name) and (kind is not int or abs(value) < INT64):
                record[name] = value  # most values are just what their column holds
                continue
            fit = fits.get(name)
            if fit is None:
                extra[name] = value
                continue
            try:
                record[name] = None if value is None else fit(value)
            except MisfitError:
                extra[name] = value
        return record, extra


def _fit_for(column: Mapping[str, Any]) -> Callable[[Any], Any]:
    types = column["type"] if isinstance(column["type"], list) else [column["type"]]
    kind = next(name for name in types if name != "null")
    return _FITS[column.get("format", kind) if kind == "string" else kind]


def _integer(value: Any) -> int:
    number = whole_number(value)
    if number is None:
        raise MisfitError
    return number


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MisfitError
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise MisfitError
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise MisfitError
    return value


def _date(value: Any) -> str:
    if not _is_day(_string(value)):
        raise MisfitError
    return _string(value)


@lru_cache(maxsize=64)
def _is_day(text: str) -> bool:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return day.isoformat() == text  # `20260131` and `2026-W05-6` are ISO 8601, too


def _moment(value: Any) -> str:
    moment = utc(value)
    if moment is None:
        raise MisfitError
    return moment


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MisfitError
    return value


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise MisfitError
    for entry in value:
        if entry is not None and not isinstance(entry, dict):
            raise MisfitError
    return value


_FITS: dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": _string,
    "date": _date,
    "date-time": _moment,
    "object": _object,
    "array": _array,
}
# Types that say enough without a look at the value; only of an integer the size counts.
_PLAIN = {_boolean: bool, _string: str, _object: dict, _number: float, _integer: int}

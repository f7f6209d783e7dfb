"""From a row as GitHub wrote it to a record that fits the schema of its stream.

Nothing is lost: a field without a column, and one whose type is not that of its column, goes
to `extra_fields`. Nothing is invented: what is absent is null.
"""

from __future__ import annotations

import secrets
from datetime import date
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, cast

import msgspec

from tap_github_copilot.clock import utc
from tap_github_copilot.github.report_files import INT64, decode_plain, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_MOST_MISSES = 100


class MisfitError(Exception):
    """A value that its column cannot hold."""


class FittingRow(msgspec.Struct):
    """A row that was decoded right into the columns of a stream."""


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
        self._formats = [(n, fit) for n, fit in self._fits.items() if fit in {_date, _moment}]
        # How many rows did not fit, one after another; a catalog may hold other names of columns.
        self._misses = 0 if all(map(_is_plain_name, self._nulls)) else _MOST_MISSES

    def __contains__(self, name: str) -> bool:
        return name in self._fits

    def decode(self, text: bytes) -> FittingRow | dict[str, Any]:
        """A row from its JSON, for `record`; most rows fit, and for them that is faster.

        Raises:
            msgspec.MsgspecError: It is not JSON, as far as msgspec can tell.
        """
        if self._misses < _MOST_MISSES:
            try:
                row = self._decode_fitting(text)
            except msgspec.MsgspecError:
                self._misses += 1
            else:
                self._misses = 0
                return row
        decoded: dict[str, Any] = decode_plain(text)
        return decoded

    def record(self, row: FittingRow | Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """A row as a value for every column, and the fields that none of them can hold."""
        if isinstance(row, FittingRow):
            return self._record_of_fitting(row)
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

    def _record_of_fitting(self, row: FittingRow) -> tuple[dict[str, Any], dict[str, Any]]:
        record, extra = msgspec.structs.asdict(row), {}
        for name, fit in self._formats:
            if (value := record[name]) is not None:
                try:
                    record[name] = fit(value)
                except MisfitError:
                    record[name], extra[name] = None, value
        return record, extra

    @cached_property
    def _decode_fitting(self) -> Callable[[bytes], FittingRow]:
        """Decodes a row that has no field but columns, each of its column's type.

        Columns that no field may fill have a name in it that no row can have.
        """
        reserved = self._nulls.keys() - self._fits.keys()
        unknowable = secrets.token_hex(16)
        row = msgspec.defstruct(
            "FittingRow",
            [
                (name, _DECODED[self._fits[name]] if name in self._fits else None, None)
                for name in self._nulls
            ],
            bases=(FittingRow,),
            forbid_unknown_fields=True,
            rename={name: unknowable + name for name in reserved},
        )
        return cast("Callable[[bytes], FittingRow]", msgspec.json.Decoder(row).decode)


def _is_plain_name(name: str) -> bool:
    """Whether a field of a class may have this name."""
    return name.isidentifier() and not name.startswith("__")


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


_ENTRIES = {dict, type(None)}


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise MisfitError
    if not _ENTRIES.issuperset(map(type, value)):
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
# The same for msgspec: what its decoder takes without error is just what the column holds.
_DECODED: dict[Callable[[Any], Any], Any] = {
    _integer: Annotated[int, msgspec.Meta(ge=-INT64, le=INT64 - 1)] | None,
    _number: int | float | None,
    _boolean: bool | None,
    _string: str | None,
    _date: str | None,
    _moment: str | None,
    _object: dict[str, Any] | None,
    _array: list[dict[str, Any] | None] | None,
}

"""What stands in a report's file: rows, however they are written down, and their check.

NDJSON as GitHub writes it; also a JSON array (its documentation's examples), a
byte-order mark, blank lines and a last line without its newline. Aggregate reports are
one object, an array of them, or wrappers with `day_totals`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from tap_github_copilot.github.report_cache import BUFFER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_github_copilot.github.report_cache import ReportFile

    _Read = Callable[[bytes, str, int], "Row"]

_BOM = b"\xef\xbb\xbf"
INT64 = 2**63
_BYTE = re.compile(r"\(byte (\d+)\)")
_NUL = b"\\u0000"
_LONG_INTEGER = 300  # digits
_DEEPEST = 200  # levels of nesting that all code after the decoder can walk
_decode = msgspec.json.Decoder().decode

Row = dict[str, Any]


class BadContentError(Exception):
    """A file that does not hold what it should; says which line, never what stands there."""


@dataclass(frozen=True)
class RowContract:
    """What every row of a report must have.

    Args:
        day: The day asked for, as YYYY-MM-DD.
        keys: Integer fields that tell a day's rows apart.
        aggregate: Whether the report is the day's totals.
    """

    day: str
    keys: tuple[str, ...]
    aggregate: bool = False


def rows(file: ReportFile, *, aggregate: bool = False) -> Iterator[tuple[int, Row]]:
    """Each row of a file that was checked, with the number of its line (its place, in an array).

    NUL characters are removed from its strings: PostgreSQL refuses them.

    Args:
        file: A report's file.
        aggregate: Whether the report is the day's totals.
    """
    return _rows(file, _checked_row, aggregate=aggregate)


def check(file: ReportFile, rule: RowContract) -> Iterator[tuple[int, ...]]:
    """Read a file whole and hold every row against the rule.

    Yields:
        Each row's key values.

    Raises:
        BadContentError: A row breaks the rule.
    """
    read = _unknown_row(("day", "day_totals") if rule.aggregate else ("day", *rule.keys))
    for number, row in _rows(file, read, aggregate=rule.aggregate):
        if row.get("day") != rule.day:
            raise BadContentError(f"line {number}: the row's day is not {rule.day}")
        key = tuple([whole_number(row.get(name)) for name in rule.keys])
        if None in key:
            missing = rule.keys[key.index(None)]
            raise BadContentError(f"line {number}: the row has no {missing} that is a whole number")
        yield key  # type: ignore[misc]  # None was just ruled out


def whole_number(value: object) -> int | None:
    """The value as a 64-bit integer, `1.0` as 1; None if it is anything else."""
    if type(value) is int and -INT64 <= value < INT64:
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -INT64 <= value < INT64:
        return None
    return value


def without_nul(value: Any) -> Any:
    """The same JSON value without NUL characters, which PostgreSQL refuses."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [without_nul(entry) for entry in value]
    if isinstance(value, dict):
        return {without_nul(key): without_nul(entry) for key, entry in value.items()}
    return value


def _rows(file: ReportFile, read: _Read, *, aggregate: bool) -> Iterator[tuple[int, Row]]:
    with file.open() as lines:
        if aggregate:
            yield from _totals(lines.read(), read)
        elif lines.peek(BUFFER)[:BUFFER].removeprefix(_BOM).lstrip().startswith(b"["):
            yield from _array(lines.read(), "row", read)
        else:
            yield from _lines(lines, read)


def _lines(lines: Iterable[bytes], read: _Read) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(_BOM) if number == 1 else line
        if text and not text.isspace():
            yield number, read(text, "line", number)


def _array(document: bytes, place: str, read: _Read) -> Iterator[tuple[int, Row]]:
    text = document.removeprefix(_BOM).rstrip()
    try:
        entries = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        byte = _BYTE.search(str(error))
        line = text.count(b"\n", 0, int(byte[1]) if byte else len(text)) + 1
        raise BadContentError(f"line {line}: the file is no JSON array of rows") from None
    for number, entry in enumerate(entries, 1):
        yield number, read(bytes(entry), place, number)


def _totals(document: bytes, read: _Read) -> Iterator[tuple[int, Row]]:
    """The rows of a day's totals: one or more objects, or what wrappers hold as `day_totals`."""
    text = document.removeprefix(_BOM).strip()
    for number, entry in _entries(text, read):
        wrapped = entry.get("day_totals", entry)
        if not isinstance(wrapped, list):
            wrapped = [wrapped]
        for row in wrapped:
            if not isinstance(row, dict) or "day" not in row:
                raise BadContentError(f"line {number}: neither a day's totals nor day_totals")
            yield number, row


def _entries(text: bytes, read: _Read) -> Iterator[tuple[int, Row]]:
    """An array of objects, one object over any number of lines, or an object a line."""
    if text.startswith(b"["):
        yield from _array(text, "object", read)
        return
    try:
        whole = read(text, "line", 1)
    except (BadContentError, msgspec.MsgspecError):
        yield from _lines(text.splitlines(), read)
    else:
        yield 1, whole


def _unknown_row(fields: Iterable[str]) -> _Read:
    """How to read rows of which nothing is known yet: these fields of them, the rest checked.

    That is a third of the price of decoding all of it. What is skipped is checked as
    JSON, but not as UTF-8, and not for numbers out of a double's range: see `_checked_row`.
    """
    shape = TypedDict("shape", dict.fromkeys(fields, Any), total=False)  # type: ignore[misc]
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(shape).decode

    def read(text: bytes, place: str, number: int) -> Row:
        try:
            row: Row = decode(text)
            text.isascii() or text.decode()
        except msgspec.ValidationError:
            raise BadContentError(f"{place} {number} is no JSON object") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise BadContentError(f"{place} {number} is not JSON") from None
        if text.count(b"[") + text.count(b"{") > _DEEPEST and _is_deeper(json.loads(text)):
            raise BadContentError(f"{place} {number} is nested deeper than {_DEEPEST} levels")
        return row

    return read


def _checked_row(text: bytes, place: str, number: int) -> Row:  # noqa: ARG001
    """A row of a file that was checked whole."""
    try:
        row: Row = _decode(text)
    except msgspec.ValidationError:
        # A number that no double holds stays as its text, and so goes to extra_fields.
        row = json.loads(text, parse_float=_float_or_text, parse_int=_int_or_text)
    return without_nul(row) if _NUL in text else row


def _float_or_text(text: str) -> float | str:
    return float(text) if isfinite(float(text)) else text


def _int_or_text(text: str) -> int | str:
    return int(text) if len(text) < _LONG_INTEGER else text


def _is_deeper(value: Any, levels: int = _DEEPEST) -> bool:
    if not isinstance(value, dict | list):
        return False
    entries = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(entry, levels - 1) for entry in entries)

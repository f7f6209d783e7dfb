"""What stands in a report's file: rows, however they are written down, and their check.

NDJSON as GitHub writes it; also a JSON array (its documentation's examples), a
byte-order mark, blank lines and a last line without its newline. Aggregate reports are
one object, an array of them, or wrappers with `day_totals`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import msgspec

from tap_github_copilot.github.disk import BUFFER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_github_copilot.github.disk import ReportFile

_BOM = b"\xef\xbb\xbf"
_INT64 = 2**63
_BYTE = re.compile(r"\(byte (\d+)\)")
_NUL = b"\\u0000"
_DEEPEST = 200  # levels of nesting that all code after the decoder can walk
_decode = msgspec.json.Decoder().decode

Row = dict[str, Any]


class BadContentError(Exception):
    """A file that does not hold what it should; says which line, never what stands there."""


@dataclass(frozen=True)
class Rule:
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
    """Each row with the number of its line (of its place, in an array), from 1.

    NUL characters are removed from its strings: PostgreSQL refuses them.

    Args:
        file: A report's file.
        aggregate: Whether the report is the day's totals.

    Raises:
        BadContentError: A line is no JSON object.
    """
    with file.open() as lines:
        if aggregate:
            yield from _totals(lines.read())
        elif lines.peek(BUFFER)[:BUFFER].removeprefix(_BOM).lstrip().startswith(b"["):
            yield from _array(lines.read(), "row")
        else:
            yield from _lines(lines)


def check(file: ReportFile, rule: Rule) -> Iterator[tuple[int, ...]]:
    """Read a file whole and hold every row against the rule.

    Yields:
        Each row's key values.

    Raises:
        BadContentError: A row breaks the rule.
    """
    for number, row in rows(file, aggregate=rule.aggregate):
        if row.get("day") != rule.day:
            raise BadContentError(f"line {number}: the row's day is not {rule.day}")
        key = tuple(whole_number(row.get(name)) for name in rule.keys)
        if None in key:
            missing = rule.keys[key.index(None)]
            raise BadContentError(f"line {number}: the row has no {missing} that is a whole number")
        yield key  # type: ignore[misc]  # None was just ruled out


def whole_number(value: object) -> int | None:
    """The value as a 64-bit integer, `1.0` as 1; None if it is anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -_INT64 <= value < _INT64:
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


def _lines(lines: IO[bytes]) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(_BOM) if number == 1 else line
        if text and not text.isspace():
            yield number, _row(text, f"line {number}")


def _array(document: bytes, place: str) -> Iterator[tuple[int, Row]]:
    text = document.removeprefix(_BOM).rstrip()
    try:
        entries = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        byte = _BYTE.search(str(error))
        line = text.count(b"\n", 0, int(byte[1]) if byte else len(text)) + 1
        raise BadContentError(f"line {line}: the file is no JSON array of rows") from None
    for number, entry in enumerate(entries, 1):
        yield number, _row(bytes(entry), f"{place} {number}")


def _totals(document: bytes) -> Iterator[tuple[int, Row]]:
    """The rows of a day's totals: one or more objects, or what wrappers hold as `day_totals`."""
    text = document.removeprefix(_BOM).strip()
    for number, entry in _array(text, "object") if text.startswith(b"[") else _objects(text):
        wrapped = entry.get("day_totals", entry)
        if not isinstance(wrapped, list):
            wrapped = [wrapped]
        for row in wrapped:
            if not isinstance(row, dict) or "day" not in row:
                raise BadContentError(f"line {number}: neither a day's totals nor day_totals")
            yield number, row


def _objects(text: bytes) -> Iterator[tuple[int, Row]]:
    """One object over any number of lines, or an object a line."""
    try:
        yield 1, _row(text, "line 1")
    except BadContentError:
        yield from _lines(iter(text.splitlines()))  # type: ignore[arg-type]


def _row(text: bytes, place: str) -> Row:
    try:
        row = _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadContentError(f"{place} is not JSON") from None
    if not isinstance(row, dict):
        raise BadContentError(f"{place} is no JSON object")
    if text.count(b"[") + text.count(b"{") > _DEEPEST and _is_deeper(row, _DEEPEST):
        raise BadContentError(f"{place} is nested deeper than {_DEEPEST} levels")
    return without_nul(row) if _NUL in text else row


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    entries = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(entry, levels - 1) for entry in entries)

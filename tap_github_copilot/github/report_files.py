"""The content of a report's files: rows, in every form that GitHub may write, and their check.

NDJSON as GitHub writes it; also a JSON array (its documentation's examples), a byte-order
mark, blank lines and a last line without its newline. The daily totals are one object, an
array of them, or wrappers with `day_totals`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tap_github_copilot.github.bodies import BUFFER
from tap_github_copilot.github.json_text import (
    DEEPEST,
    decode,
    without_lone_surrogates,
    without_nul,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_github_copilot.github.temporary_files import ReportFile

    _Read = Callable[[bytes, str, int], "Row"]

LONGEST_LINE = 64 * 1024**2  # bytes
LARGEST_DOCUMENT = 256 * 1024**2  # bytes of a file that is decoded as one value
INT64 = 2**63
_EXACT = 2**53  # from here on a double stands for several integers
_BOM = b"\xef\xbb\xbf"
_BYTE = re.compile(r"\(byte (\d+)\)")
_NUL = b"\\u0000"
decode_plain: Callable[[bytes], Any] = msgspec.json.Decoder().decode
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder(order="sorted").encode
_tag = AESGCM(bytes(16)).encrypt
_NONCE = bytes(12)

Row = dict[str, Any]


class BadContentError(Exception):
    """A file that does not hold what it should; names the line, never what stands there."""


@dataclass(frozen=True)
class RowContract:
    """What every row of a report must have.

    Args:
        day: The day asked for, as YYYY-MM-DD.
        keys: Integer fields that tell the rows of a day apart.
        aggregate: Whether the report is the daily totals.
    """

    day: str
    keys: tuple[str, ...]
    aggregate: bool = False


@dataclass
class CheckedRows:
    """What the check of a file has found.

    Args:
        keys: The key of each row: the value of its key field, or those of several.
        checksum: Sum of the checksums of all rows, whose order therefore does not matter.
        is_blank: Whether nothing at all stands in the file.
    """

    keys: list[int | tuple[int, ...]] = field(default_factory=list)
    checksum: int = 0
    is_blank: bool = False


def rows(
    file: ReportFile, *, aggregate: bool = False, decode_row: Callable[[bytes], Any] = decode_plain
) -> Iterator[Any]:
    """The rows of a file that was checked.

    NUL characters are removed from their strings: PostgreSQL refuses them.

    Args:
        file: A report's file.
        aggregate: Whether the report is the daily totals.
        decode_row: Decodes a row without NUL characters. What it returns is passed on; where
            it raises as msgspec does, the row is decoded here. Unused for the daily totals.
    """
    read = _checked_reader(decode_plain if aggregate else decode_row)
    for _, row in _rows(file, read, aggregate=aggregate):
        yield row


def check(file: ReportFile, contract: RowContract) -> CheckedRows:
    """Read a whole file and hold every row against the contract.

    Values are checked as they will be emitted: without NUL characters, for example.

    Raises:
        BadContentError: A row breaks it.
    """
    found = CheckedRows()
    read = _read_whole if contract.aggregate else _reader_of(("day", *contract.keys), found)
    for number, row in _rows(file, read, aggregate=contract.aggregate):
        if row.get("day") != contract.day:
            raise BadContentError(f"line {number}: the row's day is not {contract.day}")
        found.keys.append(_key(row, contract.keys, number))
        if contract.aggregate:
            found.checksum += _checksum(_encode(row))
    if contract.aggregate and not found.keys:
        with file.open() as content:
            found.is_blank = not content.read().removeprefix(_BOM).strip()
    return found


def _key(row: Row, names: tuple[str, ...], number: int) -> int | tuple[int, ...]:
    """The key of a row; of a single field without a tuple around it, for a third of the memory.

    Raises:
        BadContentError: One of its values is not a whole number.
    """
    key = []
    for name in names:
        value = whole_number(row.get(name))
        if value is None:
            raise BadContentError(f"line {number}: the row has no {name} that is a whole number")
        key.append(value)
    return key[0] if len(key) == 1 else tuple(key)


def whole_number(value: object) -> int | None:
    """The value as a 64-bit integer, `1.0` as 1; None for anything else.

    A float from 2**53 on is none: its text may have named another integer.
    """
    if type(value) is int and -INT64 <= value < INT64:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return None


def _checksum(row: bytes) -> int:
    """128 bits that tell a row from every other one.

    It is the tag of AES-GCM under a fixed key, with the row as associated data: less than a
    microsecond for a row of 3 KB, where SHA-256 takes 3. It is only compared with that of
    another build of the same report; nobody gains by a collision.
    """
    return int.from_bytes(_tag(_NONCE, b"", row), "little")


def _rows(file: ReportFile, read: _Read, *, aggregate: bool) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its line; in an array, of its place."""
    with file.open() as lines:
        start = lines.peek(BUFFER)[:BUFFER].removeprefix(_BOM).lstrip()
        if not aggregate and not start.startswith(b"["):
            numbered = enumerate(iter(partial(lines.readline, LONGEST_LINE + 1), b""), 1)
            yield from _lines(numbered, read)
            return
        if file.size > LARGEST_DOCUMENT:
            raise BadContentError(f"line 1: the array has more than {LARGEST_DOCUMENT} bytes")
        document = lines.read().removeprefix(_BOM).strip()
        yield from _totals(document, read) if aggregate else _array(document, "row", read)


def _lines(numbered: Iterable[tuple[int, bytes]], read: _Read) -> Iterator[tuple[int, Row]]:
    for number, line in numbered:
        text = line.strip()
        if number == 1:
            text = text.removeprefix(_BOM).strip()
        if len(line) > LONGEST_LINE:
            raise BadContentError(f"line {number} has more than {LONGEST_LINE} bytes")
        if text:
            yield number, read(text, "line", number)


def _array(text: bytes, place: str, read: _Read) -> Iterator[tuple[int, Row]]:
    try:
        entries = _decode_array(text)
    except (msgspec.MsgspecError, RecursionError):
        entries = _entries_of_mended(text)
    for number, entry in enumerate(entries, 1):
        yield number, read(bytes(entry), place, number)


def _entries_of_mended(text: bytes) -> list[msgspec.Raw]:
    """The entries of an array that may hold escapes of unpaired surrogates.

    Raises:
        BadContentError: Those are not all that is wrong with it.
    """
    text = without_lone_surrogates(text)
    try:
        return _decode_array(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        byte = _BYTE.search(str(error))
        line = text.count(b"\n", 0, int(byte[1]) if byte else len(text)) + 1
        raise BadContentError(f"line {line}: the file is not a JSON array of rows") from None


def _totals(text: bytes, read: _Read) -> Iterator[tuple[int, Row]]:
    """The rows of the daily totals: one or more objects, or the `day_totals` of wrappers."""
    for number, entry in _entries(text, read):
        wrapped = entry.get("day_totals", entry)
        for row in wrapped if isinstance(wrapped, list) else [wrapped]:
            if not isinstance(row, dict) or "day" not in row:
                raise BadContentError(f"line {number}: neither the totals of a day nor day_totals")
            yield number, row


def _entries(text: bytes, read: _Read) -> Iterator[tuple[int, Row]]:
    """An array of objects, one object over any number of lines, or one object per line."""
    if text.startswith(b"["):
        yield from _array(text, "object", read)
        return
    try:
        whole = read(text, "line", 1)
    except BadContentError:
        yield from _lines(enumerate(text.splitlines(), 1), read)
    else:
        yield 1, whole


def _reader_of(fields: Iterable[str], found: CheckedRows) -> _Read:
    """What reads these fields of rows of which nothing is known yet, and checks the rest.

    It adds their checksums to what was found.

    That takes a third of the time of decoding all of it. What is skipped is checked as JSON,
    but not as UTF-8, and a row that is not as plain as most is decoded whole.
    """
    shape = TypedDict("shape", dict.fromkeys(fields, Any), total=False)  # type: ignore[misc]
    decode_fields: Callable[[bytes], Any] = msgspec.json.Decoder(shape).decode

    def read(text: bytes, place: str, number: int) -> Row:
        found.checksum += _checksum(text)
        try:
            row: Row = decode_fields(text)
            text.isascii() or text.decode()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _read_whole(text, place, number)
        if _has_nul(text) or _count(b"[", text) + _count(b"{", text) > DEEPEST:
            return _read_whole(text, place, number)
        return row

    return read


def _count(byte: bytes, text: bytes) -> int:
    """How often a byte occurs; `bytes.count` takes 2 microseconds for 3 KB, this 0.2."""
    return len(text) - len(text.replace(byte, b""))


def _has_nul(text: bytes) -> bool:
    """Whether a row may hold the escape of a NUL; the search for one byte is much faster."""
    return b"\\" in text and _NUL in text


def _read_whole(text: bytes, place: str, number: int) -> Row:
    """A row as it will be emitted, of which nothing is known yet."""
    try:
        row = without_nul(decode(text))
    except ValueError as error:
        reason = "is nested too deeply" if "nested" in str(error) else "is not JSON"
        raise BadContentError(f"{place} {number} {reason}") from None
    if not isinstance(row, dict):
        raise BadContentError(f"{place} {number} is not a JSON object")
    return row


def _checked_reader(decode_row: Callable[[bytes], Any]) -> _Read:
    """What reads the rows of a file that was checked: as `_read_whole`, but faster for most."""

    def read(text: bytes, place: str, number: int) -> Any:
        if _has_nul(text):
            return _read_whole(text, place, number)
        try:
            return decode_row(text)
        except msgspec.MsgspecError:
            return _read_whole(text, place, number)

    return read

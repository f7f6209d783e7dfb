"""JSON as GitHub sends it, decoded without losing a whole document over one bad escape."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

import msgspec

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a surrogate pair
    rb"|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)",
    re.DOTALL,
)
_LONE_SURROGATE = 6  # bytes of its escape; no other escape that matches is as long
_LONG_INTEGER = 300  # digits
DEEPEST = 200  # levels of nesting that all code after the decoder can walk
_decode = msgspec.json.Decoder().decode


def decode(text: bytes) -> Any:
    """The value of a JSON document.

    The escape of an unpaired surrogate, which no UTF-8 text can hold, becomes U+FFFD. A number
    beyond the range of a double stays as its text.

    Raises:
        ValueError: It is not JSON, not UTF-8, or nested deeper than 200 levels.
    """
    try:
        value = _decoded(text)
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST} levels") from None
    if text.count(b"[") + text.count(b"{") > DEEPEST and is_deeper(value):
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    return value


def _decoded(text: bytes) -> Any:
    try:
        return _decode(text)
    except msgspec.ValidationError:  # valid JSON with a number that no double holds
        pass
    except msgspec.DecodeError:
        mended = without_lone_surrogates(text)
        if mended == text:
            raise
        return _decoded(mended)
    # json accepts more than JSON: encodings other than UTF-8, NaN and Infinity.
    return json.loads(
        without_lone_surrogates(text).decode(),
        parse_float=_float_or_text,
        parse_int=_int_or_text,
        parse_constant=_no_number,
    )


def without_nul(value: Any) -> Any:
    """The same JSON value without NUL characters, which PostgreSQL refuses.

    A name that would then equal another name of its object keeps U+FFFD in their place, so
    that neither value is lost.
    """
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [without_nul(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    clean = {name: without_nul(entry) for name, entry in value.items() if "\0" not in name}
    for name in value.keys() - clean.keys():
        short = name.replace("\0", "")
        if short in clean:
            short = name.replace("\0", "\ufffd")
        while short in clean:
            short += "\ufffd"
        clean[short] = without_nul(value[name])
    return clean


def is_deeper(value: Any, levels: int = DEEPEST) -> bool:
    """Whether arrays and objects are nested deeper than this."""
    if not isinstance(value, dict | list):
        return False
    entries = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(is_deeper(entry, levels - 1) for entry in entries)


def without_lone_surrogates(text: bytes) -> bytes:
    r"""A JSON document whose escapes of unpaired surrogates are replaced with `\ufffd`."""
    return _ESCAPE.sub(_mended, text)


def _mended(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if len(escape[0]) == _LONE_SURROGATE else escape[0]


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _float_or_text(text: str) -> float | str:
    return float(text) if isfinite(float(text)) else text


def _int_or_text(text: str) -> int | str:
    return int(text) if len(text) < _LONG_INTEGER else text

"""JSON with escapes and numbers that Python, msgspec and UTF-8 each see in their own way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_github_copilot.github.json_text import decode, without_lone_surrogates


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'"\ud800"', "�"),
        (rb'"\udfff"', "�"),
        (rb'"a\uDBFFb"', "a�b"),
        (rb'"\udc00\ud800"', "��"),
        (rb'"\ud800\ud83d\ude00"', "�\U0001f600"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\ud800\u0041"', "�A"),
        (rb'"\\ud800 \ud800"', "\\ud800 �"),
        (rb'{"\ud800": 1e400}', {"�": "1e400"}),
    ],
)
def test_an_unpaired_surrogate_becomes_a_replacement_character(text: bytes, value: object) -> None:
    assert decode(text) == value


@given(st.text(max_size=20))
def test_other_text_stays_as_it_is(text: str) -> None:
    written = json.dumps(text).encode()
    assert decode(written) == text
    assert without_lone_surrogates(written) == written


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'"\xed\xa0\x80"', b'"\xff"', rb'"\ud800', rb'"\ud80"', b"[" * 5000, b"NaN"],
)
def test_what_is_not_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)


@pytest.mark.parametrize("depth", [201, 900, 100_000])
def test_deep_nesting_is_a_value_error(depth: int) -> None:
    with pytest.raises(ValueError, match="nested deeper than 200 levels"):
        decode(b'{"a":' * depth + b"1" + b"}" * depth)

"""The body of an HTTP answer: read as it was sent, decoded here, and checked to be whole.

`urllib3` decodes a gzip body that was cut off without complaint, and takes a closed
connection for the end of a body without a length. So bodies are read raw: the framing
(`Content-Length` or the last chunk) must say that all of it has arrived, and each
compressed stream must reach its own end. What is decoded is handed on in small pieces, so
memory stays flat however far a body expands.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError, ReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

BUFFER = 256 * 1024
API_BODY_LIMIT = 64 * 1024**2  # bytes, after decoding
_GZIP = 31  # zlib's name for a gzip member
_ZLIB = 15
_RAW_DEFLATE = -15
_MD5_BYTES = 16
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class BrokenBodyError(Exception):
    """A body that did not arrive whole, or cannot be decoded; the text says no more than that."""


class BodyTooLargeError(BrokenBodyError):
    """A body that is larger than its limit after decoding."""


def read_body(
    response: requests.Response,
    write: Callable[[bytes], object],
    *,
    limit: int | None = None,
    ends_itself: bool = False,
    at_once: int = BUFFER,
) -> None:
    """Hand the decoded body of a response to `write`, piece by piece.

    The pieces are handed on before it is known whether the body is whole: discard them if
    this raises.

    Args:
        response: Opened with `stream=True`, and nothing of its body read so far.
        write: Called with at most `BUFFER` bytes at a time; what it raises is passed on.
        limit: The most bytes that the body may have after decoding.
        ends_itself: Whether the content shows its own end, as a JSON document does. Then a
            body that ends with its connection is accepted, unless it is empty.
        at_once: How many bytes are waited for before they are handed on.

    Raises:
        BodyTooLargeError: There is more than `limit`.
        BrokenBodyError: The body is cut off, came too slowly, has no framing, has bytes
            behind its end, differs from its `Content-MD5` or has an unknown coding.
    """
    if response.status_code in _WITHOUT_BODY:
        return
    framed = bool(response.raw.chunked) or _has_length(response)
    if not framed and not ends_itself:
        raise BrokenBodyError("nothing says where the body ends")
    decoders = [_DECODERS[name]() for name in _codings(response)]
    digests = _Digests(response.headers.get("Content-MD5"))
    size = 0
    for piece in _decoded(_sent(response, at_once, digests.add_sent), decoders):
        size += len(piece)
        if limit is not None and size > limit:
            raise BodyTooLargeError(f"the body has more than {limit} bytes")
        digests.add_decoded(piece)
        write(piece)
    if not all(decoder.is_at_end for decoder in decoders):
        raise BrokenBodyError("the compressed body is cut off, or has bytes behind its end")
    if not framed and size == 0:
        raise BrokenBodyError("nothing says that the empty body is whole")
    digests.check()


def _has_length(response: requests.Response) -> bool:
    """Whether there is a length in digits; `int`, and so urllib3, takes `+1` and `1_0` as well."""
    length = response.headers.get("Content-Length", "").replace(",", "").replace(" ", "")
    return length.isascii() and length.isdigit() and response.raw.length_remaining is not None


def _codings(response: requests.Response) -> list[str]:
    """The codings to undo, the one that was applied last first.

    Raises:
        BrokenBodyError: One of them is unknown.
    """
    content = response.headers.get("Content-Encoding", "")
    transfer = response.headers.get("Transfer-Encoding", "")
    names = [name.strip().lower() for name in f"{content},{transfer}".split(",")]
    names = [name for name in names if name not in {"", "identity", "chunked"}]
    if not _DECODERS.keys() >= set(names):
        raise BrokenBodyError("the body has a content coding other than gzip and deflate")
    return names[::-1]


def _sent(
    response: requests.Response, at_once: int, note: Callable[[bytes], None]
) -> Iterator[bytes]:
    """The bytes of the body as they were sent, without the framing of chunks."""
    missing: int | None = response.raw.length_remaining
    try:
        for piece in response.raw.stream(at_once, decode_content=False):
            note(piece)
            yield piece
            missing = missing and missing - len(piece)
    except ReadTimeoutError:
        raise BrokenBodyError("the body came too slowly") from None
    except HTTPError as error:
        # The error's own text can hold the URL.
        raise BrokenBodyError(f"the body broke off ({type(error).__name__})") from None
    if missing:  # urllib3 2 has noticed that by itself
        raise BrokenBodyError("the body is shorter or longer than its Content-Length")


def _decoded(sent: Iterator[bytes], decoders: list[_Decoder]) -> Iterator[bytes]:
    for decoder in decoders:
        sent = decoder.decoded(sent)
    return sent


class _Decoder:
    """Undoes gzip or deflate, in pieces of at most `BUFFER` bytes.

    Args:
        wbits: What `zlib` calls the format; None for deflate, which has two: with the zlib
            header that RFC 9110 asks for, and raw as some servers send it.
    """

    def __init__(self, wbits: int | None) -> None:
        self._wbits = wbits
        self._left = b""  # sent, but not decoded yet
        self._stream: zlib._Decompress | None = None
        self._has_ended = False

    @property
    def is_at_end(self) -> bool:
        """Whether the compressed stream came to its own end, with nothing behind it."""
        return self._has_ended and self._stream is None and not self._left

    def decoded(self, sent: Iterator[bytes]) -> Iterator[bytes]:
        """What the pieces that were sent decode to.

        Raises:
            BrokenBodyError: They are not of this format.
        """
        try:
            for piece in sent:
                self._left += piece
                yield from self._pieces()
        except zlib.error:
            raise BrokenBodyError("the compressed body cannot be decoded") from None

    def _pieces(self) -> Iterator[bytes]:
        while self._left or self._stream:
            if self._stream is None:
                if self._wbits is None and len(self._left) < 2:  # noqa: PLR2004 - a zlib header
                    return
                self._stream = zlib.decompressobj(self._wbits or _deflate_format(self._left))
            piece = self._stream.decompress(self._left, BUFFER)
            self._left = self._stream.unconsumed_tail or self._stream.unused_data
            if piece:
                yield piece
            if self._stream.eof:
                self._stream, self._has_ended = None, True  # a further member may follow
            elif len(piece) < BUFFER:
                return  # it needs more of what was sent


def _deflate_format(start: bytes) -> int:
    """Whether a deflate stream has a zlib header (RFC 1950, 2.2) or none."""
    has_header = start[0] & 15 == zlib.DEFLATED and int.from_bytes(start[:2], "big") % 31 == 0
    return _ZLIB if has_header else _RAW_DEFLATE


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "gzip": lambda: _Decoder(_GZIP),
    "x-gzip": lambda: _Decoder(_GZIP),
    "deflate": lambda: _Decoder(None),
}


class _Digests:
    """Compares a body with its `Content-MD5`, as sent and as decoded: servers give either."""

    def __init__(self, header: str | None) -> None:
        self._expected = _md5_in(header)
        self._sent = hashlib.md5(usedforsecurity=False)
        self._decoded = hashlib.md5(usedforsecurity=False)

    def add_sent(self, piece: bytes) -> None:
        if self._expected is not None:
            self._sent.update(piece)

    def add_decoded(self, piece: bytes) -> None:
        if self._expected is not None:
            self._decoded.update(piece)

    def check(self) -> None:
        """Compare.

        Raises:
            BrokenBodyError: Neither agrees.
        """
        if self._expected not in {None, self._sent.digest(), self._decoded.digest()}:
            raise BrokenBodyError("the body differs from its Content-MD5")


def _md5_in(header: str | None) -> bytes | None:
    """The digest of a `Content-MD5` header; None where it is missing or not well formed."""
    try:
        digest = base64.b64decode(header or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == _MD5_BYTES else None

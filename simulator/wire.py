"""Bodies as they go over the wire: coded, framed or cut in every way that a host may choose.

`WHOLE` are ways to send a body that a careful reader accepts, `BROKEN` are ways in which
it is incomplete or cannot be trusted. Each takes the content and gives what is sent.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web


@dataclass(frozen=True)
class Sent:
    """What follows the status line of an answer.

    Args:
        body: Bytes behind the headers, with the framing of chunks where there is one.
        headers: Headers; `Connection: close` is added.
        pause: Seconds before each further byte; 0 sends all at once.
        pause_in_headers: Whether the pauses begin with the headers.
    """

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    pause_in_headers: bool = False


async def send(request: web.Request, sent: Sent, status: int = 200) -> None:
    """Write an answer to the connection of a request as it is, and close it."""
    transport = request.transport
    if transport is None:
        return
    lines = [f"HTTP/1.1 {status} As told", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in sent.headers.items()]
    head, body = "\r\n".join([*lines, "", ""]).encode(), sent.body
    if sent.pause and sent.pause_in_headers:
        head, body = b"", head + body
    transport.write(head)
    if sent.pause:
        for number in range(len(body)):
            await asyncio.sleep(sent.pause)
            if transport.is_closing():
                return
            transport.write(body[number : number + 1])
    else:
        transport.write(body)
    transport.close()


def plain(body: bytes, **headers: str) -> Sent:
    """A body with its length; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent(body, {"Content-Length": str(len(body))} | named)


def chunked(body: bytes, last: bytes = b"0\r\n\r\n", **headers: str) -> Sent:
    """A body in chunks of at most 1,000 bytes."""
    pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent(framed + last, {"Transfer-Encoding": "chunked"} | named)


def unframed(body: bytes, **headers: str) -> Sent:
    """A body that ends with its connection."""
    return Sent(body, {name.replace("_", "-"): value for name, value in headers.items()})


def zipped(body: bytes) -> bytes:
    """A gzip member."""
    return gzip.compress(body, mtime=0)


def raw_deflated(body: bytes) -> bytes:
    """A deflate stream without the zlib header."""
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(body) + coder.flush()


def cut_at_line(body: bytes) -> bytes:
    """The lines of the first half, whole."""
    return body[: body.find(b"\n", len(body) // 2) + 1]


def flushed(body: bytes, wbits: int = 31) -> bytes:
    """The start of a compressed stream that goes on after a sync flush at a line's end."""
    coder = zlib.compressobj(wbits=wbits)
    return coder.compress(cut_at_line(body)) + coder.flush(zlib.Z_SYNC_FLUSH)


def md5(body: bytes) -> str:
    """A Content-MD5."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


WHOLE: dict[str, Callable[[bytes], Sent]] = {
    "length": plain,
    "chunks": chunked,
    "chunks with trailers": lambda b: chunked(b, b"0\r\nX-Checksum: abc\r\n\r\n"),
    "gzip": lambda b: plain(zipped(b), Content_Encoding="gzip"),
    "x-gzip in capitals": lambda b: plain(zipped(b), Content_Encoding="X-GZIP"),
    "gzip in chunks": lambda b: chunked(zipped(b), Content_Encoding="gzip"),
    "gzip as transfer coding": lambda b: chunked(zipped(b), Transfer_Encoding="gzip, chunked"),
    "gzip twice": lambda b: plain(zipped(zipped(b)), Content_Encoding="gzip, gzip"),
    "gzip of several members": lambda b: plain(
        zipped(b[:7]) + zipped(b"") + zipped(b[7:]), Content_Encoding="gzip"
    ),
    "zlib": lambda b: plain(zlib.compress(b), Content_Encoding="deflate"),
    "raw deflate": lambda b: plain(raw_deflated(b), Content_Encoding="deflate"),
    "raw deflate in chunks": lambda b: chunked(raw_deflated(b), Content_Encoding="deflate"),
    "gzip in deflate": lambda b: plain(
        zlib.compress(zipped(b)), Content_Encoding="gzip, identity, deflate"
    ),
    "identity": lambda b: plain(b, Content_Encoding="identity"),
    "MD5": lambda b: plain(b, Content_MD5=md5(b)),
    "MD5 of what was sent": lambda b: plain(
        zipped(b), Content_Encoding="gzip", Content_MD5=md5(zipped(b))
    ),
    "MD5 of what is decoded": lambda b: plain(
        zipped(b), Content_Encoding="gzip", Content_MD5=md5(b)
    ),
    "MD5 in hex, which is not well formed": lambda b: plain(b, Content_MD5="0" * 32),
    "MD5 that is no base64": lambda b: plain(b, Content_MD5="?"),
}
BROKEN: dict[str, Callable[[bytes], Sent]] = {
    "gzip cut after a sync flush": lambda b: plain(flushed(b), Content_Encoding="gzip"),
    "gzip in chunks, cut after a sync flush": lambda b: chunked(
        flushed(b), Content_Encoding="gzip"
    ),
    "zlib cut after a sync flush": lambda b: plain(flushed(b, 15), Content_Encoding="deflate"),
    "raw deflate cut after a sync flush": lambda b: plain(
        flushed(b, -15), Content_Encoding="deflate"
    ),
    "gzip without its trailer": lambda b: plain(zipped(b)[:-8], Content_Encoding="gzip"),
    "gzip with half its trailer": lambda b: plain(zipped(b)[:-3], Content_Encoding="gzip"),
    "zlib without its checksum": lambda b: plain(zlib.compress(b)[:-4], Content_Encoding="deflate"),
    "gzip with a wrong checksum": lambda b: plain(
        zipped(b)[:-8] + b"\1\2\3\4" + zipped(b)[-4:], Content_Encoding="gzip"
    ),
    "gzip with a wrong size": lambda b: plain(
        zipped(b)[:-4] + b"\1\2\3\4", Content_Encoding="gzip"
    ),
    "bytes behind gzip": lambda b: plain(zipped(b) + b"\n", Content_Encoding="gzip"),
    "zeros behind gzip": lambda b: plain(zipped(b) + bytes(512), Content_Encoding="gzip"),
    "lines behind gzip": lambda b: plain(zipped(cut_at_line(b)) + b, Content_Encoding="gzip"),
    "half a member behind gzip": lambda b: plain(
        zipped(cut_at_line(b)) + zipped(b)[:20], Content_Encoding="gzip"
    ),
    "member cut after a sync flush behind gzip": lambda b: plain(
        zipped(b"") + flushed(b), Content_Encoding="gzip"
    ),
    "bytes behind zlib": lambda b: plain(zlib.compress(b) + b"\n\n", Content_Encoding="deflate"),
    "bytes behind raw deflate": lambda b: plain(raw_deflated(b) + b"?", Content_Encoding="deflate"),
    "gzip that is none": lambda b: plain(b, Content_Encoding="gzip"),
    "deflate that is none": lambda b: plain(b, Content_Encoding="deflate"),
    "deflate of one byte": lambda _: plain(b"x", Content_Encoding="deflate"),
    "empty gzip": lambda _: plain(b"", Content_Encoding="gzip"),
    "gzip in gzip, cut inside": lambda b: plain(zipped(flushed(b)), Content_Encoding="gzip, gzip"),
    "unknown coding": lambda b: plain(cut_at_line(b), Content_Encoding="br"),
    "unknown coding below gzip": lambda b: plain(
        zipped(cut_at_line(b)), Content_Encoding="zstd, gzip"
    ),
    "unknown transfer coding": lambda b: chunked(
        cut_at_line(b), Transfer_Encoding="compress, chunked"
    ),
    "closed at a line's end": lambda b: unframed(cut_at_line(b)),
    "unframed": unframed,
    "unframed and empty": lambda _: unframed(b""),
    "unframed, members of gzip": lambda b: unframed(
        zipped(cut_at_line(b)), Content_Encoding="gzip"
    ),
    "length that is no number": lambda b: unframed(cut_at_line(b), Content_Length="all"),
    "length with an underscore": lambda b: unframed(cut_at_line(b)[:10], Content_Length="1_0"),
    "negative length": lambda b: unframed(cut_at_line(b), Content_Length="-1"),
    "two lengths": lambda b: unframed(cut_at_line(b), Content_Length=f"{len(b)}, 5"),
    "short, at a line's end": lambda b: unframed(cut_at_line(b), Content_Length=str(len(b))),
    "no last chunk": lambda b: chunked(cut_at_line(b), b""),
    "cut in a chunk": lambda b: chunked(cut_at_line(b), b"fff\r\n" + b[:9]),
    "cut in a chunk's length": lambda b: chunked(cut_at_line(b), b"f"),
    "chunk length that is no number": lambda b: chunked(cut_at_line(b), b"x\r\n\r\n"),
    "MD5 of something else": lambda b: plain(cut_at_line(b), Content_MD5=md5(b)),
    "MD5 of something else, coded": lambda b: plain(
        zipped(cut_at_line(b)), Content_Encoding="gzip", Content_MD5=md5(b)
    ),
}

"""Keeps credentials out of what is printed: out of messages of our own and of every log record.

The query of a signed download link is a credential as well. Libraries log such links:
urllib3 every request with its query at DEBUG, and in warnings about odd headers. So no level
and no configuration of any logger decides whether a credential is shown: `protect_logs`
checks each record when it is made, before any filter, handler or formatter sees it.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST_QUOTE = 200
_LONGEST_READ = 2000  # characters of a message that are looked at: more cannot be quoted
_SHORTEST_SECRET = 8  # a shorter one would garble messages, and is none that GitHub makes
_OWN_LOGGER = "tap-github-copilot"

# Each pattern is linear in the length of the text: what may follow a start is never given back.
_SECRETS = re.compile(
    r"gh[a-z]_[A-Za-z0-9._-]{10,}|github_pat_\w+"  # tokens of GitHub
    r"|eyJ[\w-]{8}[\w.-]*"  # JWTs
    r"|-----BEGIN[^-]*PRIVATE KEY(?:(?!-----END)[\s\S])*(?:-----END[^\n]*)?|-----BEGIN.*"
    r"|(?<=://)[^/\s@]+(?=@)"  # user and password in a URL
    r"|(?i:(?<=bearer ))[^\s\"']+"
    r"|(?i:(?<=[?&;](?:sig|key)=)|(?<=sig=)|(?<=sig%3d)|(?<=token=)|(?<=signature=))[^&\s\"'<>]+"
)
_QUERY = re.compile(r"\?(?=[^\s\"'<>?]*=)[^\s\"'<>?]+")
_known: list[str] = []


def remember_secret(secret: str) -> None:
    """Never print this credential, whatever it looks like."""
    is_odd = bool(_SECRETS.sub("", secret))  # others are found by their look
    if is_odd and len(secret) >= _SHORTEST_SECRET and secret not in _known:
        _known.append(secret)


def redacted(text: str, *secrets: str) -> str:
    """The text on one line of at most 200 characters, without credentials.

    Args:
        text: GitHub's own words.
        secrets: Credentials that are known; whatever looks like one goes too.
    """
    for secret in filter(None, (*secrets, *_known)):
        text = text.replace(secret, "***")
    text = text[:_LONGEST_READ]
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _SECRETS.sub("***", line)[:_LONGEST_QUOTE]


def protect_logs() -> None:
    """Keep credentials out of all log records of this process, by whatever logger."""
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _CleanRecords):
        logging.setLogRecordFactory(_CleanRecords(factory))


class _CleanRecords:
    """Makes log records without credentials.

    Args:
        factory: Makes the records.
    """

    def __init__(self, factory: Callable[..., logging.LogRecord]) -> None:
        self._factory = factory

    def __call__(self, *args: object, **kwargs: object) -> logging.LogRecord:
        """A record; what holds no credential stays as it is."""
        record = self._factory(*args, **kwargs)
        text = _message(record)
        is_foreign = record.name.partition(".")[0] != _OWN_LOGGER
        clean = _clean(text, queries=is_foreign)
        if trace := _unclean_trace(record):
            record.exc_info, clean = None, f"{clean}\n{trace}"
        if record.stack_info:
            record.stack_info = _clean(record.stack_info, queries=True)
        if clean != text:
            record.msg, record.args = clean, ()
        return record


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - logging would print the arguments with a traceback
        record.msg, record.args = f"(a log message failed: {type(error).__name__})", ()
        return str(record.msg)


def _unclean_trace(record: logging.LogRecord) -> str:
    """The record's traceback without credentials; empty where it holds none."""
    if not isinstance(record.exc_info, tuple) or record.exc_info[1] is None:
        return ""
    # Formatters of JSON follow `__context__` even where it was suppressed.
    if all(_clean(text, queries=True) == text for text in _texts(record.exc_info[1])):
        return ""
    return _clean("".join(traceback.format_exception(*record.exc_info)), queries=True).rstrip()


def _texts(error: BaseException) -> Iterator[str]:
    """The texts of an error and of all that led to it."""
    met: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        present = left.pop()
        if present is not None and id(present) not in met:
            met.add(id(present))
            left += [present.__cause__, present.__context__]
            yield "".join(traceback.format_exception_only(present))


def _clean(text: str, *, queries: bool) -> str:
    for secret in _known:
        text = text.replace(secret, "***")
    if queries:
        text = _QUERY.sub("?***", text)
    return _SECRETS.sub("***", text)

"""The envelope of a report: its download links, or one of the many faces of "no report"."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_github_copilot.github.answers import Answer
    from tap_github_copilot.refusals import NoResource

_SAYS_NO_REPORT = re.compile(
    r"\breports?\b|\bno (data|metrics)\b|not (yet )?(available|generated|ready)", re.IGNORECASE
)


class BadEnvelopeError(Exception):
    """An answer that is neither an envelope nor a way to say that there is none."""


def links_of(answer: Answer, day: str | None = None) -> list[str]:
    """The download links of a report; none where there is no report.

    No report is 204, no links, an empty body, `""`, `null` or a JSON string.

    Args:
        answer: A 2xx answer of a report endpoint.
        day: The day asked for, where the report is of one day.

    Raises:
        BadEnvelopeError: It is something else, or of another day.
    """
    if answer.status == HTTPStatus.NO_CONTENT or not answer.body.strip():
        return []
    try:
        envelope = answer.json()
    except ValueError:
        raise BadEnvelopeError("the envelope is not JSON") from None
    if envelope is None or isinstance(envelope, str) or envelope == []:
        return []
    if not isinstance(envelope, dict):
        raise BadEnvelopeError("the envelope is no JSON object")
    links = envelope.get("download_links") or []
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        raise BadEnvelopeError("the envelope's download_links are no list of links")
    if links and day is not None and envelope.get("report_day", day) != day:
        raise BadEnvelopeError("the envelope is of another day")
    return links


def says_no_report(refusal: NoResource) -> bool:
    """Whether a 404 is about the report rather than about the scope."""
    return _SAYS_NO_REPORT.search(refusal.message) is not None

"""The report of a day: asked for, downloaded in all its files, checked whole."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_github_copilot import endpoints
from tap_github_copilot.clock import timestamp
from tap_github_copilot.errors import BadReport, NoResource
from tap_github_copilot.github.billing import AI_CREDITS, file_of, usage_rows
from tap_github_copilot.github.downloads import BrokenDownloadError, UnreachableHostError
from tap_github_copilot.github.report_files import BadContentError, RowContract, check, rows
from tap_github_copilot.github.responses import BadEnvelopeError, links_of, says_no_report
from tap_github_copilot.github.retry import CONTENT_PAUSES, tries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.app import SignIn
    from tap_github_copilot.github.client import Client
    from tap_github_copilot.github.downloads import Downloads
    from tap_github_copilot.github.report_cache import ReportFile
    from tap_github_copilot.github.responses import Response
    from tap_github_copilot.scopes import Scope

USERS = "users-1-day"
USER_TEAMS = "user-teams-1-day"
REPOSITORIES = "repos-1-day"
TOTALS = {"enterprise": "enterprise-1-day", "organization": "organization-1-day"}
_USERS_28_DAY = "users-28-day/latest"
_KEYS: dict[str, tuple[str, ...]] = {
    USERS: ("user_id",),
    USER_TEAMS: ("user_id", "team_id"),
    REPOSITORIES: ("repo_id",),
}


@dataclass(frozen=True)
class Report:
    """What GitHub has of one report, scope and day; whole and checked.

    Args:
        day: The UTC day.
        fetched_at: When the last of it had arrived, UTC.
        reported: Whether there is a report, be it one without rows.
        row_count: Rows in all files.
        repeated: Rows whose key an earlier row has.
        byte_count: Bytes of all files, after decoding.
        file_count: Files, which GitHub calls download links.
        sha256: Over the sorted hashes of the files: the order of links is not defined.
        aggregate: Whether the report is the day's totals.
        files: Where the rows are; empty once they are dropped.
    """

    day: date
    fetched_at: str
    reported: bool = False
    row_count: int = 0
    repeated: int = 0
    byte_count: int = 0
    file_count: int = 0
    sha256: str = ""
    aggregate: bool = False
    files: tuple[ReportFile, ...] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of all files, just as GitHub wrote them."""
        for file in self.files:
            for _, row in rows(file, aggregate=self.aggregate):
                yield row

    def without_files(self) -> Report:
        """What is known of it, alone."""
        return replace(self, files=())

    def close(self) -> None:
        """Drop the files."""
        for file in self.files:
            file.content.close()


class Reports:
    """Fetches reports. Safe to call from several threads.

    Args:
        client: Answers envelopes.
        downloads: Fetches what they link to.
        sign_in: Gives each scope its bearer.
        clock: Waits between tries, tells `fetched_at`.
    """

    def __init__(self, client: Client, downloads: Downloads, sign_in: SignIn, clock: Clock) -> None:
        self._client = client
        self._downloads = downloads
        self._sign_in = sign_in
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: dict[Scope, bool | NoResource] = {}

    def fetch(self, scope: Scope, report: str, day: date) -> Report:
        """A day's report, or the finding that there is none.

        A download that breaks, or a file that does not hold what it should, is fetched
        again with fresh links, three times within about 20 seconds.

        Raises:
            BadReport: It stayed broken.
            Refusal: GitHub refuses the scope this report.
        """
        why: Exception | None = None
        for _ in tries(CONTENT_PAUSES, self._clock):
            try:
                if report == AI_CREDITS:
                    return self._ai_credits(scope, day)
                return self._once(scope, report, day)
            except (BadContentError, BadEnvelopeError, BrokenDownloadError) as error:
                why = error
        raise BadReport(
            f"{why}, tried {len(CONTENT_PAUSES) + 1} times; the day is not loaded and is asked for "
            "again by the next run",
            where=f"{scope}, {report}, {day}",
            unreachable=isinstance(why, UnreachableHostError),
        )

    def has_any(self, scope: Scope, sample: Iterable[date]) -> bool:
        """Whether a scope has user reports at all: lately, or on one of the sampled days.

        Raises:
            BadReport: A sampled day's answer says neither yes nor no, and no other says yes.
            Refusal: GitHub refuses the scope.
        """
        if self._has_recent(scope) is True:
            return True
        unclear: BadReport | None = None
        for day in sample:
            try:
                if self.links(scope, USERS, day):
                    return True
            except BadEnvelopeError as error:
                # Taken for a yes, it would make the old days of a silent scope empty for good.
                unclear = unclear or BadReport(
                    f"{error}, and no other day tells whether there are reports at all; nothing "
                    "of this scope is read in this run",
                    where=f"{scope}, {USERS}, {day}",
                )
        if unclear:
            raise unclear
        return False

    def links(self, scope: Scope, report: str, day: date) -> list[str]:
        """The links of a day's report; none where there is no report.

        A plain 404 can mean either; the 28-day report, asked once a run, tells which.

        Raises:
            BadEnvelopeError: The answer is no envelope, or one of another day.
            Refusal: GitHub refuses the scope this report.
        """
        try:
            response = self._ask(scope, endpoints.report(scope, report, day))
        except NoResource as refusal:
            if says_no_report(refusal) or not isinstance(self._has_recent(scope), NoResource):
                return []
            raise
        return links_of(response, day.isoformat())

    def ai_credit_rows(self, scope: Scope, day: date) -> tuple[list[dict[str, Any]], bytes]:
        """The rows of a day's AI credits, and the answer that they are from.

        Raises:
            BadEnvelopeError: The answer is about another day, or has no list of items.
            Refusal: GitHub refuses the scope its AI credits; a 404 is a refusal here.
        """
        response = self._ask(scope, endpoints.ai_credits(scope, day))
        return usage_rows(response, day), response.body

    def _ai_credits(self, scope: Scope, day: date) -> Report:
        """The answer itself holds the rows; it counts as the report's only file."""
        rows, body = self.ai_credit_rows(scope, day)
        return Report(
            day,
            timestamp(self._clock.now()),
            reported=True,
            row_count=len(rows),
            byte_count=len(body),
            file_count=1,
            sha256=_sha256([hashlib.sha256(body).hexdigest()]),
            files=(file_of(rows),),
        )

    def _once(self, scope: Scope, report: str, day: date) -> Report:
        links = self.links(scope, report, day)
        if not links:
            return Report(day, timestamp(self._clock.now()))
        rule = RowContract(
            day.isoformat(), _KEYS.get(report, ()), aggregate=report in TOTALS.values()
        )
        with ExitStack() as opened, ThreadPoolExecutor(1, "check") as checking:
            files, checks = [], []
            for link in links:
                file = self._downloads.fetch(link)
                opened.callback(file.content.close)
                files.append(file)
                # A file is checked while the next one comes in.
                checks.append(checking.submit(_keys, file, rule))
            row_count, repeated = _counted(checks, rule)
            opened.pop_all()
        return Report(
            day,
            timestamp(self._clock.now()),
            reported=True,
            row_count=row_count,
            repeated=repeated,
            byte_count=sum(file.size for file in files),
            file_count=len(files),
            sha256=_sha256(file.sha256 for file in files),
            aggregate=rule.aggregate,
            files=tuple(files),
        )

    def _has_recent(self, scope: Scope) -> bool | NoResource:
        """Whether there is a 28-day users report; the refusal where even that is a plain 404."""
        with self._lock:
            if scope not in self._recent:
                try:
                    self._recent[scope] = bool(
                        links_of(self._ask(scope, endpoints.report(scope, _USERS_28_DAY)))
                    )
                except BadEnvelopeError:
                    self._recent[scope] = False
                except NoResource as refusal:
                    self._recent[scope] = False if says_no_report(refusal) else refusal
            return self._recent[scope]

    def _ask(self, scope: Scope, endpoint: Endpoint) -> Response:
        return self._client.call(endpoint, self._sign_in.credential(scope))


def _sha256(hashes: Iterable[str]) -> str:
    """The hash of a report from those of its files, whose order is not defined."""
    return hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()


def _keys(file: ReportFile, rule: RowContract) -> list[tuple[int, ...]]:
    """The keys of all rows of a file, which is checked whole."""
    return list(check(file, rule))


def _counted(checks: list[Future[list[tuple[int, ...]]]], rule: RowContract) -> tuple[int, int]:
    """Rows in all files, and how many of them repeat a key."""
    row_count, keys = 0, set()
    for number, found in enumerate(checks, 1):
        try:
            row_count += len(found.result())
            keys.update(found.result())
        except BadContentError as error:
            raise BadContentError(f"file {number} of {len(checks)}, {error}") from None
    if rule.aggregate and not row_count:
        raise BadContentError("line 1: the report holds no day's totals")
    return row_count, row_count - len(keys)

"""The report of a day: asked for, all its files downloaded, all rows checked."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_github_copilot import endpoints
from tap_github_copilot.clock import timestamp
from tap_github_copilot.errors import BadReport, NoResource
from tap_github_copilot.github.billing import AI_CREDITS, content_of, usage_rows
from tap_github_copilot.github.downloads import BrokenDownloadError, UnreachableHostError
from tap_github_copilot.github.report_files import (
    BadContentError,
    RowContract,
    check,
    decode_plain,
    rows,
)
from tap_github_copilot.github.responses import BadEnvelopeError, links_of, says_no_report
from tap_github_copilot.github.retry import CONTENT_PAUSES, tries
from tap_github_copilot.github.temporary_files import (
    NoTemporaryFolderError,
    ReportFile,
    TemporaryBytes,
)
from tap_github_copilot.machine import line_about

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.app import SignIn
    from tap_github_copilot.github.client import Client
    from tap_github_copilot.github.downloads import Downloads
    from tap_github_copilot.github.report_files import CheckedRows
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
ROW_FORMAT = 1  # goes up when a release changes what a row becomes
_BROKEN = (
    BadContentError,
    BadEnvelopeError,
    BrokenDownloadError,
    NoTemporaryFolderError,
    OSError,
)


@dataclass(frozen=True)
class Report:
    """What GitHub has of one report, scope and day; whole and checked.

    Args:
        day: The UTC day.
        fetched_at: When the last of it had arrived, UTC; once it is sent, when its version was
            first read.
        checked_at: When the last of it had arrived, if that is not `fetched_at`.
        reported: Whether there is a report, be it one without rows.
        row_count: Rows in all files.
        repeated: Rows whose key an earlier row has.
        byte_count: Bytes of all files, after decoding.
        file_count: Files, which GitHub calls download links.
        sha256: Over the sorted hashes of the files: the order of links is not defined.
        version: A hash of the rows, whatever their order and their distribution over files,
            with `ROW_FORMAT`.
        aggregate: Whether the report is the daily totals.
        files: Where the rows are; empty once they are dropped.
    """

    day: date
    fetched_at: str
    checked_at: str = ""
    reported: bool = False
    row_count: int = 0
    repeated: int = 0
    byte_count: int = 0
    file_count: int = 0
    sha256: str = ""
    version: str = ""
    aggregate: bool = False
    files: tuple[ReportFile, ...] = ()

    def rows(self, decode_row: Callable[[bytes], Any] = decode_plain) -> Iterator[Any]:
        """The rows of all files, as GitHub wrote them but without NUL characters.

        Args:
            decode_row: Decodes most of them (see `report_files.rows`); without it, all rows
                are dictionaries.
        """
        for file in self.files:
            yield from rows(file, aggregate=self.aggregate, decode_row=decode_row)

    def without_files(self) -> Report:
        """The same without its files."""
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
        sign_in: Gives each scope its credential.
        clock: Waits between tries, tells `fetched_at`.
    """

    def __init__(self, client: Client, downloads: Downloads, sign_in: SignIn, clock: Clock) -> None:
        self._client = client
        self._downloads = downloads
        self._sign_in = sign_in
        self._clock = clock
        self._lock = threading.Lock()
        self._unknown: dict[Scope, bool] = {}

    def fetch(self, scope: Scope, report: str, day: date, *, once: bool = False) -> Report:
        """A day's report, or the finding that there is none.

        A download that breaks, or a file that does not hold what it should, is fetched
        again with fresh links, three times within about 20 seconds.

        Args:
            scope: Whose report it is.
            report: Its name.
            day: Its day.
            once: Do not try again.

        Raises:
            BadReport: It stayed broken, or this machine has no room for it.
            Refusal: GitHub refuses the day (`fails_day`) or the scope this report.
        """
        why: Exception | None = None
        tried = 0
        for number in tries(() if once else CONTENT_PAUSES, self._clock):
            try:
                if report == AI_CREDITS:
                    return self._ai_credits(scope, day, once=once)
                return self._once(scope, report, day, once=once)
            except _BROKEN as error:
                why, tried = error, number
                if _lasts(error):
                    break
        reason = line_about(why) if isinstance(why, OSError) else why
        raise BadReport(
            f"{reason}, tried {f'{tried} times' if tried > 1 else 'once'}; the day is not loaded "
            "and the next run asks for it again",
            where=f"{scope}, {report}, {day}",
            unreachable=isinstance(why, UnreachableHostError),
        )

    def has_any(self, scope: Scope, sample: Iterable[date], *, download: bool = True) -> bool:
        """Whether a scope has user reports at all: lately, or on one of the sampled days.

        Args:
            scope: Whose reports.
            sample: The days to ask for where there is no 28-day report.
            download: Whether to look for a row in the 28-day report; else it counts in any case.

        Raises:
            BadReport: A sampled day's answer says neither yes nor no, and no other says yes.
            Refusal: GitHub refuses the scope.
        """
        if self._has_recent_rows(scope) if download else self._recent_links(scope):
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

    def links(self, scope: Scope, report: str, day: date, *, once: bool = False) -> list[str]:
        """The links of a day's report; none where there is no report.

        A plain 404 can mean either; the 28-day report, asked once a run, tells which.

        Raises:
            BadEnvelopeError: The answer is no envelope, or one of another day.
            Refusal: GitHub refuses the scope this report.
        """
        try:
            response = self._ask(scope, endpoints.report(scope, report, day), once=once)
        except NoResource as refusal:
            if not says_no_report(refusal) and self._is_unknown(scope):
                raise
            return []
        return links_of(response, day.isoformat())

    def ai_credit_rows(
        self, scope: Scope, day: date, *, once: bool = False
    ) -> tuple[list[dict[str, Any]], bytes]:
        """The rows of a day's AI credits, and the answer that they are from.

        Raises:
            BadEnvelopeError: The answer is about another day, or has no list of items.
            Refusal: GitHub refuses the scope its AI credits; a 404 is a refusal here.
        """
        response = self._ask(scope, endpoints.ai_credits(scope, day), once=once)
        return usage_rows(response, day), response.body

    def _ai_credits(self, scope: Scope, day: date, *, once: bool) -> Report:
        """The answer itself holds the rows; it counts as the report's only file."""
        rows, body = self.ai_credit_rows(scope, day, once=once)
        encoded = content_of(rows)
        content = TemporaryBytes()
        content.append(encoded)
        return Report(
            day,
            timestamp(self._clock.now()),
            reported=True,
            row_count=len(rows),
            byte_count=len(body),
            file_count=1,
            sha256=_sha256([hashlib.sha256(body).hexdigest()]),
            version=_version(encoded),
            files=(ReportFile(content, 0, len(encoded)),),
        )

    def _once(self, scope: Scope, report: str, day: date, *, once: bool) -> Report:
        links = self.links(scope, report, day, once=once)
        if not links:
            return Report(day, timestamp(self._clock.now()))
        contract = RowContract(
            day.isoformat(), _KEYS.get(report, ()), aggregate=report in TOTALS.values()
        )
        content = TemporaryBytes()
        try:
            files, checks = self._downloaded(links, content, contract)
        except BaseException:
            content.close()
            raise
        return Report(
            day,
            timestamp(self._clock.now()),
            reported=True,
            row_count=sum(len(found.keys) for found in checks),
            repeated=_repeated(checks),
            byte_count=content.size,
            file_count=len(files),
            sha256=_sha256(file.sha256 for file in files),
            version=_version(b"%d" % sum(found.checksum for found in checks)),
            aggregate=contract.aggregate,
            files=tuple(replace(file, sha256="") for file in files),
        )

    def _downloaded(
        self, links: list[str], content: TemporaryBytes, contract: RowContract
    ) -> tuple[list[ReportFile], list[CheckedRows]]:
        """All files, and what was found in them; each is checked while the next one comes in."""
        files: list[ReportFile] = []
        checks: list[Future[CheckedRows]] = []
        with ThreadPoolExecutor(1, "check") as pool:
            for link in links:
                files.append(self._downloads.fetch(link, content))
                checks.append(_submitted(pool, files[-1], contract))
        results = [_result(found, n, len(links)) for n, found in enumerate(checks, 1)]
        if contract.aggregate and not any(found.keys or found.is_blank for found in results):
            raise BadContentError("line 1: the report holds no totals of a day")
        return files, results

    def _has_recent_rows(self, scope: Scope) -> bool:
        """Whether the 28-day users report has a row; False also where it stays unreadable."""
        for _ in tries(CONTENT_PAUSES, self._clock):
            links = self._recent_links(scope)
            try:
                return any(self._downloads.has_rows(link) for link in links)
            except BrokenDownloadError:
                continue  # with fresh links
        return False

    def _recent_links(self, scope: Scope) -> list[str]:
        """The links of the 28-day users report; none where the answer does not tell."""
        self._unknown[scope] = False
        try:
            return links_of(self._ask(scope, endpoints.report(scope, _USERS_28_DAY)))
        except BadEnvelopeError:
            return []  # it says nothing
        except NoResource as refusal:
            self._unknown[scope] = not says_no_report(refusal)
            return []

    def _is_unknown(self, scope: Scope) -> bool:
        """Whether even the 28-day users report, asked once a run, is a plain 404."""
        with self._lock:
            if scope not in self._unknown:
                self._recent_links(scope)
            return self._unknown[scope]

    def _ask(self, scope: Scope, endpoint: Endpoint, *, once: bool = False) -> Response:
        return self._client.call(endpoint, self._sign_in.credential(scope), once=once)


def _lasts(error: Exception) -> bool:
    """Whether another try would end in the same way."""
    if isinstance(error, UnreachableHostError):
        return error.lasts
    return isinstance(error, NoTemporaryFolderError)


def _sha256(hashes: Iterable[str]) -> str:
    """The hash of a report from those of its files, whose order is not defined."""
    return hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()


def _version(content: bytes) -> str:
    """A version, from something that stands for all rows in whatever order."""
    return f"{ROW_FORMAT}-{hashlib.sha256(content).hexdigest()[:32]}"


def _submitted(
    pool: ThreadPoolExecutor, file: ReportFile, contract: RowContract
) -> Future[CheckedRows]:
    try:
        return pool.submit(check, file, contract)
    except RuntimeError:  # this machine gives no further thread
        found: Future[CheckedRows] = Future()
        try:
            found.set_result(check(file, contract))
        except BadContentError as error:
            found.set_exception(error)
        return found


def _result(found: Future[CheckedRows], number: int, count: int) -> CheckedRows:
    """What was found in one of the files; its number is added to what is wrong with it."""
    try:
        return found.result()
    except BadContentError as error:
        raise BadContentError(f"file {number} of {count}, {error}") from None


def _repeated(checks: list[CheckedRows]) -> int:
    """How many rows have a key that an earlier row has."""
    keys = {key for found in checks for key in found.keys}
    return sum(len(found.keys) for found in checks) - len(keys)

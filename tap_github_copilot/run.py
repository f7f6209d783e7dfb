"""One run: what its streams share, from sign-in to the list of what failed."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from tap_github_copilot import endpoints
from tap_github_copilot.days import Calendar, oldest_served
from tap_github_copilot.errors import (
    InvalidPermissions,
    IpNotAllowed,
    NoResource,
    PolicyDisabled,
    Refusal,
    RefusedRequest,
    SsoRequired,
)
from tap_github_copilot.github.app import AppSignIn, SignIn, TokenSignIn
from tap_github_copilot.github.client import Client
from tap_github_copilot.github.downloads import Downloads
from tap_github_copilot.github.report_cache import ReportCache
from tap_github_copilot.github.reports import Reports
from tap_github_copilot.github.temporary_files import DiskBuffer
from tap_github_copilot.progress import Progress
from tap_github_copilot.scopes import Level, Scope, is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.settings import Settings

ACCESS_DENIED = (InvalidPermissions, PolicyDisabled, IpNotAllowed, SsoRequired, NoResource)
logger = logging.getLogger("tap-github-copilot")


class RunFailedError(Exception):
    """Something of the run failed; what, a line each.

    Args:
        lines: One for each failure.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


@dataclass
class Run:
    """What the streams of one run share.

    Args:
        settings: Checked.
        clock: Fixes today when the run starts.
        report_names: The reports of the selected streams; of all streams if only the ledger
            is selected.
    """

    settings: Settings
    clock: Clock
    report_names: tuple[str, ...] = ()
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = Client(self.settings.api_url, self.settings.user_agent, self.clock)
        self.downloads = Downloads(
            self.settings.link_schemes,
            self.settings.user_agent,
            self.settings.concurrency,
            self.clock,
        )
        self.sign_in: SignIn
        if isinstance(self.settings.credential, str):
            self.sign_in = TokenSignIn(self.settings.credential)
        else:
            self.sign_in = AppSignIn(self.client, self.settings.credential, self.clock)
        self.reports = Reports(self.client, self.downloads, self.sign_in, self.clock)
        self.report_cache = ReportCache(self.reports, DiskBuffer())
        self.calendar = self._calendar(self.clock.now().date())
        self._organization_ids: dict[Scope, str] = {}
        self._told: set[str] = set()
        self._closing: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self.progress = Progress(self.clock)

    def _calendar(self, today: date) -> Calendar:
        settings = self.settings
        floor = oldest_served(settings.level, today)
        first = settings.start or floor
        if first < floor:
            logger.warning(
                "start_date %s is raised to %s, the oldest day that GitHub still serves",
                first,
                floor,
            )
            first = floor
        yesterday = today - timedelta(days=1)
        return Calendar(
            today=today,
            first=first,
            last=min(settings.end or yesterday, yesterday),
            settle_days=settings.settle_days,
            late_report_days=settings.late_report_days,
        )

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes this run reads.

        Raises:
            Refusal: An App's installations were to tell, and none can be read.
        """
        if self.settings.scopes or not isinstance(self.sign_in, AppSignIn):
            return self.settings.scopes
        scopes, skipped = self.sign_in.installations()
        for line in skipped:
            logger.warning("%s", line)
        return tuple(scopes)

    def scope(self, context: Mapping[str, str] | None) -> Scope:
        """The scope of a Singer context."""
        name = (context or {}).get(self.settings.level.context_key, "")
        return self._scopes_by_name[name]

    @cached_property
    def _scopes_by_name(self) -> dict[str, Scope]:
        return {scope.name: scope for scope in self.scopes}

    def key_values(self, scope: Scope) -> dict[str, str]:
        """The values of the columns that say which scope a row belongs to; asked once a run.

        May be called from several threads.

        Raises:
            Refusal: GitHub does not tell the organization's id.
        """
        if scope.level is Level.ENTERPRISE:
            return {"enterprise_slug": scope.name}
        with self._lock:
            if scope not in self._organization_ids:
                self._organization_ids[scope] = self._organization_id(scope)
        return {
            "organization_id": self._organization_ids[scope],
            "organization_login": scope.name,
        }

    def _organization_id(self, scope: Scope) -> str:
        known = self.sign_in.organization_id(scope)
        if known is not None:
            return known
        endpoint = endpoints.account(scope)
        answer = self.client.call(endpoint, self.sign_in.credential(scope))
        body = answer.json_or_none()
        number = body.get("id") if isinstance(body, dict) else None
        if not is_id(number):
            raise RefusedRequest("GitHub's answer holds no numeric id", where=endpoint)
        return str(number)

    def refused(
        self, stream: str, scope: Scope, refusal: Refusal, *, optional: bool = False
    ) -> None:
        """Note what was refused: the run goes on, and ends with exit 1 if there is no excuse."""
        self._told.add(str(refusal))
        line = f"{stream}: {refusal}"
        if why := self.excuse(scope, refusal, optional=optional):
            logger.warning("%s; skipped, %s", line, why)
            return
        logger.error("%s", line)
        self.failures.append(line)

    def excuse(self, scope: Scope, refusal: Refusal, *, optional: bool) -> str:
        """Why a refusal is not a failure of the run, as the end of a sentence; empty if it is.

        Args:
            scope: What was refused.
            refusal: With what.
            optional: Whether a run may do without what was refused there.
        """
        if not scope.listed and isinstance(refusal, PolicyDisabled | InvalidPermissions):
            return "since the configuration does not name it"
        if optional and isinstance(refusal, ACCESS_DENIED):
            if not scope.listed:
                return "since it is optional and the configuration does not name the scope"
            return "since it is optional and was never loaded"
        return ""

    def finish(self) -> None:
        """Print the closing summary of a run that came to its end.

        Raises:
            RunFailedError: Something failed.
        """
        self.progress.summary()
        if self.failures:
            raise RunFailedError(self.failures)

    def was_reported(self, refusal: Refusal) -> bool:
        """Whether the same refusal was noted before, by whatever stream."""
        return str(refusal) in self._told

    def warn_once(self, line: str) -> None:
        """Warn, but of the same thing only once a run."""
        if line not in self._told:
            self._told.add(line)
            logger.warning("%s", line)

    def close(self) -> None:
        """End every wait and close every connection."""
        self.clock.stop()
        self.client.close()
        self.downloads.close()
        self.report_cache.close()
        for close in self._closing:
            close()

    def at_end(self, close: Callable[[], None]) -> None:
        """Call this when the run is over."""
        self._closing.append(close)

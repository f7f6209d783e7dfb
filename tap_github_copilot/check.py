"""`--check`: every endpoint that a run needs, tried for every scope; nothing is downloaded."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from tap_github_copilot import endpoints
from tap_github_copilot.endpoints import Kind
from tap_github_copilot.errors import (
    POLICY_HINT,
    BadReport,
    PolicyDisabled,
    Refusal,
    RefusedRequest,
)
from tap_github_copilot.github.billing import AI_CREDITS
from tap_github_copilot.github.client import API_VERSION
from tap_github_copilot.github.responses import BadEnvelopeError
from tap_github_copilot.github.retry import tries
from tap_github_copilot.github.seats import BadPageError, SeatList
from tap_github_copilot.scopes import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.run import Run
    from tap_github_copilot.scopes import Scope

SEATS = "seats"  # beside the names of reports
_PUBLISHED = timedelta(days=4)  # the youngest day that should have its report
_PAUSES = (2.0, 5.0)  # seconds before each further try of an answer that says nothing


@dataclass(frozen=True)
class Trial:
    """One endpoint to try.

    Args:
        endpoint: As a run calls it.
        call: Calls it and reads its answer as a run does.
        optional: Whether a run may do without it.
    """

    endpoint: Endpoint
    call: Callable[[], object]
    optional: bool = False


@dataclass(frozen=True)
class Finding:
    """What one endpoint answered.

    Args:
        endpoint: The one that was tried.
        refusal: What it was refused with; None if it is ok.
        to_do: What a person can do about the refusal; empty without one.
        fatal: Whether a run would fail over it.
    """

    endpoint: Endpoint
    refusal: Refusal | None = None
    to_do: str = ""
    fatal: bool = False

    @property
    def code(self) -> str:
        """`ok`, or the code of the refusal."""
        return self.refusal.code if self.refusal else "ok"


class NoReportsAtAll(PolicyDisabled):
    """A scope is silent: of that a run warns, and does not fail."""


class Check:
    """Tries what a run needs.

    Args:
        run: Whose settings, scopes, credentials and rate limiter are used.
        reports: The names of the reports that the selected streams need, and `SEATS`.
        is_optional: Whether a run may do without one of those for a scope.
        has_loaded: Whether the state tells that a scope has reports.
    """

    def __init__(
        self,
        run: Run,
        reports: Sequence[str],
        *,
        is_optional: Callable[[str, Scope], bool],
        has_loaded: Callable[[Scope], bool],
    ) -> None:
        self._run = run
        self._reports = reports
        self._is_optional = is_optional
        self._has_loaded = has_loaded
        self._day = min(run.calendar.last, run.calendar.today - _PUBLISHED)

    def planned(self) -> list[Endpoint]:
        """The endpoints that `findings` will try, if nothing ends it before."""
        scopes = self._scopes
        if isinstance(scopes, Refusal):
            return [endpoints.installations()]
        return [trial.endpoint for scope in scopes for trial in self._trials(scope)]

    def findings(self) -> Iterator[Finding]:
        """What each endpoint answered, as soon as it has.

        A refused token, JWT or host is the last finding, as it ends a run. A scope on which the
        App is not installed has only that finding.
        """
        scopes = self._scopes
        if isinstance(scopes, Refusal):
            yield Finding(endpoints.installations(), scopes, scopes.hint, fatal=True)
            return
        for scope in scopes:
            for trial in self._trials(scope):
                finding = self._tried(scope, trial)
                yield finding
                if finding.refusal and finding.refusal.ends_run:
                    return
                if finding.refusal and trial.endpoint.kind is Kind.INSTALLATION:
                    break

    def by_hand(self, endpoint: Endpoint) -> str:
        """A `curl` line that calls an endpoint, with a placeholder for the credential."""
        credential = "YOUR_INSTALLATION_TOKEN" if self._run.sign_in.is_app else "YOUR_TOKEN"
        if endpoint.kind in {Kind.INSTALLATION, Kind.INSTALLATIONS}:
            credential = "YOUR_APP_JWT"
        headers = (f"Authorization: Bearer {credential}", f"X-GitHub-Api-Version: {API_VERSION}")
        options = [part for header in headers for part in ("-H", header)]
        return shlex.join(["curl", *options, self._run.settings.api_url + endpoint.target])

    @cached_property
    def _scopes(self) -> tuple[Scope, ...] | Refusal:
        """The scopes of the run, or why the App's installations do not tell them."""
        try:
            return self._run.scopes
        except Refusal as refusal:
            return refusal

    def _trials(self, scope: Scope) -> Iterator[Trial]:
        run = self._run
        if run.sign_in.is_app:
            yield Trial(endpoints.installation(scope), partial(self._token, scope))
        elif scope.level is Level.ORGANIZATION:  # its id is in the key of every row
            yield Trial(endpoints.account(scope), partial(run.key_values, scope))
        for name in self._reports:
            yield self._trial(name, scope)

    def _trial(self, name: str, scope: Scope) -> Trial:
        run, day, optional = self._run, self._day, self._is_optional(name, scope)
        if name == SEATS:
            seats = endpoints.seats(scope)
            return Trial(seats, lambda: self._seats(scope), optional)
        if name == AI_CREDITS:
            usage = endpoints.ai_credits(scope, day)
            return Trial(usage, partial(run.reports.ai_credit_rows, scope, day), optional)
        report = endpoints.report(scope, name, day)
        return Trial(report, partial(self._report, scope, name), optional)

    def _token(self, scope: Scope) -> None:
        """Get the token of the App's installation, and what names the scope in rows."""
        self._run.client.bearer(self._run.sign_in.credential(scope))
        self._run.key_values(scope)

    def _seats(self, scope: Scope) -> None:
        run = self._run
        SeatList(run.client, run.sign_in, scope, run.clock).first_page()

    def _report(self, scope: Scope, name: str) -> None:
        """Ask for a report; of a scope without any report say so, as a run would.

        A run samples more days of such a scope before it says that.
        """
        run = self._run
        found = run.reports.links(scope, name, self._day)
        if found or name != self._reports[0] or self._has_loaded(scope):
            return
        newest = run.calendar.newest_samples(run.calendar.days_after(None))
        if not run.reports.has_any(scope, newest, download=False):
            raise NoReportsAtAll(
                f"GitHub has no report at all; a run warns of that and reads none: {POLICY_HINT}"
            )

    def _tried(self, scope: Scope, trial: Trial) -> Finding:
        try:
            self._answer(trial)
        except Refusal as refusal:
            if isinstance(refusal, NoReportsAtAll):
                return Finding(trial.endpoint, refusal, refusal.hint)
            excuse = self._run.excuse(scope, refusal, optional=trial.optional)
            to_do = f"a run goes on without it, {excuse}; to open it: " if excuse else ""
            return Finding(trial.endpoint, refusal, to_do + refusal.hint, fatal=not excuse)
        return Finding(trial.endpoint)

    def _answer(self, trial: Trial) -> None:
        """Try an endpoint; again where its answer says nothing.

        Raises:
            Refusal: It is refused, or its answer goes on saying nothing.
        """
        why: Refusal | None = None
        for _ in tries(_PAUSES, self._run.clock):
            try:
                trial.call()
            except BadEnvelopeError as bad:
                why = BadReport(str(bad), where=trial.endpoint)
            except BadPageError as bad:
                why = RefusedRequest(str(bad), where=trial.endpoint)
            else:
                return
        if why is not None:
            raise why

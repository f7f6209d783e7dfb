"""`--check`: every endpoint that the selected level needs, tried once, for every scope."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from tap_github_copilot import endpoints
from tap_github_copilot.errors import Refusal
from tap_github_copilot.github.billing import AI_CREDITS
from tap_github_copilot.github.client import API_VERSION
from tap_github_copilot.github.responses import BadEnvelopeError
from tap_github_copilot.run import ACCESS_DENIED
from tap_github_copilot.scopes import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_github_copilot.run import Run
    from tap_github_copilot.scopes import Scope
    from tap_github_copilot.streams.daily import DailyStream

_PUBLISHED = timedelta(days=4)  # the youngest day that should have its report
_INSTALLATION = "/installation"
HEAD = ("scope", "endpoint", "result", "what to do", "by hand")


@dataclass(frozen=True)
class Finding:
    """What one endpoint answered.

    Args:
        scope: In words.
        endpoint: Path and query, below the API's URL.
        result: `ok`, or the refusal's code.
        to_do: What a person can do; empty if it is ok.
        by_hand: A `curl` line with a placeholder for the credential.
        fatal: Whether a run would fail over it.
        ends_run: Whether nothing else would be answered either.
    """

    scope: str
    endpoint: str
    result: str
    to_do: str
    by_hand: str
    fatal: bool
    ends_run: bool = False


def check(run: Run, streams: Iterable[DailyStream]) -> Iterator[Finding]:
    """Try every endpoint of every scope; nothing is downloaded.

    A token or an App's JWT that is refused is the last finding, as it ends a run.

    Args:
        run: Whose settings, sign-in and rate_limiter are used.
        streams: Whose reports are tried.
    """
    try:
        scopes = run.scopes
    except Refusal as refusal:
        yield _finding(run, "the App", "/app/installations", refusal, optional=False)
        return
    reports: dict[str, bool] = {}
    for stream in streams:
        report = stream.report_at(run.settings.level)
        reports[report] = stream.optional and reports.get(report, True)
    for scope in scopes:
        for finding in _check_scope(run, scope, reports):
            yield finding
            if finding.ends_run:
                return


def _check_scope(run: Run, scope: Scope, reports: dict[str, bool]) -> Iterator[Finding]:
    day = min(run.calendar.last, run.calendar.today - _PUBLISHED)
    if scope.level is Level.ORGANIZATION:
        path = scope.path + (_INSTALLATION if run.sign_in.is_app else "")  # what tells its id
        yield _try(run, scope, path, lambda: run.key_values(scope), optional=False)
    for report, optional in reports.items():
        if report == AI_CREDITS:
            endpoint = endpoints.ai_credits(scope, day)
            call = partial(run.reports.ai_credit_rows, scope, day)
            yield _try(run, scope, endpoint.target, call, optional=True)
            continue
        path = f"{scope.path}/copilot/metrics/reports/{report}?day={day}"
        yield _try(
            run,
            scope,
            path,
            partial(run.reports.links, scope, report, day),
            optional=optional and run.sign_in.is_app,
        )
    seats = endpoints.seats(scope)
    yield _try(
        run,
        scope,
        seats.target,
        lambda: run.client.call(seats, run.sign_in.credential(scope)),
        optional=run.sign_in.is_app,
    )


def _try(
    run: Run, scope: Scope, endpoint: str, call: Callable[[], object], *, optional: bool
) -> Finding:
    refusal = None
    try:
        call()
    except BadEnvelopeError:
        pass  # it answers; a run will say what is wrong with the day
    except Refusal as refused:
        refusal = refused
    return _finding(run, str(scope), endpoint, refusal, optional=optional)


def _finding(
    run: Run, scope: str, endpoint: str, refusal: Refusal | None, *, optional: bool
) -> Finding:
    url = run.settings.api_url + endpoint
    if scope == "the App" or endpoint.endswith(_INSTALLATION):
        credential = "YOUR_APP_JWT"
    else:
        credential = "YOUR_INSTALLATION_TOKEN" if run.sign_in.is_app else "YOUR_TOKEN"
    headers = (f"Authorization: Bearer {credential}", f"X-GitHub-Api-Version: {API_VERSION}")
    curl = shlex.join(["curl", *(part for header in headers for part in ("-H", header)), url])
    if refusal is None:
        return Finding(scope, endpoint, "ok", "", curl, fatal=False)
    closed = optional and isinstance(refusal, ACCESS_DENIED)
    to_do = ("optional for an App; to open it: " if closed else "") + refusal.hint
    return Finding(
        scope,
        endpoint,
        refusal.code,
        to_do,
        curl,
        fatal=not closed,
        ends_run=refusal.ends_run,
    )


def table(findings: list[Finding]) -> Iterator[str]:
    """The findings as lines of a table, each cell but the last two padded."""
    rows = [HEAD] + [(f.scope, f.endpoint, f.result, f.to_do or "-", f.by_hand) for f in findings]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield " | ".join([*cells, *row[3:]])

"""The endpoints of GitHub's API that this tap calls, each as a value.

A refusal carries the endpoint that was refused. What a caller decides, it decides by the
endpoint's kind and scope; the text is for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tap_github_copilot.scopes import Level, Scope

if TYPE_CHECKING:
    from datetime import date


class Kind(Enum):
    """What an endpoint is for, which decides what opens it."""

    REPORT = auto()
    """The envelope of a usage-metrics report."""
    SEATS = auto()
    """The listing of Copilot seats."""
    BILLING = auto()
    """AI credits in money."""
    ACCOUNT = auto()
    """The organization itself, which tells its numeric id."""
    INSTALLATION = auto()
    """The App's installation on one scope."""
    INSTALLATIONS = auto()
    """All installations of the App."""
    ACCESS_TOKEN = auto()
    """A new token of an installation."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint with its query; its text is `enterprise acme, GET /enterprises/acme/…?day=…`.

    Args:
        kind: What it is for.
        path: Below the API's URL, starting with a slash.
        scope: The scope that it is about; None where it is about the App as a whole.
        query: Names and values. Nothing in it may be secret: it is printed.
        method: `GET` or `POST`.
    """

    kind: Kind
    path: str
    scope: Scope | None = None
    query: tuple[tuple[str, str], ...] = ()
    method: str = "GET"

    def __str__(self) -> str:
        return f"{self.scope or 'the App'}, {self.method} {self.target}"

    @property
    def target(self) -> str:
        """Path and query, below the API's URL."""
        return self.path + (f"?{urlencode(self.query)}" if self.query else "")

    @property
    def level(self) -> Level | None:
        """The level of its scope; None without a scope."""
        return self.scope.level if self.scope else None


def report(scope: Scope, name: str, day: date | None = None) -> Endpoint:
    """A usage-metrics report: of one day, or a 28-day report (`users-28-day/latest`)."""
    path = f"{scope.path}/copilot/metrics/reports/{name}"
    return Endpoint(Kind.REPORT, path, scope, (("day", day.isoformat()),) if day else ())


def seats(scope: Scope, page: int = 1) -> Endpoint:
    """A page of a scope's Copilot seats, with the most entries that a page can have."""
    query = (("per_page", "100"),) + ((("page", str(page)),) if page > 1 else ())
    return Endpoint(Kind.SEATS, f"{scope.path}/copilot/billing/seats", scope, query)


def ai_credits(scope: Scope, day: date) -> Endpoint:
    """What a scope's AI credits of one UTC day cost."""
    kind = "enterprises" if scope.level is Level.ENTERPRISE else "organizations"
    query = tuple((part, str(getattr(day, part))) for part in ("year", "month", "day"))
    path = f"/{kind}/{scope.name}/settings/billing/ai_credit/usage"
    return Endpoint(Kind.BILLING, path, scope, query)


def account(scope: Scope) -> Endpoint:
    """An organization itself."""
    return Endpoint(Kind.ACCOUNT, scope.path, scope)


def installation(scope: Scope) -> Endpoint:
    """The App's installation on a scope."""
    return Endpoint(Kind.INSTALLATION, f"{scope.path}/installation", scope)


def installations() -> Endpoint:
    """The first page of the App's installations."""
    return Endpoint(Kind.INSTALLATIONS, "/app/installations", query=(("per_page", "100"),))


def access_token(scope: Scope, installation_id: int) -> Endpoint:
    """A new token of the App's installation on a scope."""
    path = f"/app/installations/{installation_id}/access_tokens"
    return Endpoint(Kind.ACCESS_TOKEN, path, scope, method="POST")

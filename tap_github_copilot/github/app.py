"""The two ways to sign in, and which credential goes with which scope.

A token is one credential for all scopes. A GitHub App signs a JWT, and with it gets a token
for each of its installations:
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tap_github_copilot import endpoints
from tap_github_copilot.errors import (
    InvalidPermissions,
    NoResource,
    RefusedRequest,
)
from tap_github_copilot.github.credentials import (
    AppCredential,
    InstallationCredential,
    TokenCredential,
)
from tap_github_copilot.redaction import redacted
from tap_github_copilot.scopes import Level, Scope, is_id, is_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.client import Client
    from tap_github_copilot.github.credentials import AppKey, Credential

_MOST_NAMED = 5  # installations in one message
_METRICS = "organization_copilot_metrics"


class SignIn(Protocol):
    """One way to sign in."""

    is_app: bool

    def credential(self, scope: Scope) -> Credential:
        """What calls for this scope sign in with.

        Raises:
            Refusal: GitHub gives none.
        """

    def organization_id(self, scope: Scope) -> str | None:
        """The organization's numeric id, where signing in told it."""


class TokenSignIn:
    """One token for all scopes."""

    is_app = False

    def __init__(self, token: str) -> None:
        self._credential = TokenCredential(token)

    def credential(self, scope: Scope) -> Credential:  # noqa: ARG002 - one for all
        """The token."""
        return self._credential

    def organization_id(self, scope: Scope) -> str | None:  # noqa: ARG002 - never known
        """Not known from a token."""
        return None


@dataclass(frozen=True)
class Installation:
    """An installation of the App, as far as GitHub's answer has the shape that is documented.

    Args:
        id: GitHub's id of the installation.
        login: The login or slug of its account; None where it has none that can be one.
        account_id: The id of its account; None where it has none.
        target: `Organization`, `Enterprise` or `User`; any other text as GitHub wrote it.
        suspended: Whether its owner suspended it.
        permissions: The names of its permissions.
    """

    id: int
    login: str | None
    account_id: int | None
    target: str
    suspended: bool
    permissions: frozenset[str]

    @classmethod
    def of(cls, answer: object) -> Installation | None:
        """The installation in an answer; None if it does not even have an id."""
        entry = _object(answer)
        if not is_id(number := entry.get("id")):
            return None
        account = _object(entry.get("account"))
        login = account.get("login") or account.get("slug")
        account_id = account.get("id")
        target = entry.get("target_type") or account.get("type")
        return cls(
            id=number,
            login=login if is_name(login) else None,
            account_id=account_id if is_id(account_id) else None,
            target=redacted(target) if isinstance(target, str) else "thing without a type",
            suspended=bool(entry.get("suspended_at")),
            permissions=frozenset(_object(entry.get("permissions"))),
        )

    @property
    def unreadable(self) -> str:
        """Why it cannot be read at organization level; empty if it can."""
        if self.target != "Organization":
            return f"it is on a {self.target}, not on an organization"
        if self.login is None:
            return "its account has no login"
        if self.suspended:
            return "it is suspended"
        if _METRICS not in self.permissions:
            return "it lacks the permission 'Organization Copilot metrics' (read)"
        return ""


class AppSignIn:
    """A GitHub App: each scope through its own installation, and no other.

    Args:
        client: Makes the calls.
        app: Who signs.
        clock: Tells when a token is due for renewal.
    """

    is_app = True

    def __init__(self, client: Client, app: AppKey, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._jwt = AppCredential(app, clock)
        self._lock = threading.Lock()
        self._found: dict[Scope, Installation] = {}
        self._credentials: dict[Scope, InstallationCredential] = {}

    def credential(self, scope: Scope) -> Credential:
        """The credential of the scope's installation, which is looked up once.

        Raises:
            Refusal: The App is not installed there, or its installation is suspended.
        """
        with self._lock:
            if scope not in self._credentials:
                self._credentials[scope] = InstallationCredential(
                    self._jwt, self._clock, scope, self._installation(scope).id
                )
            return self._credentials[scope]

    def organization_id(self, scope: Scope) -> str | None:
        """The id of the account on which the App is installed; None where GitHub did not say."""
        self.credential(scope)
        number = self._found[scope].account_id
        return None if number is None else str(number)

    def installations(self) -> tuple[list[Scope], list[str]]:
        """All organizations that installed the App and let it read metrics.

        Returns:
            The organizations, and one line per installation that is left out.

        Raises:
            Refusal: The list is refused, or nothing is left of it.
        """
        skipped: list[str] = []
        for entry in self._all_installations():
            installation = Installation.of(entry)
            if installation is None:
                skipped.append(
                    "an entry in the App's list of installations is skipped: it has no id"
                )
            elif installation.login is None or installation.unreadable:
                name = installation.login or installation.id
                skipped.append(f"installation on {name} is skipped: {installation.unreadable}")
            else:
                scope = Scope(Level.ORGANIZATION, installation.login.lower(), listed=False)
                self._found[scope] = installation
        if not self._found:
            why = "; ".join(skipped[:_MOST_NAMED]) or "nobody has installed it"
            if len(skipped) > _MOST_NAMED:
                why += f"; and {len(skipped) - _MOST_NAMED} more"
            raise NoResource(
                "the App has no organization installation to read: install it on the "
                "organization, or name the enterprises it is installed on in the setting "
                f"enterprises ({why})",
                where=endpoints.installations(),
            )
        return sorted(self._found, key=lambda scope: scope.name), skipped

    def _all_installations(self) -> Iterator[object]:
        endpoint = endpoints.installations()
        for response in self._client.pages(endpoint, self._jwt):
            page = response.json_or_none()
            if not isinstance(page, list):
                raise RefusedRequest(
                    "GitHub's answer is not a list of installations", where=endpoint
                )
            yield from page

    def _installation(self, scope: Scope) -> Installation:
        if scope in self._found:
            return self._found[scope]
        endpoint = endpoints.installation(scope)
        try:
            response = self._client.call(endpoint, self._jwt)
        except NoResource:
            raise NoResource(
                f"the App is not installed on {scope}: install it there (an enterprise needs an "
                "installation of its own, an organization's does not reach it)",
                where=endpoint,
            ) from None
        installation = Installation.of(response.json_or_none())
        if installation is None:
            raise RefusedRequest(
                "GitHub's answer is not an installation: it has no id", where=endpoint
            )
        if installation.suspended:
            raise InvalidPermissions(
                "the App's installation is suspended: its owner can lift that in the settings, "
                "under GitHub Apps",
                where=str(scope),
            )
        self._found[scope] = installation
        return installation


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}

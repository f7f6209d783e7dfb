"""The ways to sign in: which credential goes with which scope.

A token is one credential for all. A GitHub App signs a JWT, and with that gets a token of
each installation, an hour long:
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from tap_github_copilot.errors import (
    InvalidPermissions,
    NoResource,
    RefusedRequest,
    redacted,
)
from tap_github_copilot.github.credentials import (
    AppCredential,
    InstallationCredential,
    TokenCredential,
)
from tap_github_copilot.scopes import Level, Scope, is_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.client import Client
    from tap_github_copilot.github.credentials import Credential
    from tap_github_copilot.settings import AppKey


class SignIn(Protocol):
    """One way to sign in."""

    is_app: bool

    def credential(self, scope: Scope) -> Credential:
        """What calls for this scope sign in with.

        Raises:
            Refusal: GitHub gives none.
        """

    def organization_id(self, scope: Scope) -> str | None:
        """The organisation's numeric id, where signing in told it."""


class TokenSignIn:
    """One token for all scopes."""

    is_app = False

    def __init__(self, token: str) -> None:
        self._credential = TokenCredential(token)

    def credential(self, scope: Scope) -> Credential:  # noqa: ARG002
        """The token."""
        return self._credential

    def organization_id(self, scope: Scope) -> str | None:  # noqa: ARG002
        """Not known from a token."""
        return None


class AppSignIn:
    """A GitHub App: each scope through its own installation, and no other.

    Args:
        client: Makes the calls.
        app: Who signs.
        clock: Tells when a token is due.
    """

    is_app = True

    def __init__(self, client: Client, app: AppKey, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._jwt = AppCredential(app, clock)
        self._lock = threading.Lock()
        self._found: dict[Scope, Mapping[str, Any]] = {}
        self._credentials: dict[Scope, InstallationCredential] = {}

    def credential(self, scope: Scope) -> Credential:
        """The scope's installation; it is looked up once.

        Raises:
            Refusal: The App is not installed there, or its installation is suspended.
        """
        with self._lock:
            if scope not in self._credentials:
                self._credentials[scope] = InstallationCredential(
                    self._client, self._jwt, self._clock, scope, self._installation(scope)
                )
            return self._credentials[scope]

    def organization_id(self, scope: Scope) -> str | None:
        """The id of the account on which the App is installed."""
        self.credential(scope)
        account = self._found[scope].get("account") or {}
        number = account.get("id")
        return None if number is None else str(number)

    def installations(self) -> tuple[list[Scope], list[str]]:
        """All organisations that installed the App and let it read metrics.

        Returns:
            The organisations, and a line for each installation that is left out.

        Raises:
            Refusal: The list is refused, or nothing is left of it.
        """
        skipped: list[str] = []
        for installation in self._all_installations():
            name = _name(installation)
            if why := _unreadable(installation):
                skipped.append(f"installation on {redacted(name)} is skipped: {why}")
                continue
            self._found[Scope(Level.ORGANIZATION, name.lower(), listed=False)] = installation
        if not self._found:
            why = "; ".join(skipped) or "nobody has installed it"
            raise NoResource(
                "the App has no organization installation to read: install it on the "
                "organization, or name the enterprises it is installed on in the setting "
                f"enterprises ({why})",
                where="GET /app/installations",
            )
        return sorted(self._found, key=lambda scope: scope.name), skipped

    def _all_installations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for response in self._client.pages(
            "/app/installations", self._jwt, scope="the App", query={"per_page": "100"}
        ):
            page = response.json_or_none()
            if not isinstance(page, list):
                raise RefusedRequest(
                    "GitHub's answer is no list of installations", where="GET /app/installations"
                )
            found.extend(entry for entry in page if isinstance(entry, dict) and "id" in entry)
        return found

    def _installation(self, scope: Scope) -> Mapping[str, Any]:
        if scope in self._found:
            return self._found[scope]
        try:
            response = self._client.get(f"{scope.path}/installation", self._jwt, scope=scope)
        except NoResource as refusal:
            raise NoResource(
                f"the App is not installed on {scope}: install it there (an enterprise needs an "
                "installation of its own, an organization's does not reach it)",
                where=refusal.where,
            ) from None
        installation = response.json_or_none()
        if not isinstance(installation, dict) or "id" not in installation:
            raise RefusedRequest(
                f"GitHub answered {HTTPStatus.OK} without an installation", where=str(scope)
            )
        if installation.get("suspended_at"):
            raise InvalidPermissions(
                "the App's installation is suspended: its owner can lift that in the settings, "
                "under GitHub Apps",
                where=str(scope),
            )
        self._found[scope] = installation
        return installation


def _name(installation: Mapping[str, Any]) -> str:
    account = installation.get("account") or {}
    return str(account.get("login") or account.get("slug") or installation["id"])


def _unreadable(installation: Mapping[str, Any]) -> str:
    """Why an installation cannot be read at organisation level; empty if it can."""
    account = installation.get("account")
    target = installation.get("target_type") or (account or {}).get("type")
    if target != "Organization" or not is_name((account or {}).get("login")):
        return f"it is on a {redacted(str(target))}, not on an organization"
    if installation.get("suspended_at"):
        return "it is suspended"
    if "organization_copilot_metrics" not in (installation.get("permissions") or {}):
        return "it lacks the permission 'Organization Copilot metrics' (read)"
    return ""

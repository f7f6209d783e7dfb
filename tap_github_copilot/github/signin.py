"""The ways to sign in: which bearer goes with which scope.

A token is one bearer for all. A GitHub App signs a JWT, and with that gets a token of
each installation, an hour long:
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from tap_github_copilot.refusals import (
    InvalidPermissions,
    NoResource,
    RefusedRequest,
    redacted,
)
from tap_github_copilot.scopes import Level, Scope, is_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.api import Api, Bearer
    from tap_github_copilot.settings import AppKey

_JWT_LIFE = timedelta(minutes=8)
_JWT_BACKDATED = timedelta(seconds=60)
_RENEWED_BEFORE = timedelta(minutes=5)


class SignIn(Protocol):
    """One way to sign in."""

    is_app: bool

    def bearer(self, scope: Scope) -> Bearer:
        """What calls for this scope sign in with.

        Raises:
            Refusal: GitHub gives none.
        """

    def organization_id(self, scope: Scope) -> str | None:
        """The organisation's numeric id, where signing in told it."""


class TokenBearer:
    """A token that somebody made; it cannot be renewed."""

    name = "token"
    what = "the token: it is wrong, expired or revoked"
    ends_run = True
    is_dated = False

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        """The token."""
        return self._token

    def renew(self, refused: str) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def accepted(self, token: str) -> None:
        """Nothing to learn from it."""


class TokenSignIn:
    """One token for all scopes."""

    is_app = False

    def __init__(self, token: str) -> None:
        self._bearer = TokenBearer(token)

    def bearer(self, scope: Scope) -> Bearer:  # noqa: ARG002
        """The token."""
        return self._bearer

    def organization_id(self, scope: Scope) -> str | None:  # noqa: ARG002
        """Not known from a token."""
        return None


class JwtBearer:
    """The App itself: a JWT of 8 minutes, dated back a minute against clock drift."""

    name = "app"
    what = "the App's JWT: compare app_id with the App's page and make sure the key is one of its"
    ends_run = True
    is_dated = True

    def __init__(self, app: AppKey, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    def token(self) -> str:
        """A new JWT."""
        import jwt  # noqa: PLC0415 - 60 ms of start-up that only an App needs

        now = self._clock.now()
        claims = {
            "iat": int((now - _JWT_BACKDATED).timestamp()),
            "exp": int((now + _JWT_LIFE).timestamp()),
            "iss": self._app.app_id,
        }
        return jwt.encode(claims, self._app.private_key, algorithm="RS256")

    def renew(self, refused: str) -> bool:  # noqa: ARG002
        """Never: the next one would be signed by the same key."""
        return False

    def accepted(self, token: str) -> None:
        """Tells nothing about the next JWT."""


class InstallationBearer:
    """An installation's token, made when first needed and renewed before it expires.

    Safe to ask from several threads: one makes the token, the others wait for it.
    """

    ends_run = False
    is_dated = False

    def __init__(
        self, api: Api, app: JwtBearer, clock: Clock, scope: Scope, installation: Mapping[str, Any]
    ) -> None:
        self.name = f"installation {installation['id']}"
        self.what = f"a fresh token of the App's installation on {scope}: it may be gone"
        self._path = f"/app/installations/{int(installation['id'])}/access_tokens"
        self._api = api
        self._app = app
        self._clock = clock
        self._scope = scope
        self._making = threading.Lock()
        self._telling = threading.Lock()
        self._token = ""
        self._renew_at: datetime | None = None
        self._proven = False

    def token(self) -> str:
        """The present token.

        Raises:
            Refusal: GitHub makes none, for example for an installation that is gone.
        """
        with self._making:
            if self._renew_at is None or self._clock.now() >= self._renew_at:
                self._make()
            return self._token

    def renew(self, refused: str) -> bool:
        """Give up a token that was good once; a fresh one that is refused ends its scope."""
        # Never waits for a token being made: that may wait for the call that asks here.
        with self._telling:
            if self._token == refused:
                if not self._proven:
                    return False
                self._renew_at = None
        return True

    def accepted(self, token: str) -> None:
        """Note that GitHub took this token."""
        with self._telling:
            self._proven = self._proven or token == self._token

    def _make(self) -> None:
        try:
            answer = self._api.post(self._path, self._app, scope=self._scope)
        except NoResource as refusal:
            raise NoResource(
                f"the App's installation on {self._scope} is gone: install it again",
                where=refusal.where,
            ) from None
        try:
            body = answer.json()
            token, expires_at = body["token"], datetime.fromisoformat(body["expires_at"])
            renew_at = expires_at - _RENEWED_BEFORE
        except (ValueError, KeyError, TypeError):
            raise RefusedRequest(
                "GitHub's answer holds no installation token", where=f"{self._scope}, {self._path}"
            ) from None
        # A token shorter than the margin is used until it is refused.
        with self._telling:
            self._token, self._proven = token, False
            self._renew_at = max(renew_at, self._clock.now() + _JWT_BACKDATED)


class AppSignIn:
    """A GitHub App: each scope through its own installation, and no other.

    Args:
        api: Makes the calls.
        app: Who signs.
        clock: Tells when a token is due.
    """

    is_app = True

    def __init__(self, api: Api, app: AppKey, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._jwt = JwtBearer(app, clock)
        self._lock = threading.Lock()
        self._found: dict[Scope, Mapping[str, Any]] = {}
        self._bearers: dict[Scope, InstallationBearer] = {}

    def bearer(self, scope: Scope) -> Bearer:
        """The scope's installation; it is looked up once.

        Raises:
            Refusal: The App is not installed there, or its installation is suspended.
        """
        with self._lock:
            if scope not in self._bearers:
                self._bearers[scope] = InstallationBearer(
                    self._api, self._jwt, self._clock, scope, self._installation(scope)
                )
            return self._bearers[scope]

    def organization_id(self, scope: Scope) -> str | None:
        """The id of the account on which the App is installed."""
        self.bearer(scope)
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
        for answer in self._api.pages(
            "/app/installations", self._jwt, scope="the App", query={"per_page": "100"}
        ):
            page = answer.json()
            found.extend(entry for entry in page if isinstance(entry, dict) and "id" in entry)
        return found

    def _installation(self, scope: Scope) -> Mapping[str, Any]:
        if scope in self._found:
            return self._found[scope]
        try:
            answer = self._api.get(f"{scope.path}/installation", self._jwt, scope=scope)
        except NoResource as refusal:
            raise NoResource(
                f"the App is not installed on {scope}: install it there (an enterprise needs an "
                "installation of its own, an organization's does not reach it)",
                where=refusal.where,
            ) from None
        installation = answer.json()
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

"""What a call signs in with: a token, an App's JWT, or the token of an App's installation.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from tap_github_copilot.errors import NoResource, RefusedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.github.client import Client
    from tap_github_copilot.scopes import Scope
    from tap_github_copilot.settings import AppKey

_JWT_LIFE = timedelta(minutes=8)
_JWT_BACKDATED = timedelta(seconds=60)
_RENEWED_BEFORE = timedelta(minutes=5)


class Credential(Protocol):
    """What a call signs in with."""

    name: str
    """Whose rate limit its calls count on."""
    what: str
    """What is refused when GitHub answers 401, in words."""
    ends_run: bool
    """Whether nothing else can be answered once it is refused."""
    is_dated: bool
    """Whether this machine's clock stands in it."""

    def token(self) -> str:
        """The present bearer token; makes or renews it where needed."""

    def renew(self, refused: str) -> bool:
        """Whether there is another token to try instead of the refused one."""

    def accepted(self, token: str) -> None:
        """Note that GitHub did not refuse this token."""


class TokenCredential:
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


class AppCredential:
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


class InstallationCredential:
    """An installation's token, made when first needed and renewed before it expires.

    Safe to ask from several threads: one makes the token, the others wait for it.
    """

    ends_run = False
    is_dated = False

    def __init__(
        self,
        client: Client,
        app: AppCredential,
        clock: Clock,
        scope: Scope,
        installation: Mapping[str, Any],
    ) -> None:
        self.name = f"installation {installation['id']}"
        self.what = f"a fresh token of the App's installation on {scope}: it may be gone"
        self._path = f"/app/installations/{int(installation['id'])}/access_tokens"
        self._client = client
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
            answer = self._client.post(self._path, self._app, scope=self._scope)
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

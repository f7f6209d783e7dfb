"""What a call signs in with: a token, an App's JWT, or the token of an App's installation.

A credential never calls GitHub itself. Where it needs a call first, it yields it and is sent
the response, so that the client stays the only place that makes calls:
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeGuard

from tap_github_copilot import endpoints
from tap_github_copilot.clock import moment
from tap_github_copilot.errors import NoResource, RefusedRequest
from tap_github_copilot.redaction import remember_secret

if TYPE_CHECKING:
    from collections.abc import Generator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tap_github_copilot.clock import Clock
    from tap_github_copilot.endpoints import Endpoint
    from tap_github_copilot.github.responses import Response
    from tap_github_copilot.scopes import Scope

_JWT_LIFE = timedelta(minutes=8)
_JWT_BACKDATED = timedelta(seconds=60)
_RENEWED_BEFORE = timedelta(minutes=5)
_SHORTEST_USE = timedelta(minutes=1)
_TOKEN_LIFE = timedelta(hours=1)  # as documented; used where an answer does not tell
_BEARER = re.compile(r"[!-~]+")


def is_bearer(text: object) -> TypeGuard[str]:
    """Whether something can stand in an Authorization header: printable ASCII, no white space."""
    return isinstance(text, str) and _BEARER.fullmatch(text) is not None


@dataclass(frozen=True)
class AppKey:
    """A GitHub App's identity: its App ID or client ID, and the key that signs for it."""

    app_id: str
    private_key: RSAPrivateKey = field(repr=False)


class NeededCall(NamedTuple):
    """A call that has to be made before a credential has a token."""

    endpoint: Endpoint
    credential: Credential


class Credential(Protocol):
    """What a call signs in with. Safe to use from several threads."""

    name: str
    """Whose rate limit its calls count on."""
    what: str
    """What is refused when GitHub answers 401, in words."""
    ends_run: bool
    """Whether every later call is refused, too, once it is refused."""
    is_dated: bool
    """Whether this machine's clock stands in its token."""

    def flow(self) -> Generator[NeededCall, Response, str]:
        """Yields the calls that are needed for a token, and returns the token.

        Send it the response of each call, or throw in the refusal.
        """

    def renew(self, refused: str) -> bool:
        """Whether there is another token to try instead of the refused one."""

    def accepted(self, token: str) -> None:
        """Note that GitHub did not refuse this token."""


class TokenCredential:
    """A token that was made elsewhere; it cannot be renewed."""

    name = "token"
    what = "the token: it is wrong, expired or revoked; make a new one and set it as token"
    ends_run = True
    is_dated = False

    def __init__(self, token: str) -> None:
        remember_secret(token)
        self._token = token

    def flow(self) -> Generator[NeededCall, Response, str]:
        """Returns the token."""
        yield from ()
        return self._token

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - there is only one
        """Never."""
        return False

    def accepted(self, token: str) -> None:
        """Nothing to learn from it."""


class AppCredential:
    """The App itself: a JWT of 8 minutes, dated back one minute against clock drift."""

    name = "app"
    what = (
        "the App's JWT: compare app_id with the App's page and check that the private key is one "
        "of those listed there"
    )
    ends_run = True
    is_dated = True

    def __init__(self, app: AppKey, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    def flow(self) -> Generator[NeededCall, Response, str]:
        """Returns a new JWT."""
        import jwt  # noqa: PLC0415 - 60 ms of start-up that only an App needs

        yield from ()
        now = self._clock.now()
        claims = {
            "iat": int((now - _JWT_BACKDATED).timestamp()),
            "exp": int((now + _JWT_LIFE).timestamp()),
            "iss": self._app.app_id,
        }
        return jwt.encode(claims, self._app.private_key, algorithm="RS256")

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - all are signed by the same key
        """Never: the next one would be signed by the same key."""
        return False

    def accepted(self, token: str) -> None:
        """Tells nothing about the next JWT."""


class InstallationCredential:
    """An installation's token, made when first needed and renewed before it expires.

    Several threads may ask at once: one makes the token, the others wait for it.

    Args:
        app: Signs the call that makes a token.
        clock: Tells when a token is due for renewal.
        scope: What the App is installed on.
        installation_id: GitHub's id of the installation.
    """

    ends_run = False
    is_dated = False

    def __init__(
        self, app: AppCredential, clock: Clock, scope: Scope, installation_id: int
    ) -> None:
        self.name = f"installation {installation_id}"
        self.what = (
            f"a fresh token of the App's installation on {scope}: check that the App is still "
            "installed there and not suspended"
        )
        self._endpoint = endpoints.access_token(scope, installation_id)
        self._app = app
        self._clock = clock
        self._scope = scope
        self._making = threading.Lock()
        self._noting = threading.Lock()
        self._token = ""
        self._renew_at: datetime | None = None
        self._proven = False

    def flow(self) -> Generator[NeededCall, Response, str]:
        """Returns the present token; yields the call that makes a new one where that is due.

        Raises:
            RefusedRequest: The answer holds no token.
            NoResource: The installation is gone.
        """
        with self._making:
            if self._renew_at is None or self._clock.now() >= self._renew_at:
                try:
                    answer = yield NeededCall(self._endpoint, self._app)
                except NoResource:
                    raise NoResource(
                        f"the App's installation on {self._scope} is gone: install it again",
                        where=self._endpoint,
                    ) from None
                self._take(answer)
            return self._token

    def renew(self, refused: str) -> bool:
        """Give up a token that was good once; a fresh one that is refused ends its scope."""
        # Takes a lock of its own: whoever holds `_making` may be waiting for the call that asks.
        with self._noting:
            if self._token == refused:
                if not self._proven:
                    return False
                self._renew_at = None
        return True

    def accepted(self, token: str) -> None:
        """Note that GitHub took this token."""
        with self._noting:
            self._proven = self._proven or token == self._token

    def _take(self, answer: Response) -> None:
        body = answer.json_or_none()
        body = body if isinstance(body, dict) else {}
        token = body.get("token")
        if not is_bearer(token):
            raise RefusedRequest(
                "GitHub's answer holds no installation token (one word of printable ASCII)",
                where=self._endpoint,
            )
        remember_secret(token)
        now = self._clock.now()
        renew_at = _renewal(body.get("expires_at"), now)
        with self._noting:
            self._token, self._proven = token, False
            # A token shorter than the margin is used until it is refused.
            self._renew_at = max(renew_at, now + _SHORTEST_USE)


def _renewal(expires_at: object, now: datetime) -> datetime:
    """When a token is to be renewed; the documented hour counts where its end is not told."""
    try:
        return (moment(expires_at) or now + _TOKEN_LIFE) - _RENEWED_BEFORE
    except OverflowError:
        return now

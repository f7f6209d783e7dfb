"""A GitHub App on the simulated GitHub: its key, its installations, their tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.seats import link_header

METRICS = {
    "enterprise_copilot_metrics": "read",
    "organization_copilot_metrics": "read",
    "organization_copilot_seat_management": "read",
    "enterprise_billing": "read",
    "organization_administration": "read",
}
_LONGEST_JWT = 600
_DRIFT = 60
_TOKEN_LENGTH = 520


@cache
def _key() -> rsa.RSAPrivateKey:
    """The key of every simulated App, made once: it takes some 100 ms."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Installation:
    """Where the App is installed.

    Args:
        number: Its id.
        path: `/orgs/octo-org`, `/enterprises/acme` or `/users/somebody`.
        account: The id of the account that it is installed on.
        permissions: Names and levels, as GitHub lists them.
        suspended: Whether it is suspended.
        gone: Whether it was removed after it was listed.
    """

    number: int
    path: str
    account: int
    permissions: dict[str, str] = field(default_factory=lambda: dict(METRICS))
    suspended: bool = False
    gone: bool = False

    def as_json(self) -> dict[str, Any]:
        """As GitHub lists it."""
        kind = {"orgs": "Organization", "enterprises": "Enterprise", "users": "User"}
        _, where, name = self.path.split("/")
        naming = "slug" if where == "enterprises" else "login"
        return {
            "id": self.number,
            "account": {naming: name.title(), "id": self.account},
            "target_type": kind[where],
            "permissions": self.permissions,
            "suspended_at": "2026-01-01T00:00:00Z" if self.suspended else None,
        }


@dataclass
class App:
    """The App and the tokens of its installations.

    Args:
        now: The simulated time in seconds since the epoch; 0 for the real time.
        token_life: Seconds for which an installation token is accepted.
        calls_per_token: Calls after which a token is refused, even earlier; 0 for no such limit.
        page_size: The most installations on one page of the list.
        made: The installation tokens, oldest first.
    """

    now: float = 0.0
    token_life: int = 3600
    calls_per_token: int = 0
    page_size: int = 100
    app_id: str = "123456"
    client_id: str = "Iv23liSimulated"
    installations: list[Installation] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    key: rsa.RSAPrivateKey = field(default_factory=_key)
    _tokens: dict[str, tuple[Installation, float, int]] = field(default_factory=dict)

    def pem(self, form: serialization.PrivateFormat) -> str:
        """Its private key as text."""
        plain = serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, form, plain).decode()

    def install(self, path: str, account: int, **more: Any) -> Installation:
        """Install it somewhere."""
        installation = Installation(7000 + len(self.installations), path, account, **more)
        self.installations.append(installation)
        return installation

    def answer(self, request: web.Request, url: str) -> web.Response | None:
        """The answer to a call that the App signs with its JWT; None for any other call."""
        path = request.path.lower()
        if not path.startswith("/app") and not path.endswith("/installation"):
            return None
        if (why := self._refused(request)) is not None:
            now = datetime.fromtimestamp(self._time(), UTC)
            headers = {"Date": format_datetime(now, usegmt=True)}
            return web.json_response({"message": why, "status": "401"}, status=401, headers=headers)
        if path == "/app/installations":
            return self._page(request, url)
        if path.endswith("/access_tokens"):
            return self._make_token(int(path.split("/")[3]))
        found = [i for i in self.installations if f"{i.path}/installation" == path and not i.gone]
        if not found:
            return web.json_response({"message": "Not Found", "status": "404"}, status=404)
        return web.json_response(found[0].as_json())

    def installation_of(self, token: str) -> Installation | None:
        """Whose token this is, if it is still accepted; counts the call."""
        if token not in self._tokens:
            return None
        installation, expires, calls = self._tokens[token]
        worn_out = self.calls_per_token and calls >= self.calls_per_token
        if worn_out or installation.gone or self._time() >= expires:
            return None
        self._tokens[token] = (installation, expires, calls + 1)
        return installation

    def _time(self) -> float:
        return self.now or datetime.now(UTC).timestamp()

    def _refused(self, request: web.Request) -> str | None:
        """Why the JWT is refused, in GitHub's words; None if it is accepted."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(
                token,
                self.key.public_key(),
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return "A JSON web token could not be decoded"
        if str(claims.get("iss")) not in {self.app_id, self.client_id}:
            return "Integration not found"
        now = self._time()
        if claims["exp"] > now + _LONGEST_JWT:
            return "'Expiration time' claim ('exp') is too far in the future"
        if claims["iat"] > now or claims["exp"] < now - _DRIFT:
            return "'Issued at' claim ('iat') must be in the past"
        return None

    def _page(self, request: web.Request, url: str) -> web.Response:
        size = min(int(request.query.get("per_page", "30")), self.page_size)
        number = int(request.query.get("page", "1"))
        listed = [i.as_json() for i in self.installations][(number - 1) * size : number * size]
        headers = link_header(request, url, number, size, len(self.installations))
        return web.json_response(listed, headers=headers)

    def _make_token(self, number: int) -> web.Response:
        installation = next(i for i in self.installations if i.number == number)
        if installation.gone:
            return web.json_response({"message": "Not Found", "status": "404"}, status=404)
        if installation.suspended:
            body = {"message": "This installation has been suspended", "status": "403"}
            return web.json_response(body, status=403)
        token = f"ghs_{self.app_id}_eyJ{len(self.made):04}.-._".ljust(_TOKEN_LENGTH, "x")
        self.made.append(token)
        expires = self._time() + self.token_life
        self._tokens[token] = (installation, expires, 0)
        expires_at = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        made: dict[str, Any] = {"token": token, "expires_at": expires_at}
        made["permissions"] = installation.permissions
        return web.json_response(made, status=201)

"""Who may call the simulated GitHub, and what everybody else is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from simulator import billing
from simulator.apps import App, Installation

TOKEN = "ghp_SimulatedTokenForTestsAndTheDemo0001"


@dataclass
class Access:
    """The tokens that are good, and the App.

    Args:
        tokens: Good for everything there is.
        app: Its installations' tokens are good for what they are installed on.
        refused: The bearers that were answered 401, in order.
    """

    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    app: App = field(default_factory=App)
    refused: list[str] = field(default_factory=list)

    def refusal(self, request: web.Request) -> web.Response | None:
        """What a call is refused with; None for a call that may be answered."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.tokens:
            return None
        installation = self.app.installation_of(token)
        if installation is None:
            self.refused.append(token)
            return web.json_response({"message": "Bad credentials", "status": "401"}, status=401)
        return _beyond(installation, request.path.lower())


def _beyond(installation: Installation, path: str) -> web.Response | None:
    """The refusal of a call that this installation's permissions do not reach."""
    path = path.replace("/organizations/", "/orgs/", 1)
    needed = _permission(path)
    within = path == installation.path or path.startswith(installation.path + "/")
    if within and (not needed or needed in installation.permissions):
        return None
    return web.json_response(
        {"message": "Resource not accessible by integration", "status": "403"},
        status=403,
        headers={"X-Accepted-GitHub-Permissions": f"{needed}=read"},
    )


def _permission(path: str) -> str:
    level = "enterprise" if path.startswith("/enterprises/") else "organization"
    if "/copilot/metrics/" in path:
        return f"{level}_copilot_metrics"
    if path.endswith(billing.PATH):
        return "organization_administration" if level == "organization" else "enterprise_billing"
    if path.endswith("/copilot/billing/seats"):
        return (
            "organization_copilot_seat_management"
            if level == "organization"
            else "enterprise_copilot_license_management"
        )
    return ""

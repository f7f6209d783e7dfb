"""Who may call the simulated GitHub, and how all other calls are refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from simulator import billing
from simulator.apps import App, Installation

TOKEN = "ghp_SimulatedTokenForTestsAndTheDemo0001"


@dataclass
class Access:
    """The tokens that are accepted, and the App.

    Args:
        tokens: Accepted for every scope.
        app: The tokens of its installations are accepted for what they are installed on.
        refused: The tokens that were answered with 401, in order.
    """

    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    app: App = field(default_factory=App)
    refused: list[str] = field(default_factory=list)

    def refusal(self, request: web.Request) -> web.Response | None:
        """The answer that refuses a call; None for a call that may be answered."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.tokens:
            return None
        installation = self.app.installation_of(token)
        if installation is None:
            self.refused.append(token)
            return web.json_response({"message": "Bad credentials", "status": "401"}, status=401)
        return _beyond(installation, request.path.lower())


def _beyond(installation: Installation, path: str) -> web.Response | None:
    """The 403 for a call that the installation's permissions do not cover; None if they do."""
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

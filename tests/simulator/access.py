"""Who may call the simulated GitHub, and what everybody else is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from tests.simulator.world import Truth

TOKEN = "ghp_SimulatedTokenForTestsAndTheDemo0001"


@dataclass
class Access:
    """The tokens that are good, and refusals on request.

    Args:
        tokens: Good for everything there is.
    """

    tokens: set[str] = field(default_factory=lambda: {TOKEN})

    def refusal(self, request: web.Request, world: Truth, url: str) -> web.Response | None:  # noqa: ARG002
        """What a call is refused with; None for a call that may be answered."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return web.json_response({"message": "Bad credentials", "status": "401"}, status=401)
        return None

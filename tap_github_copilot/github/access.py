"""Who may call which endpoint: role, classic scope and permission, by GitHub's names.

Sources: the REST pages of Copilot usage metrics, of Copilot user management and of billing
usage, under https://docs.github.com/en/rest
"""

from __future__ import annotations

from typing import NamedTuple

from tap_github_copilot.endpoints import Endpoint, Kind
from tap_github_copilot.scopes import Level


class Access(NamedTuple):
    """What opens an endpoint.

    Args:
        role: What the token's user must be.
        scopes: What a classic token needs.
        permission: What an App or a fine-grained token needs.
        not_found: What else a 404 can mean there, as the end of a sentence.
    """

    role: str
    scopes: str
    permission: str
    not_found: str = ""


_ENTERPRISE_METRICS = Access(
    "enterprise owner, billing manager or a custom role with 'View Enterprise Copilot Metrics'",
    "manage_billing:copilot or read:enterprise",
    "the permission 'Enterprise Copilot metrics' (read)",
)
_ORGANIZATION_METRICS = Access(
    "organization owner or a custom role with 'View Organization Copilot Metrics'",
    "read:org",
    "the permission 'Organization Copilot metrics' (read)",
)
_ACCESS = {
    (Kind.SEATS, Level.ENTERPRISE): Access(
        "enterprise owner or billing manager",
        "manage_billing:copilot or read:enterprise",
        "the permission 'Enterprise Copilot license management' (read)",
    ),
    (Kind.SEATS, Level.ORGANIZATION): Access(
        "organization owner",
        "manage_billing:copilot or read:org",
        "the permission 'GitHub Copilot Business' (read)",
    ),
    (Kind.BILLING, Level.ENTERPRISE): Access(
        "enterprise administrator, billing manager or a custom role with read access to "
        "enterprise billing",
        "manage_billing:enterprise",
        "read access to enterprise billing",
    ),
    (Kind.BILLING, Level.ORGANIZATION): Access(
        "organization administrator",
        "admin:org",
        "read access to the organization's billing, where GitHub lets an App have it",
        "; an organization that is billed through its enterprise gets 404, too: read its AI "
        "credits at enterprise level",
    ),
}


def access_to(endpoint: Endpoint) -> Access:
    """What opens an endpoint; for one without rules of its own, what opens the reports."""
    level = endpoint.level or Level.ORGANIZATION
    metrics = _ENTERPRISE_METRICS if level is Level.ENTERPRISE else _ORGANIZATION_METRICS
    return _ACCESS.get((endpoint.kind, level), metrics)

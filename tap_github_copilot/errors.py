"""What GitHub may refuse, each with a code and what a person can do about it.

    Refusal
    ├── InvalidCredentials   invalid_credentials   401
    ├── InvalidPermissions   invalid_permissions   403: role, scope or permission
    ├── PolicyDisabled       policy_disabled       403: the policy
    ├── RefusedRequest       refused_request       422 and every other 4xx
    ├── NoResource           no_resource           404
    ├── IpNotAllowed         ip_not_allowed        403: IP allow list
    ├── SsoRequired          sso_required          403: SAML
    ├── RateLimited          rate_limited          waited as told, still refused
    ├── OtherLevelExists     enterprise_data_exists, organization_data_exists
    ├── BadReport            bad_report            a report that stayed broken
    └── GitHubUnavailable    github_unavailable    5xx or no connection

A refusal's text is one line. It may quote GitHub's own `message`, never a body, a
header with a credential or the query of a link.
"""

from __future__ import annotations

import re

from tap_github_copilot.endpoints import Endpoint

_SECRETS = re.compile(
    r"gh[a-z]_[A-Za-z0-9._-]{10,}|github_pat_\w+|eyJ[\w-]+\.[\w.-]+"
    r"|-----BEGIN.*|(?<=sig=)[^&\s]+|(?i:(?<=bearer ))[^\s\"']+"
)
_LONGEST_QUOTE = 200


class Refusal(Exception):  # noqa: N818 - GitHub's and this project's word for it
    """Something was refused, and this says what and what to do.

    Args:
        hint: What happened and what a person can do, one line.
        where: The endpoint that was refused; or the scope, report and day, in words.

    Attributes:
        endpoint: The endpoint, where it was one that was refused.
        ends_run: Whether every later call would be refused as well.
    """

    code: str
    ends_run: bool = False

    def __init__(self, hint: str, *, where: Endpoint | str = "") -> None:
        self.hint = " ".join(hint.split())
        self.endpoint = where if isinstance(where, Endpoint) else None
        self.where = str(where)
        super().__init__(str(self))

    def __str__(self) -> str:
        """One line: the code, where, and what to do."""
        return ": ".join(part for part in (self.code, self.where, self.hint) if part)


class InvalidCredentials(Refusal):
    """A credential was refused.

    Args:
        hint: What was refused.
        where: The scope and the endpoint.
        ends_run: Whether nothing else of this run would be answered either.
    """

    code = "invalid_credentials"

    def __init__(self, hint: str, *, where: Endpoint | str = "", ends_run: bool = True) -> None:
        super().__init__(hint, where=where)
        self.ends_run = ends_run


class InvalidPermissions(Refusal):
    """The credential is good, but a role, a scope or a permission is missing."""

    code = "invalid_permissions"


class PolicyDisabled(Refusal):
    """The policy *Copilot usage metrics* is off."""

    code = "policy_disabled"


class RefusedRequest(Refusal):
    """GitHub understood and said no, for a reason of its own."""

    code = "refused_request"


class NoResource(Refusal):
    """There is nothing of this name, or nothing that this credential may see.

    Args:
        hint: What is not there.
        where: The scope and the endpoint.
        message: GitHub's own words, by which a missing report is told from a wrong slug.
    """

    code = "no_resource"

    def __init__(self, hint: str, *, where: Endpoint | str = "", message: str = "") -> None:
        super().__init__(hint, where=where)
        self.message = message


class IpNotAllowed(Refusal):
    """This machine's address is not on the allow list."""

    code = "ip_not_allowed"


class SsoRequired(Refusal):
    """The token was not authorised for an organisation behind SAML."""

    code = "sso_required"


class RateLimited(Refusal):
    """GitHub wants to be left alone for longer than a run waits."""

    code = "rate_limited"


class GitHubUnavailable(Refusal):
    """GitHub answered 5xx or not at all, however often it was tried."""

    code = "github_unavailable"


class BadReport(Refusal):
    """A day's report stayed broken: the day is not loaded, later days still are.

    Args:
        hint: What is wrong with it, without its content.
        where: The scope, the report and the day.
        unreachable: The download host could not be reached at all.
    """

    code = "bad_report"

    def __init__(self, hint: str, *, where: Endpoint | str = "", unreachable: bool = False) -> None:
        super().__init__(hint, where=where)
        self.unreachable = unreachable


class OtherLevelExists(Refusal):
    """State or catalog belongs to the other level; the two never share a table.

    Args:
        existing: `enterprise` or `organization`, the level that is already there.
        hint: What was found where, and how to start over.
    """

    def __init__(self, existing: str, hint: str) -> None:
        self.code = f"{existing}_data_exists"
        super().__init__(hint)


POLICY_HINT = (
    "switch on the policy 'Copilot usage metrics' (value 'Enabled everywhere'): enterprise "
    "settings, AI controls, Copilot, Billing and usage; for an organization without an "
    "enterprise, its own Copilot policy page"
)


def redacted(text: str, *secrets: str) -> str:
    """The text on one line of at most 200 characters, without credentials.

    Args:
        text: GitHub's own words.
        secrets: Credentials that are known; whatever looks like one goes too.
    """
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _SECRETS.sub("***", line)[:_LONGEST_QUOTE]


def quoted(message: str) -> str:
    """A message of GitHub's as the end of a hint, or nothing."""
    return f"; GitHub says: {message}" if message else ""

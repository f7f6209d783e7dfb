"""What can go wrong, each with a code and what a person can do about it.

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
    │   └── ChangedReport                          rebuilt while a run was reading it
    ├── GitHubUnavailable    github_unavailable    5xx or no connection
    └── NotGitHub            not_github            an answer that GitHub did not write

Each text is one line. It may quote GitHub's own `message`, never a body, a header with a
credential, the query of a link or the text of another library's exception.
"""

from __future__ import annotations

from http import HTTPStatus

from tap_github_copilot.endpoints import Endpoint

_ABOUT_ONE_DAY = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


class Refusal(Exception):  # noqa: N818 - GitHub's and this project's word for it
    """Something was refused, and this says what and what to do.

    Args:
        hint: What happened and what a person can do, one line.
        where: The endpoint that was refused; or the scope, report and day, in words.

    Attributes:
        endpoint: The endpoint, where it was one that was refused.
        ends_run: Whether every later call would be refused as well.
        fails_day: Whether it is about one day of a report, and other days may be answered.
    """

    code: str
    ends_run: bool = False
    fails_day: bool = False

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
        where: The endpoint.
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
    """GitHub understood the call and refused it for another reason.

    Args:
        hint: What GitHub answered.
        where: The endpoint.
        status: The HTTP status, where that is what refuses.
    """

    code = "refused_request"

    def __init__(self, hint: str, *, where: Endpoint | str = "", status: int | None = None) -> None:
        super().__init__(hint, where=where)
        self.status = status
        self.fails_day = status in _ABOUT_ONE_DAY


class NoResource(Refusal):
    """There is nothing of this name, or nothing that this credential may see.

    Args:
        hint: What is not there.
        where: The endpoint.
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
    """The token was not authorized for an organization behind SAML."""

    code = "sso_required"


class RateLimited(Refusal):
    """A rate limit lasts longer than a run waits."""

    code = "rate_limited"


class GitHubUnavailable(Refusal):
    """GitHub answered 5xx or not at all, however often it was tried.

    Args:
        hint: What happened, how often it was tried, and what can be done.
        where: The endpoint.
        ends_run: Whether the host cannot be reached at all.
        status: What GitHub answered; None where it did not answer.
    """

    code = "github_unavailable"

    def __init__(
        self,
        hint: str,
        *,
        where: Endpoint | str = "",
        ends_run: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(hint, where=where)
        self.ends_run = ends_run
        self.status = status
        self.fails_day = not ends_run


class NotGitHub(Refusal):
    """A proxy, a web filter or a captive portal answered in GitHub's place."""

    code = "not_github"


class BadReport(Refusal):
    """A day's report stayed broken: the day is not loaded, later days still are.

    Args:
        hint: What is wrong with it, without its content.
        where: The scope, the report and the day.
        unreachable: The download host could not be reached at all.
    """

    code = "bad_report"
    fails_day = True

    def __init__(self, hint: str, *, where: Endpoint | str = "", unreachable: bool = False) -> None:
        super().__init__(hint, where=where)
        self.unreachable = unreachable


class ChangedReport(BadReport):
    """A report that GitHub rebuilt between two reads of one run.

    The streams that read it first have sent its rows; another stream must not send those of
    the rebuilt one under the same moment, and leaves the day to the next run. Not a failure.
    """


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


def quoted(message: str) -> str:
    """A message of GitHub's as the end of a hint, or nothing."""
    return f"; GitHub says: {message}" if message else ""

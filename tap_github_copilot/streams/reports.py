"""The streams whose records are the rows of one report, one record per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tap_github_copilot.github.reports import REPOSITORIES, TOTALS, USER_TEAMS, USERS
from tap_github_copilot.streams.daily import DailyStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_github_copilot.github.reports import Report
    from tap_github_copilot.scopes import Level

_COUNTERS = (
    "user_initiated_interaction_count",
    "code_generation_activity_count",
    "code_acceptance_activity_count",
    "loc_suggested_to_add_sum",
    "loc_suggested_to_delete_sum",
    "loc_added_sum",
    "loc_deleted_sum",
    "ai_credits_used",
)
_NOT_REQUESTED = "used_copilot_code_review_passive"


class RowStream(DailyStream):
    """A stream with one record per row, most of which are decoded right into its columns."""

    def rows_of(self, report: Report) -> Iterator[Any]:
        """The rows of a report, those that fit the columns decoded into them."""
        return report.rows(self._columns.decode)


class DailyUsages(RowStream):
    """One row per person and day, as GitHub reports it."""

    name = "github_copilot_daily_usages"
    report = USERS
    key: ClassVar[tuple[str, ...]] = ("day", "user_id")
    computed: ClassVar[tuple[str, ...]] = ("active",)

    def complete(self, record: Record) -> None:
        """Fill `active`: whether the person used Copilot."""
        record["active"] = is_active(record)


def is_active(record: Record) -> bool:
    """Whether a person-day shows use of Copilot.

    Any of the seven activity counters or the credits is above 0, or any `used_*` flag is true
    except `used_copilot_code_review_passive`: nobody asked for such a review.
    """
    for name in _COUNTERS:  # not `any`: a generator takes twice the time, for every row
        if (record.get(name) or 0) > 0:
            return True
    return any(
        value is True and name.startswith("used_") and name != _NOT_REQUESTED
        for name, value in (record | (record.get("extra_fields") or {})).items()
    )


class DailyTotals(RowStream):
    """One row per day."""

    name = "github_copilot_daily_totals"
    key: ClassVar[tuple[str, ...]] = ("day",)
    optional: ClassVar[bool] = True

    def report_at(self, level: Level) -> str:
        """Its name has the level in it."""
        return TOTALS[level.value]


class UserTeams(RowStream):
    """One row per person, team and day."""

    name = "github_copilot_user_teams"
    report = USER_TEAMS
    key: ClassVar[tuple[str, ...]] = ("day", "user_id", "team_id")
    optional: ClassVar[bool] = True


class DailyRepositories(RowStream):
    """One row per repository and day."""

    name = "github_copilot_daily_repositories"
    report = REPOSITORIES
    key: ClassVar[tuple[str, ...]] = ("day", "repo_id")
    columns_from_github: ClassVar[tuple[str, ...]] = ("organization_id",)
    optional: ClassVar[bool] = True

"""github_copilot_user_teams: who was in which team on a day."""

from __future__ import annotations

from typing import ClassVar

from tap_github_copilot.github.reports import USER_TEAMS
from tap_github_copilot.streams.daily import DailyStream


class UserTeams(DailyStream):
    """A row a person, team and day."""

    name = "github_copilot_user_teams"
    report = USER_TEAMS
    key: ClassVar[tuple[str, ...]] = ("day", "user_id", "team_id")
    optional: ClassVar[bool] = True

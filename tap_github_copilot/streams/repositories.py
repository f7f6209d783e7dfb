"""github_copilot_daily_repositories: Copilot's part in a repository's pull requests on a day."""

from __future__ import annotations

from typing import ClassVar

from tap_github_copilot.github.reports import REPOSITORIES
from tap_github_copilot.streams.daily import DailyStream


class DailyRepositories(DailyStream):
    """A row a repository and day."""

    name = "github_copilot_daily_repositories"
    report = REPOSITORIES
    key: ClassVar[tuple[str, ...]] = ("day", "repo_id")
    documented: ClassVar[tuple[str, ...]] = ("organization_id",)
    optional: ClassVar[bool] = True

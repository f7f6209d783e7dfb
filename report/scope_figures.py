"""What the report says of one scope: every figure it shows, as one value, from the models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from report.models import Models, Row

SPAN = 28  # days, as GitHub's own rolling figures
_WEEKS = 53


@dataclass(frozen=True)
class ScopeFigures:
    """The figures of an enterprise or an organisation.

    Args:
        scope: Its slug or id.
        newest: The newest day with rows; None without any.
        oldest: The oldest one.
        weeks: Rows of the model github_copilot__weekly_adoption, oldest first.
        summary: Figures of the last 28 days.
        features: People by feature in those days.
        languages: Generated and accepted by language.
        models: Prompts by model, as shares of 1.
        teams: Members and active people by team.
        ledger: What became of each day, by report.
    """

    scope: str
    newest: date | None
    oldest: date | None
    weeks: list[Row] = field(default_factory=list)
    summary: Row = field(default_factory=dict)
    features: list[Row] = field(default_factory=list)
    languages: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    teams: list[Row] = field(default_factory=list)
    ledger: dict[str, list[Row]] = field(default_factory=dict)


def scopes(models: Models) -> list[str]:
    """All scopes of which anything was loaded, seats or a ledger alone included."""
    found = models.rows(
        "select scope from github_copilot__usages union select scope from github_copilot__seats "
        "union select scope from github_copilot__report_calendar order by 1"
    )
    return [row["scope"] for row in found if row["scope"] is not None]


def figures(models: Models, scope: str) -> ScopeFigures:
    """Ask for all figures of a scope."""
    [span] = models.rows(
        "select min(day) as oldest, max(day) as newest from github_copilot__usages "
        "where scope = %(scope)s",
        scope=scope,
    )
    newest = span["newest"]
    values: dict[str, Any] = {"scope": scope, "newest": newest}
    values["first"] = newest and newest - timedelta(days=SPAN - 1)
    ledger: dict[str, list[Row]] = {}
    for row in models.rows(_LEDGER, **values):
        ledger.setdefault(row.pop("report"), []).append(row)
    [seats] = models.rows(_SEATS, **values)
    if newest is None:
        return ScopeFigures(scope, None, None, summary=seats, ledger=ledger)
    [people] = models.rows(_SUMMARY, **values)
    [rate] = models.rows(_RATE, **values)
    return ScopeFigures(
        scope,
        newest,
        span["oldest"],
        weeks=models.rows(_WEEKLY, **values)[-_WEEKS:],
        summary=people | rate | seats,
        features=models.rows(_FEATURES, **values),
        languages=models.rows(_LANGUAGES, **values),
        models=models.rows(_MODELS, **values),
        teams=models.rows(_TEAMS, **values),
        ledger=ledger,
    )


_IN_SPAN = "where scope = %(scope)s and day between %(first)s and %(newest)s"
_SUMMARY = f"""
    select {{{{ copilot_active_people() }}}} as active_people,
           {{{{ copilot_engaged_people() }}}} as engaged_people,
           sum(ai_credits_used) as credits
    from github_copilot__usages {_IN_SPAN}
"""
_RATE = f"""
    select sum(code_generation_activity_count) as completions_shown,
           sum(code_acceptance_activity_count) as completions_accepted
    from github_copilot__breakdowns {_IN_SPAN} and {{{{ copilot_is_completion() }}}}
"""
_SEATS = """
    select count(*) as seats, count(*) filter (where used) as used_seats,
           count(*) filter (where not used) as idle_seats
    from github_copilot__seats where scope = %(scope)s
"""
_WEEKLY = "select * from github_copilot__weekly_adoption where scope = %(scope)s order by week"
_FEATURES = f"""
    select feature, count(distinct user_id) as people
    from github_copilot__breakdowns {_IN_SPAN} and breakdown = 'feature' and feature is not null
    group by 1 order by 2 desc, 1
"""
_LANGUAGES = f"""
    select language, sum(code_generation_activity_count) as generated,
           sum(code_acceptance_activity_count) as accepted
    from github_copilot__breakdowns {_IN_SPAN}
        and breakdown = 'language_feature' and language is not null
    group by 1 having sum(code_generation_activity_count) > 0 order by 2 desc, 1
"""
_MODELS = f"""
    select model, sum(user_initiated_interaction_count) as prompts,
           sum(user_initiated_interaction_count)
               / sum(sum(user_initiated_interaction_count)) over () as share
    from github_copilot__breakdowns {_IN_SPAN} and breakdown = 'model_feature' and model is not null
    group by 1 having sum(user_initiated_interaction_count) > 0 order by 2 desc, 1
"""
_TEAMS = """
    select max(t.slug) as team, count(distinct t.user_id) as members,
           count(distinct case when u.active then t.user_id end) as active_people
    from github_copilot__user_teams as t
    left join github_copilot__usages as u
        on u.scope = t.scope and u.day = t.day and u.user_id = t.user_id
    where t.scope = %(scope)s and t.day between %(first)s and %(newest)s
    group by t.team_id order by 3 desc, 2 desc, 1
"""
_LEDGER = """
    select report, day, row_count,
           case when status = 'loaded' and provisional then 'provisional' else status end as status
    from github_copilot__report_calendar where scope = %(scope)s order by report, day
"""

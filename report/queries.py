"""The figures of the report in SQL: each query answers for all scopes at once.

Every row has `scope`. People are counted, never listed; IDLE_PEOPLE alone names them.
Spans are the 28 days up to a scope's newest day with rows (`earlier` 0) and the 28 days
before those (`earlier` 1).
"""

from __future__ import annotations

FLAGS = {
    "used_chat": "Chat",
    "used_agent": "Agent mode",
    "used_cli": "Copilot CLI",
    "used_copilot_cloud_agent": "Cloud agent",
    "used_copilot_code_review_active": "Code review, asked for",
    "used_copilot_code_review_passive": "Code review, automatic",
    "used_copilot_app": "Copilot app",
    "used_vscode_agent": "VS Code agents window",
}
PULL_REQUESTS = (
    "total_created",
    "total_created_by_copilot",
    "total_merged",
    "total_merged_created_by_copilot",
    "total_reviewed",
    "total_reviewed_by_copilot",
)
_NEWEST = "newest as (select scope, max(day) as newest from github_copilot__usages group by 1)"
_EARLIER = "case when r.day > n.newest - 28 then 0 else 1 end as earlier"


def _recent(model: str) -> str:
    """A model's rows of both spans."""
    return (
        f"{_NEWEST}, recent as (select r.*, {_EARLIER} from {model} as r "
        "join newest as n on n.scope = r.scope "
        "where r.day > n.newest - 56 and r.day <= n.newest)"
    )


def _current(table: str, report: str, key: list[str], columns: dict[str, str]) -> str:
    """Rows of a table that has no model, without those that a correction withdrew."""
    return f"""
    current_rows as (
        select * from ({{{{ copilot_current_rows(
            '{table}', copilot_days('{table}', {report}), {key}, {columns}
        ) }}}}) as r
        where place = 1
    )"""


def _newest_version(table: str, columns: dict[str, str]) -> str:
    """Rows of the newest version of each day that a table has."""
    listed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return f"""
    rows_ever as (
        select {{{{ copilot_scope() }}}} as scope, r.*,
               max(fetched_at) over (partition by {{{{ copilot_scope() }}}}, day) as version
        from ({{{{ copilot_raw('{table}', {{copilot_scope(): 'text', 'day': 'date',
            'fetched_at': 'timestamp', {listed}}}) }}}}) as r
        where day is not null
    ), newest_version as (
        select * from rows_ever where fetched_at = version
    )"""


PEOPLE = f"""
    with {_recent("github_copilot__usages")}
    select scope, earlier, {{{{ copilot_active_people() }}}} as active_people,
           {{{{ copilot_engaged_people() }}}} as engaged_people,
           sum(ai_credits_used) as credits
    from recent group by 1, 2
"""
COMPLETIONS = f"""
    with {_recent("github_copilot__breakdowns")}
    select scope, earlier, sum(code_generation_activity_count) as shown,
           sum(code_acceptance_activity_count) as accepted
    from recent where {{{{ copilot_is_completion() }}}} group by 1, 2
"""
SEATS = """
    select scope, count(*) as seats, count(case when used then 1 end) as used_seats,
           count(case when not used then 1 end) as idle_seats
    from github_copilot__seats group by 1
"""
_GRANTS = """
    grants as (
        select {{ copilot_scope() }} as scope, g.*
        from ({{ copilot_raw('github_copilot_seats', {copilot_scope(): 'text',
            'user_id': 'bigint', 'snapshot_date': 'date', 'created_at': 'timestamp',
            'last_activity_at': 'timestamp', 'fetched_at': 'timestamp'}) }}) as g
    )"""
LISTING = f"with {_GRANTS} select scope, max(snapshot_date) as listed_on from grants group by 1"
# The listing of 28 days before the newest one, or of a few days before that.
SEATS_BEFORE = f"""
    with {_NEWEST}, {_GRANTS}, newest_listing as (
        select scope, max(snapshot_date) as taken_on from grants group by 1
    ), listing as (
        select g.scope, max(g.snapshot_date) as taken_on
        from grants as g join newest_listing as n on n.scope = g.scope
        where g.snapshot_date between n.taken_on - 34 and n.taken_on - 28 group by 1
    ), load as (
        select g.scope, max(g.fetched_at) as fetched_at
        from grants as g join listing as l on l.scope = g.scope and l.taken_on = g.snapshot_date
        group by 1
    ), holders as (
        select g.scope, g.user_id, max(cast(g.last_activity_at as date)) as last_activity_on
        from grants as g join load as l on l.scope = g.scope and l.fetched_at = g.fetched_at
        where g.user_id is not null group by 1, 2
    ), active as (
        select distinct u.scope, u.user_id
        from github_copilot__usages as u join newest as n on n.scope = u.scope
        where u.active and u.day > n.newest - 56 and u.day <= n.newest - 28
    )
    select h.scope, count(*) as seats,
           count(case when a.user_id is not null or h.last_activity_on > n.newest - 56
                 then 1 end) as used_seats
    from holders as h join newest as n on n.scope = h.scope
    left join active as a on a.scope = h.scope and a.user_id = h.user_id
    group by 1
"""
# Idle seats by the time since their last use; 999 stands for no known use.
IDLE = f"""
    with {_NEWEST}, {_GRANTS}, granted as (
        select g.scope, g.user_id, min(cast(g.created_at as date)) as granted_on
        from grants as g
        join (select scope, max(fetched_at) as fetched_at from grants group by 1) as l
            on l.scope = g.scope and l.fetched_at = g.fetched_at
        group by 1, 2
    )
    select s.scope, coalesce(n.newest - s.last_used_on, 999) as idle_days,
           coalesce(g.granted_on > n.newest - 28, false) as is_new, count(*) as people
    from github_copilot__seats as s join newest as n on n.scope = s.scope
    left join granted as g on g.scope = s.scope and g.user_id = s.user_id
    where not s.used group by 1, 2, 3
"""
IDLE_PEOPLE = """
    select scope, user_id, user_login, last_used_on
    from github_copilot__seats where not used
"""
DAYS = """
    select scope, day, {{ copilot_active_people() }} as active_people,
           {{ copilot_engaged_people() }} as engaged_people
    from github_copilot__usages group by 1, 2
"""
WEEKS = """
    select scope, week, active_people, engaged_people, credits, completions_shown as shown,
           completions_accepted as accepted
    from github_copilot__weekly_adoption
"""
# A person in two teams counts in both; who is in none, in the row without an id.
_MEMBERS = """
    team_days as (
        select distinct scope, day from github_copilot__user_teams
    ), members as (
        select u.scope, u.day, u.user_id, u.active, u.engaged, u.ai_credits_used, t.team_id
        from github_copilot__usages as u
        join team_days as d on d.scope = u.scope and d.day = u.day
        left join github_copilot__user_teams as t
            on t.scope = u.scope and t.day = u.day and t.user_id = u.user_id
    )"""
TEAM_DAYS = f"""
    with {_MEMBERS}
    select scope, day, team_id, {{{{ copilot_active_people() }}}} as active_people,
           {{{{ copilot_engaged_people() }}}} as engaged_people
    from members group by 1, 2, 3
"""
TEAM_WEEKS = f"""
    with {_MEMBERS}, completions as (
        select scope, day, user_id, sum(code_generation_activity_count) as shown,
               sum(code_acceptance_activity_count) as accepted
        from github_copilot__breakdowns where {{{{ copilot_is_completion() }}}} group by 1, 2, 3
    )
    select m.scope, {{{{ copilot_week('m.day') }}}} as week, m.team_id,
           count(distinct case when m.active then m.user_id end) as active_people,
           count(distinct case when m.engaged then m.user_id end) as engaged_people,
           sum(m.ai_credits_used) as credits, sum(c.shown) as shown, sum(c.accepted) as accepted
    from members as m
    left join completions as c on c.scope = m.scope and c.day = m.day and c.user_id = m.user_id
    group by 1, 2, 3
"""
TEAM_NAMES = """
    select scope, team_id, max(case when day = newest then slug end) as team
    from (
        select t.*, max(day) over (partition by scope, team_id) as newest
        from github_copilot__user_teams as t
    ) as t group by 1, 2
"""
TEAM_REPORT_DAYS = "select distinct scope, day from github_copilot__user_teams"
# Of the 28 days: who was in a team on any of them, and whether active on such a day.
TEAMS = f"""
    with {_recent("github_copilot__user_teams")}
    select t.scope, t.team_id, count(distinct t.user_id) as members,
           count(distinct case when u.active then t.user_id end) as active_people,
           count(distinct case when u.engaged then t.user_id end) as engaged_people,
           sum(u.ai_credits_used) as credits
    from recent as t
    left join github_copilot__usages as u
        on u.scope = t.scope and u.day = t.day and u.user_id = t.user_id
    where t.earlier = 0 group by 1, 2
"""
WITHOUT_TEAM = f"""
    with {_recent("github_copilot__usages")}, placed as (
        select distinct t.scope, t.user_id
        from github_copilot__user_teams as t join newest as n on n.scope = t.scope
        where t.day > n.newest - 28 and t.day <= n.newest
    ), everybody as (
        select scope, user_id from recent where earlier = 0 and active
        union select scope, user_id from github_copilot__seats
    ), used as (
        select scope, user_id, max(case when active then 1 else 0 end) as active,
               max(case when engaged then 1 else 0 end) as engaged,
               sum(ai_credits_used) as credits
        from recent where earlier = 0 group by 1, 2
    )
    select e.scope, count(*) as members, coalesce(sum(u.active), 0) as active_people,
           coalesce(sum(u.engaged), 0) as engaged_people, sum(u.credits) as credits
    from everybody as e
    left join placed as p on p.scope = e.scope and p.user_id = e.user_id
    left join used as u on u.scope = e.scope and u.user_id = e.user_id
    where p.user_id is null group by 1
"""
# People by the number of days on which they were active; a seat that was not used has 0.
DAYS_OF_USE = f"""
    with {_recent("github_copilot__usages")}, used as (
        select scope, user_id, count(distinct day) as days
        from recent where active and earlier = 0 group by 1, 2
    ), unused as (
        select s.scope, s.user_id, 0 as days
        from github_copilot__seats as s
        left join used as u on u.scope = s.scope and u.user_id = s.user_id
        where u.user_id is null
    )
    select scope, days, count(*) as people
    from (select * from used union all select * from unused) as p group by 1, 2
"""


def _dimension(name: str, breakdown: str) -> str:
    """A dimension of a breakdown in the 28 days."""
    return f"""
    with {_recent("github_copilot__breakdowns")}
    select scope, {name} as name, count(distinct user_id) as people,
           sum(user_initiated_interaction_count) as prompts,
           sum(code_generation_activity_count) as generated,
           sum(code_acceptance_activity_count) as accepted
    from recent where earlier = 0 and breakdown = '{breakdown}' and {name} is not null
    group by 1, 2
    """


FEATURES = _dimension("feature", "feature")
LANGUAGES = _dimension("language", "language_feature")
MODELS = _dimension("model", "model_feature")
IDES = _dimension("ide", "ide")
AGENTS = _dimension("item", "3rd_party_agent")
LANGUAGE_WEEKS = """
    select scope, week, language as name, generated as value from github_copilot__weekly_languages
"""
MODEL_WEEKS = """
    select scope, week, model as name, prompts as value from github_copilot__weekly_models
"""
IDE_WEEKS = """
    select scope, {{ copilot_week('day') }} as week, ide as name,
           count(distinct user_id) as value
    from github_copilot__breakdowns where breakdown = 'ide' and ide is not null group by 1, 2, 3
"""
_FLAG_COUNTS = ", ".join(f"count(distinct case when {f} then user_id end) as {f}" for f in FLAGS)
_FLAGS_KNOWN = ", ".join(f"count({flag}) as known_{flag}" for flag in FLAGS)
WAYS = f"""
    with {_recent("github_copilot__usages")}
    select scope, {_FLAG_COUNTS}, {_FLAGS_KNOWN} from recent where earlier = 0 group by 1
"""
WAY_WEEKS = f"""
    select scope, {{{{ copilot_week('day') }}}} as week, {_FLAG_COUNTS}
    from github_copilot__usages group by 1, 2
"""
BILLED = f"""
    with {_NEWEST}
    select c.scope, product, model as name, sum(gross_quantity) as credits,
           sum(gross_amount) as gross, sum(net_amount) as net
    from github_copilot__ai_credits as c join newest as n on n.scope = c.scope
    where c.day > n.newest - 28 and c.day <= n.newest group by 1, 2, 3
"""
_TEXTS = ", ".join(f"cast(pull_requests as json) ->> '{name}' as {name}" for name in PULL_REQUESTS)
_NUMBERS = ", ".join(
    f"case when {name} similar to '[0-9]+' then cast({name} as bigint) end as {name}"
    for name in PULL_REQUESTS
)
_SUMS = ", ".join(f"sum({name}) as {name}" for name in PULL_REQUESTS)
_TOTALS = _current(
    "github_copilot_daily_totals",
    "var('level') ~ '-1-day'",
    [],
    {"pull_requests": "text", "fetched_at": "timestamp"},
)
PULLS = f"""
    with {_TOTALS}
    select scope, day, {_NUMBERS}
    from (select scope, day, {_TEXTS} from current_rows where pull_requests is not null) as t
"""
_REPOSITORIES = _current(
    "github_copilot_daily_repositories",
    "'repos-1-day'",
    ["repo_id"],
    {
        "repo_id": "bigint",
        "repo_owner_name": "text",
        "repo_name": "text",
        "pull_requests": "text",
        "fetched_at": "timestamp",
    },
)
REPOSITORIES = f"""
    with {_NEWEST}, {_REPOSITORIES}, counted as (
        select scope, day, repo_id, name, {_NUMBERS}
        from (
            select scope, day, repo_id, repo_owner_name || '/' || repo_name as name, {_TEXTS}
            from current_rows
        ) as t
    )
    select c.scope, c.repo_id, max(c.name) as name, {_SUMS}
    from counted as c join newest as n on n.scope = c.scope
    where c.day > n.newest - 28 and c.day <= n.newest group by 1, 2
"""
LEDGER = "select * from github_copilot__report_calendar"
CHECKED = {
    "users-1-day": ("github_copilot_daily_usages", {"user_id": "bigint"}),
    "user-teams-1-day": ("github_copilot_user_teams", {"user_id": "bigint", "team_id": "bigint"}),
    "enterprise-1-day": ("github_copilot_daily_totals", {}),
    "organization-1-day": ("github_copilot_daily_totals", {}),
    "repos-1-day": ("github_copilot_daily_repositories", {"repo_id": "bigint"}),
    "ai_credit_usage": (
        "github_copilot_daily_ai_credits",
        {"product": "text", "sku": "text", "model": "text", "line": "bigint"},
    ),
}


def rows_found(report: str) -> str:
    """How many keys a report's table has of each day, in the newest version it has of it."""
    table, key = CHECKED[report]
    listed = "".join(f", {name}" for name in key)
    return f"""
    with {_newest_version(table, dict(key))}
    select scope, day, count(*) as found
    from (select distinct scope, day{listed} from newest_version) as k group by 1, 2
    """


_LOGINS = "union all".join(
    f"""
    select {{{{ copilot_scope() }}}} as scope, organization_login as name, day, fetched_at
    from ({{{{ copilot_raw('{table}', {{copilot_scope(): 'text', 'organization_login': 'text',
        'day': 'date', 'fetched_at': 'timestamp'}}) }}}}) as t
    where organization_login is not null
    """
    for table in ("github_copilot_daily_usages", "github_copilot_report_days")
)
NAMES = f"""
    select scope, name
    from (
        select u.*, row_number() over (
            partition by scope order by day desc, fetched_at desc
        ) as place
        from ({_LOGINS}) as u
    ) as ranked where place = 1
"""

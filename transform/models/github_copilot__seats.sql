-- People who hold a seat now, each once, with their last use. Grants without a person (their
-- account is deleted) are not people; a scope's newest listing is what counts.
with grants as (
    select {{ copilot_scope() }} as scope, user_id, user_login, last_activity_at, fetched_at
    from (
    {{ copilot_raw('github_copilot_seats', {
        copilot_scope(): 'text', 'user_id': 'bigint', 'user_login': 'text',
        'last_activity_at': 'timestamp', 'fetched_at': 'timestamp'}) }}
    ) as s
),

listed as (
    select
        g.scope,
        g.user_id,
        max(g.user_login) as user_login,
        count(*) as grants,
        max(cast(g.last_activity_at as date)) as last_activity_on
    from grants as g
    join (select scope, max(fetched_at) as fetched_at from grants group by 1) as newest
        on newest.scope = g.scope and newest.fetched_at = g.fetched_at
    where g.user_id is not null
    group by 1, 2
),

last_use as (
    select scope, user_id, max(day) as last_active_day
    from {{ ref('github_copilot__usages') }} as u
    where active
    group by 1, 2
),

newest_day as (
    select scope, max(day) as day from {{ ref('github_copilot__usages') }} as u group by 1
),

people as (
    select
        l.*,
        a.last_active_day,
        greatest(
            coalesce(a.last_active_day, l.last_activity_on),
            coalesce(l.last_activity_on, a.last_active_day)
        ) as last_used_on
    from listed as l
    left join last_use as a on a.scope = l.scope and a.user_id = l.user_id
)

select
    p.scope,
    p.user_id,
    p.user_login,
    p.grants,
    p.last_activity_on,
    p.last_active_day,
    p.last_used_on,
    coalesce(p.last_used_on > n.day - {{ var('idle_after_days') }}, false) as used
from people as p
left join newest_day as n on n.scope = p.scope

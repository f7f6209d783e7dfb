-- People who hold a seat now, each once, with their last use. Grants without a person (their
-- account is deleted) are not people; a scope's newest listing is what counts.
with grants as (
    select
        {{ copilot_scope() }} as scope,
        seat_id,
        user_id,
        user_login,
        plan_type,
        {{ copilot_seat_price('plan_type') }} as usd_per_month,
        last_activity_at,
        fetched_at,
        max(fetched_at) over (partition by {{ copilot_scope() }}) as newest
    from (
    {{ copilot_raw('github_copilot_seats', {
        copilot_scope(): 'text', 'seat_id': 'text', 'user_id': 'bigint', 'user_login': 'text',
        'plan_type': 'text', 'last_activity_at': 'timestamp', 'fetched_at': 'timestamp'}) }}
    ) as s
),

-- The dearest grant of a person comes first: GitHub bills a person once.
ranked as (
    select
        g.*,
        row_number() over (
            partition by scope, user_id order by coalesce(usd_per_month, -1) desc, plan_type
        ) as place
    from grants as g
    where fetched_at = newest and user_id is not null
),

listed as (
    select
        scope,
        user_id,
        max(user_login) as user_login,
        count(distinct seat_id) as grants,
        max(case when place = 1 then plan_type end) as plan_type,
        max(usd_per_month) as usd_per_month,
        max(cast(last_activity_at as date)) as last_activity_on,
        max(cast(fetched_at as date)) as listed_on
    from ranked
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
    p.plan_type,
    p.usd_per_month,
    p.listed_on,
    p.last_activity_on,
    p.last_active_day,
    p.last_used_on,
    coalesce(p.last_used_on > {{ copilot_add_days('n.day', '-' ~ var('idle_after_days')) }}, false) as used
from people as p
left join newest_day as n on n.scope = p.scope

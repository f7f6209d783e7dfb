-- Entries of the breakdowns of person-days as GitHub reports them now.
with rows_ever as (
    select
        {{ copilot_scope() }} as scope,
        day,
        user_id,
        breakdown,
        breakdown_key,
        ide,
        feature,
        language,
        model,
        item,
        user_initiated_interaction_count,
        code_generation_activity_count,
        code_acceptance_activity_count,
        fetched_at
    from (
    {{ copilot_raw('github_copilot_daily_usage_breakdowns', {
        copilot_scope(): 'text', 'day': 'date', 'user_id': 'bigint', 'breakdown': 'text',
        'breakdown_key': 'text', 'ide': 'text', 'feature': 'text', 'language': 'text',
        'model': 'text', 'item': 'text',
        'user_initiated_interaction_count': 'bigint',
        'code_generation_activity_count': 'bigint',
        'code_acceptance_activity_count': 'bigint', 'fetched_at': 'timestamp'}) }}
    ) as b
    where day is not null
),

current_rows as (
{{ copilot_current_rows('rows_ever', 'users-1-day') }}
),

-- A day whose rows have no entry any more leaves its old ones: they are older than the day.
loads as (
    select scope, day, max(fetched_at) as fetched_at from {{ ref('github_copilot__usages') }} as u group by 1, 2
)

select c.*
from current_rows as c
left join loads as l on l.scope = c.scope and l.day = c.day and l.fetched_at > c.fetched_at
where l.day is null

-- A scope's week: who used Copilot, and how much.
with people as (
    select
        scope,
        {{ copilot_week('day') }} as week,
        count(distinct day) as days_with_people,
        {{ copilot_active_people() }} as active_people,
        {{ copilot_engaged_people() }} as engaged_people,
        sum(user_initiated_interaction_count) as prompts,
        sum(loc_added_sum) as lines_added,
        sum(ai_credits_used) as credits
    from {{ ref('github_copilot__usages') }} as u
    group by 1, 2
),

completions as (
    select
        scope,
        {{ copilot_week('day') }} as week,
        sum(code_generation_activity_count) as completions_shown,
        sum(code_acceptance_activity_count) as completions_accepted,
        {{ copilot_acceptance_rate('code_acceptance_activity_count', 'code_generation_activity_count') }}
            as acceptance_rate
    from {{ ref('github_copilot__breakdowns') }} as b
    where {{ copilot_is_completion() }}
    group by 1, 2
)

select
    p.*,
    c.completions_shown,
    c.completions_accepted,
    c.acceptance_rate
from people as p
left join completions as c on c.scope = p.scope and c.week = p.week

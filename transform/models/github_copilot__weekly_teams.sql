-- A team's week; a person in two teams counts in both.
select
    t.scope,
    {{ copilot_week('t.day') }} as week,
    t.team_id,
    max(t.slug) as team,
    count(distinct t.user_id) as members,
    count(distinct case when u.active then t.user_id end) as active_people,
    sum(u.ai_credits_used) as credits
from {{ ref('github_copilot__user_teams') }} as t
left join {{ ref('github_copilot__usages') }} as u
    on u.scope = t.scope and u.day = t.day and u.user_id = t.user_id
group by 1, 2, 3

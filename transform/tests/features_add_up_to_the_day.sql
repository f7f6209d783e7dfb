{{ config(severity="warn") }}
-- GitHub's own rule; a row without the breakdown has nothing to add up.
select u.scope, u.day, u.user_id
from {{ ref('github_copilot__usages') }} as u
join {{ ref('github_copilot__breakdowns') }} as b
    on b.scope = u.scope and b.day = u.day and b.user_id = u.user_id and b.breakdown = 'feature'
group by 1, 2, 3, u.code_generation_activity_count
having sum(b.code_generation_activity_count) > u.code_generation_activity_count

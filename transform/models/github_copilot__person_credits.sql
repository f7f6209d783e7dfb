-- Credits by person and month; 1 credit is 0.01 USD, and this is no invoice figure.
select
    u.scope,
    {{ copilot_month('u.day') }} as month,
    u.user_id,
    max(p.user_login) as user_login,
    sum(u.ai_credits_used) as credits
from {{ ref('github_copilot__usages') }} as u
join {{ ref('github_copilot__people') }} as p on p.scope = u.scope and p.user_id = u.user_id
group by 1, 2, 3

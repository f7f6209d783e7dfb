-- Credits by person and month; not an invoice figure.
select
    u.scope,
    {{ copilot_month('u.day') }} as month,
    u.user_id,
    max(p.user_login) as user_login,
    sum(u.ai_credits_used) as credits,
    sum(u.ai_credits_used) * {{ copilot_usd_per_credit() }} as credits_usd
from {{ ref('github_copilot__usages') }} as u
join {{ ref('github_copilot__people') }} as p on p.scope = u.scope and p.user_id = u.user_id
group by 1, 2, 3

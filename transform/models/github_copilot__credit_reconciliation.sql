-- The credits of people beside the billed quantity of a day. They need not agree.
with people as (
    select
        scope,
        day,
        sum(ai_credits_used) as credits_of_people,
        count(case when ai_credits_used > 0 then user_id end) as people_with_credits
    from {{ ref('github_copilot__usages') }} as u
    group by 1, 2
),

billed as (
    select
        scope,
        day,
        sum(gross_quantity) as billed_quantity,
        sum(gross_usd) as gross_usd,
        sum(net_usd) as net_usd
    from {{ ref('github_copilot__daily_costs') }} as c
    group by 1, 2
)

select
    coalesce(b.scope, p.scope) as scope,
    coalesce(b.day, p.day) as day,
    p.credits_of_people,
    p.people_with_credits,
    b.billed_quantity,
    b.gross_usd,
    b.net_usd,
    b.billed_quantity - p.credits_of_people as difference
from billed as b
full join people as p on p.scope = b.scope and p.day = b.day

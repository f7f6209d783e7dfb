-- What seats cost in a month by plan, and the idle ones of them.
select
    scope,
    plan_type,
    count(*) as seats,
    count(case when used then user_id end) as used_seats,
    count(case when not used then user_id end) as idle_seats,
    sum(usd_per_month) as usd_per_month,
    sum(case when not used then usd_per_month end) as idle_usd_per_month
from {{ ref('github_copilot__seats') }} as s
group by scope, plan_type

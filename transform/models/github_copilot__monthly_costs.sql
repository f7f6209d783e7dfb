-- What AI credits cost in a month, and for each active person. Seats cost extra.
with costs as (
    select
        scope,
        {{ copilot_month('day') }} as month,
        sum(gross_usd) as gross_usd,
        sum(discount_usd) as discount_usd,
        sum(net_usd) as net_usd
    from {{ ref('github_copilot__daily_costs') }} as c
    group by 1, 2
),

people as (
    select
        scope,
        {{ copilot_month('day') }} as month,
        {{ copilot_active_people() }} as active_people
    from {{ ref('github_copilot__usages') }} as u
    group by 1, 2
)

select
    c.scope,
    c.month,
    c.gross_usd,
    c.discount_usd,
    c.net_usd,
    p.active_people,
    round(c.net_usd / nullif(p.active_people, 0), 2) as net_usd_per_active_person
from costs as c
left join people as p on p.scope = c.scope and p.month = c.month

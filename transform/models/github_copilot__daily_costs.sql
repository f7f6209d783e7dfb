-- What AI credits cost by product, SKU, model and day.
select
    scope,
    day,
    product,
    sku,
    model,
    unit_type,
    sum(gross_quantity) as gross_quantity,
    sum(gross_amount) as gross_usd,
    sum(discount_quantity) as discount_quantity,
    sum(discount_amount) as discount_usd,
    sum(net_quantity) as net_quantity,
    sum(net_amount) as net_usd
from {{ ref('github_copilot__ai_credits') }} as c
group by scope, day, product, sku, model, unit_type

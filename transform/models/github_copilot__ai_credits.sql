-- Current rows of the billed AI credits.
with current_rows as (
{{ copilot_current_rows(
    'github_copilot_daily_ai_credits',
    copilot_days('github_copilot_daily_ai_credits', 'ai_credit_usage'),
    ['product', 'sku', 'model', 'line'],
    {'product': 'text', 'sku': 'text', 'model': 'text', 'line': 'bigint', 'unit_type': 'text',
     'price_per_unit': 'numeric', 'gross_quantity': 'numeric', 'gross_amount': 'numeric',
     'discount_quantity': 'numeric', 'discount_amount': 'numeric', 'net_quantity': 'numeric',
     'net_amount': 'numeric', 'fetched_at': 'timestamp'}
) }}
)

select
    scope,
    day,
    product,
    sku,
    model,
    line,
    unit_type,
    price_per_unit,
    gross_quantity,
    gross_amount,
    discount_quantity,
    discount_amount,
    net_quantity,
    net_amount,
    fetched_at
from current_rows
where place = 1

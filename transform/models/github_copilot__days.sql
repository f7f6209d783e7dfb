-- A row for each day, for the semantic layer.
with digits as (
    select 0 as n
    {%- for n in range(1, 10) %} union all select {{ n }}{% endfor %}
)

select {{ copilot_add_days("cast('2025-10-01' as date)", 'a.n + 10 * b.n + 100 * c.n + 1000 * d.n') }} as day
from digits as a
cross join digits as b
cross join digits as c
cross join digits as d

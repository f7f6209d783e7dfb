-- A row for each day, for the semantic layer.
select cast({{ dbt.dateadd('day', 'n.generated_number - 1', "cast('2025-10-01' as date)") }} as date) as day
from (
{{ dbt.generate_series(5500) }}
) as n

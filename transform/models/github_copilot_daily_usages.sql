-- The table as the DX connector has it.
select
    day as date,
    user_login as login,
    scope as {{ scope() }},
    active
from {{ ref('usages') }} as u

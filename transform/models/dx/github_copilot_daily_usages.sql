-- The table as the DX connector has it.
select
    day as date,
    user_login as login,
    scope as {{ copilot_scope() }},
    active
from {{ ref('github_copilot__usages') }} as u

-- DX's table of person-days.
select
    {{ copilot_dx_id('u') }} as id,
    day as date,
    user_login as login,
    scope as {{ copilot_scope() }},
    active
from {{ ref('github_copilot__usages') }} as u

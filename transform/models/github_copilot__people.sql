-- Each person's newest login; a rename changes the login, never the id.
select scope, user_id, user_login
from (
    select
        scope,
        user_id,
        user_login,
        row_number() over (
            partition by scope, user_id order by (user_login is null), day desc
        ) as place
    from {{ ref('github_copilot__usages') }} as u
) as ranked
where place = 1

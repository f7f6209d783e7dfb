select 'usages' as model, scope, day, user_id, '' as rest
from {{ ref('github_copilot__usages') }} as u group by 1, 2, 3, 4, 5 having count(*) > 1
union all
select 'breakdowns', scope, day, user_id, breakdown || breakdown_key
from {{ ref('github_copilot__breakdowns') }} as b group by 1, 2, 3, 4, 5 having count(*) > 1
union all
select 'user_teams', scope, day, user_id, cast(team_id as text)
from {{ ref('github_copilot__user_teams') }} as t group by 1, 2, 3, 4, 5 having count(*) > 1
union all
select 'seats', scope, cast(null as date), user_id, ''
from {{ ref('github_copilot__seats') }} as s group by 1, 2, 3, 4, 5 having count(*) > 1
union all
select 'report_calendar', scope, day, cast(null as bigint), report
from {{ ref('github_copilot__report_calendar') }} as r group by 1, 2, 3, 4, 5 having count(*) > 1

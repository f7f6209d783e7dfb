{{ config(severity="warn") }}
-- Scopes and reports whose newest loaded day is old: GitHub's reports come a day or two late, so
-- either they stopped or the pipeline did. Scopes that are no longer read: `retired_scopes`.
select
    scope,
    report,
    max(day) as newest_day,
    max(checked_at) as last_checked_at
from {{ ref('github_copilot__report_calendar') }} as r
where status = 'loaded'
    {%- if var('retired_scopes') %}
    and scope not in ({% for scope in var('retired_scopes') %}'{{ scope }}'{{ ", " if not loop.last }}{% endfor %})
    {%- endif %}
group by 1, 2
having max(day) < {{ copilot_add_days(copilot_today(), '-' ~ var('stale_after_days')) }}

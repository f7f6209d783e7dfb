-- Days of which a table holds another number of rows than the tap sent: the loader lost some,
-- or a run was cut off and its day will be sent again. Breakdowns have no count of their own.
-- A table behind a `__filter__` of a stream map holds fewer: name it in `filtered_tables`.
-- It waits for a last model, so that `dbt build` builds the others even when it fails.
-- depends_on: {{ ref('github_copilot__weekly_adoption') }}
{% set key_columns = {
    'github_copilot_daily_usages': ['users-1-day', {'user_id': 'bigint'}],
    'github_copilot_user_teams': ['user-teams-1-day', {'user_id': 'bigint', 'team_id': 'bigint'}],
    'github_copilot_daily_totals': [var('level') ~ '-1-day', {}],
    'github_copilot_daily_repositories': ['repos-1-day', {'repo_id': 'bigint'}],
    'github_copilot_daily_ai_credits': ['ai_credit_usage',
        {'product': 'text', 'sku': 'text', 'model': 'text', 'line': 'bigint'}],
} %}
with kept as (
    {%- for table, (report, key) in key_columns.items() if copilot_is_held_to_account(table) %}
    select '{{ table }}' as table_name, '{{ report }}' as report, scope, day, fetched_at,
        count(*) as key_count
    from (
        select distinct
            {{ copilot_scope() }} as scope, day, fetched_at
            {%- for name in key %}, {{ name }}{% endfor %}
        from (
        {{ copilot_raw(table, dict({copilot_scope(): 'text', 'day': 'date', 'fetched_at': 'timestamp'}, **key)) }}
        ) as r
    ) as k
    group by scope, day, fetched_at
    union all
    {%- endfor %}
    select '' as table_name, '' as report, scope, day, fetched_at, 0 as key_count
    from {{ ref('github_copilot__report_calendar') }} as nothing
    where 1 = 0
),

newest as (
    select table_name, report, scope, day, key_count
    from (
        select
            k.*,
            row_number() over (
                partition by table_name, scope, day order by fetched_at desc
            ) as place
        from kept as k
    ) as ranked
    where place = 1
),

expected as (
    select '' as table_name, '' as report
    {%- for table, (report, key) in key_columns.items() if copilot_is_held_to_account(table) %}
    union all
    select '{{ table }}', '{{ report }}'
    {%- endfor %}
)

select
    e.table_name,
    ledger.scope,
    ledger.day,
    ledger.row_count - coalesce(ledger.repeated_count, 0) as sent,
    coalesce(n.key_count, 0) as found
from {{ ref('github_copilot__report_calendar') }} as ledger
join expected as e on e.report = ledger.report
left join newest as n
    on n.table_name = e.table_name and n.scope = ledger.scope and n.day = ledger.day
where
    ledger.status = 'loaded'
    and ledger.row_count > 0
    and coalesce(n.key_count, 0) <> ledger.row_count - coalesce(ledger.repeated_count, 0)

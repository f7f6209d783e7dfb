-- The ledger: what became of every report and day, by the newest look at it.
select
    scope,
    report,
    day,
    status,
    provisional,
    row_count,
    repeated_count,
    fetched_at,
    checked_at
from (
    select
        {{ copilot_scope() }} as scope,
        report,
        day,
        status,
        provisional,
        row_count,
        repeated_count,
        fetched_at,
        coalesce(checked_at, fetched_at) as checked_at,
        row_number() over (
            partition by {{ copilot_scope() }}, report, day
            order by coalesce(checked_at, fetched_at) desc
        ) as place
    from (
    {{ copilot_raw('github_copilot_report_days', {
        copilot_scope(): 'text', 'report': 'text', 'day': 'date', 'status': 'text',
        'provisional': 'boolean', 'row_count': 'bigint', 'repeated_count': 'bigint',
        'fetched_at': 'timestamp', 'checked_at': 'timestamp'}) }}
    ) as ledger
) as ranked
where place = 1

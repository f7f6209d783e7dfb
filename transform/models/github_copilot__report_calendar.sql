-- What became of every report and day; the newest row of each, where a loader appends.
select scope, report, day, status, provisional, row_count
from (
    select
        {{ copilot_scope() }} as scope,
        report,
        day,
        status,
        provisional,
        row_count,
        row_number() over (
            partition by {{ copilot_scope() }}, report, day order by fetched_at desc
        ) as place
    from (
    {{ copilot_raw('github_copilot_report_days', {
        copilot_scope(): 'text', 'report': 'text', 'day': 'date', 'status': 'text',
        'provisional': 'boolean', 'row_count': 'bigint', 'fetched_at': 'timestamp'}) }}
    ) as ledger
) as ranked
where place = 1

-- What became of every report and day.
select
    {{ scope() }} as scope,
    report,
    day,
    status,
    provisional,
    row_count
from (
{{ raw('github_copilot_report_days', {
    scope(): 'text', 'report': 'text', 'day': 'date', 'status': 'text',
    'provisional': 'boolean', 'row_count': 'bigint'}) }}
) as ledger

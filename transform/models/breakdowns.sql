-- Entries of the breakdowns of person-days as GitHub reports them now.
with rows_ever as (
    select
        {{ scope() }} as scope,
        day,
        user_id,
        breakdown,
        breakdown_key,
        feature,
        language,
        model,
        user_initiated_interaction_count,
        code_generation_activity_count,
        code_acceptance_activity_count,
        fetched_at
    from (
    {{ raw('github_copilot_daily_usage_breakdowns', {
        scope(): 'text', 'day': 'date', 'user_id': 'bigint', 'breakdown': 'text',
        'breakdown_key': 'text', 'feature': 'text', 'language': 'text', 'model': 'text',
        'user_initiated_interaction_count': 'bigint',
        'code_generation_activity_count': 'bigint',
        'code_acceptance_activity_count': 'bigint', 'fetched_at': 'timestamp'}) }}
    ) as b
)
{{ current_rows('rows_ever', 'users-1-day') }}

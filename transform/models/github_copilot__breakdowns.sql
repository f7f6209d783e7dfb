{{ config(
    materialized='incremental',
    incremental_strategy=copilot_append(),
    on_schema_change='fail',
    pre_hook="{{ copilot_forget_days(copilot_breakdown_days()) }}"
) }}
-- Current rows of the breakdowns of person-days, without those of people who have no current
-- row in usages. Where usages were never loaded, nothing can be said of people.
with current_rows as (
{{ copilot_current_rows(
    'github_copilot_daily_usage_breakdowns',
    copilot_breakdown_days(),
    ['user_id', 'breakdown', 'breakdown_key'],
    {'user_id': 'bigint', 'breakdown': 'text', 'breakdown_key': 'text', 'ide': 'text',
     'feature': 'text', 'language': 'text', 'model': 'text', 'item': 'text', 'item_id': 'text',
     'user_initiated_interaction_count': 'bigint', 'code_generation_activity_count': 'bigint',
     'code_acceptance_activity_count': 'bigint', 'loc_suggested_to_add_sum': 'bigint',
     'loc_suggested_to_delete_sum': 'bigint', 'loc_added_sum': 'bigint',
     'loc_deleted_sum': 'bigint', 'interaction_count': 'bigint', 'session_count': 'bigint',
     'request_count': 'bigint', 'prompt_count': 'bigint', 'total_user_messages': 'bigint',
     'prompt_tokens_sum': 'bigint', 'output_tokens_sum': 'bigint',
     'avg_tokens_per_request': 'numeric', 'fetched_at': 'timestamp'}
) }}
)

select
    c.scope,
    c.day,
    c.user_id,
    c.breakdown,
    c.breakdown_key,
    c.ide,
    c.feature,
    c.language,
    c.model,
    c.item,
    c.item_id,
    c.user_initiated_interaction_count,
    c.code_generation_activity_count,
    c.code_acceptance_activity_count,
    c.loc_suggested_to_add_sum,
    c.loc_suggested_to_delete_sum,
    c.loc_added_sum,
    c.loc_deleted_sum,
    c.interaction_count,
    c.session_count,
    c.request_count,
    c.prompt_count,
    c.total_user_messages,
    c.prompt_tokens_sum,
    c.output_tokens_sum,
    c.avg_tokens_per_request,
    c.fetched_at,
    c.day_version
from current_rows as c
left join {{ ref('github_copilot__usages') }} as u
    on u.scope = c.scope and u.day = c.day and u.user_id = c.user_id
where
    c.place = 1
    and (
        u.user_id is not null
        or not exists (select 1 from {{ ref('github_copilot__usages') }} as n)
    )

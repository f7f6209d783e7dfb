{{ config(
    materialized='incremental',
    incremental_strategy=copilot_append(),
    on_schema_change='fail',
    pre_hook="{{ copilot_forget_days(copilot_days('github_copilot_daily_usages', 'users-1-day')) }}"
) }}
-- Current rows of person-days.
with current_rows as (
{{ copilot_current_rows(
    'github_copilot_daily_usages',
    copilot_days('github_copilot_daily_usages', 'users-1-day'),
    ['user_id'],
    {'user_id': 'bigint', 'user_login': 'text', 'active': 'boolean',
     'user_initiated_interaction_count': 'bigint', 'code_generation_activity_count': 'bigint',
     'code_acceptance_activity_count': 'bigint', 'loc_suggested_to_add_sum': 'bigint',
     'loc_suggested_to_delete_sum': 'bigint', 'loc_added_sum': 'bigint',
     'loc_deleted_sum': 'bigint', 'ai_credits_used': 'numeric', 'used_agent': 'boolean',
     'used_chat': 'boolean', 'used_cli': 'boolean', 'used_copilot_cloud_agent': 'boolean',
     'used_copilot_coding_agent': 'boolean',
     'used_copilot_code_review_active': 'boolean',
     'used_copilot_code_review_passive': 'boolean', 'used_copilot_app': 'boolean',
     'used_vscode_agent': 'boolean', 'fetched_at': 'timestamp'}
) }}
)

select
    scope,
    day,
    user_id,
    user_login,
    coalesce(active, false) as active,
    {{ copilot_is_engaged() }} as engaged,
    user_initiated_interaction_count,
    code_generation_activity_count,
    code_acceptance_activity_count,
    loc_suggested_to_add_sum,
    loc_suggested_to_delete_sum,
    loc_added_sum,
    loc_deleted_sum,
    ai_credits_used,
    used_agent,
    used_chat,
    used_cli,
    -- One thing under two names; GitHub serves both side by side.
    coalesce(used_copilot_cloud_agent, used_copilot_coding_agent) as used_copilot_cloud_agent,
    used_copilot_code_review_active,
    used_copilot_code_review_passive,
    used_copilot_app,
    used_vscode_agent,
    fetched_at,
    day_version
from current_rows
where place = 1

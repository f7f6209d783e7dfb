{{ config(
    materialized='incremental',
    incremental_strategy=copilot_append(),
    on_schema_change='fail',
    pre_hook="{{ copilot_forget_days(copilot_days('github_copilot_user_teams', 'user-teams-1-day')) }}"
) }}
-- Who was in which team on a day.
with current_rows as (
{{ copilot_current_rows(
    'github_copilot_user_teams',
    copilot_days('github_copilot_user_teams', 'user-teams-1-day'),
    ['user_id', 'team_id'],
    {'user_id': 'bigint', 'team_id': 'bigint', 'slug': 'text', 'fetched_at': 'timestamp'}
) }}
)

select scope, day, user_id, team_id, slug, fetched_at, day_version
from current_rows
where place = 1

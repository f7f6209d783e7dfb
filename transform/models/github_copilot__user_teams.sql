-- Who was in which team on a day, as GitHub reports it now.
with rows_ever as (
    select {{ copilot_scope() }} as scope, day, user_id, team_id, slug, fetched_at
    from (
    {{ copilot_raw('github_copilot_user_teams', {
        copilot_scope(): 'text', 'day': 'date', 'user_id': 'bigint', 'team_id': 'bigint',
        'slug': 'text', 'fetched_at': 'timestamp'}) }}
    ) as t
    where day is not null
)
{{ copilot_current_rows('rows_ever', 'user-teams-1-day') }}

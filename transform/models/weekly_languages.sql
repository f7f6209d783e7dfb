-- A scope's week by language.
select
    scope,
    cast(date_trunc('week', day) as date) as week,
    coalesce(language, 'unknown') as language,
    count(distinct user_id) as people,
    sum(user_initiated_interaction_count) as prompts,
    sum(code_generation_activity_count) as generated,
    sum(code_acceptance_activity_count) as accepted
from {{ ref('breakdowns') }} as b
where breakdown = 'language_feature'
group by 1, 2, 3

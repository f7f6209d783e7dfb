{# The tables of the DX connector. #}

{# DX's id of a person-day. DX's own are numbers; here it is a text, and stays the same when
   everything is built anew. #}
{% macro copilot_dx_id(rows) -%}
  {{ rows }}.scope || '/' || {{ copilot_cast(rows ~ '.day', 'text') }} || '/' || {{ copilot_cast(rows ~ '.user_id', 'text') }}
{%- endmacro %}

{# A table of a person-day's entries of one breakdown, with these columns of it. #}
{% macro copilot_dx_entries(breakdown, columns) %}
  select
    {{ copilot_dx_id('b') }} || '/' || b.breakdown_key as id,
    {{ copilot_dx_id('b') }} as github_copilot_daily_usage_id
    {%- for column in columns %},
    b.{{ column }}
    {%- endfor %}
  from {{ ref('github_copilot__breakdowns') }} as b
  join {{ ref('github_copilot__usages') }} as u
    on u.scope = b.scope and u.day = b.day and u.user_id = b.user_id
  where b.breakdown = '{{ breakdown }}'
{% endmacro %}

{% macro copilot_dx_counters() %}
  {{- return([
    'code_generation_activity_count', 'code_acceptance_activity_count',
    'loc_suggested_to_add_sum', 'loc_suggested_to_delete_sum', 'loc_added_sum', 'loc_deleted_sum',
  ]) -}}
{% endmacro %}

{# The same with versions out of `extra_fields`, by their columns' names and paths there. #}
{% macro copilot_dx_entries_with_versions(breakdown, columns, versions) %}
with entries as (
{{ copilot_dx_entries(breakdown, ['scope', 'day', 'user_id', 'breakdown_key', 'fetched_at'] + columns) }}
),

versions as (
  select
    r.*,
    row_number() over (
      partition by {{ copilot_scope() }}, day, user_id, breakdown_key, fetched_at
      order by fetched_at
    ) as place
  from (
  {{ copilot_raw('github_copilot_daily_usage_breakdowns', {
      copilot_scope(): 'text', 'day': 'date', 'user_id': 'bigint', 'breakdown': 'text',
      'breakdown_key': 'text', 'extra_fields': 'json', 'fetched_at': 'timestamp'}) }}
  ) as r
  where breakdown = '{{ breakdown }}'
)

select
  e.id,
  e.github_copilot_daily_usage_id
  {%- for column in columns %},
  e.{{ column }}
  {%- endfor %}
  {%- for column, path in versions.items() %},
  {{ copilot_time_of(copilot_json_text('v.extra_fields', path)) if column.endswith('_at') else copilot_json_text('v.extra_fields', path) }} as {{ column }}
  {%- endfor %}
from entries as e
left join versions as v
  on v.{{ copilot_scope() }} = e.scope
  and v.day = e.day
  and v.user_id = e.user_id
  and v.breakdown_key = e.breakdown_key
  and (v.fetched_at = e.fetched_at or (v.fetched_at is null and e.fetched_at is null))
  and v.place = 1
{% endmacro %}

{# A date-time of GitHub's, to the second: it has none, three or seven digits after it, which
   not every database reads. What is no date-time is null. #}
{% macro copilot_time_of(text) -%}
  case when {{ text }} like '____-__-__T__:__:__%' then {{ copilot_cast('substr(' ~ text ~ ', 1, 19)', 'timestamp') }} end
{%- endmacro %}

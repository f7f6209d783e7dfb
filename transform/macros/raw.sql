{# Names of the tap's tables. #}
{% macro copilot_tables() %}
  {{- return([
    'github_copilot_daily_usages', 'github_copilot_daily_usage_breakdowns',
    'github_copilot_user_teams', 'github_copilot_daily_totals',
    'github_copilot_daily_repositories', 'github_copilot_daily_ai_credits',
    'github_copilot_seats', 'github_copilot_report_days',
  ]) -}}
{% endmacro %}

{# The columns of a table of the tap, cast to their types. A table that does not exist has no
   rows, and a column that does not exist is null: streams and columns can be deselected, and
   some loaders create a table with its first row. #}
{% macro copilot_raw(table, columns) %}
  {%- set relation = load_relation(source('github_copilot', table)) if execute else none -%}
  {%- if execute and not relation %}
    {%- do exceptions.warn("no table " ~ table ~ " in the schema " ~ var('raw_schema') ~ ": taken as empty") %}
  {%- endif %}
  {%- set types = {} -%}
  {%- for column in (adapter.get_columns_in_relation(relation) if relation else []) -%}
    {%- do types.update({column.name | lower: column.dtype | lower}) -%}
  {%- endfor -%}
  select
  {%- for name, type in columns.items() %}
    {% if type == 'json' and name in types -%}
    {{ name }}
    {%- else -%}
    cast({{ copilot_without_zone(name, types[name]) if name in types else 'null' }} as {{ copilot_type(type) }}) as {{ name }}
    {%- endif %}{{ "," if not loop.last }}
  {%- endfor %}
  {{ 'from ' ~ relation if relation else 'from (select 1 as nothing) as nothing where 1 = 0' }}
{%- endmacro %}

{# Whether a table must hold every row that the ledger counts: it exists (its stream is
   selected), and no filter keeps rows out of it. #}
{% macro copilot_is_held_to_account(table) %}
  {%- set relation = load_relation(source('github_copilot', table)) if execute else none -%}
  {{- return(relation and table not in var('filtered_tables')) -}}
{% endmacro %}

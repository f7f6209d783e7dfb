{# The columns of a table of the tap's, with their types. A table that is not there has no
   rows, a column that is not there is null: streams and columns can be deselected, and a
   loader makes a table only when its stream has rows. #}
{% macro copilot_raw(table, columns) %}
  {%- set relation = load_relation(source('github_copilot', table)) if execute else none -%}
  {%- if execute and not relation %}
    {%- do exceptions.warn("no table " ~ table ~ " in the schema " ~ var('raw_schema') ~ ": taken as empty") %}
  {%- endif %}
  {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if relation else [] -%}
  select
  {%- for name, type in columns.items() %}
    cast({{ name if name in found else 'null' }} as {{ type }}) as {{ name }}{{ "," if not loop.last }}
  {%- endfor %}
  {{ 'from ' ~ relation if relation else 'where false' }}
{%- endmacro %}

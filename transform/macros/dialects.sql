{# SQL that differs between databases. `dispatch` takes the macro of the adapter in use, or
   the default one. #}

{# The Monday of a date's week. #}
{% macro copilot_week(day) %}{{ adapter.dispatch('copilot_week', 'github_copilot')(day) }}{% endmacro %}

{% macro default__copilot_week(day) %}cast(date_trunc('week', {{ day }}) as date){% endmacro %}

{% macro bigquery__copilot_week(day) %}date_trunc({{ day }}, week(monday)){% endmacro %}

{# The session's WEEK_START would move Snowflake's `date_trunc`. #}
{% macro snowflake__copilot_week(day) %}dateadd(day, 1 - dayofweekiso({{ day }}), {{ day }}){% endmacro %}

{# The first day of a date's month. #}
{% macro copilot_month(day) %}{{ adapter.dispatch('copilot_month', 'github_copilot')(day) }}{% endmacro %}

{% macro default__copilot_month(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}

{% macro bigquery__copilot_month(day) %}date_trunc({{ day }}, month){% endmacro %}

{# A column's type: text, bigint, date, timestamp, boolean, numeric or json. #}
{% macro copilot_type(type) %}{{ adapter.dispatch('copilot_type', 'github_copilot')(type) }}{% endmacro %}

{% macro default__copilot_type(type) %}{{ type }}{% endmacro %}

{# A bare `numeric` has three decimals in DuckDB and none in Snowflake. #}
{% macro duckdb__copilot_type(type) %}{{ 'decimal(38, 12)' if type == 'numeric' else type }}{% endmacro %}

{% macro snowflake__copilot_type(type) -%}
  {{ {'numeric': 'number(38, 12)', 'timestamp': 'timestamp_ntz', 'json': 'variant'}.get(type, type) }}
{%- endmacro %}

{% macro bigquery__copilot_type(type) -%}
  {{ {'text': 'string', 'bigint': 'int64', 'numeric': 'bignumeric', 'boolean': 'bool', 'json': 'string'}.get(type, type) }}
{%- endmacro %}

{% macro copilot_cast(value, type) %}cast({{ value }} as {{ copilot_type(type) }}){% endmacro %}

{# A date-time with a zone as UTC without one, whatever the session's zone is. #}
{% macro copilot_without_zone(column, type) %}{{ adapter.dispatch('copilot_without_zone', 'github_copilot')(column, type) }}{% endmacro %}

{% macro default__copilot_without_zone(column, type) %}{{ column ~ " at time zone 'UTC'" if 'with time zone' in type else column }}{% endmacro %}

{% macro snowflake__copilot_without_zone(column, type) -%}
  {{ "convert_timezone('UTC', " ~ column ~ ")" if type.startswith(('timestamp_tz', 'timestamp_ltz')) else column }}
{%- endmacro %}

{% macro bigquery__copilot_without_zone(column, type) %}{{ column }}{% endmacro %}

{# A text inside a column with a JSON object: copilot_json_text('extra_fields', ['a', 'b']). #}
{% macro copilot_json_text(column, path) %}{{ adapter.dispatch('copilot_json_text', 'github_copilot')(column, path) }}{% endmacro %}

{% macro default__copilot_json_text(column, path) %}cast({{ column }} as jsonb) #>> '{ {{- path | join(',') -}} }'{% endmacro %}

{% macro duckdb__copilot_json_text(column, path) %}json_extract_string(cast({{ column }} as json), '$.{{ path | join('.') }}'){% endmacro %}

{% macro snowflake__copilot_json_text(column, path) %}json_extract_path_text({{ column }}, '{{ path | join('.') }}'){% endmacro %}

{% macro bigquery__copilot_json_text(column, path) %}json_value({{ column }}, '$.{{ path | join('.') }}'){% endmacro %}

{# Today in UTC. #}
{% macro copilot_today() %}{{ adapter.dispatch('copilot_today', 'github_copilot')() }}{% endmacro %}

{% macro default__copilot_today() %}cast(current_timestamp at time zone 'UTC' as date){% endmacro %}

{% macro snowflake__copilot_today() %}cast(sysdate() as date){% endmacro %}

{% macro bigquery__copilot_today() %}current_date('UTC'){% endmacro %}

{# A date and so many days. #}
{% macro copilot_add_days(day, days) %}{{ adapter.dispatch('copilot_add_days', 'github_copilot')(day, days) }}{% endmacro %}

{% macro default__copilot_add_days(day, days) %}{{ day }} + ({{ days }}){% endmacro %}

{% macro snowflake__copilot_add_days(day, days) %}dateadd(day, {{ days }}, {{ day }}){% endmacro %}

{% macro bigquery__copilot_add_days(day, days) %}date_add({{ day }}, interval ({{ days }}) day){% endmacro %}

{# The incremental strategy that adds rows. BigQuery's `merge` does without a unique key. #}
{% macro copilot_append() %}{{ adapter.dispatch('copilot_append', 'github_copilot')() }}{% endmacro %}

{% macro default__copilot_append() %}append{% endmacro %}

{% macro bigquery__copilot_append() %}merge{% endmacro %}

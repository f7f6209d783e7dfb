{# SQL that differs between databases. `dispatch` takes the macro of the adapter in use, or
   the default one. #}

{# The Monday of a date's week. #}
{% macro copilot_week(day) %}{{ adapter.dispatch('copilot_week', 'github_copilot')(day) }}{% endmacro %}

{% macro default__copilot_week(day) %}cast(date_trunc('week', {{ day }}) as date){% endmacro %}

{% macro bigquery__copilot_week(day) %}date_trunc({{ day }}, isoweek){% endmacro %}

{# The parameter WEEK_START of a session would move `date_trunc`. #}
{% macro snowflake__copilot_week(day) %}dateadd(day, 1 - dayofweekiso({{ day }}), {{ day }}){% endmacro %}

{# The first day of a date's month. #}
{% macro copilot_month(day) %}{{ adapter.dispatch('copilot_month', 'github_copilot')(day) }}{% endmacro %}

{% macro default__copilot_month(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}

{% macro bigquery__copilot_month(day) %}date_trunc({{ day }}, month){% endmacro %}

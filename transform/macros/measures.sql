{# Every measure once. models/measures.md says what each means, where it comes from, and what must not be
   added up. #}

{# The column that names the scope: rows of several scopes are never added up. #}
{% macro copilot_scope() %}
{%- if var('level') not in ('enterprise', 'organization') -%}
  {{ exceptions.raise_compiler_error("the variable `level` of the package github_copilot is '" ~ var('level') ~ "'; it takes enterprise or organization.") }}
{%- endif -%}
{{ 'enterprise_slug' if var('level') == 'enterprise' else 'organization_id' }}{% endmacro %}

{% macro copilot_is_engaged() %}(
    coalesce(user_initiated_interaction_count, 0) > 0
    or coalesce(code_acceptance_activity_count, 0) > 0
){% endmacro %}

{% macro copilot_acceptance_rate(accepted, generated) %}
    round(1.0 * sum({{ accepted }}) / nullif(sum({{ generated }}), 0), 4)
{% endmacro %}

{% macro copilot_active_people() %}count(distinct case when active then user_id end){% endmacro %}

{% macro copilot_engaged_people() %}count(distinct case when engaged then user_id end){% endmacro %}

{# The entries of breakdowns that an acceptance rate is made from. #}
{% macro copilot_is_completion() %}(breakdown = 'feature' and feature = 'code_completion'){% endmacro %}

{# A scope's week by a dimension of a breakdown. #}
{% macro copilot_weekly_by(dimension, breakdown) %}
  select
    scope,
    {{ copilot_week('day') }} as week,
    coalesce({{ dimension }}, 'unknown') as {{ dimension }},
    count(distinct user_id) as people,
    sum(user_initiated_interaction_count) as prompts,
    sum(code_generation_activity_count) as generated,
    sum(code_acceptance_activity_count) as accepted
  from {{ ref('github_copilot__breakdowns') }} as b
  where breakdown = '{{ breakdown }}'
  group by 1, 2, 3
{% endmacro %}

{# GitHub's price of an AI credit. #}
{% macro copilot_usd_per_credit() %}0.01{% endmacro %}

{# The price of a seat in USD a month. `seat_price` has one for each plan, or is one for all;
   a plan that it does not name has none, which is not 0. #}
{% macro copilot_seat_price(plan) %}
  {%- set price = var('seat_price') -%}
  {%- if price is mapping -%}
    case {{ plan }}{% for name, usd in price.items() %} when '{{ name }}' then {{ usd }}{% endfor %} end
  {%- else -%}
    {{ price }}
  {%- endif -%}
{% endmacro %}

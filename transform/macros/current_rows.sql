{# Current rows. GitHub reports a day again when it corrects it. All rows of such a version of
   a report's day share one `fetched_at`, so within one table a row older than the newest of
   its scope and day is no longer in GitHub's report. The moments of two tables are never
   compared. #}

{# The days of a table: scope, day, fetched_at of its newest rows, and day_version, a text
   that is another one whenever these rows are others. A day that lost all its rows is left
   out: its ledger row says loaded with 0 rows. #}
{% macro copilot_days(table, report) %}
  select
    d.scope,
    d.day,
    d.fetched_at,
    d.scope || ' ' || {{ copilot_cast('d.day', 'text') }}
      || ' ' || coalesce({{ copilot_cast('d.fetched_at', 'text') }}, '')
      || ' ' || {{ copilot_cast('d.row_count', 'text') }} as day_version
  from (
    select
      scope,
      day,
      fetched_at,
      count(*) as row_count,
      row_number() over (
        partition by scope, day order by (case when fetched_at is null then 1 else 0 end), fetched_at desc
      ) as place
    from (
      select {{ copilot_scope() }} as scope, day, fetched_at
      from (
      {{ copilot_raw(table, {copilot_scope(): 'text', 'day': 'date', 'fetched_at': 'timestamp'}) }}
      ) as r
      where day is not null and {{ copilot_scope() }} is not null
    ) as s
    group by scope, day, fetched_at
  ) as d
  where d.place = 1 and not exists (
    select 1
    from {{ ref('github_copilot__report_calendar') }} as ledger
    where ledger.scope = d.scope
      and ledger.day = d.day
      and ledger.report = '{{ report }}'
      and ledger.status = 'loaded'
      and ledger.row_count = 0
  )
{% endmacro %}

{# The days of breakdowns. Its rows also depend on the usages of the day (the people who have
   a current row), so their version is a part of its own. #}
{% macro copilot_breakdown_days() %}
  select
    b.scope,
    b.day,
    b.fetched_at,
    b.day_version || ' ' || coalesce(u.day_version, '') as day_version
  from (
  {{ copilot_days('github_copilot_daily_usage_breakdowns', 'users-1-day') }}
  ) as b
  left join (
    select distinct scope, day, day_version from {{ ref('github_copilot__usages') }} as u
  ) as u on u.scope = b.scope and u.day = b.day
{% endmacro %}

{# Before an incremental build: removes the days whose rows are others now. The build then
   adds those that are missing, so that a build that failed in between is mended by the next. #}
{% macro copilot_forget_days(days) %}
  {%- if is_incremental() -%}
  delete from {{ this }} where day_version not in (select day_version from ({{ days }}) as d)
  {%- endif -%}
{% endmacro %}

{# The condition on days in an incremental build. #}
{% macro copilot_is_missing(day_version) -%}
  {%- if is_incremental() -%}
    {{ day_version }} not in (select day_version from {{ this }})
  {%- else -%}
    1 = 1
  {%- endif -%}
{%- endmacro %}

{# Rows of a table of the tap that are current, once per key: a loader that only appends can
   hold a row twice with one `fetched_at`. Adds `scope`, `day_version` and `place`, which is 1
   for the row to take. #}
{% macro copilot_current_rows(table, days, key, columns) %}
  select
    r.*,
    r.{{ copilot_scope() }} as scope,
    d.day_version,
    row_number() over (
      partition by r.{{ copilot_scope() }}, r.day{% for name in key %}, r.{{ name }}{% endfor %}
      order by r.fetched_at
    ) as place
  from (
  {{ copilot_raw(table, dict({copilot_scope(): 'text', 'day': 'date'}, **columns)) }}
  ) as r
  join (
  {{ days }}
  ) as d
    on d.scope = r.{{ copilot_scope() }}
    and d.day = r.day
    and (d.fetched_at = r.fetched_at or (d.fetched_at is null and r.fetched_at is null))
  where {{ copilot_is_missing('d.day_version') }}
{% endmacro %}

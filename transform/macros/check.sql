{# Before anything of this package is built: variables that are wrong are told in one error. #}
{% macro copilot_check_variables() %}
  {%- if execute and copilot_takes_part() -%}
    {%- set schema = var('raw_schema') -%}
    {%- set found = [] -%}
    {%- for table in copilot_tables() -%}
      {%- set relation = load_relation(source('github_copilot', table)) -%}
      {%- if relation -%}{%- do found.append(relation) -%}{%- endif -%}
    {%- endfor -%}
    {%- if not found -%}
      {%- set others = copilot_schemas_with_tables() -%}
      {%- do copilot_refuse(
        "raw_schema", schema, "the schema with the tap's tables, and that one has none of them. "
        ~ ("Schemas of this database that have: " ~ others | join(", ") if others
           else "No other schema of this database was found to have them: was the pipeline run, and does this profile's user see its tables?")
      ) -%}
    {%- endif -%}
    {%- for relation in found -%}
      {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
      {%- set level = 'enterprise' if 'enterprise_slug' in names else 'organization' -%}
      {%- if level != var('level') -%}
        {%- do copilot_refuse("level", var('level'), "the level that the tap reads, and " ~ relation.identifier ~ " has rows of " ~ level ~ " level. Set it to " ~ level) -%}
      {%- endif -%}
    {%- endfor -%}
    {%- for node in graph.nodes.values() -%}
      {%- if node.unique_id in selected_resources and node.package_name == 'github_copilot'
          and node.resource_type == 'model' and node.alias in copilot_tables()
          and node.schema | lower == schema | lower -%}
        {%- do copilot_refuse("raw_schema", schema, "the schema with the tap's tables, and the model " ~ node.alias ~ " would replace the table of that name there. Give the models of this package another schema, such as `+schema: copilot`") -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}

{% macro copilot_refuse(name, value, what) %}
  {%- do exceptions.raise_compiler_error("the variable `" ~ name ~ "` of the package github_copilot is '" ~ value ~ "'; it takes " ~ what ~ ".") -%}
{% endmacro %}

{# Whether the command builds or tests any node of this package. #}
{% macro copilot_takes_part() %}
  {%- set found = namespace(any=false) -%}
  {%- for id in selected_resources if id.startswith(('model.github_copilot.', 'test.github_copilot.')) -%}
    {%- set found.any = true -%}
  {%- endfor -%}
  {{- return(found.any) -}}
{% endmacro %}

{% macro copilot_schemas_with_tables() %}{{- return(adapter.dispatch('copilot_schemas_with_tables', 'github_copilot')()) -}}{% endmacro %}

{% macro default__copilot_schemas_with_tables() %}
  {%- set found = run_query(
    "select distinct table_schema from information_schema.tables"
    ~ " where lower(table_name) in ('" ~ copilot_tables() | join("', '") ~ "')"
    ~ " and lower(table_type) like '%table%' order by 1") -%}
  {{- return(found.columns[0].values() | list) -}}
{% endmacro %}

{# BigQuery has no list of all datasets' tables without a region. #}
{% macro bigquery__copilot_schemas_with_tables() %}{{- return([]) -}}{% endmacro %}

-- Made from schemas/ by `make docs`.
-- In the folder that holds `output/`: duckdb < duckdb.sql
-- Take out the tables that you do not load.

create view github_copilot_daily_ai_credits as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/github_copilot_daily_ai_credits.jsonl', format = 'newline_delimited',
    columns = {enterprise_slug: 'varchar', organization_id: 'varchar', organization_login: 'varchar', day: 'date', product: 'varchar', sku: 'varchar', model: 'varchar', line: 'bigint', unit_type: 'varchar', price_per_unit: 'double', gross_quantity: 'double', gross_amount: 'double', discount_quantity: 'double', discount_amount: 'double', net_quantity: 'double', net_amount: 'double', extra_fields: 'json', fetched_at: 'timestamptz'})
)
qualify fetched_at = max(fetched_at) over (partition by coalesce(enterprise_slug, organization_id), day)
  and row_number() over (partition by coalesce(enterprise_slug, organization_id), day, product, sku, model, line order by row_in_file desc) = 1;
copy github_copilot_daily_ai_credits to 'github_copilot_daily_ai_credits.parquet' (format parquet);

create view github_copilot_daily_repositories as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/github_copilot_daily_repositories.jsonl', format = 'newline_delimited',
    columns = {enterprise_slug: 'varchar', organization_id: 'varchar', organization_login: 'varchar', day: 'date', enterprise_id: 'varchar', repo_id: 'bigint', repo_owner_name: 'varchar', repo_name: 'varchar', repo_visibility: 'varchar', pull_requests: 'json', pull_request_review_times: 'json', etl_id: 'varchar', day_partition: 'date', entity_id_partition: 'bigint', extra_fields: 'json', fetched_at: 'timestamptz'})
)
qualify fetched_at = max(fetched_at) over (partition by coalesce(enterprise_slug, organization_id), day)
  and row_number() over (partition by coalesce(enterprise_slug, organization_id), day, repo_id order by row_in_file desc) = 1;
copy github_copilot_daily_repositories to 'github_copilot_daily_repositories.parquet' (format parquet);

create view github_copilot_daily_totals as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/github_copilot_daily_totals.jsonl', format = 'newline_delimited',
    columns = {enterprise_slug: 'varchar', organization_id: 'varchar', organization_login: 'varchar', day: 'date', enterprise_id: 'varchar', user_initiated_interaction_count: 'bigint', code_generation_activity_count: 'bigint', code_acceptance_activity_count: 'bigint', loc_suggested_to_add_sum: 'bigint', loc_suggested_to_delete_sum: 'bigint', loc_added_sum: 'bigint', loc_deleted_sum: 'bigint', daily_active_users: 'bigint', weekly_active_users: 'bigint', monthly_active_users: 'bigint', monthly_active_chat_users: 'bigint', monthly_active_agent_users: 'bigint', daily_active_cli_users: 'bigint', daily_active_copilot_cloud_agent_users: 'bigint', weekly_active_copilot_cloud_agent_users: 'bigint', monthly_active_copilot_cloud_agent_users: 'bigint', daily_active_copilot_code_review_users: 'bigint', weekly_active_copilot_code_review_users: 'bigint', monthly_active_copilot_code_review_users: 'bigint', daily_passive_copilot_code_review_users: 'bigint', weekly_passive_copilot_code_review_users: 'bigint', monthly_passive_copilot_code_review_users: 'bigint', daily_active_copilot_app_users: 'bigint', daily_active_vscode_agent_users: 'bigint', weekly_active_vscode_agent_users: 'bigint', monthly_active_vscode_agent_users: 'bigint', ai_credits_used: 'double', distinct_skill_use_count: 'bigint', distinct_custom_agent_use_count: 'bigint', distinct_mcp_use_count: 'bigint', distinct_slash_cmd_use_count: 'bigint', distinct_plugin_use_count: 'bigint', totals_by_cli: 'json', totals_by_copilot_app: 'json', totals_by_vscode_agent: 'json', totals_by_ide: 'json', totals_by_feature: 'json', totals_by_language_feature: 'json', totals_by_language_model: 'json', totals_by_model_feature: 'json', totals_by_3rd_party_agent: 'json', totals_by_skill: 'json', totals_by_custom_agent: 'json', totals_by_mcp: 'json', totals_by_slash_cmd: 'json', totals_by_plugin: 'json', totals_by_ai_adoption_phase: 'json', pull_requests: 'json', report_start_day: 'date', report_end_day: 'date', etl_id: 'varchar', day_partition: 'date', entity_id_partition: 'bigint', extra_fields: 'json', fetched_at: 'timestamptz'})
)
qualify fetched_at = max(fetched_at) over (partition by coalesce(enterprise_slug, organization_id), day)
  and row_number() over (partition by coalesce(enterprise_slug, organization_id), day order by row_in_file desc) = 1;
copy github_copilot_daily_totals to 'github_copilot_daily_totals.parquet' (format parquet);

create view github_copilot_daily_usage_breakdowns as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/github_copilot_daily_usage_breakdowns.jsonl', format = 'newline_delimited',
    columns = {enterprise_slug: 'varchar', organization_id: 'varchar', organization_login: 'varchar', day: 'date', user_id: 'bigint', user_login: 'varchar', breakdown: 'varchar', breakdown_key: 'varchar', ide: 'varchar', feature: 'varchar', language: 'varchar', model: 'varchar', item: 'varchar', item_id: 'varchar', user_initiated_interaction_count: 'bigint', code_generation_activity_count: 'bigint', code_acceptance_activity_count: 'bigint', loc_suggested_to_add_sum: 'bigint', loc_suggested_to_delete_sum: 'bigint', loc_added_sum: 'bigint', loc_deleted_sum: 'bigint', interaction_count: 'bigint', session_count: 'bigint', request_count: 'bigint', prompt_count: 'bigint', total_user_messages: 'bigint', prompt_tokens_sum: 'bigint', output_tokens_sum: 'bigint', avg_tokens_per_request: 'double', extra_fields: 'json', fetched_at: 'timestamptz'})
)
qualify fetched_at = max(fetched_at) over (partition by coalesce(enterprise_slug, organization_id), day)
  and row_number() over (partition by coalesce(enterprise_slug, organization_id), day, user_id, breakdown, breakdown_key order by row_in_file desc) = 1;
copy github_copilot_daily_usage_breakdowns to 'github_copilot_daily_usage_breakdowns.parquet' (format parquet);

create view github_copilot_daily_usages as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/github_copilot_daily_usages.jsonl', format = 'newline_delimited',
    columns = {enterprise_slug: 'varchar', organization_id: 'varchar', organization_login: 'varchar', day: 'date', user_id: 'bigint', user_login: 'varchar', enterprise_id: 'varchar', active: 'boolean', user_initiated_interaction_count: 'bigint', code_generation_activity_count: 'bigint', code_acceptance_activity_count: 'bigint', loc_suggested_to_add_sum: 'bigint', loc_suggested_to_delete_sum: 'bigint', loc_added_sum: 'bigint', loc_deleted_sum: 'bigint', generated_loc_sum: 'bigint', accepted_loc_sum: 'bigint', ai_credits_used: 'double', used_agent: 'boolean', used_chat: 'boolean', used_cli: 'boolean', used_copilot_coding_agent: 'boolean', used_copilot_cloud_agent: 'boolean', used_copilot_code_review_active: 'boolean', used_copilot_code_review_passive: 'boolean', used_copilot_app: 'boolean', used_vscode_agent: 'boolean', distinct_skill_use_count: 'bigint', distinct_custom_agent_use_count: 'bigint', distinct_mcp_use_count: 'bigint', distinct_slash_cmd_use_count: 'bigint', distinct_plugin_use_count: 'bigint', ai_adoption_phase: 'json', totals_by_cli: 'json', totals_by_copilot_app: 'json', totals_by_vscode_agent: 'json', totals_by_ide: 'json', totals_by_feature: 'json', totals_by_language_feature: 'json', totals_by_language_model: 'json', totals_by_model_feature: 'json', totals_by_3rd_party_agent: 'json', totals_by_skill: 'json', totals_by_custom_agent: 'json', totals_by_mcp: 'json', totals_by_slash_cmd: 'json', totals_by_plugin: 'json', report_start_day: 'date', report_end_day: 'date', etl_id: 'varchar', day_partition: 'date', entity_id_partition: 'bigint', extra_fields: 'json', fetched_at: 'timestamptz'})
)
qualify fetched_at = max(fetched_at) over (partition by coalesce(enterprise_slug, organization_id), day)
  and row_number() over (partition by coalesce(enterprise_slug, organization_id), day, user_id order by row_in_file desc) = 1;
copy github_copilot_daily_usages to 'github_copilot_daily_usages.parquet' (format parquet);

create view github_copilot_report_days as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/github_copilot_report_days.jsonl', format = 'newline_delimited',
    columns = {enterprise_slug: 'varchar', organization_id: 'varchar', organization_login: 'varchar', report: 'varchar', day: 'date', status: 'varchar', provisional: 'boolean', row_count: 'bigint', repeated_count: 'bigint', file_count: 'bigint', byte_count: 'bigint', sha256: 'varchar', extra_fields: 'json', fetched_at: 'timestamptz', checked_at: 'timestamptz'})
)
qualify row_number() over (partition by coalesce(enterprise_slug, organization_id), report, day order by row_in_file desc) = 1;
copy github_copilot_report_days to 'github_copilot_report_days.parquet' (format parquet);

create view github_copilot_seats as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/github_copilot_seats.jsonl', format = 'newline_delimited',
    columns = {enterprise_slug: 'varchar', organization_id: 'varchar', organization_login: 'varchar', snapshot_date: 'date', seat_id: 'varchar', user_id: 'bigint', user_login: 'varchar', assigning_team_id: 'bigint', assigning_team_slug: 'varchar', assigning_team_name: 'varchar', plan_type: 'varchar', created_at: 'timestamptz', updated_at: 'timestamptz', pending_cancellation_date: 'date', last_activity_at: 'timestamptz', last_activity_editor: 'varchar', last_authenticated_at: 'timestamptz', assignee: 'json', assigning_team: 'json', organization: 'json', extra_fields: 'json', fetched_at: 'timestamptz'})
)
qualify row_number() over (partition by coalesce(enterprise_slug, organization_id), snapshot_date, seat_id order by row_in_file desc) = 1;
copy github_copilot_seats to 'github_copilot_seats.parquet' (format parquet);

create view github_copilot_user_teams as
select * exclude (row_in_file)
from (
  select *, row_number() over () as row_in_file
  from read_json('output/github_copilot_user_teams.jsonl', format = 'newline_delimited',
    columns = {enterprise_slug: 'varchar', organization_id: 'varchar', organization_login: 'varchar', day: 'date', user_id: 'bigint', user_login: 'varchar', team_id: 'bigint', slug: 'varchar', enterprise_id: 'varchar', etl_id: 'varchar', day_partition: 'date', entity_id_partition: 'bigint', extra_fields: 'json', fetched_at: 'timestamptz'})
)
qualify fetched_at = max(fetched_at) over (partition by coalesce(enterprise_slug, organization_id), day)
  and row_number() over (partition by coalesce(enterprise_slug, organization_id), day, user_id, team_id order by row_in_file desc) = 1;
copy github_copilot_user_teams to 'github_copilot_user_teams.parquet' (format parquet);

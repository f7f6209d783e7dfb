-- DX's table of a person-day's use of the CLI.
{{ copilot_dx_entries_with_versions(
    'cli',
    ['session_count', 'request_count', 'prompt_count', 'output_tokens_sum', 'prompt_tokens_sum',
     'avg_tokens_per_request'],
    {'cli_version': ['last_known_cli_version', 'cli_version'],
     'cli_version_sampled_at': ['last_known_cli_version', 'sampled_at']}
) }}

-- A person-day by IDE.
{{ copilot_dx_entries_with_versions(
    'ide',
    ['ide', 'user_initiated_interaction_count'] + copilot_dx_counters(),
    {'ide_version': ['last_known_ide_version', 'ide_version'],
     'ide_version_sampled_at': ['last_known_ide_version', 'sampled_at'],
     'plugin': ['last_known_plugin_version', 'plugin'],
     'plugin_version': ['last_known_plugin_version', 'plugin_version'],
     'plugin_version_sampled_at': ['last_known_plugin_version', 'sampled_at']}
) }}

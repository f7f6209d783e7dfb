-- A person-day by language and feature.
{{ copilot_dx_entries('language_feature', ['language', 'feature'] + copilot_dx_counters()) }}

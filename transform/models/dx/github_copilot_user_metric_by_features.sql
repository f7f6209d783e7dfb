-- A person-day by feature.
{{ copilot_dx_entries(
    'feature', ['feature', 'user_initiated_interaction_count'] + copilot_dx_counters()
) }}

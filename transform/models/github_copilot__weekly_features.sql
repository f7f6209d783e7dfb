-- A scope's week by feature.
{{ copilot_weekly_by('feature', 'feature') }}
